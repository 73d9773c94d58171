"""Totals, means and peaks of periods, and sample paths, from a forecast and the errors of whole validation horizons."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import UsageError
from lstmcast.core.panel import Forecast, Integers, Panel, Times
from lstmcast.forecasters.paths import LEVEL, Templates, band_of, laid
from lstmcast.model.model import Model
from lstmcast.model.newcomers import forecast_with_new
from lstmcast.model.output import of_numbers
from lstmcast.model.periods import NOWHERE, Periods

Numbers = NDArray[np.float64]
PARTIAL, KNOWN = "partial", "known"
_NO_LIMITS = (np.nan, np.nan)


@dataclass(frozen=True, eq=False)
class Total:
    """A period of one series, or of a group of them.

    name: of the series or group; rows: that are summed, from the stamps `first` to `last`; bands, peak_bands: level ->
    edges; peak_time: when the peak is most likely; issued: the last known row when it was made; made: what made its
    rows; is_partial: whether rows of the period lie beyond what is summed.
    """

    name: str
    period: str
    rows: int
    total: float
    bands: Mapping[int, tuple[float, float]]
    mean: float
    peak: float
    peak_bands: Mapping[int, tuple[float, float]]
    peak_time: np.datetime64
    made: tuple[str, ...]
    is_partial: bool
    issued: np.datetime64
    first: np.datetime64
    last: np.datetime64

    @property
    def source(self) -> str:
        """The makers of the total, and whether it is only a part of a period."""
        return "+".join(self.made) + (f":{PARTIAL}" if self.is_partial else "")


@dataclass(frozen=True, eq=False)
class Outlook:
    """A forecast whose rows can be drawn together.

    forecast: of S series, `ahead` rows each; free: the same without the model's limits, with the band of LEVEL.
    """

    model: Model
    history: Panel
    forecast: Forecast
    free: Forecast
    templates: Templates

    @property
    def ahead(self) -> int:
        """Rows of each series."""
        return len(self.forecast.times) // len(self.forecast.ids)

    def rows(self, series: int) -> slice:
        """Return the place of a series in the forecast."""
        return slice(series * self.ahead, (series + 1) * self.ahead)

    def number(self, series: int) -> int | None:
        """Return which of the model's series this one is; None for a new one, which the model was not trained on."""
        ids, name = self.model.contract.ids, self.forecast.ids[series]
        return ids.index(name) if name in ids else None

    def issued(self, series: int) -> np.datetime64:
        """The stamp of the last known row of a series."""
        place = self.history.ids.index(self.forecast.ids[series])
        return np.datetime64(self.history.times[self.history.known_until()[place] - 1])

    def paths(self, series: int, weights: Numbers | None = None) -> Numbers:
        """(P, K) paths of a series, in the units of the CSV and within the limits.

        A new series borrows the errors of the model's first one, in half-widths of its own bands.
        weights: (P, n) of each template in each path; None for every template and its negative.
        """
        number = self.number(series)
        place = self.templates.place(number or 0, len(self.model.contract.ids))
        units = self.templates.mirrored(place, self.ahead)
        if weights is not None:
            units = weights @ units[: len(units) // 2]
        output, rows = of_numbers(self.model.output), self.rows(series)
        point, low, high = self.free.point[rows], *(edge[rows] for edge in self.free.bands[LEVEL])
        if number is None:
            return output.limited(laid(point, point - low, high - point, units))
        which = np.full(self.ahead, number)
        point, low, high = (output.scaling.apply(values, which) for values in (point, low, high))
        return output.limited(output.scaling.undo(laid(point, point - low, high - point, units), which))


def outlook(model: Model, panel: Panel, forecast: Forecast, short_future: str, *, fallback: bool) -> Outlook:
    """Collect what totals and paths of a forecast are made from; raises UsageError where the model keeps no errors."""
    if model.templates is None:
        message = (
            "the model file is older and keeps no errors of whole horizons, which totals and paths are made of; "
            "refresh the model, or train it anew"
        )
        raise UsageError(message, option="--total")
    ahead = len(forecast.times) // len(forecast.ids)
    output = dataclasses.replace(of_numbers(model.output), limits=_NO_LIMITS, means=None)
    unlimited = dataclasses.replace(model, output=output)
    free = forecast_with_new(unlimited, panel, ahead, (LEVEL,), fallback=fallback, short_future=short_future)
    return Outlook(model, panel, forecast, free, model.templates)


def totals(
    found: Outlook,
    periods: Periods,
    levels: Sequence[int],
    groups: Mapping[str, str] | None = None,
    *,
    is_whole: bool = False,
) -> Iterator[Total]:
    """The totals of each period of each series, or of each group of series; in the order of the series.

    groups: the name of a series -> that of its group; is_whole: leave out periods of which rows are missing.
    """
    if groups is None:
        for series in range(len(found.forecast.ids)):
            yield from _of(found, [series], found.forecast.ids[series], periods, levels, is_whole)
        return
    members: dict[str, list[int]] = {}
    for series, name in enumerate(found.forecast.ids):
        members.setdefault(groups[name], []).append(series)
    for name, those in members.items():
        yield from _of(found, those, name, periods, levels, is_whole)


@dataclass(frozen=True, eq=False)
class _Rows:
    """The rows of a series that are summed: known ones, then those of the forecast; K' together.

    values: (P, K') of paths; codes: (K',) of periods; lasting: codes of periods with rows before or after these.
    """

    times: Times
    values: Numbers
    codes: Integers
    known: int
    source: Sequence[str]
    lasting: frozenset[int]


def _of(
    found: Outlook, series: list[int], name: str, periods: Periods, levels: Sequence[int], is_whole: bool
) -> Iterator[Total]:
    """The totals of some series together."""
    parts = [_rows(found, each, periods) for each in series]
    wider = found.templates.total if len(series) == 1 else found.templates.across
    issued = max(found.issued(each) for each in series)
    codes = np.unique(np.concatenate([part.codes for part in parts]))
    for code in codes[codes != NOWHERE]:
        inside = [part.codes == code for part in parts]
        is_partial = any(int(code) in part.lasting for part in parts)
        if is_whole and is_partial:
            continue
        yield _total(
            found, name, periods, int(code), parts, inside, levels, wider, issued, is_partial=is_partial
        )


def _rows(found: Outlook, series: int, periods: Periods) -> _Rows:
    """The rows of a series, its first period completed by what is known of it already, if all of that is."""
    forecast, clock = found.forecast, found.forecast.clock
    rows = found.rows(series)
    times = forecast.times[rows]
    before_times, before = _before(found, series, periods, times)
    codes = periods.codes(np.concatenate([before_times, times]), clock)
    lasting = set()
    first = codes[len(before_times)] if len(times) else NOWHERE
    edge = before_times[:1] if len(before_times) else times[:1]
    if periods.kind != "horizon":
        earlier = _just_before(edge[0])
        if periods.codes(earlier, clock)[0] == first:
            lasting.add(int(first))
        if periods.codes(clock.after(times[-1], 1), clock)[0] == codes[-1]:
            lasting.add(int(codes[-1]))
    paths = found.paths(series)
    values = np.concatenate([np.broadcast_to(before, (len(paths), len(before))), paths], axis=1)
    whole = np.concatenate([before_times, times])
    return _Rows(whole, values, codes, len(before), forecast.source[rows], frozenset(lasting))


def _just_before(time: np.datetime64) -> Times:
    """An instant that lies in the row before."""
    return np.array([time - np.timedelta64(1, "us")])


def _before(found: Outlook, series: int, periods: Periods, times: Times) -> tuple[Times, Numbers]:
    """The known rows of the period that the forecast begins in; none where one of them is missing."""
    history, empty = found.history, (times[:0], np.zeros(0))
    if periods.kind == "horizon":
        return empty
    own = history.rows(history.ids.index(found.forecast.ids[series]))
    stamps, values = history.times[own], history.target[own]
    stop = int(np.searchsorted(stamps, times[0]))
    codes = periods.codes(np.concatenate([stamps[max(stop - 100_000, 0) : stop], times[:1]]), history.clock)
    count = int((codes[:-1] == codes[-1]).sum()) if codes[-1] != NOWHERE else 0
    first = stop - count
    is_there = first > 0 or _begins(periods, stamps, history)
    if not count or not np.isfinite(values[first:stop]).all() or not is_there:
        return empty
    return stamps[first:stop], values[first:stop]


def _begins(periods: Periods, stamps: Times, history: Panel) -> bool:
    """Return whether a period begins with the first row of history."""
    codes = periods.codes(np.concatenate([_just_before(stamps[0]), stamps[:1]]), history.clock)
    return bool(codes[0] != codes[1])


def _total(
    found: Outlook,
    name: str,
    periods: Periods,
    code: int,
    parts: Sequence[_Rows],
    inside: Sequence[NDArray[np.bool_]],
    levels: Sequence[int],
    wider: float,
    issued: np.datetime64,
    *,
    is_partial: bool,
) -> Total:
    """One period."""
    times, values, rows = _joined(parts, inside)
    sums = values.sum(axis=1)
    tops = values.max(axis=1)
    total, peak = float(np.median(sums)), float(np.median(tops))
    if found.forecast.median is not None:  # rows are means, and so is their total
        total = float(sums.mean())
    of_total = [limit * rows for limit in of_numbers(found.model.output).limits]
    of_peak = [limit * len(parts) for limit in of_numbers(found.model.output).limits]
    floor = _known_peak(parts, inside)
    bands, peaks = {}, {}
    for level in levels:
        _, below, above = band_of(sums, level, wider)
        bands[level] = _held(below, above, of_total)
        _, below, above = band_of(tops, level, found.templates.peak)
        low, high = _held(below, above, of_peak)
        peaks[level] = (max(low, floor), max(high, floor))
    most = np.bincount(values.argmax(axis=1), minlength=len(times))
    label = periods.names(np.array([code]), found.forecast.clock.write(times[:1])[0])[0]
    return Total(
        name=name,
        period=label,
        rows=rows,
        total=total,
        bands=bands,
        mean=total / rows,
        peak=peak,
        peak_bands=peaks,
        peak_time=times[int(most.argmax())],
        made=_made(parts, inside),
        is_partial=is_partial,
        issued=issued,
        first=times[0],
        last=times[-1],
    )


def _held(low: Numbers, high: Numbers, limits: Sequence[float]) -> tuple[float, float]:
    """Edges within limits, of which NaN is none."""
    return float(np.fmax(low, limits[0])), float(np.fmin(high, limits[1]))


def _known_peak(parts: Sequence[_Rows], inside: Sequence[NDArray[np.bool_]]) -> float:
    """The highest known row of a single series, below which its peak cannot be."""
    if len(parts) > 1:
        return -np.inf
    own = inside[0][: parts[0].known]
    return float(parts[0].values[0, : parts[0].known][own].max(initial=-np.inf))


def _joined(parts: Sequence[_Rows], inside: Sequence[NDArray[np.bool_]]) -> tuple[Times, Numbers, int]:
    """Instants, (P, instants) what the series are together at each, and how many rows of series that is."""
    rows = int(sum(own.sum() for own in inside))
    if len(parts) == 1:
        return parts[0].times[inside[0]], parts[0].values[:, inside[0]], rows
    times = np.unique(np.concatenate([part.times[own] for part, own in zip(parts, inside, strict=True)]))
    values = np.zeros((len(parts[0].values), len(times)))
    for part, own in zip(parts, inside, strict=True):
        values[:, np.searchsorted(times, part.times[own])] += part.values[:, own]
    return times, values, rows


def _made(parts: Sequence[_Rows], inside: Sequence[NDArray[np.bool_]]) -> tuple[str, ...]:
    """Return the makers of the rows, each once; known rows last."""
    made: dict[str, None] = {}
    has_known = False
    for part, own in zip(parts, inside, strict=True):
        has_known |= bool(own[: part.known].any())
        made |= dict.fromkeys(s for s, is_in in zip(part.source, own[part.known :], strict=True) if is_in)
    return (*made, *([KNOWN] if has_known else []))


def path_weights(found: Outlook, count: int) -> Numbers:
    """(count, n) of each template in each path: the same for every series, so that they keep together."""
    return found.templates.drawn(count, found.model.options.seed)
