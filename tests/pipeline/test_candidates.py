"""Which setting the network learns with: the linear forecaster's choice, unless another network is clearly better."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lstmcast.core.options import Options
from lstmcast.data.split import split
from lstmcast.data.view import ViewConfig
from lstmcast.forecasters.base import point
from lstmcast.forecasters.ensemble import leaves, networks_of
from lstmcast.persistence import load, save
from lstmcast.pipeline import candidates as contest
from lstmcast.pipeline.attempt import build_member
from lstmcast.pipeline.search import CandidateSearch
from lstmcast.pipeline.views import LinearViews
from lstmcast.training.checkpoint import Trained
from tests.panels import single_threaded, small, two_views, weather, without_target

COVARIATES = ViewConfig("none", 24, stage="covariates")
CALENDAR = ViewConfig("none", 24, stage="calendar")


def _choice(setting: ViewConfig, error: float) -> Any:
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
    trials = CandidateSearch(panel, blocks, horizon, options, rng)
    both = [trials.attempt(ViewConfig("none", 24, stage)) for stage in ("covariates", "calendar")]
    linear, own = (choice for choice in both if choice is not None)
    member = build_member(own, 1, options, np.random.SeedSequence(0))
    trained = (Trained(member.setup().parameters.flat, 0),)
    taught = [(contest.NetworkCandidate(own, [member]), trained)]
    pair = LinearViews(linear, None, 1.0)
    entry = contest._entry(taught, pair, [], contest._seen(taught, pair), options)
    origins = own.validation.origins
    network = point(networks_of(entry.ensemble)[0].predict((own.windows,), origins))
    expected = 0.5 * network + 0.5 * linear.ridge.point(linear.windows, origins)
    np.testing.assert_allclose(point(entry.ensemble.predict(entry.seen.views, origins)), expected)


def test_two_linear_forecasters_ship_their_mean_as_evaluated_as_predicted_and_as_read_again(
    tmp_path: Path,
) -> None:
    panel, _ = weather(700)
    options = small(calendar="auto", linear_pair="yes", safeguard="linear", known=("known_0",))
    model = single_threaded(panel, options)
    assert model.report["choices"]["second"]["stage"] != "none" or model.views[0].regression is not None
    views = model.windows(panel, np.arange(1))
    origins = np.array([300, 500])
    first, other = (part.predict(views, origins) for part in leaves(model.ensemble))
    assert np.abs(first - other).max() > 1e-3
    np.testing.assert_allclose(model.ensemble.predict(views, origins), (first + other) / 2)
    fresh = without_target(panel, 690)
    save(model, tmp_path / "m.pkl")
    assert load(tmp_path / "m.pkl").predict(fresh).point.tobytes() == model.predict(fresh).point.tobytes()


def test_the_second_view_is_that_of_the_linear_pair_or_where_covariates_won_the_calendar_alone() -> None:
    choices = [
        _choice(COVARIATES, 1.0),
        _choice(replace(CALENDAR, transform="log1p"), 1.1),
        _choice(CALENDAR, 1.2),
        _choice(replace(CALENDAR, stage="none"), 1.3),
    ]

    def views(choices: list[Any], second: Any = None, **changes: Any) -> list[ViewConfig]:
        linear = LinearViews(choices[0], second, 1.0)
        return [choice.setting for choice in contest.views_of(choices, linear, Options(**changes))]

    assert views(choices) == [COVARIATES, CALENDAR]
    assert views(choices, choices[3]) == [COVARIATES, choices[3].setting]
    assert len(views(choices, calendar="covariates")) == 1
    assert len(views(choices, linear_pair="no")) == 1
    assert len(views(choices[::-1])) == 1
    assert views(choices[::-1], choices[0]) == [choices[3].setting, COVARIATES]


def test_two_networks_ship_their_mean_as_evaluated_as_predicted_and_as_read_again(tmp_path: Path) -> None:
    panel, _ = weather(700)
    model = two_views(panel)
    views, origins = model.windows(panel, np.arange(1)), np.array([300, 500])
    one, other = (network.predict(views, origins) for network in model.networks)
    assert [network.view for network in model.networks] == [0, len(views) - 1]
    assert np.abs(one - other).max() > 1e-3
    np.testing.assert_allclose(model.ensemble.predict(views, origins), (one + other) / 2)
    assert model.report["choices"]["networks"][0]["second_stage"]
    fresh = without_target(panel, 690)
    save(model, tmp_path / "m.pkl")
    again = load(tmp_path / "m.pkl")
    assert again.predict(fresh).point.tobytes() == model.predict(fresh).point.tobytes()
    assert again.predict(fresh).bands[80][0].tobytes() == model.predict(fresh).bands[80][0].tobytes()
    save(again, tmp_path / "again.pkl")
    assert (tmp_path / "again.pkl").read_bytes() == (tmp_path / "m.pkl").read_bytes()
