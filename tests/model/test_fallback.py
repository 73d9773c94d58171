"""Who forecasts where the network cannot, what its rows say, and how wide their bands are."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from lstmcast import persistence
from lstmcast.core.errors import DataError
from lstmcast.core.panel import Forecast, Panel
from lstmcast.forecasters.naive import seasonal_naive
from lstmcast.model.model import Model
from lstmcast.model.reference import ColumnRanges
from tests.command_line import lstmcast
from tests.conftest import hourly_rows, write_csv
from tests.panels import (
    Numbers,
    cut,
    hourly,
    load,
    panel_of,
    rooms,
    single_threaded,
    small,
    stacked,
    trained,
    weather,
    with_target,
    without_target,
)


def network() -> Model:
    """A model whose rows the network makes: it looks back 24 rows, and ahead 6."""
    return trained(safeguard="network")


def holed(missing: int) -> Numbers:
    """The training series with so many of its last 24 rows missing, the last two known."""
    target = load(420)
    target[418 - missing : 418] = np.nan
    return target


def sound(forecast: Forecast) -> None:
    """Every number is one, and bands hold their forecast."""
    for lower, upper in forecast.bands.values():
        assert np.isfinite([lower, upper, forecast.point]).all()
        assert (lower <= forecast.point).all()
        assert (forecast.point <= upper).all()


@pytest.mark.parametrize(
    ("missing", "source"),
    [(6, "model"), (7, "linear"), (12, "linear"), (13, "seasonal_naive_24"), (22, "naive")],
)
def test_gaps_lead_down_the_ladder(missing: int, source: str) -> None:
    target = holed(missing)
    if source == "seasonal_naive_24":
        target[396:400] = load(420)[396:400]  # what it repeats is there
    forecast = network().predict(panel_of(target))
    assert set(forecast.source) == {source}
    assert [f.code for f in forecast.fallbacks] == ([] if source == "model" else ["gaps"])
    sound(forecast)


@pytest.mark.parametrize(
    ("rows", "source"), [(1, "naive"), (5, "naive"), (23, "naive"), (24, "model"), (30, "model")]
)
def test_a_short_series_is_forecast_and_marked(rows: int, source: str) -> None:
    forecast = network().predict(panel_of(load(420)[-rows:]))
    assert set(forecast.source) == {source}
    assert len(forecast.point) == 6
    if source == "naive":
        assert forecast.point == pytest.approx(np.full(6, load(420)[-1]), rel=1e-12)
    sound(forecast)


def test_a_series_shorter_than_the_look_back_but_not_than_a_season_repeats_the_season() -> None:
    model = single_threaded(hourly(600), small(lookback=48, safeguard="network"))
    target = load(600)[-40:]
    forecast = model.predict(panel_of(target))
    assert set(forecast.source) == {"seasonal_naive_24"}
    assert forecast.point == pytest.approx(target[-24:-18], rel=1e-12)
    assert forecast.fallbacks[0].reason == (
        "too little history: 40 rows up to the last known 'load', the model looks back 48"
    )


def test_the_rows_of_the_linear_map_are_those_of_the_linear_forecaster() -> None:
    panel = panel_of(holed(8))
    forecast = network().predict(panel)
    linear = trained(safeguard="linear")
    windows = linear.windows(panel.extended(6), np.zeros(1, np.int64))
    expected = linear.answer(windows, np.array([420])).point[:, 0]
    assert forecast.point == pytest.approx(expected, rel=1e-9)


def test_a_spike_is_taken_as_missing_by_who_stands_in() -> None:
    target, gap = load(420), load(420)
    target[410], gap[410] = -9999.0, np.nan
    forecast = network().predict(panel_of(target))
    assert set(forecast.source) == {"linear"}
    assert forecast.fallbacks[0].code == "out_of_range"
    windows = network().windows(panel_of(gap).extended(6), np.zeros(1, np.int64))
    scaled = network().linear.predict(windows, np.array([420]))[:, 0]
    expected = network().preparation.scaling.undo(scaled, np.zeros(1, np.int64))[:, 0]
    assert forecast.point == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("since", "sources"),
    [(420, "linear rescaled seasonal_naive_24"), (24, "rescaled"), (20, "naive"), (6, "naive")],
)
@pytest.mark.parametrize("factor", [1000.0, 0.001])
def test_after_a_change_of_unit_only_rows_of_the_new_unit_are_built_on(
    since: int, sources: str, factor: float
) -> None:
    target = load(420)
    target[-since:] *= factor
    forecast = network().predict(panel_of(target))
    assert set(forecast.source) <= {*sources.split()}
    sound(forecast)


def test_a_band_far_out_of_range_is_wider_by_as_much() -> None:
    usual = network().predict(panel_of(holed(8)))
    far = network().predict(panel_of(load(420) * 1000))
    width, wide = (np.mean(f.bands[80][1] - f.bands[80][0]) for f in (usual, far))
    assert wide > 1000 * width


def test_the_bands_of_stand_ins_hold_what_they_promise() -> None:
    model = single_threaded(hourly(1500), small(lookback=48, safeguard="network"))
    target = load(4000, seed=0)
    inside: dict[str, list[float]] = {"seasonal_naive_24": [], "naive": [], "linear": []}
    for origin in range(1500, 3900, 29):
        gap = target[:origin].copy()
        gap[origin - 30 : origin - 12] = np.nan
        for rows in (target[origin - 40 : origin], target[origin - 9 : origin], gap[-300:]):
            forecast = model.predict(
                panel_of(rows, first=hourly().times[0] + (origin - len(rows)) * 3_600_000_000)
            )
            lower, upper = forecast.bands[80]
            actual = target[origin : origin + 6]
            inside[forecast.source[0]].append(float(np.mean((lower <= actual) & (actual <= upper))))
    for source, shares in inside.items():
        assert len(shares) > 50, source
        assert 0.7 <= np.mean(shares) <= 1.0, source


def test_the_bands_of_stand_ins_do_not_follow_volatility() -> None:
    one, other = (trained(safeguard="network", band_volatility=power).chain for power in (0.0, 1.0))
    assert one is not None
    assert other is not None
    assert one.widths.tobytes() == other.widths.tobytes()


def test_a_higher_level_is_a_wider_band_and_quantiles_are_its_edges() -> None:
    forecast = network().predict(panel_of(holed(8)), levels=(80, 95), quantiles=(0.1, 0.5))
    assert (forecast.bands[95][0] < forecast.bands[80][0]).all()
    assert forecast.quantiles[0.1] == pytest.approx(forecast.bands[80][0])
    assert forecast.quantiles[0.5] == pytest.approx(forecast.point)


def test_beyond_the_trained_horizon_the_same_forecaster_goes_on() -> None:
    forecast = network().predict(panel_of(load(420)[-10:]), 15)
    assert set(forecast.source) == {"naive"}
    assert len(forecast.point) == 15
    widths = forecast.bands[80][1] - forecast.bands[80][0]
    assert widths[-1] > widths[5]
    sound(forecast)


def test_in_a_panel_only_the_series_that_needs_it_falls_back() -> None:
    panel = stacked(hourly(300), hourly(300, seed=3), hourly(300, seed=5))
    model = single_threaded(panel, small(safeguard="network"))
    whole = model.predict(panel)
    target = panel.target.copy()
    target[586:597] = np.nan
    short = with_target(panel, target).take(np.array([0, 300, 890]), np.array([300, 600, 900]))
    forecast = model.predict(short)
    assert forecast.source == ("model",) * 6 + ("linear",) * 6 + ("naive",) * 6
    assert forecast.point[:6] == pytest.approx(whole.point[:6], abs=1e-4)
    assert [(f.series, f.code, f.source) for f in forecast.fallbacks] == [
        (1, "gaps", "linear"),
        (2, "too_short", "naive"),
    ]
    assert forecast.fallbacks[1].reason.startswith(
        "too little history: 10 rows up to the last known 'load' of series"
    )
    sound(forecast)


def test_a_seasonal_naive_of_some_series_repeats_their_own_rows() -> None:
    panel = stacked(hourly(300), with_target(hourly(300), load(300, 3) + 900))
    model = single_threaded(panel, small(lookback=48, safeguard="network"))
    only = dataclasses.replace(panel.take(np.array([560]), np.array([600])), ids=("b",))
    forecast = model.predict(only)
    assert set(forecast.source) == {"seasonal_naive_24"}
    assert forecast.point == pytest.approx(panel.target[576:582], rel=1e-12)


def test_the_first_rows_stand_in_for_a_season_that_is_not_there() -> None:
    windows = rooms(hourly())[2]
    assert seasonal_naive(windows, np.array([10]), 24)[:, 0] == pytest.approx(
        np.full(6, windows.table.scaled[0])
    )


def test_nothing_that_a_file_may_hold_makes_a_forecast_that_is_no_number() -> None:
    rng, model = np.random.default_rng(0), network()
    for _ in range(60):
        target = load(420)[-int(rng.integers(1, 200)) :].copy()
        target[rng.random(len(target)) < rng.random()] = np.nan
        spikes = rng.random(len(target)) < 0.1 * rng.random()
        target[spikes] *= 10 ** rng.uniform(-8, 8, size=spikes.sum())
        if np.isfinite(target).any():
            sound(model.predict(panel_of(target), int(rng.integers(1, 14)), levels=(80, 95)))


@pytest.mark.parametrize("transform", ["none", "log1p"])
@pytest.mark.parametrize("factor", [1e-12, 1e12])
def test_a_file_of_another_world_is_still_forecast_in_numbers(transform: str, factor: float) -> None:
    sound(
        trained(safeguard="network", transform=transform).predict(
            panel_of(load(420) * factor), levels=(80, 95)
        )
    )


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value")
def test_where_the_network_gives_no_number_the_last_value_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        ColumnRanges, "held", lambda self, panel: panel
    )  # what would keep the column within training
    panel, _ = weather(600)
    model = single_threaded(panel, small(safeguard="network"))
    values = without_target(panel, 590).values.copy()
    values[588, 1] = 1e149
    broken = dataclasses.replace(panel, values=values)
    forecast = model.predict(broken)
    assert (forecast.source[0], forecast.fallbacks[0].code) == ("naive", "not_finite")
    sound(forecast)
    with pytest.raises(DataError, match="not a finite number"):
        model.predict(broken, fallback=False)


def test_a_model_without_network_is_unseated_by_gaps_but_not_by_its_range() -> None:
    linear = trained(safeguard="linear")
    forecast = linear.predict(panel_of(load(420) * 1000))
    assert set(forecast.source) == {"linear"}
    assert forecast.fallbacks == ()
    assert [f.code for f in forecast.findings] == ["unit_jump"]
    assert linear.predict(panel_of(holed(8))).fallbacks[0].source == "linear"


@pytest.mark.parametrize("panel", [panel_of(load(20)), panel_of(holed(8)), panel_of(load(420) * 1000)])
def test_without_fallback_what_the_model_cannot_carry_is_refused(panel: Panel) -> None:
    with pytest.raises(DataError):
        network().predict(panel, fallback=False)


@pytest.mark.parametrize("target", [load(20), holed(8)])
def test_a_model_of_an_older_version_refuses_as_it_did(target: Numbers) -> None:
    older = dataclasses.replace(network(), habits=None, chain=None)
    with pytest.raises(DataError, match=r"too little history|are missing"):
        older.predict(panel_of(target))
    assert older.predict(hourly()).point.tobytes() == network().predict(hourly()).point.tobytes()


def test_a_model_read_back_falls_back_to_the_same_bits(tmp_path: Path) -> None:
    persistence.save(network(), tmp_path / "model.pkl")
    again = persistence.load(tmp_path / "model.pkl")
    for panel in (panel_of(holed(8)), panel_of(load(7)), panel_of(load(420) * 1000)):
        one, two = network().predict(panel), again.predict(panel)
        assert one.point.tobytes() == two.point.tobytes()
        assert one.bands[80][0].tobytes() == two.bands[80][0].tobytes()
        assert (one.fallbacks, one.findings) == (two.fallbacks, two.findings)


def test_a_series_without_any_known_target_is_refused() -> None:
    panel = stacked(hourly(300), hourly(300))
    model = single_threaded(panel, small(safeguard="network"))
    target = panel.target.copy()
    target[300:] = np.nan
    with pytest.raises(DataError, match="no 'load' is known of series 'b'"):
        model.predict(with_target(panel, target))
    assert len(model.predict(cut(panel, 3)).point) == 12


# --- by its command line


@pytest.fixture(scope="module")
def odd_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files that are not like the history: too short, gappy, in another unit."""
    folder, rows = tmp_path_factory.mktemp("odd"), hourly_rows(28 * 24)
    stamps = [row.split(",")[0] for row in rows]
    gaps = [*rows[:-30], *(f"{stamp}," for stamp in stamps[-30:-4]), *rows[-4:]]
    return {
        "whole": write_csv(folder / "whole.csv", rows),
        "short": write_csv(folder / "short.csv", rows[-30:]),
        "one": write_csv(folder / "one.csv", rows[-1:]),
        "gaps": write_csv(folder / "gaps.csv", gaps),
        "unit": write_csv(folder / "unit.csv", [f"{row}e3" for row in rows]),
    }


