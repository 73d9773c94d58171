"""Which setting the network learns with: the linear forecaster's choice, unless another network is clearly better."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lstmcast import contest
from lstmcast.blocks import split
from lstmcast.checkpoint import Trained
from lstmcast.options import Options
from lstmcast.trials import Setting, Trials
from tests.panels import small, weather

COVARIATES = Setting("none", 24, stage="covariates")
CALENDAR = Setting("none", 24, stage="calendar")


def _choice(setting: Setting, error: float) -> Any:
    return SimpleNamespace(setting=setting, error=error)


def _entry(stage: str, error: float) -> Any:
    return SimpleNamespace(stage=stage, errors={"model": error})


@pytest.mark.parametrize(
    ("first", "second", "winner"),
    [(0.9, 0.8, "calendar"), (0.9, 0.895, "covariates"), (0.8, 0.9, "covariates"), (0.9, 0.89, "calendar")],
)
def test_the_linear_forecasters_choice_wins_unless_another_would_ship_something_better_by_a_percent(
    first: float, second: float, winner: str
) -> None:
    entries = [_entry("covariates", first), _entry("calendar", second)]
    ranked = contest._ranked(entries)
    assert ranked[0].stage == winner
    assert sorted(entry.stage for entry in ranked) == ["calendar", "covariates"]


def test_a_network_on_the_calendar_alone_is_blended_with_the_linear_forecaster_that_has_the_covariates() -> (
    None
):
    """What ships of two views: predict agrees with evaluate, and the file keeps both."""
    panel, _ = weather(600)
    options = small(steps=30, safeguard="mean", final=False)
    horizon, rng = 6, np.random.default_rng(0)
    blocks = split(panel, horizon)
    trials = Trials(panel, blocks, horizon, options, rng)
    both = [trials.attempt(Setting("none", 24, stage)) for stage in ("covariates", "calendar")]
    linear, own = (choice for choice in both if choice is not None)
    member = contest._member(own, 1, options, np.random.SeedSequence(0))
    lesson = member.lesson()
    trained = (Trained(lesson.parameters.flat, 0),)
    entry = contest._entry(contest.Candidate(own, [member]), linear, trained, (24,), 4, "mean")
    origins = own.validation.origins
    network = entry.forecaster.hybrid.point(own.windows, origins)  # type: ignore[union-attr]
    expected = 0.5 * network + 0.5 * linear.highway.point(linear.windows, origins)
    np.testing.assert_allclose(entry.forecaster.point(entry.windows, origins), expected)


def test_only_where_covariates_won_is_there_a_second_candidate() -> None:
    choices = [
        _choice(COVARIATES, 1.0),
        _choice(replace(CALENDAR, transform="log1p"), 1.1),
        _choice(CALENDAR, 1.2),
    ]
    assert [c.setting for c in contest._candidates(choices, Options())] == [COVARIATES, CALENDAR]
    assert len(contest._candidates(choices, Options(calendar="covariates"))) == 1
    assert len(contest._candidates(choices[::-1], Options())) == 1
