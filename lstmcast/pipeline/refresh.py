"""A model trained on with new rows: the challenger, its champion, and which of them ships."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError, TooFewNewError
from lstmcast.core.panel import Floats, Integers, Panel
from lstmcast.data.category_frequencies import class_weights
from lstmcast.data.horizons import horizons_of
from lstmcast.data.preprocessing import refit_stage
from lstmcast.data.split import Blocks
from lstmcast.evaluation.report import ClassReport, Judgement, Learned, NumberReport, Refresh
from lstmcast.evaluation.validation import scales
from lstmcast.evaluation.verdict import error_measure
from lstmcast.forecasters.base import NewRows, Part, Views
from lstmcast.forecasters.ensemble import Ensemble, leaves, logistic_of, networks_of, noise, taught
from lstmcast.forecasters.intervals import TRUSTED_HORIZONS, Evidence, Intervals, calibrate
from lstmcast.forecasters.network import NetworkForecaster
from lstmcast.forecasters.ridge import RidgeForecaster
from lstmcast.model.model import Model
from lstmcast.model.output import of_numbers
from lstmcast.model.reference import ranges_of, widened
from lstmcast.nn.parameters import Parameters
from lstmcast.pipeline.few import remixed
from lstmcast.pipeline.templates import templates_of
from lstmcast.training.checkpoint import Trained
from lstmcast.training.heads import ClassHead, Head, NumberHead
from lstmcast.training.loop import Step
from lstmcast.training.setup import gentle_schedule, schedule_of
from lstmcast.training.trainable import Trainable
from lstmcast.training.workers import Events, train_members

Numbers = NDArray[np.float64]
MOST_ORIGINS = 20_000


@dataclass(frozen=True)
class Plan:
    """The plan of a refresh; stamps as in the file, of its first series that is judged.

    new: rows with a known target that the champion has not seen; learned: what it has learned from, by its report;
    blocks: first and last stamp of the new rows that teach and of those that judge.
    """

    new: int
    learned: Learned | None
    blocks: dict[str, tuple[str, str]]


@dataclass(frozen=True, eq=False)
class Outcome:
    """The better of the two on the judging rows, and the model that would ship in the champion's place.

    champion, challenger: reports over the same windows; measure: by which they are compared; is_better: whether the
    challenger is better, or no worse than noise explains; noise: the share of an error that it is.
    """

    model: Model
    champion: Judgement
    challenger: Judgement
    measure: str
    is_better: bool
    noise: float


def refreshing(
    champion: Model,
    panel: Panel,
    *,
    budget: float | None = None,
    always: bool = False,
    threads: int | None = None,
) -> Iterator[Plan | Step | Outcome]:
    """The Plan first, then Steps while training, the Outcome last.

    Neither has seen the judging rows, the newest half of the new ones, when it is judged; what ships has seen them all.
    budget: longest time in seconds; always: make the model that would ship even where it is no better.
    Raises DataError where the panel does not fit the contract, or holds too few new rows.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        panel = champion.contract.marked(panel)
        series = champion.contract.check(panel)
        blocks = _blocks(champion, panel, series)
        yield _plan(champion, panel, series, blocks)
        limit = None if budget is None else budget / 2
        challenger = yield from _taught(champion, panel, series, blocks, "training", limit, threads)
        origins = _judging_origins(champion, panel, blocks)
        outcome = _judged(champion, challenger, panel, origins)
        if outcome.is_better or always:
            outcome = yield from _with_all_rows(
                champion, challenger, outcome, panel, blocks, origins, limit, threads
            )
        yield outcome


