"""The nouns everything speaks of: Clock, Panel and Forecast."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timezone
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lstmcast.core import steps, zone
from lstmcast.core.findings import WARNING, Finding

Floats = NDArray[np.floating]
Integers = NDArray[np.int64]
Times = NDArray[np.datetime64]

COUNTER = "count"
TARGET, KNOWN, PAST = "target", "known", "past"
HOLIDAYS = "--holidays"  # the column that a panel has of them; no column of a file is called so
_FEW = 1000  # stamps that are written faster without an index of pandas


@dataclass(frozen=True)
class Clock:
    """A regular time axis: its step, its zone, its season lengths and how its stamps are written.

    freq: a pandas offset alias (`h`, `30min`, `D`, `W-SUN`, `MS`), or `count` for a plain counter,
    whose n-th stamp is kept as n microseconds after 1970.
    zone: an IANA name or a fixed offset (`+02:00`); None when stamps carry no zone.
    seasons: season lengths in steps, rising; empty when there is none.
    style: the strftime pattern of a stamp; `%z` in it is written as `+02:00`.
    """

    freq: str
    zone: str | None = None
    seasons: tuple[int, ...] = ()
    style: str = "%Y-%m-%dT%H:%M:%S"

    @property
    def is_counter(self) -> bool:
        """True for 1, 2, 3, …, which have no calendar."""
        return self.freq == COUNTER

    @cached_property
    def step(self) -> np.timedelta64 | None:
        """The length of a step below a day, in µs; None for days and longer, which follow the wall clock."""
        return np.timedelta64(1, "us") if self.is_counter else steps.tick(self.freq)

    @property
    def step_seconds(self) -> float:
        """The seconds of a step below a day; NaN of longer ones."""
        return math.nan if self.step is None else float(self.step / np.timedelta64(1, "s"))

    def steps_like(self, other: Clock) -> bool:
        """Return whether two clocks take the same step, however it is spelled: `h` and `60min`."""
        if self.is_counter or other.is_counter:
            return self.freq == other.freq
        if self.freq == other.freq or self.step != other.step or self.step is not None:
            return self.step == other.step
        return bool(steps.to_offset(self.freq) == steps.to_offset(other.freq))

    @property
    def is_daily(self) -> bool:
        """True when a row is a whole day."""
        return self.freq in ("D", "1D")

    @property
    def is_months(self) -> bool:
        """True when a row is a month, or several; so it is of quarters and years."""
        return self.step is None and self.freq.lstrip("B0123456789")[:1] in ("M", "Q", "Y")

    @property
    def is_yearly(self) -> bool:
        """True when a row is a year, or several."""
        return "Y" in self.freq.split("-")[0]

    @property
    def season(self) -> int:
        """The main season m in steps; 1 when there is none."""
        return self.seasons[0] if self.seasons else 1

    def grid(self, first: np.datetime64, count: int) -> Times:
        """`count` stamps (UTC) from `first` on, itself included; right across changes of the clock."""
        if self.step is not None:
            return np.asarray(first + np.arange(count) * self.step)
        start = self.wall(np.array([first]))[0]
        midnight = start.astype("datetime64[D]").astype("datetime64[us]")
        if self.utc(np.array([midnight]))[0] == first:  # also of a day whose midnight the clock skips
            start = midnight
        return self.utc(steps.stepped(start.astype("datetime64[us]"), count, self.freq))

    def after(self, time: np.datetime64, count: int) -> Times:
        """The `count` stamps (UTC) that follow `time`."""
        return self.grid(time, count + 1)[1:]

    def steps(self, start: np.datetime64, stop: np.datetime64) -> int:
        """Return how many steps it is from one stamp (UTC) to a later one."""
        if self.step is not None:
            return round((stop - start) / self.step)
        count = 1
        while (grid := self.grid(start, count))[-1] < stop:
            count *= 2
        return int(np.searchsorted(grid, stop))

    def wall(self, times: Times) -> Times:
        """Return what a clock on the wall shows at these instants (UTC in, zone-less out)."""
        if self.zone is None or self.is_counter:
            return times
        micros = times.astype("datetime64[us]").astype(np.int64)
        return (micros + zone.offset(micros, self.zone)).astype("datetime64[us]")

    def ahead(self, times: Times) -> NDArray[np.float32] | None:
        """(N,) steps by which the wall clock is ahead of UTC at these instants; None where that never changes, or a
        step is a day or longer and follows the wall clock by itself."""
        if self.zone is None or self.step is None or self.is_counter:
            return None
        ahead = ((self.wall(times) - times) / self.step).astype(np.float32)
        return ahead if len(ahead) and (ahead != ahead[0]).any() else None

    def utc(self, wall: Times) -> Times:
        """The instants at which the wall clock shows these; a repeated hour is its first, a skipped one the next."""
        if self.zone is None or self.is_counter:
            return wall
        found = zone.instants(wall.astype("datetime64[us]").astype(np.int64), self.zone)
        return found.first.astype("datetime64[us]")

    def instant(self, text: str) -> np.datetime64:
        """The instant (UTC) that an ISO 8601 text names; one without a zone is meant on this clock's wall.

        Of a counter, its number. Raises ValueError for other text.
        """
        if self.is_counter:
            return np.datetime64(int(text), "us")
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return np.datetime64(self.utc(np.array([moment], dtype="datetime64[us]"))[0], "us")
        return np.datetime64(moment.astimezone(UTC).replace(tzinfo=None), "us")

    def write(self, times: Times) -> list[str]:
        """Stamps as text, in the zone and style of the file they came from."""
        if self.is_counter:
            return [str(number) for number in times.astype("datetime64[us]").astype(np.int64)]
        moments = times.astype("datetime64[us]").tolist() if len(times) < _FEW else []
        if not moments or not all(isinstance(each, datetime) and each.year >= 1000 for each in moments):
            return self._written(times)
        if self.zone is None:
            return [each.strftime(self.style) for each in moments]  # as pandas does, without an index
        walls = self.wall(times).tolist()
        local = (
            wall.replace(tzinfo=timezone(wall - each)) for wall, each in zip(walls, moments, strict=True)
        )
        text = [each.strftime(self.style) for each in local]
        return [_with_colon(stamp) for stamp in text] if self.style.endswith("%z") else text

    def _written(self, times: Times) -> list[str]:
        """Very many stamps, or such as Python has no dates for."""
        import pandas as pd

        index = pd.DatetimeIndex(times)
        if self.zone is not None:
            index = index.tz_localize("UTC").tz_convert(self.zone)
        text = index.strftime(self.style).tolist()
        return [_with_colon(stamp) for stamp in text] if self.style.endswith("%z") else text


def _with_colon(stamp: str) -> str:
    """ISO 8601's extended form of an offset: `+0200` becomes `+02:00` (strftime knows it from Python 3.12 on)."""
    return f"{stamp[:-2]}:{stamp[-2:]}"


