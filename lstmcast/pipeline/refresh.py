"""A model trained on with new rows: the challenger, its champion, and which of them ships."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import DataError, TooFewNewError
from lstmcast.core.panel import Integers, Panel
from lstmcast.data.horizons import horizons_of
from lstmcast.data.split import Split
from lstmcast.evaluation.report import ClassReport, Judgement, Learned, NumberReport, Refresh
from lstmcast.evaluation.verdict import error_measure
from lstmcast.forecasters.ensemble import noise
from lstmcast.forecasters.intervals import TRUSTED_HORIZONS, Evidence, Intervals, calibrate
from lstmcast.model.model import Model
from lstmcast.model.output import of_numbers
from lstmcast.pipeline.teaching import Teaching
from lstmcast.pipeline.templates import fit_templates
from lstmcast.training.loop import Step

Numbers = NDArray[np.float64]
MOST_ORIGINS = 20_000


@dataclass(frozen=True)
class RefreshPlan:
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
) -> Iterator[RefreshPlan | Step | Outcome]:
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
        teaching = Teaching(champion, panel, series, blocks, limit, threads)
        challenger = yield from teaching.by("training")
        origins = _judging_origins(champion, panel, blocks)
        outcome = _judged(champion, challenger, panel, origins)
        if outcome.is_better or always:
            outcome = yield from _with_all_rows(teaching, challenger, outcome, origins)
        yield outcome


def _blocks(model: Model, panel: Panel, series: Integers) -> Split:
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
    return Split(start, judging, judging, end)


def _too_few(model: Model, until: str, new: int) -> str:
    needed = 2 * model.contract.horizon
    return (
        f"the model has seen everything up to {until}; a refresh needs {needed} newer rows with a known "
        f"{model.contract.target!r}, half of them to judge by: {new} are there, {needed - new} are missing"
    )


def _plan(model: Model, panel: Panel, series: Integers, blocks: Split) -> RefreshPlan:
    judged = int(np.argmax(blocks.end > blocks.test))
    first_new = int(panel.offsets[judged]) + int(
        np.searchsorted(panel.times[panel.rows(judged)], model.seen_until[series[judged]], side="right")
    )
    edges = {"teach": (first_new, blocks.test[judged]), "judge": (blocks.test[judged], blocks.end[judged])}
    known = np.isfinite(panel.target).sum()
    return RefreshPlan(
        new=int(known) - model.rows_seen(panel, series),
        learned=model.report.learned,
        blocks={name: _ends(panel, int(first), int(stop)) for name, (first, stop) in edges.items()},
    )


def _ends(panel: Panel, first: int, stop: int) -> tuple[str, str]:
    one, other = panel.clock.write(panel.times[[first, max(stop - 1, first)]])
    return one, other


def _judging_origins(model: Model, panel: Panel, blocks: Split) -> Integers:
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
    teaching: Teaching, challenger: Model, outcome: Outcome, origins: Integers
) -> Generator[Step, None, Outcome]:
    """The outcome with the model that ships: taught as the challenger was, with the judging rows as well."""
    model, champion, panel = challenger, teaching.model, teaching.panel
    if champion.options.final:
        model = yield from teaching.by("all")
    learned = model.learned(panel, teaching.series, teaching.absent or 0)
    model = dataclasses.replace(model, report=_report(champion, outcome, learned))
    if not model.contract.classes:
        model = _with_bands(model, challenger, panel, teaching.blocks, origins)
    return dataclasses.replace(outcome, model=model)


def _with_bands(model: Model, challenger: Model, panel: Panel, blocks: Split, origins: Integers) -> Model:
    """A model of numbers with the bands that the judging rows ask for; these the challenger has not seen."""
    intervals = _calibrated(challenger, panel, blocks, origins)
    model = dataclasses.replace(
        model, output=dataclasses.replace(of_numbers(model.output), intervals=intervals)
    )
    if model.templates is None:  # of an older file
        model = dataclasses.replace(
            model, templates=fit_templates(challenger, panel, blocks.test, blocks.end)
        )
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


def _calibrated(model: Model, panel: Panel, blocks: Split, origins: Integers) -> Intervals:
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
