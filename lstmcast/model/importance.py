"""The worth of a model's parts and inputs: how much worse its forecasts are without each."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import PAST, Integers, Panel
from lstmcast.forecasters.ensemble import Ensemble
from lstmcast.model.model import Model, seen_and_fresh
from lstmcast.model.shapley import EARLIER, RECENT, InputGroup, columns_of_group, group_inputs

Numbers = NDArray[np.float64]

MOST_WINDOWS, FEWEST = 40, 20  # judged; of one phase of the season where there are so many of it
REPEATS = 2  # permutations whose errors are averaged
_SERIES = 8  # of a panel, at most


@dataclass(frozen=True)
class Importance:
    """By what share the error grows without each part of the ensemble, and with each group of inputs permuted.

    error: the model's own, over the MASE scale or as log loss; windows: how many were judged; is_seen: whether the
    model was trained on them; parts: name -> share (0.1: 10 % larger); inputs: likewise.
    """

    error: float
    windows: int
    is_seen: bool
    parts: dict[str, float]
    inputs: dict[InputGroup, float]


def importance(model: Model, panel: Panel) -> Importance:
    """The importance of parts and inputs on a file, over rows that the model has not seen if there are any.

    Raises DataError where the panel does not fit the contract, or has no window of known rows.
    """
    panel = model.contract.marked(panel)
    views = model.windows(panel, model.contract.check(panel))
    seen, fresh = seen_and_fresh(panel, views[0], model.seen_until)
    return importance_at(model, panel, fresh if len(fresh) else seen, is_seen=not len(fresh))


def importance_at(model: Model, panel: Panel, origins: Integers, *, is_seen: bool) -> Importance:
    """Return the importance of parts and inputs at these origins (n,) of a panel that fits the contract, n > 0.

    Inputs are permuted by whole windows (Breiman 2001; Fisher, Rudin and Dominici 2019), within a series and, where
    there are enough, at one phase of the season: what a window reads of a group is what another one has there.
    """
    apart = _Apart(model, panel, _chosen(model, panel, origins))
    names = [part.name for _, part in model.ensemble.asked]
    names = names if len(names) > 1 else []
    own, *without = apart.errors(
        apart.panel, [model.ensemble, *(_without(model.ensemble, name) for name in names)]
    )
    if not own > 0:
        return Importance(own, apart.count, is_seen, {}, {})
    parts = {name: error / own - 1 for name, error in zip(names, without, strict=True)}
    inputs = {
        group: float(np.mean([apart.errors(each, [model.ensemble]) for each in apart.permuted(group)])) / own
        - 1
        for group in group_inputs(panel)
    }
    return Importance(own, apart.count, is_seen, parts, inputs)


def _without(ensemble: Ensemble, name: str) -> Ensemble:
    """The ensemble in which a part's weight goes to the others."""
    parts = [(weight if part.name != name else 0.0, part) for weight, part in ensemble.parts]
    whole = sum(weight for weight, _ in parts)
    return dataclasses.replace(ensemble, parts=tuple((weight / whole, part) for weight, part in parts))


def _chosen(model: Model, panel: Panel, origins: Integers) -> Integers:
    """At most MOST_WINDOWS origins, of at most _SERIES series, of one phase of the season if there are enough."""
    season = model.contract.clock.season
    series = np.searchsorted(panel.offsets, origins, side="right") - 1
    names = np.unique(series)
    some = names[np.unique(np.linspace(0, len(names) - 1, _SERIES).astype(np.int64))]
    origins = origins[np.isin(series, some)]
    phase = (origins - panel.offsets[np.searchsorted(panel.offsets, origins, side="right") - 1]) % season
    alike = origins[phase == np.bincount(phase).argmax()]
    origins = alike if len(alike) >= FEWEST else origins
    return origins[np.unique(np.linspace(0, len(origins) - 1, MOST_WINDOWS).astype(np.int64))]


class _Apart:
    """Windows of a panel laid apart: each a series of its own, with as many rows before it as it reads."""

    def __init__(self, model: Model, panel: Panel, origins: Integers) -> None:
        self._model, self.count = model, len(origins)
        reach = model.contract.lookback + _tail(model)
        self._series = np.searchsorted(panel.offsets, origins, side="right") - 1
        firsts = np.maximum(origins - reach, panel.offsets[self._series])
        stops = origins + model.contract.horizon
        rows = np.concatenate([np.arange(a, b) for a, b in zip(firsts, stops, strict=True)])
        offsets = np.concatenate([[0], np.cumsum(stops - firsts)])
        self._origins = offsets[:-1] + origins - firsts
        self._actual = panel.target[origins[None] + np.arange(model.contract.horizon)[:, None]]
        self._numbers = model.contract.check(panel)[self._series]
        self.panel = dataclasses.replace(
            panel,
            ids=tuple(map(str, range(self.count))),
            offsets=offsets,
            times=panel.times[rows],
            values=self._hidden(panel.values[rows], offsets, panel.roles(PAST)),
        )

    def _hidden(self, values: Numbers, offsets: Integers, past: list[int]) -> Numbers:
        """Values without what is not known at the origins."""
        for origin, stop in zip(self._origins, offsets[1:], strict=True):
            values[origin:stop, [0, *past]] = np.nan
        return values

    def errors(self, panel: Panel, ensembles: Sequence[Ensemble]) -> list[float]:
        """The mean error over all windows of each ensemble: absolute over the MASE scale, or log loss."""
        output, views = self._model.output, self._model.windows(panel, self._numbers)
        said = (output.answer(ensemble, views, self._origins, ()) for ensemble in ensembles)
        answers = (output.restored(answer, self._numbers) for answer in said)
        return [float(np.nanmean(output.losses(each, self._actual, self._numbers))) for each in answers]

    def permuted(self, group: InputGroup) -> Iterator[Panel]:
        """The windows REPEATS times, each with a group's inputs of another window of its series."""
        rng = np.random.default_rng(0)
        columns = columns_of_group(self.panel, group)
        for _ in range(REPEATS):
            others = np.arange(self.count)
            for series in np.unique(self._series):
                mine = np.flatnonzero(self._series == series)
                others[mine] = rng.permutation(mine)
            values = self.panel.values.copy()
            for place, other in enumerate(others.tolist()):
                self._copy(values, place, other, group, columns)
            yield dataclasses.replace(self.panel, values=values)

    def _copy(self, values: Numbers, place: int, other: int, group: InputGroup, columns: list[int]) -> None:
        """Write into one window what another one has there, counted from the origins."""
        season = min(self._model.contract.clock.season, self._model.contract.lookback)
        first = -min(int(self._origins[at] - self.panel.offsets[at]) for at in (place, other))
        bounds = {RECENT: (max(first, -season), 0), EARLIER: (first, max(first, -season))}
        start, stop = bounds.get(group.kind, (first, self._model.contract.horizon))
        to, source = (np.arange(start, stop) + self._origins[at] for at in (place, other))
        values[np.ix_(to, np.array(columns))] = self.panel.values[np.ix_(source, np.array(columns))]


def _tail(model: Model) -> int:
    """Rows before the look-back that smoothed columns read."""
    designs = [view.regression.design for view in model.views if view.regression is not None]
    return max((design.tail for design in designs), default=0)
