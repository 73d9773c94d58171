"""Training, validation and test: which rows of each series may teach, choose and judge."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstmcast.errors import TrainingError, UsageError
from lstmcast.panel import Integers, Panel

TEST_SHARE = 0.15
VALIDATION_SHARE = 0.20


@dataclass(frozen=True)
class Blocks:
    """First rows (S,) of the flat arrays in each block, and where each series ends.

    Training is start:validation, validation is validation:test, test is test:end.
    """

    start: Integers
    validation: Integers
    test: Integers
    end: Integers

    def bounds(self, name: str) -> tuple[Integers, Integers]:
        """(S,) first and (S,) one past the last row of a block: training, validation, test, before_test or all."""
        edges = {
            "training": (self.start, self.validation),
            "validation": (self.validation, self.test),
            "test": (self.test, self.end),
            "before_test": (self.start, self.test),
            "all": (self.start, self.end),
        }
        return edges[name]

    def slices(self, name: str) -> list[slice]:
        """The rows of a block, series by series."""
        return [slice(int(a), int(b)) for a, b in zip(*self.bounds(name), strict=True)]

    def origins(self, name: str, lookback: int, horizon: int) -> Integers:
        """(n,) first target rows of the windows all of whose targets lie in the block; history may reach back."""
        firsts, stops = self.bounds(name)
        firsts = np.maximum(firsts, self.start + lookback)
        ranges = [np.arange(a, b - horizon + 1) for a, b in zip(firsts, stops, strict=True)]
        return np.concatenate(ranges).astype(np.int64)


def split(panel: Panel, horizon: int, validation: str | None = None, test: str | None = None) -> Blocks:
    """Chronological blocks of each series; by default the last 15 % of rows test, the 20 % before them validate.

    A default block holds at least a horizon and a season. `validation` and `test` are a share (0.2), a number of
    rows (500) or a first date (2012-05-01); raises UsageError when they are none of these, TrainingError when a
    block is shorter than the horizon.
    """
    start, end = panel.offsets[:-1], panel.offsets[1:]
    least = horizon + panel.clock.season
    test_first = _first_rows(panel, test, "--test", end, np.maximum(_share(panel.lengths, TEST_SHARE), least))
    year = _rows_in_a_year(panel)
    default = np.maximum(np.minimum(_share(panel.lengths, VALIDATION_SHARE), year), least)
    validation_first = _first_rows(panel, validation, "--val", test_first, default)
    blocks = Blocks(start, np.maximum(validation_first, start), np.maximum(test_first, start), end)
    _refuse_short(blocks, horizon)
    return blocks


def _share(lengths: Integers, share: float) -> Integers:
    return np.round(lengths * share).astype(np.int64)


def _rows_in_a_year(panel: Panel) -> int:
    """How many rows the clock makes in a year; without a calendar, no limit."""
    if panel.clock.is_counter:
        return int(panel.lengths.max(initial=0))
    first = panel.times[0]
    step = panel.clock.after(first, 1)[0] - first
    return max(int(np.timedelta64(365, "D") / step), 1)


def _first_rows(panel: Panel, text: str | None, flag: str, stop: Integers, default: Integers) -> Integers:
    """(S,) first row of a block that ends at `stop`."""
    if text is None:
        return stop - default
    try:
        number = float(text)
    except ValueError:
        return _rows_from_date(panel, text, flag, stop)
    if 0 < number < 1:
        return stop - _share(panel.lengths, number)
    if number >= 1 and number == int(number):
        return stop - int(number)
    raise UsageError(f"{flag} is a share such as 0.2, a number of rows or a date; got {text!r}")


def _rows_from_date(panel: Panel, text: str, flag: str, stop: Integers) -> Integers:
    try:
        date = np.datetime64(text).astype("datetime64[us]")
    except ValueError:
        raise UsageError(f"{flag} is a share such as 0.2, a number of rows or a date; got {text!r}") from None
    wall = panel.clock.wall(panel.times)
    firsts = [a + np.searchsorted(wall[a:b], date) for a, b in zip(panel.offsets[:-1], stop, strict=True)]
    return np.array(firsts, dtype=np.int64)


def _refuse_short(blocks: Blocks, horizon: int) -> None:
    for name, flag in (("test", "--test"), ("validation", "--val")):
        first, stop = blocks.bounds(name)
        longest = int((stop - first).max(initial=0))
        if longest < horizon:
            raise TrainingError(
                f"the {name} block holds {longest} rows, fewer than the horizon of {horizon}; "
                f"give more with {flag}, or a shorter --horizon"
            )
