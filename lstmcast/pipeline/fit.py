"""Training from beginning to end: from a panel and options to a Model, reporting on the way."""

from __future__ import annotations

import collections
import dataclasses
import math
import time
from collections.abc import Generator, Iterator

import numpy as np

from lstmcast.core.ahead import rows_ahead
from lstmcast.core.errors import UsageError
from lstmcast.core.findings import Finding
from lstmcast.core.options import NUMBERS, Options, refuse_ignored, refuse_of_other_kind
from lstmcast.core.panel import Panel
from lstmcast.data.holidays import is_country, of_country
from lstmcast.forecasters.ensemble import Ensemble, networks_of, taught
from lstmcast.model.model import Model
from lstmcast.model.output import of_numbers
from lstmcast.persistence import load
from lstmcast.pipeline.assembly import judged, with_limits_of_all, with_validation_errors
from lstmcast.pipeline.candidates import Candidate, Entry, candidates_of, train_networks
from lstmcast.pipeline.category_fit import fitting_classes
from lstmcast.pipeline.days_off import days_off_told
from lstmcast.pipeline.either import bands_of, either, has_enough, with_all_rows
from lstmcast.pipeline.few_fit import fitting_few, is_few
from lstmcast.pipeline.newest import decided_again, taught_by_all, with_every_row
from lstmcast.pipeline.plan import Plan
from lstmcast.pipeline.selection import choose
from lstmcast.pipeline.task import Task, task_of
from lstmcast.pipeline.views import pair_of
from lstmcast.training.budget import Expectation, deadline, expected
from lstmcast.training.checkpoint import Checkpoint, kept
from lstmcast.training.loop import Step
from lstmcast.training.workers import train_members

Event = Plan | Expectation | Step | Checkpoint | Finding | Model


def fit(
    panel: Panel,
    options: Options | None = None,
    time: str | None = None,
    *,
    pretrained: Model | None = None,
) -> Model:
    """Train on a panel; time: the name of the time column that the model will look for in fresh files.

    pretrained: a model whose weights to start from, in place of the file that options.from_ names.
    """
    (model,) = collections.deque(fitting(panel, options or Options(), time, pretrained=pretrained), maxlen=1)
    assert isinstance(model, Model)
    return model


def fitting(
    panel: Panel,
    options: Options,
    time_column: str | None = None,
    *,
    pretrained: Model | None = None,
    start: Checkpoint | None = None,
    began: float | None = None,
    advises: bool = False,
) -> Iterator[Event]:
    """The Plan first (with a budget, an Expectation), then Steps, now and then a Checkpoint, the finished model last.

    pretrained: as in `fit`.
    start: a checkpoint of the same data and options to go on from; the model is the same to the bit.
    began: when the budget began to run (of `time.monotonic`), else now; advises: whether a Finding comes before the
    model where something that was not asked for would help.
    Raises UsageError for options that make no sense, TrainingError where there is too little history or it diverges.
    """
    from threadpoolctl import threadpool_limits

    options.check()
    refuse_ignored(options)
    if isinstance(options.horizon, str):  # a model file keeps rows
        options = dataclasses.replace(options, horizon=rows_ahead(options.horizon, panel.clock))
    until = deadline(options, began)
    panel = _with_holidays(panel, options)
    if panel.classes:
        source = _of_kind(pretrained or _named(options), is_of_classes=True)
        yield from fitting_classes(panel, options, time_column, source, start, began)
        return
    refuse_of_other_kind(options, NUMBERS)
    source = _of_kind(pretrained or _named(options), is_of_classes=False)
    with threadpool_limits(limits=1, user_api="blas"):
        task = task_of(panel, options, source, time_column)
        if is_few(task) and has_enough(task):
            yield from _comparing(task, until)
        elif is_few(task):
            yield from fitting_few(task)
        else:
            yield from _learning(task, start or Checkpoint(), until, advises)