def _blocks(model: Model, panel: Panel, series: Integers) -> Blocks:
    """Return the blocks: rows that may teach (training) and the newest half of the unseen ones (test); none
    validates."""
    start, end, horizon = panel.offsets[:-1], panel.known_until(), model.contract.horizon
    firsts = [
        start[s] + np.searchsorted(panel.times[panel.rows(s)], model.seen_until[own], side="right")
        for s, own in enumerate(series)
    ]
    new = np.maximum(end - np.array(firsts, dtype=np.int64), 0)
    if not (new >= 2 * horizon).any():
        until = panel.clock.write(np.array([model.seen_until.max()]))[0]
        message = _too_few(model, until, int(new.max(initial=0)))
        raise TooFewNewError(message, column=model.contract.target, stamp=until)
    judging = end - np.where(new >= 2 * horizon, new // 2, 0)
    return Blocks(start, judging, judging, end)


def _too_few(model: Model, until: str, new: int) -> str:
    needed = 2 * model.contract.horizon
    return (
        f"the model has seen everything up to {until}; a refresh needs {needed} newer rows with a known "
        f"{model.contract.target!r}, half of them to judge by: {new} are there, {needed - new} are missing"
    )


def _plan(model: Model, panel: Panel, series: Integers, blocks: Blocks) -> Plan:
    judged = int(np.argmax(blocks.end > blocks.test))
    first_new = int(panel.offsets[judged]) + int(
        np.searchsorted(panel.times[panel.rows(judged)], model.seen_until[series[judged]], side="right")
    )
    edges = {"teach": (first_new, blocks.test[judged]), "judge": (blocks.test[judged], blocks.end[judged])}
    known = np.isfinite(panel.target).sum()
    return Plan(
        new=int(known) - model.rows_seen(panel, series),
        learned=model.report.learned,
        blocks={name: _ends(panel, int(first), int(stop)) for name, (first, stop) in edges.items()},
    )


def _ends(panel: Panel, first: int, stop: int) -> tuple[str, str]:
    one, other = panel.clock.write(panel.times[[first, max(stop - 1, first)]])
    return one, other


def _judging_origins(model: Model, panel: Panel, blocks: Blocks) -> Integers:
    windows = model.windows(panel, model.contract.check(panel))[0]
    origins = windows.usable(blocks.origins("test", windows.lookback, windows.horizon))
    if not len(origins):
        raise DataError(
            f"the new rows have no window of {windows.lookback} rows with few gaps and a known target after them "
            "to judge by; send a file that begins earlier, or wait for more rows"
        )
    if len(origins) > MOST_ORIGINS:
        origins = origins[np.linspace(0, len(origins) - 1, MOST_ORIGINS).round().astype(np.int64)]
    return origins


def _judged(champion: Model, challenger: Model, panel: Panel, origins: Integers) -> Outcome:
    """Both on the same windows, in MASE, or MAE where that is not defined.

    The newer one wins unless it is worse by more than noise: it has seen what the older one has not.
    """
    before, after = (model.judge(panel, origins) for model in (champion, challenger))
    measure = error_measure(before.test) or "mae"
    old, new = (found.test["model"][measure] for found in (before, after))
    share = noise(len(origins) / champion.contract.horizon)
    is_better = old is not None and new is not None and new <= old * (1 + share)
    return Outcome(challenger, before, after, measure, is_better, share)


def _with_all_rows(
    champion: Model,
    challenger: Model,
    outcome: Outcome,
    panel: Panel,
    blocks: Blocks,
    origins: Integers,
    limit: float | None,
    threads: int | None,
) -> Generator[Step, None, Outcome]:
    """The outcome with the model that ships: taught as the challenger was, with the judging rows as well."""
    model, series = challenger, champion.contract.check(panel)
    if champion.options.final:
        model = yield from _taught(champion, panel, series, blocks, "all", limit, threads)
    learned = model.learned(panel, series, _absent(champion, panel, series) or 0)
    model = dataclasses.replace(model, report=_report(champion, outcome, learned))
    if not model.contract.classes:
        model = _with_bands(model, challenger, panel, blocks, origins)
    return dataclasses.replace(outcome, model=model)


def _with_bands(model: Model, challenger: Model, panel: Panel, blocks: Blocks, origins: Integers) -> Model:
    """A model of numbers with the bands that the judging rows ask for; these the challenger has not seen."""
    intervals = _calibrated(challenger, panel, blocks, origins)
    model = dataclasses.replace(
        model, output=dataclasses.replace(of_numbers(model.output), intervals=intervals)
    )
    if model.templates is None:  # of an older file
        model = dataclasses.replace(model, templates=templates_of(challenger, panel, blocks.test, blocks.end))
    return model


def _report(champion: Model, outcome: Outcome, learned: Learned) -> NumberReport | ClassReport:
    """The verdict on the judging rows, the choices of the training, and every refresh so far, the latest last."""
    entry = Refresh(
        first=outcome.challenger.first,
        last=outcome.challenger.last,
        champion=outcome.champion.test["model"],
        challenger=outcome.challenger.test["model"],
    )
    history = (*(champion.report.refreshes or ()), entry)
    return dataclasses.replace(champion.report.judged(outcome.challenger), refreshes=history, learned=learned)


def _calibrated(model: Model, panel: Panel, blocks: Blocks, origins: Integers) -> Intervals:
    """The band's widths moved towards those that the judging rows ask for, as far as these hold enough horizons.

    Of what kind it is and how it follows volatility stays; edges that a part says by itself are the part's affair.
    """
    old = of_numbers(model.output).intervals
    if old.kind == "spread":
        return old
    views = model.windows(panel, model.contract.check(panel))
    windows = views[0]
    point, quantiles = model.ensemble.point_and_quantiles(views, origins)
    observed = windows.ahead(windows.table.observed, origins)
    actual = np.where(observed, windows.ahead(windows.table.scaled, origins), np.nan)
    horizons = horizons_of(panel, blocks.test, blocks.end, windows.horizon, blocks.slices("training"))
    trusted = max(horizons, TRUSTED_HORIZONS)  # fewer count for less, below
    evidence = Evidence(actual, point, quantiles, windows.volatility(origins), trusted)
    asked = calibrate(evidence, old.kind, model.options.band_factor, old.power, old.reference)
    share = horizons / (horizons + TRUSTED_HORIZONS)
    return dataclasses.replace(old, widths=old.widths + share * (asked.widths - old.widths))


def _absent(champion: Model, panel: Panel, series: Integers) -> int | None:
    """Rows that the champion has learned from and the panel lacks; None where the champion does not say."""
    told = champion.report.learned
    return None if told is None else max(told.rows - champion.rows_seen(panel, series), 0)


def _share(champion: Model, panel: Panel, series: Integers, blocks: Blocks, name: str) -> float:
    """Return the weight of the rows at hand beside those that only the champion has seen; half where it does not
    say."""
    rows = sum(int(np.isfinite(panel.target[rows]).sum()) for rows in blocks.slices(name))
    absent = _absent(champion, panel, series)
    return 0.5 if absent is None else rows / max(rows + absent, 1)


def _taught(
    champion: Model,
    panel: Panel,
    series: Integers,
    blocks: Blocks,
    name: str,
    limit: float | None,
    threads: int | None,
) -> Generator[Step, None, Model]:
    """The champion trained on with the rows of a block: calendar stage, frequencies and linear map in closed form, the
    network by a few gentle steps from where it stands.

    Scaling, the shape of everything and what was chosen stay as they are.
    """
    first, stop = blocks.bounds(name)
    own = dataclasses.replace(blocks, validation=stop)
    share = _share(champion, panel, series, blocks, name)
    teaching = own.slices("training")
    preparation = champion.preparation.relearned(panel, series, teaching, share)
    model, views = _restaged(
        dataclasses.replace(champion, preparation=preparation), panel, series, own, share
    )
    windows = views[0]
    origins = windows.usable(own.origins("training", windows.lookback, windows.horizon))
    if not len(origins):
        raise DataError(
            f"no window of {windows.lookback} + {windows.horizon} known rows comes before the judging rows; "
            "send a file that begins earlier"
        )
    rng = np.random.default_rng(np.random.SeedSequence(model.options.seed))
    weights = None
    if panel.classes:
        weights = class_weights(panel, teaching, is_balanced=model.options.class_weights != "none")
    ensemble = _based_anew(
        model.ensemble.refitted(NewRows(views, origins, share, rng, weights)).moved_on(views, stop)
    )
    ensemble = remixed(
        ensemble, windows, first, stop, scales(panel, own, "training", model.preparation.rows.scaling)
    )
    if networks_of(ensemble):
        members = _members(model, ensemble, views, origins, weights)
        until = math.inf if limit is None else time.monotonic() + limit
        trained = yield from _steps(train_members(members, threads, until=until))
        ensemble = taught(ensemble, [result.weights for result in trained])
    seen_until = champion.seen_until.copy()
    seen_until[series] = np.maximum(seen_until[series], panel.times[np.maximum(stop - 1, first)])
    habits = champion.habits
    if habits is not None:
        rows = [panel.target[rows] for rows in blocks.slices(name)]
        habits = widened(habits, series, rows, windows.season, windows.lookback)
    ranges = champion.ranges
    if ranges is not None:
        new = [panel.values[rows, 1:] for rows in blocks.slices(name)]
        ranges = ranges_of(np.concatenate([*new, ranges.lowest[None], ranges.highest[None]]))
    chain = None if model.chain is None else model.chain.starting_with(model.output.stand_in(ensemble))
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
    champion: Model, panel: Panel, series: Integers, blocks: Blocks, share: float
) -> tuple[Model, Views]:
    """The champion with its calendar regressions estimated again, and the windows that teach, their levels
    cross-fitted."""
    clock = dataclasses.replace(panel.clock, seasons=champion.contract.clock.seasons)
    panel, views, seen = dataclasses.replace(panel, clock=clock), [], []
    for view, windows in zip(champion.views, champion.windows(panel, series), strict=True):
        if view.regression is not None:
            preparation = champion.preparation.rows
            again = refit_stage(preparation, view.regression, panel, series, blocks, share)
            view = dataclasses.replace(view, regression=again[0])
            windows = dataclasses.replace(windows, table=preparation.table(panel, series, *again))
        views.append(view)
        seen.append(windows)
    return dataclasses.replace(champion, views=tuple(views)), tuple(seen)


