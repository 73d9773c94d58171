"""Teaching: a model taught on with new rows, in closed form and by a few gentle steps of its networks."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError
from lstmcast.core.panel import Floats, Integers, Panel
from lstmcast.data.category_frequencies import class_weights
from lstmcast.data.preprocessing import refit_stage
from lstmcast.data.split import Split
from lstmcast.data.windows import Windows
from lstmcast.evaluation.validation import scales
from lstmcast.forecasters.base import NewRows, Part, Views
from lstmcast.forecasters.ensemble import Ensemble, leaves, logistic_of, networks_of, taught
from lstmcast.forecasters.network import NetworkForecaster
from lstmcast.forecasters.ridge import RidgeForecaster
from lstmcast.model.model import Model
from lstmcast.model.reference import fit_column_ranges, widened
from lstmcast.nn.parameters import Parameters
from lstmcast.pipeline.few import remixed
from lstmcast.training.checkpoint import Trained
from lstmcast.training.heads import ClassHead, Head, NumberHead
from lstmcast.training.loop import Step
from lstmcast.training.setup import build_schedule, gentle_schedule
from lstmcast.training.trainable import Trainable
from lstmcast.training.workers import Events, train_members

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Teaching:
    """A model, and the rows from which it may learn.

    series: (S,) which of the model's each one of the panel is; blocks: of the rows; limit: longest time in seconds that
    networks are taught for, None without one; threads: as the option has it.
    """

    model: Model
    panel: Panel
    series: Integers
    blocks: Split
    limit: float | None = None
    threads: int | None = None

    @property
    def absent(self) -> int | None:
        """Rows that the model has learned from and the panel lacks; None where the model does not say."""
        told = self.model.report.learned
        return None if told is None else max(told.rows - self.model.rows_seen(self.panel, self.series), 0)

    def by(self, name: str) -> Generator[Step, None, Model]:
        """Yield the steps, and return the model taught on by the rows of a block.

        Calendar regressions, frequencies and linear maps are taught in closed form, networks by a few gentle steps from
        where they stand. Scaling, the shape of everything and what was chosen stay as they are. Raises DataError where
        no window teaches.
        """
        first, stop = self.blocks.bounds(name)
        own = dataclasses.replace(self.blocks, validation=stop)
        model, rows = self._with_stages(own, self._share(name))
        windows, scaling = rows.views[0], model.preparation.rows.scaling
        ensemble = _based_anew(model.ensemble.refitted(rows).moved_on(rows.views, stop))
        ensemble = remixed(ensemble, windows, first, stop, scales(self.panel, own, "training", scaling))
        if networks_of(ensemble):
            until = math.inf if self.limit is None else time.monotonic() + self.limit
            members = _members(model, ensemble, rows)
            trained = yield from _steps(train_members(members, self.threads, until=until))
            ensemble = taught(ensemble, [result.weights for result in trained])
        return self._with_facts(model, ensemble, windows, name)

    def _share(self, name: str) -> float:
        """Return the weight of a block's rows beside those that only the model has seen; half where it does not say."""
        rows = sum(int(np.isfinite(self.panel.target[rows]).sum()) for rows in self.blocks.slices(name))
        return 0.5 if self.absent is None else rows / max(rows + self.absent, 1)

    def _with_stages(self, own: Split, share: float) -> tuple[Model, NewRows]:
        """The model with what stands before the windows taught, and the rows that teach the rest of it."""
        teaching = own.slices("training")
        preparation = self.model.preparation.relearned(self.panel, self.series, teaching, share)
        model = dataclasses.replace(self.model, preparation=preparation)
        model, views = _restaged(model, self.panel, self.series, own, share)
        windows = views[0]
        origins = windows.usable(own.origins("training", windows.lookback, windows.horizon))
        if not len(origins):
            message = f"no window of {windows.lookback} + {windows.horizon} known rows comes before the judging rows"
            raise DataError(f"{message}; send a file that begins earlier")
        rng = np.random.default_rng(np.random.SeedSequence(model.options.seed))
        weights = None
        if self.panel.classes:
            balanced = model.options.class_weights != "none"
            weights = class_weights(self.panel, teaching, is_balanced=balanced)
        return model, NewRows(views, origins, share, rng, weights)

    def _with_facts(self, model: Model, ensemble: Ensemble, windows: Windows, name: str) -> Model:
        """The model with its ensemble, and with what the rows of a block were like."""
        (first, stop), rows, champion = self.blocks.bounds(name), self.blocks.slices(name), self.model
        seen_until = champion.seen_until.copy()
        last = self.panel.times[np.maximum(stop - 1, first)]
        seen_until[self.series] = np.maximum(seen_until[self.series], last)
        habits, ranges, chain = champion.habits, champion.ranges, model.chain
        if habits is not None:
            new = [self.panel.target[own] for own in rows]
            habits = widened(habits, self.series, new, windows.season, windows.lookback)
        if ranges is not None:
            new = [self.panel.values[own, 1:] for own in rows]
            ranges = fit_column_ranges(np.concatenate([*new, ranges.lowest[None], ranges.highest[None]]))
        if chain is not None:
            chain = chain.starting_with(model.output.stand_in(ensemble))
        return dataclasses.replace(
            model, ensemble=ensemble, seen_until=seen_until, habits=habits, ranges=ranges, chain=chain
        )


