"""Choosing on a sample: where there are very many windows, settings are chosen on some of them, and fitted to all."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from lstmcast.core.options import Options
from lstmcast.core.panel import Integers, Panel
from lstmcast.data.defaults import segment_and_lookbacks
from lstmcast.data.split import Split
from lstmcast.pipeline.candidates import views_of
from lstmcast.pipeline.search import Candidate, CandidateSearch
from lstmcast.pipeline.selection import choose
from lstmcast.pipeline.task import TrainingTask
from lstmcast.pipeline.views import choose_views

MOST_WINDOWS = 200_000
FEWEST_SERIES = 20  # of a sample, where there are so many
_FEWEST_SPANS = 10  # look-backs with their horizon that the rows of a series in the sample hold


@dataclass(frozen=True, eq=False)
class Chosen:
    """The settings that were chosen.

    choices: the chosen one first, and those that may ship beside it, fitted to all rows; tried: everything that was
    tried, the chosen first, some of it on the sample; words: on what was chosen, empty where that is all rows.
    """

    choices: list[Candidate]
    tried: list[Candidate]
    words: str = ""


@dataclass(frozen=True, eq=False)
class _Sample:
    """Some series of a panel, perhaps only their latest training rows, with the rows of validation.

    series: (n,) which of the panel's they are, rising; is_cut: whether earlier training rows are left out.
    """

    panel: Panel
    blocks: Split
    series: Integers
    is_cut: bool


def chosen_settings(task: TrainingTask, until: float) -> Chosen:
    """Choose settings by the linear forecaster, on a sample where there are more than MOST_WINDOWS windows.

    until: as `choose` takes it. Raises what `choose` does.
    """
    rng = np.random.default_rng(task.seeds[0])
    sample = _sample(task.panel, task.blocks, task.horizon, task.options)
    if sample is None:
        choices = choose(task.panel, task.blocks, task.horizon, task.options, rng, until)
        return Chosen(choices, choices)
    found = choose(sample.panel, sample.blocks, task.horizon, task.options, rng, until)
    fitted = _on_all_rows(task, found, rng, until)
    if not fitted:
        choices = choose(task.panel, task.blocks, task.horizon, task.options, rng, until)
        return Chosen(choices, choices)
    settings = {choice.setting for choice in fitted}
    others = [choice for choice in found if choice.setting not in settings]
    return Chosen(fitted, [*fitted, *others], _words(task, sample, found[0], fitted[0]))


def _on_all_rows(
    task: TrainingTask, found: list[Candidate], rng: np.random.Generator, until: float
) -> list[Candidate]:
    """The chosen setting, and those that may ship beside it, fitted to all rows; none where that leaves no window.

    Errors on earlier blocks stay those of the sample.
    """
    trials = CandidateSearch(task.panel, task.blocks, task.horizon, task.options, rng, until)
    pair = choose_views(found, task.options.linear_pair)
    beside = [] if pair.second is None else [pair.second]
    fitted = []
    for choice in dict.fromkeys([found[0], *beside, *views_of(found, pair, task.options)]):
        attempt = trials.attempt(choice.setting)
        if attempt is None and choice is found[0]:
            return []
        if attempt is not None:
            errors = (*attempt.errors[:1], *choice.errors[1:])
            fitted.append(dataclasses.replace(attempt, errors=errors, aged=choice.aged))
    return fitted


def _sample(panel: Panel, blocks: Split, horizon: int, options: Options) -> _Sample | None:
    """Return series drawn at random whose training rows make about MOST_WINDOWS windows; None where all do.

    Long series are cut to their latest training rows, of which a few at least must hold many windows.
    """
    rows = blocks.validation - blocks.start
    if rows.sum() <= MOST_WINDOWS:
        return None
    drawn = np.random.default_rng([options.seed, len(rows)]).permutation(np.flatnonzero(rows))
    enough = int(np.searchsorted(np.cumsum(rows[drawn]), MOST_WINDOWS)) + 1
    series = np.sort(drawn[: max(enough, FEWEST_SERIES)])
    is_long = rows[series].sum() > 2 * MOST_WINDOWS
    most = MOST_WINDOWS // len(series) if is_long else int(rows.max())
    longest = segment_and_lookbacks(panel.clock, horizon, options)[1][-1]
    if is_long and most < _FEWEST_SPANS * (longest + horizon):
        return None
    starts = np.maximum(blocks.start[series], blocks.validation[series] - most)
    stops = blocks.test[series]
    ids = tuple(panel.ids[number] for number in series)
    part = dataclasses.replace(panel.take(starts, stops), ids=ids)
    first = part.offsets[:-1]
    validation, test = first + blocks.validation[series] - starts, first + stops - starts
    is_cut = bool((starts > blocks.start[series]).any())
    return _Sample(part, Split(first, validation, test, test), series, is_cut)


def _words(task: TrainingTask, sample: _Sample, there: Candidate, here: Candidate) -> str:
    """Return on how many rows settings were chosen, and how far the error there is from that on all rows."""
    rows = int((sample.blocks.validation - sample.blocks.start).sum())
    every = int((task.blocks.validation - task.blocks.start).sum())
    which = []
    if len(sample.series) < len(task.panel.ids):
        which.append(f"{len(sample.series):,} of {len(task.panel.ids):,} series drawn at random")
    if sample.is_cut:
        which.append("the latest")
    errors = f"error (MASE) {there.errors[0]:.3f} there, {here.errors[0]:.3f} on all"
    return f"{rows:,} of {every:,} training rows ({', '.join(which)}): {errors}"
