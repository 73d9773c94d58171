"""A forecast adapted by what a ledger said in earlier nights, and by what came."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Forecast, Integers, Panel, Times
from lstmcast.evaluation.adaptation import Adaptation, PastNight, replayed
from lstmcast.evaluation.ledger import Ledger
from lstmcast.model.model import Model
from lstmcast.model.output import of_numbers

Numbers = NDArray[np.float64]
MARK = "adapted"


@dataclass(frozen=True, eq=False)
class AdaptedForecast:
    """The forecast, and what each series was adapted by; experts: their names, the shipped one first."""

    forecast: Forecast
    by: dict[str, Adaptation]
    experts: tuple[str, ...]


def adapted(model: Model, panel: Panel, forecast: Forecast, ledger: Ledger) -> AdaptedForecast:
    """The forecast with weights, bias and width learned from the nights of a ledger whose rows have all come.

    Nights that something but the model made teach nothing, and rows that it did not make now stay as they are.
    """
    seasons = tuple(dict.fromkeys(model.contract.clock.seasons)) or (1,)
    names = ("shipped", *(f"seasonal_naive_{season}" for season in seasons))
    limits, ahead = of_numbers(model.output).limits, len(forecast.times) // len(forecast.ids)
    point, bands = forecast.point.copy(), {k: (a.copy(), b.copy()) for k, (a, b) in forecast.bands.items()}
    source, by = list(forecast.source), {}
    ledger = ledger.latest()
    for series, name in enumerate(forecast.ids):
        rows = slice(series * ahead, (series + 1) * ahead)
        history = _History(panel, panel.ids.index(name))
        nights, slots = _nights(ledger, name, history, seasons, model)
        state = replayed(nights, len(names), max(slots, ahead), limits)
        if not state.nights or any(made != model.source for made in source[rows]):
            continue
        by[name] = state
        experts = history.experts(forecast.point[rows], forecast.times[rows], seasons)
        own = _slots(forecast.times[rows], history, slots)
        said = state.point(experts, own)
        said = np.fmax(np.fmin(said, limits[1]), limits[0])
        for level, edges in forecast.bands.items():
            low, high = state.band(forecast.point[rows], said, (edges[0][rows], edges[1][rows]), limits)
            bands[level][0][rows], bands[level][1][rows] = np.fmax(low, limits[0]), np.fmin(high, limits[1])
        point[rows] = said
        source[rows] = [f"{made}:{MARK}" for made in source[rows]]
    found = dataclasses.replace(forecast, point=point, bands=bands, source=tuple(source))
    return AdaptedForecast(found, by, names)


@dataclass(frozen=True, eq=False)
class _History:
    """The known rows of one series."""

    panel: Panel
    series: int

    @property
    def rows(self) -> slice:
        """The rows of the series, up to its last known target."""
        own = self.panel.rows(self.series)
        return slice(own.start, int(self.panel.known_until()[self.series]))

    def places(self, times: Times) -> Integers:
        """(K,) steps from the first row to these instants, whether or not they have come."""
        stamps = self.panel.times[self.rows]
        found = np.searchsorted(stamps, times)
        beyond = times > stamps[-1]
        if beyond.any():
            found[beyond] = len(stamps) - 1 + self._steps(stamps[-1], times[beyond])
        return found.astype(np.int64)

    def _steps(self, last: np.datetime64, times: Times) -> Integers:
        grid = self.panel.clock.after(last, 2 * len(times) + 2)
        return np.searchsorted(grid, times) + 1

    def at(self, places: Integers) -> Numbers:
        """Return the known values at these places, NaN elsewhere."""
        values = self.panel.target[self.rows]
        inside = (places >= 0) & (places < len(values))
        return np.where(inside, values[np.clip(places, 0, max(len(values) - 1, 0))], np.nan)

    def experts(self, shipped: Numbers, times: Times, seasons: tuple[int, ...]) -> Numbers:
        """(E, K) the shipped forecast, and the same time one season before, as known before the first of these rows."""
        places = self.places(times)
        found = [shipped]
        for season in seasons:
            back = season * (1 + np.arange(len(times)) // season)
            said = self.at(places - back)
            found.append(np.where(np.isfinite(said), said, shipped))
        return np.stack(found)


def _nights(
    ledger: Ledger, name: str, history: _History, seasons: tuple[int, ...], model: Model
) -> tuple[list[PastNight], int]:
    """The nights of a series whose rows have all come, the oldest first; and how many slots of bias there are: those
    of a day where nights begin at different hours, else none, which means steps."""
    if ledger.id_name is not None and name not in ledger.ids:
        return [], 0
    own = ledger.series == (ledger.ids.index(name) if ledger.id_name is not None else 0)
    stamps = history.panel.times[history.rows]
    said = ledger.take(own)
    found = []
    for issued in np.unique(said.issued):
        keep = said.take(said.issued == issued)
        last = {int(time): place for place, time in enumerate(keep.time.astype(np.int64))}
        one = keep.take(np.array([last[time] for time in sorted(last)], dtype=np.int64))
        made = {one.sources[place] for place in np.unique(one.source)}
        if one.time[-1] <= stamps[-1] and one.time[0] >= stamps[0] and made == {model.source}:
            found.append(one)
    firsts = np.array([one.time[0] for one in found], dtype="datetime64[us]")
    begins = np.unique(history.places(firsts) % seasons[0])
    slots = seasons[0] if len(begins) > 1 else 0
    return [_night(one, history, seasons, slots) for one in found], slots


def _night(one: Ledger, history: _History, seasons: tuple[int, ...], slots: int) -> PastNight:
    places = history.places(one.time)
    stamps = history.panel.times[history.rows]
    hit = stamps[np.minimum(places, len(stamps) - 1)] == one.time
    actual = np.where(hit, history.at(places), np.nan)
    return PastNight(
        experts=history.experts(one.point, one.time, seasons),
        lower=one.lower,
        upper=one.upper,
        actual=actual,
        slots=_slots(one.time, history, slots),
    )


def _slots(times: Times, history: _History, slots: int) -> Integers:
    """(K,) steps, or places within a day."""
    return history.places(times) % slots if slots else np.arange(len(times))
