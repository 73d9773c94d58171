"""The mixture that was made for a model of few horizons, in words, and the figures it rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstmcast.core.findings import count

if TYPE_CHECKING:
    from lstmcast.core.panel import Clock
    from lstmcast.evaluation.report import Choices, FewHorizons

_LEVELS_SHOWN = ("80", "90", "95")


def in_short(few: FewHorizons, clock: Clock) -> str:
    """Return what ships, in shares, and on how many horizons these rest."""
    from lstmcast.evaluation.names import part

    shares = " + ".join(
        f"{weight:.0%}".replace("%", f" % {part(name, clock)}") for name, weight in few.weights.items()
    )
    return f"{shares}: too few horizons to choose one ({_rests(few)})"


def details(choices: Choices, few: FewHorizons, clock: Clock) -> list[tuple[str, str]]:
    """The members' errors, and how wide bands are."""
    from lstmcast.evaluation.names import part

    errors = sorted((error, name) for name, error in choices.validation_mase.items() if error is not None)
    words = ", ".join(f"{part(name, clock)} {error:.3f}" for error, name in errors)
    widths = ", ".join(f"{few.deviations[level]:.2f} at {level} %" for level in _LEVELS_SHOWN)
    band = f"standard deviations of what ships times {widths}; {_rests(few)}"
    return [*([("Members", f"MASE {words}")] if words else []), ("Band", band)]


def _rests(few: FewHorizons) -> str:
    """Return a sentence part on what weights and bands rest on."""
    if not few.folds:
        return "weights and bands rest on no horizon of this file, but on what such series usually do"
    return f"weights and bands rest on {count(few.folds, 'horizon')}"
