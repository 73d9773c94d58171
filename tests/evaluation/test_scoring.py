"""A ledger beside what came: figures by hand, rows that cannot be judged, gates, panels and several models."""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast.core.errors import DataError
from lstmcast.core.panel import Clock, Panel
from lstmcast.evaluation.ledger import Ledger
from lstmcast.evaluation.scoring import compared, score
from lstmcast.ingest import Roles, read, read_ledger
from tests.command_line import lstmcast
from tests.conftest import write_csv
from tests.panels import FIRST, HOURLY, Numbers, hourly, load, panel_of, stacked, with_target

HEADER = "issued,model,time,forecast,lo_80,hi_80,source"
HOUR = np.timedelta64(3_600_000_000, "us")


def ledger_of(
    panel: Panel, origins: Any, horizon: int, noise: Numbers | None = None, *, width: float = 2.0
) -> Ledger:
    """Forecasts that are what came, or that and noise (n, K), with bands of this width."""
    at = np.asarray(origins)[:, None] + np.arange(horizon)
    point = (panel.target[at] + (0.0 if noise is None else noise)).reshape(-1)
    count = at.size
    return Ledger(
        issued=np.repeat(panel.times[np.asarray(origins) - 1], horizon),
        time=panel.times[at.reshape(-1)],
        point=point,
        lower=point - width / 2,
        upper=point + width / 2,
        series=np.zeros(count, np.int64),
        ids=("",),
        model=np.zeros(count, np.int64),
        models=("cafe",),
        source=np.zeros(count, np.int64),
        sources=("model",),
    )


def test_the_figures_are_those_made_by_hand() -> None:
    panel = hourly(24 * 10)
    noise = np.array([[3.0, -1.0, 0.5], [1.0, 5.0, 0.5]])
    report = score(ledger_of(panel, [100, 150], 3, noise), panel)
    change = np.abs(panel.target[24:] - panel.target[:-24]).mean()
    mine = report["test"]["model"]
    assert report["rows"] == 6
    assert mine["mae"] == pytest.approx(11 / 6)
    assert mine["mase"] == pytest.approx(11 / 6 / change)
    assert mine["bias"] == pytest.approx(9 / 6)
    assert mine["coverage_80"] == pytest.approx(4 / 6)
    assert [group["name"] for group in report["by_step"]] == [1, 2, 3]
    assert [group["model"]["mae"] for group in report["by_step"]] == pytest.approx([2.0, 3.0, 0.5])
    rows = np.array([100, 101, 102, 150, 151, 152])
    last = panel.target[[99, 99, 99, 149, 149, 149]]
    errors = {
        "naive": np.abs(last - panel.target[rows]).mean(),
        "seasonal_naive_24": np.abs(panel.target[rows - 24] - panel.target[rows]).mean(),
    }
    for name, error in errors.items():
        assert report["test"][name]["mae"] == pytest.approx(error)


def test_the_seasonal_naive_goes_back_as_far_as_it_must_not_to_know_the_future() -> None:
    panel = hourly(24 * 10)
    scored = compared(ledger_of(panel, [100], 30), panel)
    assert scored.step.tolist() == list(range(1, 31))
    rows = np.arange(100, 130) - np.where(np.arange(30) < 24, 24, 48)
    assert scored.naives["seasonal_naive_24"].tolist() == panel.target[rows].tolist()


def test_weeks_begin_on_monday_of_the_wall_clock() -> None:
    panel = hourly(24 * 20)
    report = score(ledger_of(panel, [24 * 6, 24 * 7], 48), panel)
    assert [(week["name"], week["rows"]) for week in report["by_week"]] == [
        ("2024-01-01", 24),
        ("2024-01-08", 72),
    ]
    monthly = panel_of(load(60), clock=Clock("MS", seasons=(12,)), first=np.datetime64("2015-01-01", "us"))
    report = score(ledger_of(monthly, [30], 3), monthly)
    assert [week["name"] for week in report["by_week"]] == ["2017-07-01", "2017-08-01", "2017-09-01"]
    counted = panel_of(load(300), clock=Clock("count"), first=np.datetime64(0, "us"))
    assert [week["name"] for week in score(ledger_of(counted, [150], 80), counted)["by_week"]] == [
        "100",
        "200",
    ]


