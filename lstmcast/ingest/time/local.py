"""A local clock: stamps on their way to UTC, where hours that happen twice or never are settled by the rules."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError
from lstmcast.core.findings import count
from lstmcast.core.zone import instants
from lstmcast.ingest.table.reader import Lines
from lstmcast.ingest.text.context import ReadContext
from lstmcast.ingest.text.decoding import Micros
from lstmcast.ingest.time.remedy import Remedy, unsettled
from lstmcast.ingest.time.zones import ClockChange, changes_of, offset_of, written

_HOUR, _DAY = 3_600_000_000, 86_400_000_000


@dataclass(frozen=True, eq=False)
class LocalClock:
    """Stamps of n rows on the wall of a zone.

    wall, codes, lines: (n,) times, series and lines; repeats: (n,) 0 or 1 for the first and the second of two equal
    hours, -1 or None where the file does not say; values: (n, C) numbers, or None, which tell rows that hold nothing;
    ends: how long before its stamp a row begins, where stamps are the ends of their steps.
    """

    wall: Micros
    codes: NDArray[np.int64]
    lines: Lines
    zone: str
    context: ReadContext
    repeats: NDArray[np.int8] | None = None
    values: NDArray[np.float64] | None = None
    ends: int = 0

    def utc(self, has_hours: bool) -> tuple[Micros, NDArray[np.bool_] | None]:
        """((n,) instants, (n,) rows to leave out or None where all stay).

        Of whole days it does not matter whether their midnight happens twice or never.
        """
        if not has_hours:
            return self.midnights(), None
        found = instants(self.wall, self.zone)
        utc, rows = found.first, np.flatnonzero(found.is_double | found.is_skipped)
        if not rows.size:
            return utc, None
        if not self.ends and (step := self._named_by_ends()):
            self.context.info(
                "hour_ending", "stamps are the ends of their steps, as the changes of the clock show"
            )
            begun, dropped = replace(self, wall=self.wall - step, ends=step).utc(has_hours=True)
            return begun + step, dropped
        dropped = self._fill_absent(utc, rows[found.is_skipped[rows]])
        return self._told_apart(utc, rows[~found.is_skipped[rows]]), dropped

    def midnights(self) -> Micros:
        """(n,) instants of whole days."""
        return instants(self.wall, self.zone).first

    def _show(self, row: np.intp) -> str:
        stamp = str(np.datetime64(int(self.wall[row] + self.ends), "us"))
        return stamp.replace("T", " ").removesuffix(".000000")

    # --- stamps that are the ends of their steps

    def _named_by_ends(self) -> int:
        """The step, where the hours that a change doubles or skips stand a step later than the clock has them; or 0."""
        own = self.wall[self.codes == np.bincount(self.codes).argmax()]
        times, often = np.unique(own, return_counts=True)
        steps = np.diff(times)
        step = int(np.median(steps)) if steps.size else 0
        if not 0 < step <= _HOUR or _HOUR % step:
            return 0
        changes = changes_of(self.zone, int(times[0]), int(times[-1]))
        seen = {
            shift: [_shows(change, times, often, shift, step) for change in changes] for shift in (0, step)
        }
        return step if any(seen[step]) and not any(seen[0]) else 0

    # --- hours that are skipped

    def _fill_absent(self, utc: Micros, rows: NDArray[np.intp]) -> NDArray[np.bool_] | None:
        """Settle stamps that the change of the clock skips; (n,) those to be left out, or None."""
        if not rows.size:
            return None
        dropped = np.zeros(utc.size, dtype=bool)
        if self.values is not None:
            empty = rows[np.isnan(self.values[rows]).all(axis=1)]
            dropped[empty] = True
            rows = np.setdiff1d(rows, empty)
            self._say_dropped(empty, "without a number at an hour that the clock skips")
        if rows.size and self.context.rules.nonexistent == "error":
            raise self._refuse_absent(rows)
        if rows.size and self.context.rules.nonexistent == "drop":
            dropped[rows] = True
            self._say_dropped(rows, "at an hour that the clock skips", is_loud=True)
        elif rows.size:
            utc[rows] = self._moved(rows)
        return dropped if dropped.any() else None

    def _say_dropped(self, rows: NDArray[np.intp], why: str, *, is_loud: bool = False) -> None:
        if rows.size:
            say = self.context.warn if is_loud else self.context.info
            stamp, line = self._show(rows[0]), int(self.lines[rows[0]])
            message = f"{count(rows.size, 'row')} {why} left out, the first is {stamp} (line {line})"
            say("nonexistent", message, place=self.context.place(line=line, stamp=stamp))

    def _refuse_absent(self, rows: NDArray[np.intp]) -> DataError:
        """The error of stamps that do not exist; what is named is tried: the row after may be there already."""
        stamp, line = self._show(rows[0]), int(self.lines[rows[0]])
        standard = int(offset_of(self.wall[rows[:1]] - 2 * _DAY, self.zone)[0])
        after = rows[0] + np.flatnonzero(self.wall[rows[0] : rows[0] + 200] == self.wall[rows[0]] + _HOUR)
        moved = Remedy({"--nonexistent": "shift"}, "{} moves it on")
        dropped = Remedy({"--nonexistent": "drop"}, "{} leaves it out")
        fixed = Remedy({"--tz": written(standard)}, ", if the clock is never changed, {}")
        return unsettled(
            self.context,
            f"line {line}: {stamp} does not exist in {self.zone} (the clock is put forward)",
            [dropped if after.size else moved, fixed],
            "delete the row",
            line=line,
            stamp=stamp,
        )

    def _moved(self, rows: NDArray[np.intp]) -> Micros:
        """Stamps that the change of the clock skips, an hour on: the clock they were read from stayed behind."""
        stamp, line = self._show(rows[0]), int(self.lines[rows[0]])
        moved = (
            f"{count(rows.size, 'stamp')} that the clock skips moved on, the first is {stamp} (line {line})"
        )
        place = self.context.place(line=line, stamp=stamp)
        self.context.warn("nonexistent", moved, "--nonexistent error", place=place)
        before = replace(self, wall=self.wall[rows] - 3 * _HOUR)
        return before.midnights() + 3 * _HOUR

    # --- hours that happen twice

    def _told_apart(self, utc: Micros, rows: NDArray[np.intp]) -> Micros:
        """The instants with those of `rows` filled in, which the local clock shows twice."""
        if not rows.size:
            return utc
        found = instants(self.wall[rows], self.zone)
        first, second = found.first, found.second
        how = self.context.rules.ambiguous
        utc[rows] = second if how == "second" else first
        if how != "order":
            return utc
        if self.repeats is not None:
            said = self.repeats[rows]
            utc[rows] = np.where(said == 1, second, first)
            unsaid = said < 0
            rows, first, second = rows[unsaid], first[unsaid], second[unsaid]
        changes = self.codes[rows] * 1_000_000 + first // _DAY
        single = 0
        for change in np.unique(changes):
            members = np.flatnonzero(changes == change)
            if np.unique(first[members]).size == members.size:
                single += members.size
            else:
                self._settle_by_order(utc, rows[members], first[members], second[members])
        if single:
            times = f"{count(single, 'time')} that happens twice stands once, near {self._show(rows[0])}"
            place = self.context.place(stamp=self._show(rows[0]))
            self.context.info("ambiguous", f"{times}; read as the first", "--ambiguous second", place=place)
        return utc

    def _settle_by_order(self, utc: Micros, rows: NDArray[np.intp], first: Micros, second: Micros) -> None:
        """Fill in one change of the clock in one series: what stands later is later, or the other way round."""
        for rising in (True, False):
            seen = _occurrence(first) if rising else _occurrence(first[::-1])[::-1]
            utc[rows] = np.where(seen == 0, first, second)
            if seen.max() == 1 and _is_ordered(utc, rows, self.codes, rising):
                return
        line, stamp = int(self.lines[rows[0]]), self._show(rows[0])
        raise unsettled(
            self.context,
            f"line {line}: {stamp} happens twice in {self.zone}, and the order of the "
            "rows does not tell which is which; sort the file",
            [Remedy({"--ambiguous": which}, "or give {}") for which in ("first", "second")],
            line=line,
            stamp=stamp,
        )


def _shows(change: ClockChange, times: Micros, often: NDArray[np.int64], shift: int, step: int) -> bool:
    """True where the times that a change doubles or skips do so a shift later in the file: they are a step apart."""
    expected = np.arange(change.start, change.start + abs(change.by), step) + shift
    number = dict(zip(times.tolist(), often.tolist(), strict=True))
    seen = [number.get(int(time), 0) for time in expected]
    return all(often == 2 for often in seen) if change.by < 0 else not any(seen)


def _occurrence(values: Micros) -> NDArray[np.int64]:
    """Return how many times each value has appeared before."""
    seen: dict[int, int] = {}
    counts = []
    for value in values.tolist():
        counts.append(seen.get(value, 0))
        seen[value] = counts[-1] + 1
    return np.array(counts, np.int64)


def _is_ordered(utc: Micros, rows: NDArray[np.intp], codes: NDArray[np.int64], rising: bool) -> bool:
    """True when the series runs one way from a few rows before these rows to a few after."""
    start, stop = max(0, int(rows.min()) - 3), int(rows.max()) + 4
    near = utc[start:stop][codes[start:stop] == codes[rows[0]]]
    steps = np.diff(near)
    return bool((steps > 0).all() if rising else (steps < 0).all())