@pytest.mark.parametrize(
    ("name", "code", "strict"),
    [("whole", 0, 0), ("short", 0, 6), ("one", 0, 6), ("gaps", 0, 6), ("unit", 0, 3)],
)
def test_what_is_odd_is_warned_of_and_has_an_exit_code_when_strict(
    name: str, code: int, strict: int, model_file: Path, odd_files: dict[str, Path], tmp_path: Path
) -> None:
    output = tmp_path / "forecast.csv"
    said = lstmcast("predict", model_file, odd_files[name], "-o", output)
    assert (said.code, said.out) == (code, "")
    assert bool(said.err) == (name != "whole")
    assert all(line.startswith("lstmcast: warning: ") for line in said.err.splitlines())
    written = output.read_bytes()
    output.unlink()
    said = lstmcast("predict", model_file, odd_files[name], "-o", output, "--strict")
    assert said.code == strict
    assert output.exists() == (strict != 3)
    if strict == 6:
        assert output.read_bytes() == written
        assert said.err.startswith("lstmcast: E_DEGRADED: ")
    if strict == 3:
        assert said.err.startswith("lstmcast: E_DATA: unit_jump: ")
        assert len(said.err.splitlines()) == 1


def test_no_fallback_writes_nothing(model_file: Path, odd_files: dict[str, Path], tmp_path: Path) -> None:
    output = tmp_path / "forecast.csv"
    for name in ("short", "one", "gaps"):
        said = lstmcast("predict", model_file, odd_files[name], "-o", output, "--no-fallback")
        assert said.code == 3
        assert said.err.startswith("lstmcast: E_DATA: ")
        assert not output.exists()


def test_json_says_who_stood_in_and_why(model_file: Path, odd_files: dict[str, Path]) -> None:
    told = json.loads(lstmcast("predict", model_file, odd_files["short"], "--json").out)
    assert {row["source"] for row in told["forecast"]} == {"seasonal_naive_24"}
    (fallback,) = told["fallbacks"]
    assert (fallback["source"], fallback["code"]) == ("seasonal_naive_24", "too_short")
    assert "30 rows up to the last known 'load', the model looks back 48" in fallback["reason"]
    assert told["findings"] == []
    told = json.loads(lstmcast("predict", model_file, odd_files["whole"], "--json").out)
    assert told["fallbacks"] == []
    assert {finding["severity"] for finding in told["findings"]} == {"note"}
    told = json.loads(lstmcast("predict", model_file, odd_files["unit"], "--json").out)
    assert [finding["code"] for finding in told["findings"] if finding["severity"] != "note"] == ["unit_jump"]
    strict = lstmcast("predict", model_file, odd_files["short"], "--json", "--strict")
    assert strict.code == 6
    assert len(json.loads(strict.out)["fallbacks"]) == 1