def test_of_a_forecast_given_out_twice_the_last_counts() -> None:
    panel = hourly(24 * 10)
    first, again = (ledger_of(panel, [100], 2, np.full((1, 2), error)) for error in (9.0, 1.0))
    twice = dataclasses.replace(
        first,
        **{
            field: np.concatenate([getattr(first, field), getattr(again, field)])
            for field in ("issued", "time", "point", "lower", "upper", "series", "model", "source")
        },
    )
    report = score(twice, panel)
    assert (report["rows"], report["repeated"]) == (2, 2)
    assert report["test"]["model"]["mae"] == pytest.approx(1.0)
    other = dataclasses.replace(twice, model=np.array([0, 0, 1, 1]), models=("cafe", "beef"))
    report = score(other, panel)
    assert (report["rows"], report["repeated"]) == (4, 0)
    assert {group["name"]: group["model"]["mae"] for group in report["by_model"]} == pytest.approx(
        {"cafe": 9.0, "beef": 1.0}
    )


def test_rows_yet_to_come_and_missing_outcomes_are_counted_and_not_judged() -> None:
    panel = hourly(24 * 10)
    ledger = ledger_of(panel, [100, 200, 238], 2)
    target = panel.target.copy()
    target[101] = np.nan
    short = with_target(panel, target)
    short = short.take(np.array([0]), np.array([201]))
    report = score(ledger, short)
    assert (report["rows"], report["to_come"], report["missing"]) == (2, 3, 1)


def test_without_last_week_the_file_is_compared_with_what_it_has() -> None:
    panel = dataclasses.replace(hourly(24 * 30), clock=Clock("h", seasons=(24, 168)))
    ledger = ledger_of(panel, [24 * 26, 24 * 27], 24)
    tail = panel.take(np.array([24 * 24]), np.array([24 * 30]))
    assert set(score(ledger, tail)["test"]) == {"model", "naive", "seasonal_naive_24"}
    assert set(score(ledger, panel)["test"]) == {"model", "naive", "seasonal_naive_24", "seasonal_naive_168"}


def test_every_series_is_compared_with_its_own_outcomes() -> None:
    panel = stacked(hourly(200, 0), hourly(200, 1))
    one, other = hourly(200, 0), hourly(200, 1)
    parts = [ledger_of(other, [100], 2), ledger_of(one, [120], 2, np.full((1, 2), 1.0))]
    both = dataclasses.replace(
        parts[0],
        ids=("b", "a", "z"),
        id_name="meter",
        series=np.array([0, 0, 1, 1]),
        **{
            field: np.concatenate([getattr(part, field) for part in parts])
            for field in ("issued", "time", "point", "lower", "upper", "model", "source")
        },
    )
    scored = compared(both, panel)
    assert scored.error == pytest.approx([0, 0, 1, 1])
    stranger = dataclasses.replace(both, series=np.array([0, 0, 2, 2]))
    report = score(stranger, panel)
    assert (report["rows"], report["to_come"]) == (2, 2)


@pytest.mark.parametrize(
    "clock", [HOURLY, Clock("D", seasons=(7,)), Clock("MS", seasons=(12,)), Clock("W-SUN")]
)
def test_steps_are_counted_on_any_clock(clock: Clock) -> None:
    first = np.datetime64("2024-01-07" if clock.freq == "W-SUN" else "2024-01-01", "us")
    panel = panel_of(load(90), clock=clock, first=first)
    scored = compared(ledger_of(panel, [60, 70], 5), panel.take(np.array([65]), np.array([90])))
    assert scored.step.tolist() == [1, 2, 3, 4, 5] * 2
    assert np.isfinite(scored.actual).tolist() == [False] * 5 + [True] * 5