def _steps(events: Events) -> Generator[Step, None, tuple[Trained, ...]]:
    """The steps alone: a refresh is short, and one that is stopped starts again."""
    while True:
        try:
            event = next(events)
        except StopIteration as end:
            trained: tuple[Trained, ...] = end.value
            return trained
        if isinstance(event, Step):
            yield event


def _restaged(
    model: Model, panel: Panel, series: Integers, blocks: Split, share: float
) -> tuple[Model, Views]:
    """The model with its calendar regressions estimated again, and the windows that teach, their levels
    cross-fitted."""
    clock = dataclasses.replace(panel.clock, seasons=model.contract.clock.seasons)
    panel, views, seen = dataclasses.replace(panel, clock=clock), [], []
    for view, windows in zip(model.views, model.windows(panel, series), strict=True):
        if view.regression is not None:
            preparation = model.preparation.rows
            again = refit_stage(preparation, view.regression, panel, series, blocks, share)
            view = dataclasses.replace(view, regression=again[0])
            windows = dataclasses.replace(windows, table=preparation.table(panel, series, *again))
        views.append(view)
        seen.append(windows)
    return dataclasses.replace(model, views=tuple(views)), tuple(seen)


def _based_anew(ensemble: Ensemble) -> Ensemble:
    """The ensemble whose networks of classes stand on the logistic regression as it is now."""

    def change(part: Part) -> Part:
        if isinstance(part, NetworkForecaster) and part.base is not None:
            return dataclasses.replace(part, base=logistic_of(ensemble))
        return part

    return ensemble.mapped(change)


def _members(model: Model, ensemble: Ensemble, rows: NewRows) -> list[Trainable]:
    """The networks where they stand, each one's own linear map moved as that of the linear forecaster was which sees
    the same; ensemble: the model's, with these maps."""
    networks = networks_of(model.ensemble)
    seeds = iter(np.random.SeedSequence(model.options.seed).spawn(sum(len(n.weights) for n in networks)))
    before, after = _maps(model.ensemble), _maps(ensemble)
    members = []
    for network in networks:
        maps = before.get(network.view), after.get(network.view)
        head: Head
        if rows.class_weights is None:
            head = NumberHead(maps[1] or next(iter(after.values())))
        else:
            head = ClassHead(logistic_of(ensemble), rows.class_weights)
        has_map = network.architecture.highway and rows.class_weights is None
        for parameters in network.members:
            weights = _moved(parameters, *maps) if has_map else parameters.flat
            members.append(_member(model, network, rows, head, next(seeds), weights))
    return members


def _maps(ensemble: Ensemble) -> dict[int, RidgeForecaster]:
    """The ridge of each view, the last where there are several."""
    return {part.view: part for part in leaves(ensemble) if isinstance(part, RidgeForecaster)}


def _member(
    model: Model,
    network: NetworkForecaster,
    rows: NewRows,
    head: Head,
    seed: np.random.SeedSequence,
    weights: Floats,
) -> Trainable:
    """A network that goes on gently from these weights (P,)."""
    full = build_schedule(rows.training, model.options)
    return Trainable(
        windows=rows.views[network.view],
        training=rows.training,
        validation=None,
        head=head,
        architecture=network.architecture,
        options=model.options,
        schedule=gentle_schedule(full, full.steps),
        seed=seed,
        weights=weights,
    )


def _moved(parameters: Parameters, before: RidgeForecaster | None, after: RidgeForecaster | None) -> Floats:
    """(P,) weights whose linear map is moved as another map was, if there is one."""
    if before is None or after is None:
        return parameters.flat
    weights = Parameters.of(parameters.shapes, parameters.flat)
    weights["highway.weight"][...] += after.weight - before.weight
    weights["highway.bias"][...] += after.bias - before.bias
    return weights.flat
