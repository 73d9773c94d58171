"""A budget holds for all of a training: what is expected of it is said, it is spread, and when it is spent all ends."""

from __future__ import annotations

import json
import math
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast.cli.sessions.training_monitor import _in_words
from lstmcast.data.split import split
from lstmcast.pipeline.candidates import build_candidates
from lstmcast.pipeline.fit import fitting
from lstmcast.pipeline.selection import choose
from lstmcast.pipeline.views import choose_views
from lstmcast.training import workers as members
from lstmcast.training.budget import Expectation, expect
from lstmcast.training.loop import Step
from lstmcast.training.trainable import Trainable
from lstmcast.training.workers import share
from tests.command_line import lstmcast
from tests.conftest import QUICK
from tests.panels import hourly, small, weather


def networks(count: int, **changes: Any) -> list[Trainable]:
    """The members of a small training."""
    options = small(members=count, **changes)
    panel = hourly()
    choices = choose(panel, split(panel, 6), 6, options, np.random.default_rng(0))
    linear, seeds = choose_views(choices, "no"), np.random.SeedSequence(0).spawn(count)
    return build_candidates(choices, linear, 1, options, seeds)[0].members


def test_time_is_shared_by_the_members_that_train_one_after_the_other() -> None:
    assert share(math.inf, 3, 1) == math.inf
    until = time.monotonic() + 60
    for count, workers, seconds in ((3, 1, 20), (3, 2, 30), (3, 8, 60), (4, 2, 30)):
        assert share(until, count, workers) == pytest.approx(seconds, abs=2)


def test_a_member_that_goes_on_may_take_its_share_once_more() -> None:
    (member,) = networks(1)
    state: Any = type("State", (), {"seconds": 40.0})
    assert member.within(math.inf, state) is member
    assert member.within(9.0, None).schedule.seconds == 9.0
    assert member.within(9.0, state).schedule.seconds == 49.0
    assert member.within(-3.0, state).schedule.seconds == 40.0


def test_what_is_expected_grows_with_steps_members_and_workers_that_are_missing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("lstmcast.training.budget._timed", lambda member: (0.5, 2.0))
    one = expect(networks(1, steps=100), 1, 1, 0.3, 1000.0)
    assert (one.networks, one.steps, one.step_seconds) == (1, 100, 0.5)
    assert (one.training, one.judging, one.final) == (100 * 0.5 + 15 * 2.0, 8.0, 15.0)
    assert one.seconds == pytest.approx(103)
    four = expect(networks(4, steps=100), 4, 2, 0.0, 1000.0)
    assert (four.training, four.judging, four.final) == (2 * one.training, 4 * one.judging, 0.0)


def test_networks_get_their_share_of_what_is_left_once_they_are_judged() -> None:
    expectation = Expectation(1, 10, 1.0, training=30.0, judging=5.0, final=10.0, left=25.0)
    assert expectation.for_training == 15.0
    assert replace(expectation, left=2.0).for_training == 0.0
    assert replace(expectation, training=0.0, final=0.0).for_training == 20.0


def test_steps_are_timed_on_a_copy() -> None:
    given = networks(1)
    timed = expect(given, 1, 1, 0.3, 60.0)
    assert timed.step_seconds > 0
    untouched = networks(1)
    weights = [list(members._course(m, None, math.inf))[-1].weights for m in (given[0], untouched[0])]  # type: ignore
    assert weights[0].tobytes() == weights[1].tobytes()


def test_a_spent_budget_still_gives_a_model_from_a_step_of_each_network() -> None:
    steps = [
        e
        for e in fitting(hourly(), small(members=2, steps=500, budget="0s", threads=1))
        if isinstance(e, Step)
    ]
    assert [(step.member, step.number) for step in steps[:4]] == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [step.is_late for step in steps[:4]] == [False, True, False, True]


def test_a_budget_that_is_not_spent_changes_no_bit() -> None:
    models = [
        [*fitting(hourly(), small(threads=1, budget=budget, safeguard="network"))][-1]
        for budget in (None, "1h")
    ]
    flats = [model.networks[0].weights[0] for model in models]
    assert flats[0].tobytes() == flats[1].tobytes()


def test_once_the_time_is_up_only_what_was_asked_for_is_tried() -> None:
    panel, _ = weather(900)
    blocks = split(panel, 6)

    def tried(until: float, **changes: Any) -> list[tuple[str, str]]:
        options = small(transform="auto", lookback=None, **changes)
        choices = choose(panel, blocks, 6, options, np.random.default_rng(0), until)
        return [(choice.setting.transform, choice.setting.stage) for choice in choices]

    assert len(tried(math.inf, calendar="auto")) > 2
    assert tried(-math.inf, calendar="auto") == [("none", "none")]
    assert ("none", "covariates") in tried(-math.inf, calendar="covariates")


def test_a_training_that_was_cut_says_so_and_its_model_is_written(history: Path, tmp_path: Path) -> None:
    long = ("--steps", "100000", "--budget", "0.5s")
    said = lstmcast("train", history, *QUICK, *long, "-o", tmp_path / "model.pkl", "--json")
    assert said.code == 0
    assert said.err.count("\n") == 1
    assert "the budget of 0.5s ended the training early" in said.err
    budget = json.loads(said.out)["budget"]
    assert budget["is_cut"]
    assert (budget["seconds"], budget["expected_seconds"] > 0.5) == (0.5, True)
    assert lstmcast("predict", tmp_path / "model.pkl", history).code == 0


def test_what_is_expected_is_said_to_the_curious_only(history: Path, tmp_path: Path) -> None:
    said = lstmcast("train", history, *QUICK, "--budget", "1h", "-o", tmp_path / "model.pkl")
    assert (said.code, said.err) == (0, "")
    assert "budget" not in said.out
    curious = lstmcast("train", history, *QUICK, "--budget", "1h", "-o", tmp_path / "model.pkl", "-v")
    assert "expected: 1 network of 20 steps at" in curious.err
    assert curious.err.index("expected:") < curious.err.index("validation loss")


def test_an_expectation_beyond_the_budget_says_that_it_will_be_cut() -> None:
    fits = Expectation(2, 1000, 0.005, training=10.0, judging=1.0, final=3.0, left=600.0)
    assert (
        _in_words(fits)
        == "expected: 2 networks of 1,000 steps at 5.0 ms, 14 s in all; the budget has 600 s left"
    )
    assert _in_words(replace(fits, left=9.0)).endswith(
        "9 s left; it will be cut, and the best so far written"
    )


def test_workers_are_as_many_as_this_process_may_have_and_no_more_than_members(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("joblib.cpu_count", lambda: 3)
    assert [members.workers_for(count, None) for count in (1, 3, 9)] == [1, 3, 3]
    assert members.workers_for(9, 5) == 5
