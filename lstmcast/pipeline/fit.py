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
from lstmcast.core.options import CLASSES, NUMBERS, Options, refuse_ignored, refuse_of_other_kind
from lstmcast.core.panel import Panel
from lstmcast.data.holidays import is_country, of_country
from lstmcast.forecasters.ensemble import Ensemble
from lstmcast.model.model import Model
from lstmcast.model.output import of_numbers
from lstmcast.persistence import load
from lstmcast.pipeline.assembly import judged, with_limits_of_all, with_validation_errors
from lstmcast.pipeline.either import calibrate_bands, either, has_enough, with_all_rows
from lstmcast.pipeline.few_fit import fitting_few, is_few
from lstmcast.pipeline.last_round import LastRound
from lstmcast.pipeline.plan import TrainingPlan
from lstmcast.pipeline.search import described
from lstmcast.pipeline.selection import choose
from lstmcast.pipeline.targets import choose_for
from lstmcast.pipeline.task import TrainingTask, build_task
from lstmcast.pipeline.views import choose_views
from lstmcast.training.budget import Expectation, deadline, expected
from lstmcast.training.checkpoint import Checkpoint, Trained, kept
from lstmcast.training.loop import Step
from lstmcast.training.trainable import Trainable
from lstmcast.training.workers import train_members

Event = TrainingPlan | Expectation | Step | Checkpoint | Finding | Model


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
    refuse_of_other_kind(options, CLASSES if panel.classes else NUMBERS)
    source = _of_kind(pretrained or _named(options), is_of_classes=bool(panel.classes))
    with threadpool_limits(limits=1, user_api="blas"):
        task = build_task(panel, options, source, time_column)
        if panel.classes or not is_few(task):
            yield from _learning(task, start or Checkpoint(), until, advises)
        elif has_enough(task):
            yield from _comparing(task, until)
        else:
            yield from fitting_few(task)


def _learning(task: TrainingTask, checkpoint: Checkpoint, until: float, advises: bool) -> Iterator[Event]:
    """From choosing a setting to the finished model."""
    options, chosen = task.options, choose_for(task, until)
    yield chosen.plan()
    enough = yield from _expecting(chosen.members, options, until)
    training = train_members(chosen.members, options.threads, checkpoint.networks, enough)
    trained, checkpoint = yield from kept(training, checkpoint, "networks")
    judged = chosen.judged(trained)
    if advises and (found := judged.advice()) is not None:
        yield found
    if options.final:
        model = yield from _taught_by_all(judged.last_round(until), options, checkpoint, until)
    else:
        model = judged.without_more()
    yield _with_learned(model, task.panel)


def _taught_by_all(
    last: LastRound, options: Options, checkpoint: Checkpoint, until: float
) -> Generator[Step | Checkpoint, None, Model]:
    """Return the model that ships, whose networks have gone on over every row."""
    trained: tuple[Trained, ...] = ()
    if last.members:
        training = train_members(last.members, options.threads, checkpoint.final, until)
        trained, _ = yield from kept(training, checkpoint, "final")
    return last.finished(trained)


def _with_learned(model: Model, panel: Panel) -> Model:
    """The model with what its rows were like, to which fresh ones are compared."""
    learned = model.learned(panel, np.arange(len(panel.ids)))
    return dataclasses.replace(model, report=dataclasses.replace(model.report, learned=learned))


def _comparing(task: TrainingTask, until: float) -> Iterator[Event]:
    """From choosing a setting of the linear forecaster to the finished model, of which the bank may be a part."""
    panel, options = task.panel, task.options
    rng = np.random.default_rng(task.seeds[0])
    choices = choose(panel, task.blocks, task.horizon, options, rng, until)
    yield task.plan(choices[0], described(choices))
    linear = choose_views(choices, options.linear_pair)
    entry = either(task, linear)
    model = with_validation_errors(judged(task, choices, linear, [entry]), task, entry)
    if options.final:
        last = with_all_rows(task, entry)
        intervals = calibrate_bands(task, entry, last)
        model = _with_final(model, task, last.ensemble)
        output = dataclasses.replace(of_numbers(model.output), intervals=intervals)
        model = dataclasses.replace(model, output=output)
    yield _with_learned(model, panel)


def _expecting(
    members: list[Trainable], options: Options, until: float
) -> Generator[Expectation, None, float]:
    """With a budget, what training should take; when the networks are to be done, of `time.monotonic`."""
    if math.isinf(until):
        return math.inf
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


def _with_final(model: Model, task: TrainingTask, ensemble: Ensemble) -> Model:
    """The model with an ensemble that has seen every row."""
    until = task.panel.times[task.panel.known_until() - 1]
    return dataclasses.replace(with_limits_of_all(model, task), ensemble=ensemble, seen_until=until)