def default_seasons(freq: str) -> tuple[int, ...]:
    """The season lengths that the calendar suggests for a step: a day and a week of hours, a week of days, …"""
    return () if freq == COUNTER else steps.seasons(freq)


@dataclass(frozen=True)
class Column:
    """A column of numbers and the part it plays: target, known (ahead) or past (known up to now).

    level: of a column that is one where the file's column holds this text (`weather=rain`: `rain`), else None.
    """

    name: str
    role: str
    level: str | None = None

    @property
    def source(self) -> str:
        """The column of the file that it was made of."""
        return self.name if self.level is None else self.name.removesuffix(f"={self.level}")


def columns_of(
    target: str, known: tuple[str, ...], past: tuple[str, ...], levels: Mapping[str, tuple[str, ...]]
) -> tuple[Column, ...]:
    """The columns of a panel, the target first; a column of the file that has levels is one column for each."""
    columns = [Column(target, TARGET)]
    for role, names in ((KNOWN, known), (PAST, past)):
        for name in names:
            classes = [Column(f"{name}={level}", role, level) for level in levels.get(name, ())]
            columns += classes if name in levels else [Column(name, role)]
    return tuple(columns)


@dataclass(frozen=True)
class Holidays:
    """Days off, as people on a wall calendar have them.

    name: the country (`FI`, `DE-BY`) or file they come from; days: ISO dates, rising; first and last: the dates from
    which to which they are known, all other days before and after count as working days; names: of each day, or none;
    half: days that are off in part.
    """

    name: str
    days: tuple[str, ...]
    first: str
    last: str
    names: tuple[str, ...] = ()
    half: tuple[str, ...] = ()

    def on(self, wall: Times) -> NDArray[np.bool_]:
        """(N,) whether these wall times lie in a day off."""
        days = np.array(self.days, dtype="datetime64[D]")
        return np.isin(wall.astype("datetime64[D]"), days)

    def beyond(self, wall: Times) -> tuple[Finding, ...]:
        """A finding where some of these wall times lie before the first or after the last date that is known."""
        days = wall.astype("datetime64[D]")
        if (days >= np.datetime64(self.first)).all() and (days <= np.datetime64(self.last)).all():
            return ()
        message = (
            f"days off of {self.name} are known from {self.first} to {self.last} only; all before and after count "
            "as working days (train with --holidays that reach further)"
        )
        return (Finding(WARNING, "beyond_holidays", message),)


