"""Training, validation and test: which rows of each series may teach, choose and judge."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from lstmcast.core.errors import TrainingError, UsageError
from lstmcast.core.panel import Integers, Panel

TEST_SHARE = 0.15
VALIDATION_SHARE = 0.20
_MOST_ROWS = 1e15  # of a block
MOST_OF_SHORT = 4
_DATE = r"\d{4}-\d\d(-\d\d([T ]\d\d(:\d\d(:\d\d)?)?)?)?"


@dataclass(frozen=True, eq=False)
class Split:
    """First rows (S,) of the flat arrays in each block, and where each series ends.

    Training is start:validation, validation is validation:test, test is test:end. unjudged: first rows of each series
    that no window of the test is judged on, since the size of a series that begins there is learned from them; None
    where no series does.
    """

    start: Integers
    validation: Integers
    test: Integers
    end: Integers
    unjudged: Integers | None = None

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

    def horizons(self, horizon: int) -> int:
        """Return how many disjoint horizons the validation block holds."""
        return int((self.test - self.validation).max()) // horizon

    def origins(self, name: str, lookback: int, horizon: int) -> Integers:
        """(n,) first target rows of the windows all of whose targets lie in the block; history may reach back."""
        firsts, stops = self.bounds(name)
        history = np.full(len(firsts), lookback)
        if name == "test" and self.unjudged is not None:
            history = np.maximum(history, self.unjudged)
        firsts = np.maximum(firsts, self.start + history)
        ranges = [np.arange(a, b - horizon + 1) for a, b in zip(firsts, stops, strict=True)]
        return np.concatenate(ranges).astype(np.int64)


def split(panel: Panel, horizon: int, validation: str | None = None, test: str | None = None) -> Split:
    """Chronological blocks of each series; by default the last 15 % of rows test, the 20 % before them validate.

    A default block holds at least a horizon and a season, of a short series at least a horizon and up to a quarter
    of it. `validation` and `test` are a share (0.2), a number of
    rows (500) or a first date (2012-05-01); raises UsageError when they are none of these, TrainingError when a
    block that was asked for is shorter than the horizon.
    """
    start, end = panel.offsets[:-1], panel.known_until()
    validation_rows, test_rows = _held_back(panel, end - start, horizon, validation, test)
    test_first = np.maximum(end - test_rows, start)
    is_young = test_first == start
    unjudged = np.where(is_young, first_rows(panel), 0) if is_young.any() else None
    blocks = Split(start, np.maximum(test_first - validation_rows, start), test_first, end, unjudged)
    _refuse_short(blocks, "test", "--test", test, horizon)
    _refuse_short(blocks, "validation", "--val", validation, horizon)
    return blocks


def first_rows(panel: Panel) -> int:
    """Return how many of its first rows tell the size of a series that has no row before its test."""
    return max(panel.clock.season, 7)


def few_blocks(
    panel: Panel, horizon: int, fewest: int, validation: str | None = None, test: str | None = None
) -> Split:
    """Blocks of whole horizons, as many as leave `fewest` rows before them: the test comes first, and nothing is held
    back of a series that has no room for it.

    validation, test: as in `split`; a test block that was asked for is as long as it was asked for.
    """
    start, end = panel.offsets[:-1], panel.known_until()
    choosing, judging = _held_back(panel, end - start, horizon, validation, test)
    if test is None:
        room = np.maximum((end - start - fewest) // horizon, 0)
        judging = horizon * np.minimum(np.maximum(judging // horizon, 1), room)
    test_first = np.maximum(end - judging, start)
    room = np.maximum((test_first - start - fewest) // horizon, 0)
    choosing = horizon * np.minimum(np.maximum(choosing // horizon, 1), room)
    blocks = Split(start, test_first - choosing, test_first, end)
    _refuse_short(blocks, "test", "--test", test, horizon)
    return blocks


def rows_needed(panel: Panel, horizon: int, training: int, validation: str | None, test: str | None) -> int:
    """The shortest history that leaves `training` rows to train on; where a block has a date, as rows before it."""
    rows, missing = 0, training
    while missing > 0:
        rows += missing
        choosing, judging = _held_back(panel, np.array([rows]), horizon, validation, test)
        missing = training + int((choosing + judging).max()) - rows
    return rows


def _held_back(
    panel: Panel, lengths: Integers, horizon: int, validation: str | None, test: str | None
) -> tuple[Integers, Integers]:
    """Rows of the validation and of the test block of series of these lengths."""
    least = np.maximum(horizon, np.minimum(horizon + panel.clock.season, lengths // MOST_OF_SHORT))
    year = _rows_in_a_year(panel)
    default = np.maximum(_share(lengths, TEST_SHARE), least)
    judging = _rows(panel, lengths, test, "--test", default, np.zeros(1, dtype=np.int64))
    default = np.maximum(np.minimum(_share(lengths, VALIDATION_SHARE), year), least)
    return _rows(panel, lengths, validation, "--val", default, judging), judging


def _share(lengths: Integers, share: float) -> Integers:
    return np.round(lengths * share).astype(np.int64)


def _rows_in_a_year(panel: Panel) -> int:
    """Return how many rows the clock makes in a year; without a calendar, no limit."""
    if panel.clock.is_counter:
        return int(panel.lengths.max(initial=0))
    first = panel.times[0]
    step = panel.clock.after(first, 1)[0] - first
    return max(int(np.timedelta64(365, "D") / step), 1)


def is_date(text: str) -> bool:
    """Return True where a block is told by the date at which it begins, and not by a share or a number of rows."""
    return re.fullmatch(_DATE, text) is not None


def _rows(
    panel: Panel, lengths: Integers, text: str | None, flag: str, default: Integers, later: Integers
) -> Integers:
    """Return how many rows a block takes of series of these lengths, of which `later` rows come after it."""
    if text is None:
        return default
    if is_date(text):
        return _rows_since(panel, text, flag) - later
    try:
        number = float(text)
    except ValueError:
        raise UsageError(_refused(flag, text), option=flag) from None
    if 0 < number < 1:
        return _share(lengths, number)
    if 1 <= number < _MOST_ROWS and number.is_integer():
        return np.full(len(lengths), int(number))
    raise UsageError(_refused(flag, text), option=flag)


def _rows_since(panel: Panel, text: str, flag: str) -> Integers:
    """(S,) rows from a date on, on the wall clock."""
    try:
        date = np.datetime64(text).astype("datetime64[us]")
    except ValueError:
        raise UsageError(_refused(flag, text), option=flag) from None
    stops = np.repeat(panel.known_until(), panel.lengths)
    later = (panel.clock.wall(panel.times) >= date) & (np.arange(len(stops)) < stops)
    return np.add.reduceat(later, panel.offsets[:-1], dtype=np.int64)


def _refused(flag: str, text: str) -> str:
    return f"{flag} is a share such as 0.2, a number of rows, or a date such as 2012-05-01; got {text!r}"


def _refuse_short(blocks: Split, name: str, flag: str, text: str | None, horizon: int) -> None:
    """Refuse a block that was asked for; of a default one, who knows the lookback says how much history is needed."""
    first, stop = blocks.bounds(name)
    longest = int((stop - first).max(initial=0))
    if text is not None and longest < horizon:
        raise TrainingError(
            f"the {name} block holds {longest} rows, fewer than the horizon of {horizon}; "
            f"give more with {flag}, or a shorter --horizon",
            option=flag,
        )
