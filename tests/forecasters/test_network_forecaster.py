"""The network as a forecaster: it starts at the linear one, and its members vote by the median."""

from __future__ import annotations

import numpy as np
import pytest

from lstmcast.data.windows import Windows
from lstmcast.forecasters.base import point
from lstmcast.forecasters.intervals import QUANTILES
from lstmcast.forecasters.network import NetworkForecaster, build_architecture
from lstmcast.forecasters.ridge import RidgeForecaster, fit_ridge
from lstmcast.nn.network import Architecture
from lstmcast.training.heads import NumberHead
from lstmcast.training.setup import build_setup, default_steps, start_of
from tests.panels import hourly, rooms, small, stacked, weather


def started(panel, seed: int = 0, **changes: object):  # type: ignore[no-untyped-def]
    """Windows, origins, ridge map, and a network before its first step."""
    options = small(**changes)
    blocks, _, windows, validation = rooms(panel, segment=options.segment or 6)
    origins = windows.usable(blocks.origins("training", 24, 6))
    ridge, _ = fit_ridge(windows, origins, validation, np.random.default_rng(0))
    architecture = build_architecture(windows, len(panel.ids), options)
    rng = np.random.default_rng(seed)
    student = build_setup(architecture, windows, origins, validation, NumberHead(ridge), options, rng)
    return windows, origins, ridge, NetworkForecaster(architecture, (student.parameters.flat,))


@pytest.mark.parametrize("decoder", ["segments", "direct"])
def test_before_the_first_step_the_forecast_is_nearly_the_linear_one(decoder: str) -> None:
    windows, origins, ridge, network = started(hourly(), decoder=decoder)
    apart = np.abs(point(network.predict((windows,), origins)) - ridge.point(windows, origins))
    assert apart.mean() < 0.1 * np.abs(windows.targets(origins)).mean()


def test_without_a_highway_it_does_not_start_there() -> None:
    windows, origins, ridge, network = started(hourly(), highway=False)
    assert "highway.weight" not in network.members[0]
    apart = np.abs(point(network.predict((windows,), origins)) - ridge.point(windows, origins))
    assert apart.mean() > 0.3 * np.abs(windows.targets(origins)).mean()


def test_its_first_quantiles_cover_the_residuals_of_the_linear_forecaster() -> None:
    windows, origins, _, network = started(hourly())
    quantiles = network.predict((windows,), origins)
    assert (np.diff(quantiles, axis=1) >= 0).all()
    actual = windows.ahead(windows.table.scaled, origins)
    for number, quantile in enumerate(QUANTILES):
        assert (actual <= quantiles[:, number]).mean() == pytest.approx(quantile, abs=0.08)


def test_the_forecast_is_the_median_of_its_members() -> None:
    started_ones = [started(hourly(), seed) for seed in range(3)]
    windows, origins = started_ones[0][0], started_ones[0][1][:20]
    weights = tuple(one[3].weights[0] for one in started_ones)
    together = started_ones[0][3].taught(weights).predict((windows,), origins)
    alone = [one[3].predict((windows,), origins) for one in started_ones]
    assert together == pytest.approx(np.median(alone, axis=0), abs=1e-6)


def test_a_window_is_forecast_alone_as_among_many() -> None:
    windows, origins, _, network = started(weather(600)[0])
    together = network.predict((windows,), np.resize(origins, 1300))
    for place in (0, 511, 512, 1299):
        origin = np.resize(origins, 1300)[place : place + 1]
        assert network.predict((windows,), origin)[:, :, 0] == pytest.approx(together[:, :, place], abs=1e-5)


def test_losses_without_quantiles_have_one_output() -> None:
    windows, origins, _, network = started(hourly(), loss="huber")
    assert network.predict((windows,), origins).shape == (6, 1, len(origins))


def test_the_network_tells_the_series_of_a_panel_apart() -> None:
    panel = stacked(hourly(300), hourly(300, seed=1))
    windows, origins, _, network = started(panel)
    assert network.architecture.series == 2
    assert build_architecture(windows, 65, small()).series == 0
    assert build_architecture(windows, 1, small()).series == 0
    assert len(np.unique(windows.batch(origins).series)) == 2


def test_the_sizes_of_the_network_are_those_of_the_windows_and_options() -> None:
    windows: Windows = rooms(weather(600)[0], horizon=8, segment=6)[2]
    options = small(hidden=9, layers=2, dense=(5, 4), activation="tanh", dropout=0.3, decoder="direct")
    a = build_architecture(windows, 1, options)
    assert (a.past_size, a.future_size) == (6 * 2 + 11, 6 * 1 + 11)
    assert (a.hidden, a.layers, a.dense, a.activation, a.dropout) == (9, 2, (5, 4), "tanh", 0.3)
    assert (a.decoder, a.quantiles, a.highway, a.horizon) == ("direct", 11, True, 8)


def test_steps_grow_with_the_number_of_windows() -> None:
    counts = [10, 999, 1000, 1999, 2000, 20_000, 100_000, 100_001]
    steps = [default_steps(count) for count in counts]
    assert steps == sorted(steps)
    assert (steps[0], steps[2], steps[4], steps[6], steps[7]) == (200, 300, 400, 700, 1000)


def test_the_highway_moves_slowly_and_is_not_pulled_to_zero() -> None:
    options = small(optimizer="adamw")
    blocks, _, windows, validation = rooms(hourly())
    origins = windows.usable(blocks.origins("training", 24, 6))
    ridge = RidgeForecaster(np.full((6, 24), 2.0), np.zeros(6), 0.0)
    architecture = build_architecture(windows, 1, options)
    student = build_setup(
        architecture, windows, origins, validation, NumberHead(ridge), options, np.random.default_rng(0)
    )
    before = {name: student.parameters[name].copy() for name in student.parameters}
    student.optimizer.step(np.zeros_like(student.parameters.flat), 0.1)
    assert student.parameters["highway.weight"].tobytes() == before["highway.weight"].tobytes()
    assert np.abs(student.parameters["past.weight"]).sum() < np.abs(before["past.weight"]).sum()
    student.optimizer.step(np.ones_like(student.parameters.flat), 0.1)
    moved = {name: np.abs(student.parameters[name] - before[name]).max() for name in before}
    assert moved["highway.weight"] == pytest.approx(0.05 * moved["past.bias"], rel=0.1)


def test_single_rows_start_with_an_open_forget_gate_and_segments_do_not() -> None:
    assert start_of(Architecture(24, 6, 1, past_size=1, future_size=0)) == "orthogonal"
    assert start_of(Architecture(24, 6, 6, past_size=6, future_size=0)) == "uniform"
