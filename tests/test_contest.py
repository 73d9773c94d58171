"""Which setting the network learns with: the linear forecaster's choice, unless another network is clearly better."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lstmcast import contest
from lstmcast.options import Options
from lstmcast.trials import Setting

COVARIATES = Setting("none", 24, stage="covariates")
CALENDAR = Setting("none", 24, stage="calendar")


def _choice(setting: Setting, error: float) -> Any:
    return SimpleNamespace(setting=setting, error=error, errors=(error,))


def _winner(monkeypatch: pytest.MonkeyPatch, linear: float, networks: dict[str, float]) -> str:
    """The stage that wins when the linear forecaster with covariates and each stage's network have these errors."""

    def entry(choice: Any, members: list[Any], trained: Any) -> contest.Entry:
        return contest.Entry(choice, members, trained, None, networks[choice.setting.stage])  # type: ignore[arg-type]

    def train_members(members: list[Any], threads: int | None) -> Any:
        return tuple(members)
        yield

    monkeypatch.setattr(contest, "_member", lambda *_: None)
    monkeypatch.setattr(contest, "_entry", entry)
    monkeypatch.setattr(contest, "train_members", train_members)
    choices = [_choice(COVARIATES, linear), _choice(CALENDAR, 2 * linear)]
    training = contest.train_networks(choices, 1, Options(), [np.random.SeedSequence(0)])
    with pytest.raises(StopIteration) as end:
        next(training)
    return str(end.value.value[0].choice.setting.stage)


def test_a_clearly_better_network_wins_over_the_linear_forecasters_choice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert _winner(monkeypatch, 1.0, {"covariates": 0.9, "calendar": 0.8}) == "calendar"


def test_a_hardly_better_network_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _winner(monkeypatch, 1.0, {"covariates": 0.9, "calendar": 0.895}) == "covariates"


def test_a_network_that_is_worse_than_the_linear_forecaster_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    assert _winner(monkeypatch, 0.7, {"covariates": 0.9, "calendar": 0.8}) == "covariates"


def test_only_where_covariates_won_is_there_a_second_candidate() -> None:
    choices = [
        _choice(COVARIATES, 1.0),
        _choice(replace(CALENDAR, transform="log1p"), 1.1),
        _choice(CALENDAR, 1.2),
    ]
    assert [c.setting for c in contest._candidates(choices, Options())] == [COVARIATES, CALENDAR]
    assert len(contest._candidates(choices, Options(calendar="covariates"))) == 1
    assert len(contest._candidates(choices[::-1], Options())) == 1
