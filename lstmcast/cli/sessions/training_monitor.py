"""A training seen from the command line: what was understood, the bar, checkpoints, and how its budget goes."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from lstmcast.cli.shell import log
from lstmcast.cli.shell.progress import CHOOSING
from lstmcast.core.options import seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lstmcast.cli.sessions.checkpoint_writer import CheckpointWriter
    from lstmcast.cli.shell.console import Console
    from lstmcast.core.findings import Finding
    from lstmcast.core.options import Options
    from lstmcast.ingest import ParsedFile
    from lstmcast.model.model import Model
    from lstmcast.pipeline.fit import Event
    from lstmcast.pipeline.plan import TrainingPlan
    from lstmcast.training.budget import Expectation


class TrainingMonitor:
    """Follows a training to its end; the budget begins to run when it is made.

    advice: what would have helped the training.
    """

    def __init__(self, keeper: CheckpointWriter, console: Console) -> None:
        self._keeper, self._console = keeper, console
        self._began = time.monotonic()
        self._expectation: Expectation | None = None
        self._is_late = False
        self.advice: list[Finding] = []

    def train(
        self,
        reading: ParsedFile,
        options: Options,
        pretrained: Model | None,
        resume: bool,
        show_plan: Callable[[TrainingPlan], None],
    ) -> Model:
        """The finished model; show_plan says what was understood, before the first step."""
        from lstmcast.pipeline.fit import fitting

        self._console.stage(CHOOSING)
        panel, time_column = reading.panel, reading.roles.time
        start = self._keeper.find(panel, options, pretrained, resume)
        events = fitting(
            panel, options, time_column, pretrained=pretrained, start=start, began=self._began, advises=True
        )
        return self._to_the_end(events, show_plan)

    def _to_the_end(self, events: Iterator[Event], show_plan: Callable[[TrainingPlan], None]) -> Model:
        from lstmcast.core.findings import Finding
        from lstmcast.pipeline.plan import TrainingPlan
        from lstmcast.training.budget import Expectation
        from lstmcast.training.checkpoint import Checkpoint
        from lstmcast.training.loop import Step

        with self._console.progress() as show_step:
            for event in events:
                if isinstance(event, Step):
                    self._is_late |= event.is_late
                    show_step(event)
                elif isinstance(event, Checkpoint):
                    self._keeper.note(event)
                elif isinstance(event, TrainingPlan):
                    show_plan(event)
                elif isinstance(event, Expectation):
                    self._expectation = event
                    self._console.hint(_in_words(event), "budget")
                elif isinstance(event, Finding):
                    self.advice.append(event)
                else:
                    return event
        raise AssertionError("the training ended without a model")

    def budget(self, given: str | None) -> dict[str, Any]:
        """Return how the budget went, for a program; warn whoever gets a model whose training was cut."""
        if self._expectation is None or given is None:
            return {}
        if self._is_late:
            self._console.warn(
                f"the budget of {given} ended the training early: the best so far is written; "
                "give more with --budget, or fewer --steps",
                "budget",
            )
        went = {
            "seconds": seconds(given, "--budget"),
            "spent_seconds": round(time.monotonic() - self._began, 3),
            "expected_seconds": round(self._expectation.seconds, 3),
            "left_seconds": round(self._expectation.left, 3),
            "is_cut": self._is_late,
        }
        log.milestone("budget", f"{went['spent_seconds']:.1f} s of the budget are spent", **went)
        return {"budget": went}


def _in_words(expectation: Expectation) -> str:
    """Return a line on what training should take."""
    count, left = expectation.networks, max(expectation.left, 0)
    networks = "1 network" if count == 1 else f"{count} networks"
    task = f"{networks} of {expectation.steps:,} steps at {1000 * expectation.step_seconds:,.1f} ms"
    fits = "" if expectation.seconds <= left else "; it will be cut, and the best so far written"
    return f"expected: {task}, {expectation.seconds:,.0f} s in all; the budget has {left:,.0f} s left{fits}"