def test_a_ledger_of_other_stamps_or_without_outcomes_is_refused() -> None:
    panel = hourly(24 * 10)
    ledger = ledger_of(panel, [100], 3)
    with pytest.raises(DataError, match="no stamp of the outcomes"):
        score(dataclasses.replace(ledger, time=ledger.time + HOUR // 2), panel)
    with pytest.raises(DataError, match="has an outcome"):
        score(ledger, panel.take(np.array([0]), np.array([90])))
    with pytest.raises(DataError, match="changed by hand"):
        score(dataclasses.replace(ledger, issued=ledger.time), panel)


# --- the sensor change of a simulated ledger


def simulated(days: int, change: int | None) -> tuple[Ledger, Panel]:
    """A forecast each midnight for the day, and outcomes of a sensor that reads a third more from a day on."""
    rng = np.random.default_rng(7)
    panel = panel_of(load(24 * days, seed=3), first=FIRST)
    origins = np.arange(48, 24 * days - 23, 24)
    noise = rng.normal(size=(len(origins), 24)) * rng.lognormal(sigma=0.3, size=(len(origins), 1))
    ledger = ledger_of(panel, origins, 24, noise)
    target = panel.target.copy()
    if change is not None:
        target[24 * change :] *= 4 / 3
    return ledger, with_target(panel, target)


def test_score_finds_a_sensor_change_within_a_week_and_is_quiet_before() -> None:
    ledger, outcomes = simulated(200, 150)
    quiet = score(ledger, outcomes.take(np.array([0]), np.array([24 * 150])))["drift"]
    assert (quiet["is_on"], quiet["alarms"]) == (False, [])
    found = score(ledger, outcomes.take(np.array([0]), np.array([24 * 157])))["drift"]
    changed = str(FIRST.astype("datetime64[D]") + 150)
    assert found["is_on"]
    assert found["alarms"][0]["since"] == changed
    assert found["alarms"][0]["raised"] < str(FIRST.astype("datetime64[D]") + 157)
    calm = score(*simulated(400, None))["drift"]
    assert (calm["is_on"], calm["alarms"]) == (False, [])


# --- the command


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A ledger of 60 nights as text, its outcomes, and the same outcomes with a second column."""
    folder = tmp_path_factory.mktemp("score")
    ledger, panel = simulated(60, None)
    stamps = {name: panel.clock.write(getattr(ledger, name)) for name in ("issued", "time")}
    rows = [
        f"{stamps['issued'][i]},cafe,{stamps['time'][i]},{ledger.point[i]:.6f},{ledger.lower[i]},{ledger.upper[i]},model"
        for i in range(len(ledger))
    ]
    times = panel.clock.write(panel.times)
    outcomes = [f"{time},{value}" for time, value in zip(times, panel.target, strict=True)]
    return {
        "ledger": write_csv(folder / "ledger.csv", rows, HEADER),
        "outcomes": write_csv(folder / "outcomes.csv", outcomes),
        "two": write_csv(folder / "two.csv", [f"{row},1" for row in outcomes], "time,load,other"),
    }


def test_stand_ins_are_counted_and_judged_by_themselves(files: dict[str, Path], tmp_path: Path) -> None:
    lines = files["ledger"].read_text().splitlines()
    late = [line.replace(",model", ",seasonal_naive_24:too_short") for line in lines[-240:]]
    for rows, words in (
        ([*lines[1:-240], *late], "240 of 1,272 rows were stand-ins (too_short)"),
        (late, "240 of 240 rows were stand-ins (too_short)"),
    ):
        ledger = write_csv(tmp_path / "ledger.csv", rows, lines[0])
        assert words in lstmcast("score", ledger, files["outcomes"]).err
    ledger = write_csv(tmp_path / "ledger.csv", [*lines[1:-240], *late], lines[0])
    document = json.loads(lstmcast("score", ledger, files["outcomes"], "--json").out)["score"]
    assert document["stand_ins"] == {"too_short": 240}
    own, other = sorted(document["by_source"], key=lambda group: group["name"])
    assert (own["name"], other["name"]) == ("model", "seasonal_naive_24:too_short")
    assert own["drift"]["days_judged"] > other["drift"]["days_judged"] == 0
    assert "coverage_80" in other["model"]


def test_score_shows_all_tables_and_says_whether_it_drifts(files: dict[str, Path]) -> None:
    said = lstmcast("score", files["ledger"], files["outcomes"])
    assert (said.code, said.err) == (0, "")
    for words in (
        "1,272 forecasts of rows from 2024-01-08",
        "same time yesterday",
        "bias",
        "step",
        "week from",
    ):
        assert words in said.out
    assert said.out.rstrip().splitlines()[-1].startswith("No drift: ")
    assert "alarm above 6" in said.out
    document = json.loads(lstmcast("score", files["ledger"], files["outcomes"], "--json").out)["score"]
    assert document["rows"] == 1272
    assert len(document["by_step"]) == 24
    assert not document["drift"]["is_on"]


def test_the_column_with_the_outcomes_is_named_where_there_are_several(files: dict[str, Path]) -> None:
    said = lstmcast("score", files["ledger"], files["two"])
    assert (said.code, said.out) == (2, "")
    assert "--target is missing: it names the column with the outcomes; there are load, other" in said.err
    named = lstmcast("score", files["ledger"], files["two"], "--target", "load", "-q")
    assert (named.code, named.err) == (0, "")


@pytest.mark.parametrize(
    ("gate", "passed", "failed"), [("--require-skill", "0.5", "0.99"), ("--require-coverage", "0.5", "0.95")]
)
def test_a_gate_that_is_not_passed_is_exit_5_with_all_figures(
    files: dict[str, Path], gate: str, passed: str, failed: str
) -> None:
    arguments = ("score", files["ledger"], files["outcomes"], gate)
    assert lstmcast(*arguments, passed).code == 0
    said = lstmcast(*arguments, failed)
    assert said.code == 5
    assert said.out == lstmcast(*arguments, passed).out
    assert said.err.startswith("lstmcast: E_QUALITY: ")
    assert gate in said.err
    document = json.loads(lstmcast(*arguments, failed, "--json").out)
    assert document["error"]["exit_code"] == 5
    assert document["score"]["rows"] == 1272


def test_reading_flags_are_for_the_outcomes(files: dict[str, Path], tmp_path: Path) -> None:
    odd = [row.replace(",", ";").replace(".", ",") for row in files["outcomes"].read_text().splitlines()]
    path = tmp_path / "odd.csv"
    path.write_text("\n".join(odd) + "\n")
    said = lstmcast("score", files["ledger"], path, "--decimal", ",", "--exclude", "2024-02-01..2024-02-07")
    assert said.code == 0
    assert "168 whose outcome is missing" in said.out


def test_what_is_no_ledger_is_refused(files: dict[str, Path]) -> None:
    said = lstmcast("score", files["outcomes"], files["outcomes"])
    assert (said.code, said.out) == (3, "")
    assert "is no ledger" in said.err


def test_a_ledger_with_a_zone_needs_outcomes_with_one(files: dict[str, Path], tmp_path: Path) -> None:
    start = datetime(2024, 1, 1)
    rows = [f"{(start + timedelta(hours=i)).isoformat()}+02:00,{i % 24}" for i in range(100)]
    zoned = write_csv(tmp_path / "zoned.csv", rows)
    said = lstmcast("score", files["ledger"], zoned)
    assert said.code == 3
    assert "its stamps have no zone, those of the outcomes the zone +02:00" in said.err


def test_a_ledger_that_predict_wrote_is_scored(history: Path, model_file: Path, tmp_path: Path) -> None:
    for night in ("2024-01-26T23:00", "2024-01-27T23:00"):
        said = lstmcast("predict", model_file, history, "--as-of", night, "--log", tmp_path / "log.csv", "-q")
        assert said.code == 0
    panel = read(history, Roles("load")).panel
    ledger, findings = read_ledger(tmp_path / "log.csv", panel.clock)
    assert not findings
    scored = compared(ledger, panel)
    assert scored.step.tolist() == [*range(1, 25)] * 2
    report = lstmcast("score", tmp_path / "log.csv", history)
    assert report.code == 0
    assert "Too few days to say whether it drifts" in report.out


def test_the_outcomes_of_a_panel_need_no_flag_for_its_ids(tmp_path: Path) -> None:
    stamps = [str(datetime(2024, 1, 1) + timedelta(hours=i)) for i in range(48)]
    rows = [f"{stamp},{name},{i}" for name in ("a", "b") for i, stamp in enumerate(stamps)]
    outcomes = write_csv(tmp_path / "outcomes.csv", rows, "time,meter,load")
    told = [
        f"{stamps[39]},cafe,{stamps[40]},{name},{value},0,99,model" for name, value in (("b", 41), ("a", 43))
    ]
    ledger = write_csv(tmp_path / "ledger.csv", told, HEADER.replace("time,", "time,meter,"))
    said = lstmcast("score", ledger, outcomes, "--json")
    assert (said.code, json.loads(said.out)["score"]["test"]["model"]["mae"]) == (0, 2.0)