def _based_anew(ensemble: Ensemble) -> Ensemble:
    """The ensemble whose networks of classes stand on the logistic regression as it is now."""

    def change(part: Part) -> Part:
        if isinstance(part, NetworkForecaster) and part.base is not None:
            return dataclasses.replace(part, base=logistic_of(ensemble))
        return part

    return ensemble.mapped(change)


def _members(
    model: Model,
    ensemble: Ensemble,
    views: Views,
    origins: Integers,
    class_weights: Numbers | None = None,
) -> list[Trainable]:
    """The networks where they stand, each one's own linear map moved as that of the linear forecaster was which sees
    the same; ensemble: the model's, with these maps; class_weights: (C,) of classes."""
    networks, members = networks_of(model.ensemble), []
    full = schedule_of(origins, model.options)
    seeds = iter(np.random.SeedSequence(model.options.seed).spawn(sum(len(n.weights) for n in networks)))
    before, after = (
        {part.view: part for part in leaves(each) if isinstance(part, RidgeForecaster)}
        for each in (model.ensemble, ensemble)
    )
    for network in networks:
        seen, schedule, architecture = (
            views[network.view],
            gentle_schedule(full, full.steps),
            network.architecture,
        )
        maps = before.get(network.view), after.get(network.view)
        for parameters in network.members:
            has_map = architecture.highway and class_weights is None
            weights = _moved(parameters, *maps) if has_map else parameters.flat
            head: Head
            if class_weights is None:
                head = NumberHead(maps[1] or next(iter(after.values())))
            else:
                head = ClassHead(logistic_of(ensemble), class_weights)
            members.append(
                Trainable(
                    windows=seen,
                    training=origins,
                    validation=None,
                    head=head,
                    architecture=architecture,
                    options=model.options,
                    schedule=schedule,
                    seed=next(seeds),
                    weights=weights,
                )
            )
    return members


def _moved(parameters: Parameters, before: RidgeForecaster | None, after: RidgeForecaster | None) -> Floats:
    """(P,) weights whose linear map is moved as another map was, if there is one."""
    if before is None or after is None:
        return parameters.flat
    weights = Parameters.of(parameters.shapes, parameters.flat)
    weights["highway.weight"][...] += after.weight - before.weight
    weights["highway.bias"][...] += after.bias - before.bias
    return weights.flat
