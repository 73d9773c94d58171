"""Windows are indices; a batch is what a slow and obvious gathering gives."""

from __future__ import annotations

import dataclasses
import tracemalloc

import numpy as np
import pytest

from lstmcast.data.preprocessing import Preparation
from lstmcast.data.windows import Batch, Windows
from tests.panels import hourly, load, panel_of, rooms, stacked, weather, with_target


def masked_panel(rows: int = 420):  # type: ignore[no-untyped-def]
    """One series with a known and a past column, and gaps."""
    panel, known = weather(rows)
    target = panel.target.copy()
    target[np.random.default_rng(3).random(rows) < 0.05] = np.nan
    return panel_of(target, known=known, past=np.cos(np.arange(rows))[:, None])


def slow_batch(windows: Windows, origins: np.ndarray) -> Batch:
    """The same as `Windows.batch`, one number after the other."""
    table, w = windows.table, windows.segment
    ahead = -(-windows.horizon // w) * w
    past, future, window, target, weight = [], [], [], [], []
    for origin in origins:
        residual = table.scaled - table.level
        rows = np.arange(origin - windows.lookback, origin)
        level = residual[origin - 1] if windows.is_anchored else 0.0
        values, size = residual[rows], 1.0
        if windows.is_sized:
            lag = min(windows.season, windows.lookback - 1)
            change = np.mean([abs(b - a) for a, b in zip(values, values[lag:], strict=False)])
            size = 0.5 * np.std(values) + 0.5 * change + 1e-3
        features = table.past[rows].astype(float)
        features[:, 0] = (features[:, 0] - level) / size
        window.append(features[:, 0])
        past.append(
            [[*features[s : s + w].ravel(), *table.calendar[rows[s]]] for s in range(0, windows.lookback, w)]
        )
        known = [min(origin + k, origin + windows.horizon - 1) for k in range(ahead)]
        future.append(
            [[*table.known[known[s : s + w]].ravel(), *table.calendar[known[s]]] for s in range(0, ahead, w)]
        )
        targets = np.arange(origin, origin + windows.horizon)
        target.append((residual[targets] - level) / size)
        worth = np.clip(size / table.change[table.series[origin]], 0.1, 10) if windows.is_sized else 1.0
        weight.append(table.observed[targets] * worth)
    series = table.series[origins]
    arrays = [np.array(x) for x in (past, future, window)]
    return Batch(*arrays, series, np.array(target).T, np.array(weight).T)  # type: ignore[arg-type]


@pytest.mark.parametrize("kinds", [{}, {"is_anchored": False}, {"is_sized": True}])
@pytest.mark.parametrize(("horizon", "segment"), [(6, 6), (8, 6), (5, 12), (30, 12), (6, 1)])
def test_a_batch_is_what_a_slow_twin_gathers(kinds: dict[str, bool], horizon: int, segment: int) -> None:
    panel = stacked(masked_panel(420), masked_panel(300))
    _, _, windows, _ = rooms(panel, horizon=horizon, segment=segment, **kinds)
    origins = np.array([24, 100, 333, 420 - horizon, 444, 555, 720 - horizon])
    fast, slow = windows.batch(origins), slow_batch(windows, origins)
    for field in dataclasses.fields(Batch):
        found, expected = getattr(fast, field.name), getattr(slow, field.name)
        assert found.shape == expected.shape, field.name
        assert found == pytest.approx(expected, abs=2e-6), field.name
        assert found.flags.c_contiguous, field.name


def test_a_batch_equals_its_members() -> None:
    _, _, windows, _ = rooms(masked_panel(), is_sized=True)
    origins = np.array([30, 200, 60])
    together = windows.batch(origins)
    for i, origin in enumerate(origins):
        alone = windows.batch(origins[i : i + 1])
        assert alone.past.tobytes() == together.past[i].tobytes(), origin
        assert alone.target[:, 0].tobytes() == np.ascontiguousarray(together.target[:, i]).tobytes()


@pytest.mark.parametrize("kinds", [{}, {"is_sized": True}])
@pytest.mark.parametrize(("lookback", "lag"), [(30, 24), (25, 24), (24, 1), (7, 1), (2, 1)])
def test_volatility_is_what_a_slow_twin_finds_of_each_look_back(
    kinds: dict[str, bool], lookback: int, lag: int
) -> None:
    panel = stacked(masked_panel(420), masked_panel(300))
    _, _, windows, _ = rooms(panel, lookback=lookback, segment=1, **kinds)
    origins = np.array([720, 30, 333, 30, 420, 450, 31])
    scaled, expected = windows.table.scaled, []
    for origin in origins:
        rows = range(origin - lookback + lag, origin)
        expected.append(np.mean([abs(scaled[row] - scaled[row - lag]) for row in rows]))
    found = windows.volatility(origins)
    assert found == pytest.approx(np.array(expected))
    alone = np.concatenate([windows.volatility(origins[i : i + 1]) for i in range(len(origins))])
    assert alone.tobytes() == found.tobytes()
    assert windows.volatility(origins[:0]).shape == (0,)


def test_values_that_are_hardly_numbers_are_restless_without_a_warning() -> None:
    _, _, windows, _ = rooms(hourly(), lookback=7, segment=1)
    windows.table.scaled[[100, 110, 111]] = np.inf, 1e308, -1e308
    with np.errstate(all="raise"):
        assert np.isinf(windows.volatility(np.array([101, 103, 112]))).all()
        assert np.isfinite(windows.volatility(np.array([100, 125]))).all()


def test_a_look_back_of_one_row_is_as_restless_as_any() -> None:
    _, _, windows, _ = rooms(hourly(), lookback=1, segment=1)
    assert windows.volatility(np.array([1, 50, 420])).tolist() == [1, 1, 1]


def test_windows_are_indices_however_long_they_are() -> None:
    rows = 20_000
    _, preparation, _, _ = rooms(hourly(rows))
    table = preparation.table(hourly(rows), np.arange(1))
    tracemalloc.start()
    windows = Windows(table, 1000, 500, 50, 24)
    origins = windows.usable(np.arange(1000, rows - 500))
    assert windows.ahead(table.observed, origins[:1]).all()
    assert len(windows.volatility(origins)) == len(origins)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(origins) == rows - 1500
    assert peak < 100 * rows  # a copy of every window would be 8 * 1,500 * rows


def test_windows_whose_past_misses_more_than_a_quarter_are_skipped() -> None:
    target = load(200)
    target[100:107] = np.nan  # 7 of 24 is too much, 6 are not
    windows = rooms(panel_of(target), segment=6)[2]
    usable = windows.usable(np.arange(24, 195)).tolist()
    skipped = sorted(set(range(24, 195)) - set(usable))
    assert skipped == [100, 101, *range(107, 125)]  # the first two have no known target


def test_windows_without_any_known_target_are_skipped_unless_nobody_asks() -> None:
    target = load(200)
    target[100:106] = np.nan
    windows = rooms(panel_of(target))[2]
    origins = np.array([99, 100, 101])
    assert windows.usable(origins).tolist() == [99, 101]
    assert windows.usable(origins, with_targets=False).tolist() == [99, 100, 101]


def test_a_missing_target_weighs_nothing() -> None:
    target = load(200)
    target[[101, 104]] = np.nan
    weight = rooms(panel_of(target))[2].batch(np.array([100])).weight[:, 0]
    assert weight.tolist() == [1, 0, 1, 1, 0, 1]


def table_of(preparation: Preparation, panel) -> np.ndarray:  # type: ignore[no-untyped-def, type-arg]
    return preparation.table(panel, np.arange(1)).past


def test_the_network_is_told_which_values_were_filled_exactly_when_training_rows_have_gaps() -> None:
    whole, holed = load(420), load(420)
    holed[[50, 60]] = np.nan
    late = load(420)
    late[400] = np.nan
    assert table_of(rooms(panel_of(whole))[1], panel_of(whole)).shape[1] == 1
    assert table_of(rooms(panel_of(late))[1], panel_of(late)).shape[1] == 1
    past = table_of(rooms(panel_of(holed))[1], panel_of(holed))
    assert past.shape[1] == 2
    assert np.flatnonzero(past[:, 1]).tolist() == [50, 60]


def test_what_the_network_sees_of_a_window_does_not_depend_on_rows_after_its_horizon() -> None:
    panel = masked_panel()
    _, preparation, windows, _ = rooms(panel, horizon=8, segment=6)
    origins = np.array([200])
    short = panel.take(np.array([0]), np.array([208]))
    table = preparation.table(short, np.arange(1))
    ending = dataclasses.replace(windows, table=table).batch(origins)
    whole = windows.batch(origins)
    assert ending.future.tobytes() == whole.future.tobytes()
    assert ending.past.tobytes() == whole.past.tobytes()
    assert ending.window.tobytes() == whole.window.tobytes()


def test_restoring_normalised_targets_gives_the_scaled_values_back() -> None:
    for kinds in ({}, {"is_anchored": False}, {"is_sized": True}):
        _, _, windows, _ = rooms(masked_panel(), **kinds)
        origins = np.array([30, 200, 333])
        expected = windows.ahead(windows.table.scaled, origins)
        assert windows.restore(windows.targets(origins), origins) == pytest.approx(expected, abs=1e-12)
        quantiles = np.stack([windows.targets(origins)] * 3, axis=1)
        assert windows.restore(quantiles, origins)[:, 2] == pytest.approx(expected, abs=1e-12)


def test_the_anchor_takes_the_level_of_a_window_away() -> None:
    panel = hourly()
    _, preparation, windows, _ = rooms(panel)
    raised = preparation.table(with_target(panel, panel.target + 1000), np.arange(1))
    origins = np.array([200])
    higher = dataclasses.replace(windows, table=raised).batch(origins)
    assert higher.past == pytest.approx(windows.batch(origins).past, abs=1e-4)


@pytest.mark.parametrize("kinds", [{}, {"is_anchored": False}, {"is_sized": True}])
def test_what_the_calendar_stage_took_out_is_put_back(kinds: dict[str, bool]) -> None:
    _, _, windows, _ = rooms(masked_panel(), **kinds)
    table = dataclasses.replace(windows.table, level=np.sin(np.arange(420)))
    staged = dataclasses.replace(windows, table=table)
    origins = np.array([30, 200, 333])
    assert staged.past(origins) != pytest.approx(windows.past(origins), abs=0.1)
    expected = staged.ahead(table.scaled, origins)
    assert staged.restore(staged.targets(origins), origins) == pytest.approx(expected, abs=1e-12)


def test_a_long_horizon_takes_fewer_windows_at_a_time() -> None:
    _, _, windows, _ = rooms(hourly())
    origins = np.arange(1000)
    assert [len(chunk) for chunk in windows.chunks(origins)] == [512, 488]
    assert len(next(dataclasses.replace(windows, horizon=10_000).chunks(origins))) == 10