def _learning(task: Task, checkpoint: Checkpoint, until: float, advises: bool) -> Iterator[Event]:
    """From choosing a setting to the finished model."""
    panel, options = task.panel, task.options
    seeds = np.random.SeedSequence(options.seed).spawn(options.members + 1)
    choices = choose(panel, task.blocks, task.horizon, options, np.random.default_rng(seeds[0]), until)
    yield task.plan(choices)
    linear = pair_of(choices, options.linear_pair)
    candidates = candidates_of(choices, linear, len(panel.ids), options, seeds[1:], task.begin)
    enough = yield from _expecting(candidates, options, until)
    contest = train_networks(candidates, linear, panel, task.blocks, options, checkpoint.networks, enough)
    entries, checkpoint = yield from kept(contest, checkpoint, "networks")
    model = judged(task, choices, linear, entries)
    if advises and (found := days_off_told(task, entries[0])) is not None:
        yield found
    if options.final:
        model = yield from _with_every_row(task, model, entries[0], checkpoint, until)
    else:
        model = with_validation_errors(model, task, entries[0])
    learned = model.learned(panel, np.arange(len(panel.ids)))
    yield dataclasses.replace(model, report=dataclasses.replace(model.report, learned=learned))


def _with_every_row(
    task: Task, model: Model, winner: Entry, checkpoint: Checkpoint, until: float
) -> Generator[Step | Checkpoint, None, Model]:
    """Return the model that ships: the verdict's, decided again with the test rows, and taught by all."""
    newest = decided_again(task, winner)
    ensemble = newest.entry.ensemble if time.monotonic() >= until else taught_by_all(newest)
    if networks_of(ensemble):
        again = [
            one.over_all_rows(done, task.blocks)
            for one, done in zip(winner.members, winner.trained, strict=True)
        ]
        last = train_members(again, task.options.threads, checkpoint.final, until)
        trained, _ = yield from kept(last, checkpoint, "final")
        ensemble = taught(ensemble, [result.weights for result in trained])
    return with_every_row(model, newest, ensemble)


def _comparing(task: Task, until: float) -> Iterator[Event]:
    """From choosing a setting of the linear forecaster to the finished model, of which the bank may be a part."""
    panel, options = task.panel, task.options
    rng = np.random.default_rng(np.random.SeedSequence(options.seed).spawn(1)[0])
    choices = choose(panel, task.blocks, task.horizon, options, rng, until)
    yield task.plan(choices)
    linear = pair_of(choices, options.linear_pair)
    entry = either(task, linear)
    model = with_validation_errors(judged(task, choices, linear, [entry]), task, entry)
    if options.final:
        last = with_all_rows(task, entry)
        intervals = bands_of(task, entry, last)
        model = _with_final(model, task, last.ensemble)
        output = dataclasses.replace(of_numbers(model.output), intervals=intervals)
        model = dataclasses.replace(model, output=output)
    learned = model.learned(panel, np.arange(len(panel.ids)))
    yield dataclasses.replace(model, report=dataclasses.replace(model.report, learned=learned))


def _expecting(
    candidates: list[Candidate], options: Options, until: float
) -> Generator[Expectation, None, float]:
    """With a budget, what training should take; when the networks are to be done, of `time.monotonic`."""
    if math.isinf(until):
        return math.inf
    members = [member for candidate in candidates for member in candidate.members]
    expectation = expected(members, options, until)
    enough = time.monotonic() + expectation.for_training
    yield expectation
    return enough


def _with_holidays(panel: Panel, options: Options) -> Panel:
    """The panel with the days off of a country, where they are asked for and not there already."""
    if options.holidays is None or panel.holidays is not None:
        return panel
    if not is_country(options.holidays):
        raise UsageError(
            f"holidays={options.holidays!r} is no country; for the days of a file, train on "
            "panel.with_holidays(lstmcast.read_holidays(file))"
        )
    return panel.with_holidays(of_country(options.holidays, panel))


def _named(options: Options) -> Model | None:
    """The model to start from, where the options name one; raises ModelFileError, and UsageError where they do not."""
    if options.from_ is not None:
        return load(options.from_)
    if options.freeze is not None:
        message = "--freeze leaves weights as another model has them; name that model with --from"
        raise UsageError(message, option="--freeze")
    return None


def _of_kind(model: Model | None, *, is_of_classes: bool) -> Model | None:
    """The model to start from, if there is one; raises UsageError where its target is not of the kind of this one."""
    if model is None or bool(model.contract.classes) == is_of_classes:
        return model
    own, target = ("numbers", "classes") if is_of_classes else ("classes", "numbers")
    raise UsageError(
        f"the model to start from is of {own}, and the target is {target}; name another with --from",
        option="--from",
    )


def _with_final(model: Model, task: Task, ensemble: Ensemble) -> Model:
    """The model with an ensemble that has seen every row."""
    until = task.panel.times[task.panel.known_until() - 1]
    return dataclasses.replace(with_limits_of_all(model, task), ensemble=ensemble, seen_until=until)
