"""Preparation and validation: learned from training rows alone, the same for every file."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lstmcast.core.panel import TARGET, Clock, Column, Panel
from lstmcast.data.preprocessing import fit_preparation, fit_stage, known_columns
from lstmcast.data.split import split
from lstmcast.evaluation.validation import MOST_ORIGINS, build_validation, scales
from tests.panels import hourly, load, panel_of, rooms, stacked, weather, with_target

HELD = np.random.default_rng(5).normal(1e3, 50, size=2000)


def mixed(rows: int = 600):  # type: ignore[no-untyped-def]
    """A series with a known and a past column."""
    panel, known = weather(rows)
    return panel_of(panel.target, known=known, past=np.sin(np.arange(rows))[:, None])


def test_nothing_after_the_training_rows_changes_what_is_learned() -> None:
    panel = mixed()
    blocks = split(panel, 6)
    values = panel.values.copy()
    values[int(blocks.validation[0]) :] = HELD[: len(values) - int(blocks.validation[0]), None]
    spoiled = dataclasses.replace(panel, values=values)
    one, two = (fit_preparation(p, blocks, "standard", "none") for p in (panel, spoiled))
    for name in ("scaling", "covariates"):
        for part in ("center", "scale", "unit"):
            found, expected = (getattr(getattr(p, name), part).tobytes() for p in (one, two))
            assert found == expected
    assert one.change.tobytes() == two.change.tobytes()
    first, second = (fit_stage(one, p, blocks, "covariates") for p in (panel, spoiled))
    assert first is not None
    assert second is not None
    stop = int(blocks.validation[0])
    assert first[1][:stop].tobytes() == second[1][:stop].tobytes()
    assert first[0].weight.tobytes() == second[0].weight.tobytes()
    assert first[0].design == second[0].design


def test_training_rows_do_change_it() -> None:
    panel = mixed()
    blocks = split(panel, 6)
    changed = with_target(panel, panel.target + (np.arange(600) == 7))
    one, two = (fit_preparation(p, blocks, "standard", "none") for p in (panel, changed))
    assert one.scaling.center[0] != two.scaling.center[0]


def test_the_table_lays_target_covariates_and_level_side_by_side() -> None:
    panel = mixed()
    blocks = split(panel, 6)
    plain = fit_preparation(panel, blocks, "standard", "none")
    assert known_columns(panel).tolist() == [True, False]
    table = plain.table(panel, np.arange(1))
    assert (table.past.shape[1], table.known.shape[1]) == (3, 1)
    found = fit_stage(plain, panel, blocks, "covariates")
    assert found is not None
    assert plain.table(panel, np.arange(1), *found).level.tobytes() == found[1].tobytes()
    table = plain.table(panel, np.arange(1), found[0])
    assert (table.past.shape[1], table.known.shape[1]) == (4, 2)
    assert table.past[:, 0] == pytest.approx(table.scaled - table.level, abs=1e-6)
    assert table.known[:, 1] == pytest.approx(table.level, abs=1e-6)
    assert table.past[:, 3] == pytest.approx(table.level, abs=1e-6)
    assert np.std(table.scaled - table.level) < np.std(table.scaled)


def test_a_panel_of_some_series_is_scaled_by_their_own_numbers() -> None:
    both = stacked(hourly(), with_target(hourly(), 1000 * hourly().target))
    preparation = fit_preparation(both, split(both, 6), "standard", "none")
    whole = preparation.table(both, np.arange(2)).scaled
    only = dataclasses.replace(both.take(np.array([420]), np.array([840])), ids=("b",))
    assert preparation.table(only, np.array([1])).scaled.tobytes() == whole[420:].tobytes()


def test_a_stage_that_would_have_no_column_is_none() -> None:
    panel = panel_of(load(300), clock=Clock("count", seasons=(24,)))
    blocks = split(panel, 6)
    preparation = fit_preparation(panel, blocks, "standard", "none")
    assert fit_stage(preparation, panel, blocks, "calendar") is None
    assert fit_stage(preparation, panel, blocks, "covariates") is None


def test_gaps_do_not_teach_the_stage() -> None:
    panel = mixed()
    blocks = split(panel, 6)
    holed = panel.values.copy()
    holed[50:80, 0], holed[90:99, 1] = np.nan, np.nan
    other = holed.copy()
    other[50:80, 1], other[90:99, 0] = 17.0, 1e5
    other[50:80, 0], other[90:99, 1] = np.nan, np.nan
    stages = []
    for values in (holed, other):
        p = dataclasses.replace(panel, values=values)
        preparation = fit_preparation(panel, blocks, "standard", "none")
        stages.append(fit_stage(preparation, p, blocks, "calendar"))
    assert stages[0] is not None
    assert stages[1] is not None
    assert stages[0][0].weight == pytest.approx(stages[1][0].weight, abs=1e-9)


def test_validation_windows_are_evenly_spaced_and_bounded() -> None:
    blocks, _, windows, validation = rooms(hourly(8000))
    everything = blocks.origins("validation", 24, 6)
    assert len(everything) > MOST_ORIGINS == len(validation.origins)
    assert (validation.origins[0], validation.origins[-1]) == (everything[0], everything[-1])
    assert set(np.diff(validation.origins)) <= {2, 3}
    assert windows.lookback == 24


def test_the_validation_error_is_the_mase_in_the_units_of_the_csv() -> None:
    panel = hourly()
    blocks, preparation, windows, validation = rooms(panel)
    forecast = windows.ahead(windows.table.scaled, validation.origins) + 0.5
    (training,) = blocks.slices("training")
    scale = np.abs(panel.target[training][24:] - panel.target[training][:-24]).mean()
    expected = 0.5 * preparation.scaling.scale[0] / scale
    assert validation.error(forecast) == pytest.approx(expected)


def test_missing_targets_do_not_count_in_the_validation_error() -> None:
    target = load(420)
    _, _, windows, _ = rooms(panel_of(target))
    target[300:303] = np.nan
    blocks, preparation, _, _ = rooms(panel_of(load(420)))
    panel = panel_of(target)
    validation = build_validation(windows, panel, blocks, preparation.scaling)
    errors = validation.errors(windows.ahead(windows.table.scaled, validation.origins))
    assert np.isnan(errors).sum() == 3 * 6
    assert validation.error(windows.ahead(windows.table.scaled, validation.origins)) < 1e-9


@pytest.mark.parametrize("factor", [1e-6, 1.0, 1e6])
def test_a_series_that_repeats_itself_counts_by_its_spread(factor: float) -> None:
    wave = factor * (10 + np.sin(2 * np.pi * np.arange(420) / 24).round(3))
    panel = stacked(panel_of(wave), hourly())
    blocks = split(panel, 6)
    for transform in ("none", "log1p"):
        scaling = fit_preparation(panel, blocks, "standard", transform).scaling
        found = scales(panel, blocks, "training", scaling)
        assert np.isnan(scales(panel, blocks, "training")[0])
        assert found[0] == pytest.approx(factor * np.std(wave / factor), rel=0.25)


# --- a series that begins after the training rows


def with_young(rows: int, values: np.ndarray) -> Panel:
    """Three years of two shops a day, and a third that opened so many rows before their end."""
    weeks = np.arange(700) % 7
    old = [100.0 + 10 * weeks + np.random.default_rng(k).normal(0, 2, 700) for k in range(2)]
    times = np.datetime64("2022-01-01", "us") + np.arange(700) * np.timedelta64(1, "D")
    return Panel(
        ids=("a", "b", "young"),
        offsets=np.array([0, 700, 1400, 1400 + rows]),
        times=np.concatenate([times, times, times[-rows:]]),
        values=np.concatenate([*old, values[:rows]])[:, None],
        columns=(Column("qty", TARGET),),
        clock=Clock("D", seasons=(7,)),
        id_name="shop",
    )


@pytest.mark.parametrize("rows", [10, 60])
@pytest.mark.parametrize("times", [1.0, 1000.0])
def test_figures_of_a_young_series_are_of_its_rows_or_of_the_panel_and_never_a_constant(
    rows: int, times: float
) -> None:
    values = times * (100 + 10 * (np.arange(60) % 7) + np.random.default_rng(9).normal(0, 2, 60))
    panel = with_young(rows, values)
    blocks = split(panel, 7, test="100")
    assert blocks.test[2] == blocks.start[2]
    found = fit_preparation(panel, blocks, "standard", "none")
    assert found.scaling.scale[2] > 2 * times
    assert 0.25 < found.change[2] / np.median(found.change[:2]) < 4


def test_no_row_that_is_judged_tells_the_size_of_a_young_series() -> None:
    panel = with_young(60, np.arange(60.0) + 500)
    blocks = split(panel, 7, test="100")
    origins = blocks.origins("test", lookback=3, horizon=7)
    judged = origins[origins >= panel.offsets[2]].min()
    changed = panel.values.copy()
    changed[judged:] *= 50.0
    one, other = (
        fit_preparation(dataclasses.replace(panel, values=each), blocks, "standard", "none")
        for each in (panel.values, changed)
    )
    assert judged == panel.offsets[2] + 7
    assert one.scaling.scale[2] == other.scaling.scale[2]
    assert one.scaling.center[2] == other.scaling.center[2]
    assert one.change[2] == other.change[2]
    assert (
        blocks.origins("test", 3, 7)[:1] == blocks.test[:1]
    ).all()  # old series are judged from their first row


def test_a_column_that_hardly_ever_differs_from_its_usual_value_goes_from_zero_to_one() -> None:
    rain = np.full(600, 2.0)
    rain[[100, 101, 300]] = [5.0, 12.0, 7.0]
    panel = panel_of(load(600), known=np.column_stack([rain, np.sin(np.arange(600))]))
    found = fit_preparation(panel, split(panel, 6), "standard", "none")
    assert (found.covariates.center[0], found.covariates.scale[0]) == (2.0, 10.0)
    assert found.covariates.scale[1] == pytest.approx(np.sin(np.arange(600)).std(), rel=0.05)
