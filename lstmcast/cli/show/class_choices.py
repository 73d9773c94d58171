"""The choices that were made for a model of classes, in words, and the figures that decided them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from lstmcast.cli.show.choices import start
from lstmcast.cli.show.figures import ratio

if TYPE_CHECKING:
    from lstmcast.core.panel import Clock
    from lstmcast.evaluation.report import ClassChoices, ClassSearch, ClassTried

_SEASONS = {
    "hour": "hour of the day",
    "month": "month",
    "weekday": "weekday",
    "phase": "place in the season",
    "none": "nothing",
}
TRIED = "Log loss of the logistic regression on the validation block."


def in_short(choices: ClassChoices, clock: Clock, *, is_free: bool) -> str:
    """Return what was chosen, in one line; says so where the network has no part.

    is_free: nobody said that it should have none.
    """
    chosen = choices.chosen
    mixture = [f"{share:.0%}".replace("%", f" % {name}") for name, share in shares(choices, clock).items()]
    words = [
        f"lookback {chosen.lookback:,}",
        _calendar(chosen),
        f"ridge {chosen.penalty:g}",
        " + ".join(mixture),
    ]
    return ", ".join(words) + left_out(choices, is_free=is_free)


def left_out(choices: ClassChoices, *, is_free: bool) -> str:
    """Return why the network has no part in what ships; "" where it has, or was not to have any."""
    return _why_left_out(choices.validation_log_loss) if not choices.mixture.network and is_free else ""


def shares(choices: ClassChoices, clock: Clock) -> dict[str, float]:
    """Return what ships: each part as a person calls it, and its share."""
    from lstmcast.evaluation.names import part

    return {part(name, clock): share for name, share in vars(choices.mixture).items() if share}


def details(choices: ClassChoices, clock: Clock) -> list[tuple[str, str]]:
    """The figures behind the other choices: name and what there is to say, line by line."""
    from lstmcast.evaluation.names import part

    errors, weights = choices.validation_log_loss, choices.class_weights
    ranked = sorted(errors.items(), key=lambda item: item[1])
    penalties = [f"{penalty} {ratio(error)}" for penalty, error in choices.penalties.items()]
    best = ", ".join(f"{step:,}" for step in choices.best_steps)
    lines = [
        *start(choices.start),
        ("Ridge", f"validation log loss with {', '.join(penalties)}" if len(penalties) > 1 else ""),
        ("Network", f"best on validation rows at step {best} of {choices.steps:,}"),
        (
            "Validation",
            "log loss " + ", ".join(f"{part(name, clock)} {ratio(error)}" for name, error in ranked),
        ),
        ("Table", f"how often each class came in training rows, by {_SEASONS[choices.frequencies]}"),
        ("Weights", _weights(weights) if len(set(weights.values())) > 1 else ""),
    ]
    return [(name, text) for name, text in lines if text]


def tried(search: ClassSearch) -> tuple[Sequence[str], list[list[str]], str]:
    """Every way to look back that was tried, the chosen one first, with the error that decided it: header, rows, a
    word."""
    rows = [_row(search.chosen, is_chosen=True), *(_row(other, is_chosen=False) for other in search.others)]
    return ("Tried", "lookback", "ridge", "validation"), rows, TRIED


def _row(setting: ClassTried, *, is_chosen: bool) -> list[str]:
    name = f"{_calendar(setting)}{' (chosen)' if is_chosen else ''}"
    figures = f"{setting.lookback:,}", f"{setting.penalty:g}", f"{ratio(setting.validation_log_loss)}"
    return [name, *figures]


def _calendar(setting: ClassTried) -> str:
    return "on the calendar" if setting.calendar else "no calendar"


def _weights(weights: Mapping[str, float]) -> str:
    return "in training, " + ", ".join(f"{name} {weight:.2f}" for name, weight in weights.items())


def _why_left_out(errors: Mapping[str, float]) -> str:
    figures = f"log loss {ratio(errors['network'])} against {ratio(errors['model'])}"
    return f" (the network added nothing on validation rows: {figures})"
