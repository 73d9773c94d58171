"""The choices that were made for a model, in words: of numbers or of classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lstmcast.cli.show import choices, class_choices
from lstmcast.cli.show.spans import with_span

if TYPE_CHECKING:
    from lstmcast.cli.shell.console import Console
    from lstmcast.evaluation.report import ClassSearch, Search
    from lstmcast.model.model import Model


_COUNTED = {2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}


def in_short(model: Model) -> str:
    """Return what was chosen, in one line; says so where the network has no part."""
    from lstmcast.evaluation.report import ClassChoices

    found, clock = model.report.choices, model.contract.clock
    is_free = model.options.safeguard == "auto"
    if isinstance(found, ClassChoices):
        return class_choices.in_short(found, clock, is_free=is_free)
    return choices.in_short(found, clock, is_free=is_free)


def made_of(model: Model) -> str:
    """Return what ships, the largest share first, and how far it looks back.

    An example: `70 % LSTM (two networks), 30 % linear; …`.
    """
    from lstmcast.evaluation.report import ClassChoices

    found, clock = model.report.choices, model.contract.clock
    is_free = model.options.safeguard == "auto"
    if isinstance(found, ClassChoices):
        of, why = class_choices.shares(found, clock), class_choices.left_out(found, is_free=is_free)
    else:
        of, why = choices.shares(found, clock), choices.left_out(found, is_free=is_free)
    ranked = sorted(((share, name) for name, share in of.items() if share), key=lambda pair: -pair[0])
    parts = [f"{share:.0%} {_networks(model) if name == choices.NETWORK else name}" for share, name in ranked]
    words = ", ".join(parts).replace("%", " %")
    return f"{words}{why}; looks back {with_span(model.contract.lookback, clock.freq)}"


def _networks(model: Model) -> str:
    """Return what the networks are, and how many where there are several."""
    count = sum(len(part.weights) for part in model.networks)
    kind, *variant = model.options.cell.split("-")
    cell = "-".join([kind.upper(), *variant])
    return cell if count == 1 else f"{cell} ({_COUNTED.get(count, count)} networks)"


def details(model: Model) -> list[tuple[str, str]]:
    """The figures behind a model's other choices: name and what there is to say, line by line."""
    from lstmcast.evaluation.report import ClassChoices

    found, clock = model.report.choices, model.contract.clock
    if isinstance(found, ClassChoices):
        return class_choices.details(found, clock)
    return choices.details(found, clock)


def limits(model: Model) -> list[tuple[str, str]]:
    """Lines about limits of what is forecast, and about means, if there are any; probabilities have neither."""
    from lstmcast.evaluation.report import ClassChoices

    found = model.report.choices
    return [] if isinstance(found, ClassChoices) else [*choices.limits(found), *choices.points(model)]


def judged(model: Model) -> list[tuple[str, str]]:
    """A line about the model that the verdict is of, where what ships was decided again after it."""
    from lstmcast.evaluation.report import ClassChoices

    found = model.report.choices
    if isinstance(found, ClassChoices) or model.report.refreshes:
        return []
    return choices.judged(found, model.contract.clock)


def tried(found: Search | ClassSearch) -> tuple[Sequence[str], list[list[str]], str]:
    """Every setting that was tried, the chosen one first, with the errors that decided it: header, rows, a word."""
    from lstmcast.evaluation.report import ClassSearch

    return class_choices.tried(found) if isinstance(found, ClassSearch) else choices.tried(found)


def show_tried(found: Search | ClassSearch, console: Console) -> None:
    """Show in a terminal every setting that was tried."""
    header, rows, word = tried(found)
    if not rows:
        return
    console.table(header, rows)
    console.note(word)
    console.note("")
