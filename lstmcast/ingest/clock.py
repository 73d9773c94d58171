"""A regular clock under stamps as they come: order, duplicates, frequency and gaps settled, and said."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.errors import DataError
from lstmcast.ingest import frequency
from lstmcast.ingest.findings import Finding, count, info, warning
from lstmcast.ingest.layouts import COUNTER as COUNTER_ORDER
from lstmcast.ingest.reader import Lines
from lstmcast.ingest.rules import ReadingRules
from lstmcast.ingest.stamps import Micros, Stamps
from lstmcast.ingest.zones import suspected_zones
from lstmcast.panel import COUNTER, Clock, Times, default_seasons

Values = NDArray[np.float64]
_DAY = frequency.DAY
_MOST_STEPS = 0.5  # share of steps that must be the modal one
_MANY_DUPLICATES = 0.1  # share of repeated stamps above which a file is thought to hold several series
_THINNEST = 20  # rows of the clock for each row of the file, beyond which a stamp must be wrong


@dataclass(frozen=True)
class Rows:
    """Rows as read: utc (n,), series code (n,), values (n, C), line (n,) in the file."""

    utc: Micros
    codes: NDArray[np.int64]
    values: Values
    lines: Lines

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Rows:
        """Some of the rows, in this order."""
        return Rows(self.utc[rows], self.codes[rows], self.values[rows], self.lines[rows])

    def new_series(self) -> NDArray[np.bool_]:
        """(n,) True where a series starts."""
        return np.concatenate([[True], self.codes[1:] != self.codes[:-1]])

    def steps(self) -> NDArray[np.int64]:
        """Steps between neighbours of one series, in µs."""
        steps: NDArray[np.int64] = np.diff(self.utc)[~self.new_series()[1:]]
        return steps


@dataclass(frozen=True)
class Regular:
    """Series on a clock: offsets (S+1,), times (N,), values (N, C); evidence says how its step was found."""

    offsets: NDArray[np.int64]
    times: Times
    values: Values
    clock: Clock
    evidence: str


class Regulator:
    """Puts the rows of one file on a clock; what it settles on the way goes to the findings."""

    def __init__(
        self,
        source: str,
        stamps: Stamps,
        ids: tuple[str, ...],
        zone: str | None,
        rules: ReadingRules,
        findings: list[Finding],
    ) -> None:
        self.source, self.ids, self.zone, self.rules = source, ids, zone, rules
        self.is_counter = stamps.order == COUNTER_ORDER
        self.order, self.style, self.depth = stamps.order, stamps.style, stamps.depth
        self.has_offsets = stamps.offsets is not None
        self.findings = findings
        self._repeated = 0

    def regular(self, rows: Rows, freq: str | None, seasons: tuple[int, ...] | None) -> Regular:
        """The rows on their clock; raises DataError when they keep none, with the evidence and the remedy."""
        rows = self._sorted(rows)
        if self.zone is None and not self.is_counter and self.depth >= 5:
            self._refuse_hidden_zone(rows)
        aggregated = freq is not None and self.rules.aggregate is not None
        if not aggregated:
            rows = self._unique(rows)
        found = self._found(rows, freq is not None)
        alias = frequency.chosen(freq, found) if freq is not None else found
        clock = Clock(alias, self.zone, default_seasons(alias) if seasons is None else seasons)
        if aggregated:
            rows = self._aggregated(rows, clock)
        rows = self._on_month_starts(rows, clock)
        clock = Clock(alias, self.zone, clock.seasons, self._style(rows, clock))
        return self._filled(rows, clock, freq is not None)

    def show(self, utc: int | np.int64, series: int | np.int64 | None = None) -> str:
        """A stamp as messages show it, with its series in a panel."""
        time = np.array([utc]).astype("datetime64[us]")
        if self.is_counter:
            text = str(int(utc))
        else:
            style = "%Y-%m-%d" if self.depth < 5 else "%Y-%m-%d %H:%M:%S"
            text = Clock("D", self.zone, (), style).write(time)[0]
        return text if series is None or len(self.ids) == 1 else f"{text} ({self.ids[int(series)]})"

    # --- order and duplicates ----------------------------------------------------------------------------------

    def _sorted(self, rows: Rows) -> Rows:
        """Series in order of appearance, each by time."""
        if (np.diff(rows.codes) < 0).any():
            rows = rows.take(np.argsort(rows.codes, kind="stable"))
        inner = ~rows.new_series()[1:]
        back = np.flatnonzero((np.diff(rows.utc) < 0) & inner)
        if not back.size:
            return rows
        forward = int(((np.diff(rows.utc) > 0) & inner).sum())
        if not forward:
            self.findings.append(
                info("newest_first", "the newest row stands first; the order was turned round")
            )
        else:
            line = rows.lines[back[0] + 1]
            message = f"{count(back.size, 'row')} out of order, the first in line {line}; sorted by time"
            self.findings.append(warning("unsorted", message))
        return rows.take(np.lexsort((rows.utc, rows.codes)))

    def _unique(self, rows: Rows) -> Rows:
        """One row a stamp: identical ones dropped, differing ones settled by the rules."""
        again = self._again(rows)
        if not again.any():
            return rows
        equal = (rows.values[1:] == rows.values[:-1]) | (
            np.isnan(rows.values[1:]) & np.isnan(rows.values[:-1])
        )
        same = np.concatenate([[False], equal.all(axis=1)]) & again
        self._repeated = int(again.sum())
        if same.any():
            where = self._where(rows, same)
            message = f"{count(int(same.sum()), 'row')} repeated word for word dropped, the first {where}"
            self.findings.append(info("duplicates", message))
            rows = rows.take(~same)
            again = self._again(rows)
        return self._merged(rows, again) if again.any() else rows

    def _again(self, rows: Rows) -> NDArray[np.bool_]:
        """(n,) True where a row has the stamp of the row before it."""
        return np.concatenate([[False], np.diff(rows.utc) == 0]) & ~rows.new_series()

    def _where(self, rows: Rows, mask: NDArray[np.bool_]) -> str:
        row = int(np.flatnonzero(mask)[0])
        return f"is {self.show(rows.utc[row], rows.codes[row])} in line {rows.lines[row]}"

    def _merged(self, rows: Rows, again: NDArray[np.bool_]) -> Rows:
        where, number = self._where(rows, again), int(again.sum())
        stands = (
            f"{count(number, 'row')} with a stamp that stands before with other values, the first {where}"
        )
        if self.rules.duplicates == "error":
            raise DataError(f"{self.source}: {stands}; --duplicates mean, first or last settles it")
        if self.rules.duplicates is None and number > max(3, _MANY_DUPLICATES * again.size):
            raise DataError(
                f"{self.source}: {stands}: does the file hold several series? name their column with --id, "
                "or settle it with --duplicates mean, first or last"
            )
        how = self.rules.duplicates or "mean"
        kept = "their mean is taken" if how == "mean" else f"the {how} is taken"
        self.findings.append(
            warning("duplicates_differ", f"{stands}; {kept}", "--duplicates mean|first|last|error")
        )
        return _grouped(rows, again, how)

    # --- frequency ---------------------------------------------------------------------------------------------

    def _found(self, rows: Rows, is_given: bool) -> str:
        """The alias of the modal step; raises DataError when the steps are too unlike each other."""
        steps = rows.steps()
        if not steps.size:
            if is_given:
                return "D"
            raise DataError(f"{self.source}: has one row a series; a frequency needs two, or --freq")
        step, often = frequency.modal(steps)
        if self.is_counter:
            if step != 1:
                raise DataError(
                    f"{self.source}: the counter goes up by {step}, not by one; number the rows, or use times"
                )
            return COUNTER
        if step >= _DAY - 2 * 3_600_000_000:
            wall = Clock("D", self.zone).wall(rows.utc.astype("datetime64[us]")).astype(np.int64)
            alias = frequency.of_days(wall, steps)
            often = int((np.abs(steps - step) <= 4 * _DAY if alias[-1] not in "DB" else steps == step).sum())
        else:
            alias = frequency.tick(step)
        if often < _MOST_STEPS * steps.size and not is_given:
            raise self._irregular(steps)
        return alias

    def _irregular(self, steps: NDArray[np.int64], off: str = "") -> DataError:
        """The steps there are, and how to put such a file on a clock."""
        values, counts = np.unique(steps, return_counts=True)
        best = np.argsort(-counts, kind="stable")[:2]
        seen = ", ".join(f"{_span(int(values[i]))} in {counts[i]:,} of {steps.size:,} steps" for i in best)
        return DataError(
            f"{self.source}: the stamps keep no clock: {seen}, from {_span(int(steps.min()))} to "
            f"{_span(int(steps.max()))}{off}; put them on one with --freq {_coarse(steps)} --aggregate mean"
        )

    def _aggregated(self, rows: Rows, clock: Clock) -> Rows:
        """Rows moved to the start (weeks, month ends: the end) of their step and put together there."""
        wall = clock.wall(rows.utc.astype("datetime64[us]")).astype(np.int64)
        if clock.step is not None:
            step = (
                int(clock.step.value // 1000)
                if clock.step.unit == "ns"
                else int(clock.step / np.timedelta64(1, "us"))
            )
            utc = rows.utc - wall % step
        else:
            utc = _period_stamps(wall, clock)
        rows = Rows(utc, rows.codes, rows.values, rows.lines)
        again = self._again(rows)
        how = self.rules.aggregate or "mean"
        message = (
            f"{count(rows.utc.size, 'row')} put on a clock of {frequency.words(clock.freq)} by their {how}"
        )
        self.findings.append(info("aggregated", message, "--aggregate mean|sum|last|max"))
        return _grouped(rows, again, how)

    def _on_month_starts(self, rows: Rows, clock: Clock) -> Rows:
        """Stamps in the middle of months, quarters or years stand for them: moved to their first day, and said."""
        if self.is_counter or not clock.freq.lstrip("0123456789").startswith(("MS", "QS", "YS")):
            return rows
        wall = clock.wall(rows.utc.astype("datetime64[us]"))
        starts = wall.astype("datetime64[M]").astype("datetime64[us]")
        day = wall.astype("datetime64[D]") - wall.astype("datetime64[M]").astype("datetime64[D]")
        if (day == np.timedelta64(0, "D")).all() or not (day == day[0]).all():
            return rows
        message = f"every stamp is on day {int(day[0].astype(int)) + 1} of its month; taken for the month, from its first day"
        self.findings.append(info("mid_month", message))
        return Rows(clock.utc(starts).astype(np.int64), rows.codes, rows.values, rows.lines)

    def _style(self, rows: Rows, clock: Clock) -> str:
        """The file's own ISO 8601 style where it has one that can show the clock's stamps."""
        if self.is_counter:
            return "%d"
        wall = clock.wall(rows.utc.astype("datetime64[us]")).astype(np.int64)
        whole_days = clock.step is None and not (wall % _DAY).any()
        whole_months = whole_days and clock.freq.lstrip("0123456789")[:2] in ("MS", "QS", "YS")
        style = self.style
        if not style or (style == "%Y-%m" and not whole_months) or (style == "%Y-%m-%d" and not whole_days):
            style = "%Y-%m-%d" if whole_days else "%Y-%m-%dT%H:%M:%S"
            style += "%z" if self.has_offsets and not whole_days else ""
        second = 1_000_000
        step = 0 if clock.step is None else int(clock.step / np.timedelta64(1, "us"))
        if "%H:%M" in style and "%S" not in style and ((wall % (60 * second)).any() or step % (60 * second)):
            style = style.replace("%H:%M", "%H:%M:%S")
        if (wall % second).any() or step % second:
            style = style.replace("%S", "%S.%f")
        return style

    # --- gaps --------------------------------------------------------------------------------------------------

    def _filled(self, rows: Rows, clock: Clock, is_given: bool) -> Regular:
        """A row for every step of the clock; those that the file lacks are NaN."""
        starts = np.flatnonzero(rows.new_series())
        place = self._places(rows, starts, clock, is_given)
        lengths = np.diff(np.append(starts, rows.utc.size))
        last = starts + lengths - 1
        offsets = np.concatenate([[0], np.cumsum(place[last] + 1)])
        steps = np.diff(place)[~rows.new_series()[1:]]
        evidence = self._say_gaps(rows, clock, steps)
        if offsets[-1] == rows.utc.size:
            return Regular(offsets, rows.utc.astype("datetime64[us]"), rows.values, clock, evidence)
        target = place + np.repeat(offsets[:-1], lengths)
        values = np.full((int(offsets[-1]), rows.values.shape[1]), np.nan)
        values[target] = rows.values
        times = self._times(rows, starts, offsets, clock)
        return Regular(offsets, times, values, clock, evidence)

    def _places(
        self, rows: Rows, starts: NDArray[np.intp], clock: Clock, is_given: bool
    ) -> NDArray[np.int64]:
        """(n,) how many steps of the clock each row lies after the first of its series."""
        lengths = np.diff(np.append(starts, rows.utc.size))
        if clock.step is not None:
            step = int(clock.step / np.timedelta64(1, "us"))
            place, off = np.divmod(rows.utc - np.repeat(rows.utc[starts], lengths), step)
            on = off == 0
        else:
            grid = self._grid(rows, clock)
            place = np.searchsorted(grid, rows.utc)
            on = grid[np.minimum(place, grid.size - 1)] == rows.utc
            place = place - np.repeat(place[starts], lengths)
        if not on.all():
            row = int(np.flatnonzero(~on)[0])
            stamp = f"{self.show(rows.utc[row], rows.codes[row])} in line {rows.lines[row]}"
            off_clock = f"; {count(int((~on).sum()), 'stamp')} off the clock, the first is {stamp}"
            if is_given:
                raise DataError(
                    f"{self.source}: the stamps do not keep --freq {clock.freq}{off_clock}; "
                    "give another, or put them together with --aggregate mean"
                )
            raise self._irregular(rows.steps(), off_clock)
        self._refuse_thin(rows, place, clock)
        return place

    def _grid(self, rows: Rows, clock: Clock) -> Micros:
        """Every stamp of the clock from the first row to the last."""
        first, last = int(rows.utc.min()), int(rows.utc.max())
        days = max(1.0, frequency.shortest_days(clock.freq))
        grid = clock.grid(np.datetime64(first, "us"), int((last - first) / (days * _DAY)) + 2)
        micros: Micros = grid.astype(np.int64)
        return micros[: int(np.searchsorted(micros, last, side="right"))] if micros[0] <= last else micros[:1]

    def _refuse_thin(self, rows: Rows, place: NDArray[np.int64], clock: Clock) -> None:
        """A clock with many times more steps than rows comes of a wrong stamp: name the widest gap."""
        steps = np.where(rows.new_series()[1:], 0, np.diff(place))
        if steps.sum() <= _THINNEST * rows.utc.size + 1000:
            return
        row = int(np.argmax(steps))
        raise DataError(
            f"{self.source}: a gap of {steps[row] - 1:,} steps of {frequency.words(clock.freq)} between "
            f"{self.show(rows.utc[row], rows.codes[row])} (line {rows.lines[row]}) and "
            f"{self.show(rows.utc[row + 1])} (line {rows.lines[row + 1]}); is a stamp wrong, or --freq too short?"
        )

    def _times(self, rows: Rows, starts: NDArray[np.intp], offsets: NDArray[np.int64], clock: Clock) -> Times:
        """(N,) the stamps of the clock of every series."""
        lengths = np.diff(offsets)
        inner = np.arange(int(offsets[-1])) - np.repeat(offsets[:-1], lengths)
        if clock.step is not None:
            step = int(clock.step / np.timedelta64(1, "us"))
            return (np.repeat(rows.utc[starts], lengths) + inner * step).astype("datetime64[us]")
        grid = self._grid(rows, clock)
        place = np.repeat(np.searchsorted(grid, rows.utc[starts]), lengths) + inner
        return grid[place].astype("datetime64[us]")

    def _say_gaps(self, rows: Rows, clock: Clock, steps: NDArray[np.int64]) -> str:
        """The finding that names the gaps, and the evidence for the frequency."""
        one, wide = int((steps == 1).sum()), np.flatnonzero(steps > 1)
        evidence = f"{frequency.words(clock.freq)} in {one:,} of {steps.size:,} steps"
        if wide.size:
            absent = int((steps[wide] - 1).sum())
            row = np.flatnonzero(~rows.new_series()[1:])[wide[0]]
            first = clock.after(rows.utc[row].astype("datetime64[us]"), 1)[0].astype(np.int64)
            message = (
                f"{count(wide.size, 'gap')}: {count(absent, 'row')} of {frequency.words(clock.freq)} missing, "
                f"the first is {self.show(first, rows.codes[row])} (after line {rows.lines[row]})"
            )
            self.findings.append(warning("gaps", message))
            evidence += f"; {count(wide.size, 'gap')}"
        if self._repeated:
            evidence += f"{',' if wide.size else ';'} {count(self._repeated, 'duplicate')}"
        return evidence

    # --- a local clock that nobody named -----------------------------------------------------------------------

    def _refuse_hidden_zone(self, rows: Rows) -> None:
        """Raise DataError when hours are doubled and missing just where some zone changes its clock."""
        again = self._again(rows)
        if not again.any():
            return
        steps = rows.steps()
        step = frequency.modal(steps[steps > 0])[0] if (steps > 0).any() else 0
        if not 0 < step <= 3_600_000_000:
            return
        wide = np.flatnonzero((np.diff(rows.utc) > step) & ~rows.new_series()[1:])
        missing = np.concatenate([rows.utc[wide] + step, *(rows.utc[wide] + k * step for k in range(2, 5))])
        doubled = rows.utc[again]
        zones = suspected_zones(doubled, missing, int(rows.utc.min()), int(rows.utc.max()))
        if not zones:
            return
        raise DataError(
            f"{self.source}: {self.show(doubled[0])} stands twice (line {rows.lines[np.flatnonzero(again)[0]]}) and hours "
            f"are missing in spring, as on the clocks of {', '.join(zones[:2])}; say so with --tz {zones[0]} "
            "(or --tz UTC if the clock is never changed)"
        )


def _grouped(rows: Rows, again: NDArray[np.bool_], how: str) -> Rows:
    """Rows of equal stamps as one; of the numbers that are there."""
    starts = np.flatnonzero(~again)
    kept = rows.take(starts)
    if how == "first":
        return kept
    if how == "last":
        return Rows(kept.utc, kept.codes, rows.values[np.append(starts[1:], again.size) - 1], kept.lines)
    present = ~np.isnan(rows.values)
    number = np.add.reduceat(present.astype(np.int64), starts)
    if how == "max":
        values = np.maximum.reduceat(np.where(present, rows.values, -np.inf), starts)
    else:
        values = np.add.reduceat(np.where(present, rows.values, 0.0), starts)
        if how == "mean":
            values = values / np.maximum(number, 1)
    return Rows(kept.utc, kept.codes, np.where(number > 0, values, np.nan), kept.lines)


def _period_stamps(wall: Micros, clock: Clock) -> Micros:
    """The clock's stamp of the period that each wall time lies in: its start, or the day it ends on."""
    day = wall // _DAY * _DAY
    first, last = int(day.min()), int(day.max())
    local = Clock(clock.freq)
    margin = round(2 * 32 * _DAY * max(1.0, frequency.shortest_days(clock.freq) / 28))
    number = int((last - first + 2 * margin) / (_DAY * max(1.0, frequency.shortest_days(clock.freq)))) + 2
    grid = local.grid(np.datetime64(first - margin, "us"), number).astype(np.int64)
    if frequency.names_its_end(clock.freq):
        place = np.searchsorted(grid, day)
    else:
        place = np.searchsorted(grid, day, side="right") - 1
    return clock.utc(grid[place].astype("datetime64[us]")).astype(np.int64)


def _span(step: int) -> str:
    """A step in words, however odd."""
    if step >= _DAY:
        return f"{step / _DAY:.3g} d"
    return frequency.words(frequency.tick(step)) if step else "0 s"


def _coarse(steps: NDArray[np.int64]) -> str:
    """A round step that holds about one stamp of such a file, or more."""
    typical = float(np.median(steps[steps > 0])) if (steps > 0).any() else float(_DAY)
    ladder = (
        ("1min", 60),
        ("5min", 300),
        ("10min", 600),
        ("15min", 900),
        ("30min", 1800),
        ("1h", 3600),
        ("1D", 86400),
    )
    return next(
        (name for name, seconds in ladder if seconds * 1e6 >= typical), "W" if typical < 8 * _DAY else "MS"
    )