@dataclass(frozen=True, eq=False)
class Panel:
    """S regular series over one clock, one after the other in flat arrays.

    ids: (S,) names, (`""`,) for a single series; offsets: (S+1,), series s is rows offsets[s]:offsets[s+1].
    times: (N,) UTC, regular within a series; values: (N, C) float64, NaN where missing, target first.
    holidays: the days off of which a column known ahead is made (see `with_holidays`), if there is one.
    classes: those of the target, whose values are then their places in it; empty for a target of numbers.
    unit: what stands around every number of the target in its file (`kWh`, `%`), or empty.
    """

    ids: tuple[str, ...]
    offsets: Integers
    times: Times
    values: NDArray[np.float64]
    columns: tuple[Column, ...]
    clock: Clock
    id_name: str | None = None
    holidays: Holidays | None = None
    classes: tuple[str, ...] = ()
    unit: str = ""

    @property
    def target(self) -> NDArray[np.float64]:
        """(N,) values of the target."""
        return self.values[:, 0]

    @property
    def lengths(self) -> Integers:
        """(S,) rows of each series."""
        return np.diff(self.offsets)

    def rows(self, series: int) -> slice:
        """Return the place of a series in the flat arrays."""
        return slice(int(self.offsets[series]), int(self.offsets[series + 1]))

    def series_of_rows(self) -> Integers:
        """(N,) index of the series that each row belongs to."""
        return np.repeat(np.arange(len(self.ids)), self.lengths)

    def known_until(self) -> Integers:
        """(S,) the row after each series' last known target: beyond it only columns known ahead may stand."""
        known = np.where(np.isfinite(self.target), np.arange(1, len(self.times) + 1), 0)
        last = np.maximum.reduceat(np.append(known, 0), self.offsets[:-1])
        return np.maximum(np.where(self.lengths > 0, last, 0), self.offsets[:-1])

    def roles(self, role: str) -> list[int]:
        """Indices of the columns with this role."""
        return [i for i, column in enumerate(self.columns) if column.role == role]

    def take(self, starts: Integers, stops: Integers) -> Panel:
        """Return these series, each cut to rows starts[s]:stops[s] of the flat arrays."""
        rows = np.concatenate([np.arange(a, b) for a, b in zip(starts, stops, strict=True)])
        offsets = np.concatenate([[0], np.cumsum(stops - starts)])
        return dataclasses.replace(self, offsets=offsets, times=self.times[rows], values=self.values[rows])

    def of_series(self, numbers: Collection[int]) -> Panel:
        """These series alone, in this order."""
        chosen = np.array(list(numbers), dtype=np.int64)
        found = self.take(self.offsets[:-1][chosen], self.offsets[1:][chosen])
        return dataclasses.replace(found, ids=tuple(self.ids[number] for number in chosen))

    def tail(self, count: int) -> Panel:
        """The last `count` rows of each series, or all of a shorter one."""
        stops = self.offsets[1:]
        return self.take(np.maximum(self.offsets[:-1], stops - count), stops)

    def extended(self, count: int) -> Panel:
        """Each series with `count` more rows, whose stamps follow the clock and whose values, but for days off, are
        missing."""
        lasts, which = np.unique(self.times[self.offsets[1:] - 1], return_inverse=True)
        after = np.stack([self.clock.after(last, count) for last in lasts])[which]  # most series end together
        at = np.repeat(self.offsets[1:], count)
        longer = dataclasses.replace(
            self,
            offsets=self.offsets + count * np.arange(len(self.offsets)),
            times=np.insert(self.times, at, after.reshape(-1)),
            values=np.insert(self.values, at, np.nan, axis=0),
        )
        return longer if self.holidays is None else longer.with_holidays(self.holidays)

    def with_holidays(self, holidays: Holidays | None) -> Panel:
        """The panel with a column known ahead that is one on days off and else zero; None takes it away."""
        if holidays is None and self.holidays is None:
            return self
        keep = [i for i, column in enumerate(self.columns) if column.name != HOLIDAYS]
        columns, values = [self.columns[i] for i in keep], self.values[:, keep]
        if holidays is not None:
            place = 1 + sum(column.role == KNOWN for column in columns)
            columns.insert(place, Column(HOLIDAYS, KNOWN))
            values = np.insert(values, place, holidays.on(self.clock.wall(self.times)), axis=1)
        return dataclasses.replace(self, columns=tuple(columns), values=values, holidays=holidays)


