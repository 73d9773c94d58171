"""What validation rows decide: every choice must win by its gain, and an option decides for itself."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lstmcast.core.errors import DataError, TrainingError, UsageError
from lstmcast.core.options import Options
from lstmcast.core.panel import Clock, Panel
from lstmcast.data.split import Split, split
from lstmcast.data.view import ViewConfig
from lstmcast.evaluation.validation import build_validation
from lstmcast.pipeline import selection
from lstmcast.pipeline.search import Candidate, CandidateSearch
from lstmcast.pipeline.selection import choose
from tests.panels import hourly, load, panel_of, small, stacked, weather


def choices(panel: Panel, options: Options) -> list[Candidate]:
    horizon = options.horizon or 6
    blocks = split(panel, horizon, options.val, options.test)
    return choose(panel, blocks, horizon, options, np.random.default_rng(0))


def test_the_chosen_setting_comes_first_and_every_other_is_listed_once() -> None:
    found = choices(weather(900)[0], small(calendar="auto", transform="auto"))
    settings = [choice.setting for choice in found]
    assert len(set(settings)) == len(settings) >= 6
    assert {setting.stage for setting in settings} == {"none", "calendar", "covariates"}
    assert {setting.transform for setting in settings} == {"none", "log1p"}
    staged = [choice for choice in found if choice.setting.stage != "none"]
    assert len({len(choice.errors) for choice in [found[0], *staged]}) == 1


def test_the_shortest_lookback_within_a_percent_of_the_best_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    options = small(lookback=None, segment=None)
    week = dataclasses.replace(hourly().clock, seasons=(24, 48))
    panel = panel_of(load(900), clock=week)
    found = choices(panel, options)
    by_lookback = {choice.setting.lookback: choice.error for choice in found}
    assert sorted(by_lookback) == [48, 96, 144]
    best = min(by_lookback.values())
    assert found[0].setting.lookback == min(n for n, e in by_lookback.items() if e <= 1.01 * best)
    monkeypatch.setattr(selection, "LOOKBACK_TOLERANCE", 10.0)
    assert choices(panel, options)[0].setting.lookback == 48


def test_a_longer_lookback_needs_as_many_training_windows_as_it_has_rows() -> None:
    week = dataclasses.replace(hourly().clock, seasons=(24, 48))
    found = choices(panel_of(load(260), clock=week), small(lookback=None, segment=None))
    assert {choice.setting.lookback for choice in found} == {48}


def test_a_calendar_stage_must_win_by_two_percent() -> None:
    days = weather(900)[0].clock.grid(weather(900)[0].times[0], 900)
    weekend = np.isin(days.astype("datetime64[D]").astype(int) % 7, (2, 3))
    strong = panel_of(load(900) + 40 * weekend * np.sin(np.arange(900) / 3.0))
    for panel in (strong, hourly(900)):
        found = choices(panel, small(calendar="auto"))
        plain = next(choice for choice in found if choice.setting.stage == "none")
        staged = min((c for c in found if c.setting.stage != "none"), key=lambda choice: choice.error)
        expected = staged if staged.error < 0.98 * plain.error else plain
        assert found[0] is expected


def test_a_stage_helps_where_weekdays_differ_by_the_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    hours = np.arange(1500)
    odd = np.where(hours // 24 % 7 < 3, 1.0, -1.0)
    target = 100 + 20 * odd * np.sin(2 * np.pi * hours / 24) + np.random.default_rng(0).normal(size=1500)
    assert choices(panel_of(target), small(calendar="auto"))[0].setting.stage == "calendar"
    monkeypatch.setattr(selection, "STAGE_GAIN", 0.99)
    assert choices(panel_of(target), small(calendar="auto"))[0].setting.stage == "none"


def test_a_transform_is_tried_only_where_nothing_is_negative_and_must_win_clearly() -> None:
    assert {c.setting.transform for c in choices(hourly(), small(transform="auto"))} == {"none", "log1p"}
    negative = panel_of(load(420) - 100)
    assert {c.setting.transform for c in choices(negative, small(transform="auto"))} == {"none"}
    rng = np.random.default_rng(0)
    level = 0.1 * rng.normal(size=900).cumsum() + 1.5 * np.sin(2 * np.pi * np.arange(900) / 24)
    assert choices(panel_of(np.exp(level)), small(transform="auto"))[0].setting.transform == "log1p"


def test_log1p_of_what_is_negative_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="--transform log1p"):
        choices(panel_of(load(420) - 100), small(transform="log1p"))


def test_the_size_of_windows_is_tried_on_panels_only_unless_it_is_asked_for() -> None:
    panel = stacked(hourly(), hourly(seed=1))
    assert {c.setting.is_sized for c in choices(panel, small())} == {False, True}
    assert {c.setting.is_sized for c in choices(hourly(), small())} == {False}
    assert choices(hourly(), small(window_size="yes"))[0].setting.is_sized
    assert not choices(panel, small(window_size="no"))[0].setting.is_sized


@pytest.mark.parametrize("kind", ["calendar", "covariates"])
def test_a_stage_that_is_asked_for_is_taken_whatever_it_is_worth(kind: str) -> None:
    assert choices(weather(600)[0], small(calendar=kind))[0].setting.stage == kind


@pytest.mark.parametrize(
    ("kind", "panel"),
    [
        ("covariates", hourly()),
        ("calendar", panel_of(load(420), clock=Clock("count", seasons=(24,)))),
    ],
)
def test_a_stage_that_cannot_be_is_refused_and_not_ignored(kind: str, panel: Panel) -> None:
    with pytest.raises(UsageError, match=f"--calendar {kind}"):
        choices(panel, small(calendar=kind))


def test_test_rows_choose_nothing() -> None:
    panel = weather(900)[0]
    values = panel.values.copy()
    blocks = split(panel, 6)
    values[int(blocks.test[0]) :] = np.random.default_rng(0).normal(1e4, 1e3, size=values.shape)[
        int(blocks.test[0]) :
    ]
    options = small(calendar="auto", transform="auto", lookback=None)
    one, two = (choices(p, options) for p in (panel, dataclasses.replace(panel, values=values)))
    assert [c.setting for c in one] == [c.setting for c in two]
    for a, b in zip(one, two, strict=True):
        assert a.errors == b.errors
        assert a.ridge.weight.tobytes() == b.ridge.weight.tobytes()


def test_validation_rows_make_no_candidate() -> None:
    panel = weather(900)[0]
    values = panel.values.copy()
    blocks = split(panel, 6)
    values[int(blocks.validation[0]) :, 0] += np.random.default_rng(0).normal(size=900)[
        int(blocks.validation[0]) :
    ]
    options = small(calendar="auto", penalty=1e-3, linear_lookbacks=(12, 24))
    one, two = (choices(p, options) for p in (panel, dataclasses.replace(panel, values=values)))
    by_setting = {choice.setting: choice for choice in two}
    for choice in one:
        other = by_setting[choice.setting]
        assert choice.ridge.weight.tobytes() == other.ridge.weight.tobytes()
        assert choice.errors[0] != other.errors[0]


def test_a_value_whose_square_overflows_is_refused_by_stamp_and_column() -> None:
    target = load(420)
    target[3] = -2e300
    with pytest.raises(
        DataError, match=r"2024-01-01T03:00:00: column 'load': expected a number up to 1e\+150"
    ):
        choices(panel_of(target), small())


def test_too_many_gaps_to_train_are_too_little_history() -> None:
    with pytest.raises(TrainingError, match="too little history"):
        choices(panel_of(np.full(420, np.nan)), small())


def _judged(*errors: float, aged: float = np.nan) -> Any:
    return SimpleNamespace(errors=errors, error=float(np.nanmean([*errors, aged])), aged=aged)


@pytest.mark.parametrize(
    ("rival", "wins"),
    [
        ((0.9, 0.9), True),
        ((1.01, 0.5), False),
        ((0.5, 1.6), False),
        ((0.985, 0.5), False),
        ((0.97, 0.97), True),
    ],
)
def test_a_rival_must_win_on_the_last_block_and_on_average(rival: tuple[float, float], wins: bool) -> None:
    simple, other = _judged(1.0, 1.0), _judged(*rival)
    assert (selection._better(simple, [other], 0.02) is other) == wins


def test_a_rival_must_win_when_it_is_a_block_old_as_well() -> None:
    simple = _judged(1.0, 1.0, aged=1.1)
    for aged, wins in ((1.05, True), (1.1, False), (1.2, False)):
        other = _judged(0.8, 0.8, aged=aged)
        assert (selection._better(simple, [other], 0.02) is other) == wins


def test_a_stage_is_judged_a_block_old_on_the_validation_block() -> None:
    panel = weather(900)[0]
    options = small(calendar="auto", penalty=1e-3)
    blocks, rng = split(panel, 6), np.random.default_rng(0)
    trials = CandidateSearch(panel, blocks, 6, options, rng)
    made = [trials.attempt(ViewConfig("none", 24, stage)) for stage in ("none", "calendar")]
    judged = trials.also_earlier([choice for choice in made if choice is not None])
    step = blocks.test - blocks.validation
    before = Split(blocks.start, blocks.validation - step, blocks.validation, blocks.validation)
    for choice in judged:
        old = CandidateSearch(panel, before, 6, options, rng).attempt(choice.setting)
        assert old is not None
        assert choice.errors[1] == pytest.approx(old.errors[0])
        later = build_validation(old.windows, panel, blocks, old.preparation.scaling)
        assert choice.aged == pytest.approx(later.error(old.ridge.point(old.windows, later.origins)))
        assert choice.aged != choice.errors[0]
        assert choice.error == pytest.approx(np.mean([*choice.errors, choice.aged]))


def test_with_few_horizons_to_judge_by_no_calendar_stage_is_tried() -> None:
    enough = 6 * selection.FEWEST_HORIZONS
    for rows, is_tried in ((enough, True), (enough - 1, False)):
        found = choices(hourly(600), small(calendar="auto", val=str(rows)))
        assert any(choice.setting.stage == "calendar" for choice in found) == is_tried
