"""The view of a model on the rows of a panel: what is taken out first, and what normalises each window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lstmcast.data.calendar_regression import CalendarRegression


@dataclass(frozen=True)
class ViewConfig:
    """One way to prepare the rows and to look back at them."""

    transform: str
    lookback: int
    stage: str = "none"
    is_anchored: bool = True
    is_sized: bool = False


def class_setting(lookback: int, *, with_calendar: bool) -> ViewConfig:
    """The way to look back at rows of classes, which are neither transformed nor subtracted from each other."""
    return ViewConfig("none", lookback, "calendar" if with_calendar else "none", is_anchored=False)


@dataclass(frozen=True, eq=False)
class View:
    """One way to see the rows.

    regression: the calendar regression that is taken out first, if there is one; subtracts_last: whether each window
    is taken relative to its last value; is_normalised: whether it is divided by its own size too.
    """

    regression: CalendarRegression | None = None
    subtracts_last: bool = True
    is_normalised: bool = False