@dataclass(frozen=True)
class Fallback:
    """A series that a simpler forecaster stands in for.

    series: index into the forecast's ids; source: what made its rows; code: a short stable name of the reason:
    too_short, gaps, out_of_range or not_finite; reason: the same as a sentence.
    """

    series: int
    source: str
    code: str
    reason: str


@dataclass(frozen=True)
class FilledAhead:
    """A column known ahead that the file lacks in some of the rows to forecast, and that something stands in for.

    series: index into the forecast's ids; column: of the file; since: the first row (UTC) that lacks it; rows: how many
    do; step: how many rows of the horizon come before that one.
    """

    series: int
    column: str
    since: np.datetime64
    rows: int
    step: int


@dataclass(frozen=True, eq=False)
class Forecast:
    """Forecasts of R rows, in the units of the CSV.

    ids: (S,); series: (R,) index into ids; times: (R,) UTC; point: (R,);
    bands: level in percent -> (lower (R,), upper (R,)); quantiles: between 0 and 1 -> (R,);
    source: (R,) what made each row; fallbacks: series that the model could not forecast; findings: how the rows it
    looked back at are unlike those it learned from; probabilities: of a forecast of classes, each one's (R,) in their
    order, and `point` is then the place of the likeliest; median: (R,), where some of the points are means;
    filled: columns known ahead that something stands in for; is_whole: whether all but means are whole numbers.
    """

    ids: tuple[str, ...]
    series: Integers
    times: Times
    point: NDArray[np.float64]
    bands: dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]]
    source: tuple[str, ...]
    clock: Clock
    id_name: str | None = None
    quantiles: dict[float, NDArray[np.float64]] = dataclasses.field(default_factory=dict)
    fallbacks: tuple[Fallback, ...] = ()
    findings: tuple[Finding, ...] = ()
    probabilities: dict[str, NDArray[np.float64]] = dataclasses.field(default_factory=dict)
    median: NDArray[np.float64] | None = None
    filled: tuple[FilledAhead, ...] = ()
    is_whole: bool = False

    def in_integers(self) -> Forecast:
        """Return this forecast in whole numbers, as of what is counted.

        Bands hold no less than before, means stay what they are.

        Lower edges are rounded down and upper ones up, medians to the nearest.
        """
        bands = {level: (_down(low), _up(high)) for level, (low, high) in self.bands.items()}
        rounded = {
            q: np.rint(x) if q == 0.5 else (_down if q < 0.5 else _up)(x) for q, x in self.quantiles.items()
        }
        return dataclasses.replace(
            self,
            point=np.rint(self.point) if self.median is None else self.point,
            median=None if self.median is None else np.rint(self.median),
            bands=bands,
            quantiles=rounded,
            is_whole=True,
        )

    def only(self, levels: Collection[int]) -> Forecast:
        """Return this forecast without the other bands."""
        bands = {level: band for level, band in self.bands.items() if level in levels}
        return dataclasses.replace(self, bands=bands)

    def table(self) -> dict[str, list[str] | list[float]]:
        """Columns by name, in the order in which they are written."""
        table: dict[str, list[str] | list[float]] = {}
        cells = _whole_cells if self.is_whole else _cells
        if self.id_name is not None:
            table[self.id_name] = [self.ids[s] for s in self.series]
        table["time"] = self.clock.write(self.times)
        classes = list(self.probabilities)
        table["forecast"] = [classes[int(code)] for code in self.point] if classes else self.point.tolist()
        if self.is_whole and self.median is None:
            table["forecast"] = cells(self.point)
        if self.median is not None:
            table["median"] = cells(self.median)
        for name, probability in self.probabilities.items():
            table[f"p_{name}"] = probability.tolist()
        for level in sorted(self.bands):
            lower, upper = self.bands[level]
            table[f"lo_{level}"], table[f"hi_{level}"] = cells(lower), cells(upper)
        for quantile in sorted(self.quantiles):
            table[quantile_name(quantile)] = cells(self.quantiles[quantile])
        table["source"] = list(self.source)
        return table


_NOISE = 1e-9  # share of a number by which it may be beside a whole one


def _down(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.floor(values + _NOISE * np.maximum(np.abs(values), 1)))


def _up(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return -_down(-values)


def _cells(values: NDArray[np.float64]) -> list[float]:
    return list(values.tolist())


def _whole_cells(values: NDArray[np.float64]) -> list[float]:
    """Whole numbers as such; what is too large to be one in a double, as it is."""
    return [int(value) if abs(value) < 2**53 else value for value in values.tolist()]


def quantile_name(quantile: float) -> str:
    """The column of a quantile: `q05`, `q50`, `q975`."""
    return "q" + f"{quantile:.10f}".rstrip("0")[2:].ljust(2, "0")
