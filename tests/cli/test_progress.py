"""The bar: one for the whole of a training, whose time left is measured, and which is away while lines are printed."""

from __future__ import annotations

from typing import Any

import pytest

from lstmcast.cli.shell import progress
from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.progress import CHOOSING, FINAL, NETWORKS, STAGES, Bar
from lstmcast.training.loop import Step


class Screen:
    """What a bar draws on: it keeps what it was told."""

    def __init__(self) -> None:
        self.is_drawn, self.told = False, dict[str, Any]()

    def add_task(self, words: str, **fields: Any) -> int:
        return 0

    def update(self, task: int, **fields: Any) -> None:
        self.told = fields

    def start(self) -> None:
        self.is_drawn = True

    def stop(self) -> None:
        self.is_drawn = False


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in a list, as the bar sees it."""
    times = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: times[0])
    return times


def test_the_stages_are_the_whole() -> None:
    assert sum(STAGES.values()) == pytest.approx(1)


def test_a_bar_goes_on_from_stage_to_stage() -> None:
    screen = Screen()
    bar = Bar(screen)
    found = []
    for stage in STAGES:
        bar.begin(stage)
        for done in range(5):
            bar.move(done, 4, stage)
            found.append(screen.told["completed"])
    assert found == sorted(found)
    assert found[-1] == pytest.approx(1)


def test_the_time_left_is_that_of_this_stage_and_of_those_after_it_at_its_speed(now: list[float]) -> None:
    screen = Screen()
    bar = Bar(screen)
    bar.begin(NETWORKS)
    now[0] += 10
    bar.move(1, 4, "")  # a quarter in 10 s: 30 s more, and the last stage as long as its share says
    assert screen.told["left"] == f"0:{30 + round(40 * STAGES[FINAL] / STAGES[NETWORKS])} left"
    bar.begin(CHOOSING)
    now[0] += 10
    bar.move(0, 0, "")
    assert screen.told["left"] == ""


def test_a_bar_is_away_while_something_is_printed() -> None:
    screen = Screen()
    bar = Bar(screen)
    bar.begin(CHOOSING)
    with bar.hidden():
        assert not screen.is_drawn
        bar.move(1, 2, "")
        assert not screen.is_drawn
    bar.move(1, 2, "")
    assert screen.is_drawn


def test_a_second_round_of_steps_is_the_last_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    console, screen = Console(), Screen()
    monkeypatch.setattr(console, "_bar", Bar(screen))
    words = []
    for number, total in ((1, 4), (4, 4), (1, 2), (2, 2)):
        console._move(Step(number, total, 1.0, float("nan"), False, 0.1, member=0, members=2))
        words.append(screen.told["description"])
    assert words == [f"{NETWORKS}, network 1 of 2"] * 2 + [f"{FINAL}, network 1 of 2"] * 2
