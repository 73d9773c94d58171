"""Totals and peaks over many nights: written down, scored beside what came, and judged by evaluate."""

from __future__ import annotations

import csv
import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.command_line import lstmcast
from tests.conftest import hourly_rows, write_csv

DAYS = 36


@pytest.fixture(scope="module")
def came(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What came: eight days more than the model has seen."""
    return write_csv(tmp_path_factory.mktemp("came") / "came.csv", hourly_rows(DAYS * 24))


@pytest.fixture(scope="module")
def ledger(model_file: Path, came: Path) -> Path:
    """A ledger of six nights, each of which sums the rest of its day and the next morning."""
    path = came.parent / "totals.csv"
    for night in range(6):
        stamp = f"{datetime(2024, 1, 29, 8) + timedelta(days=night)}"
        words = ("--as-of", stamp, "--total", "day", "--log", path, "-o", path.with_suffix(".out"))
        assert lstmcast("predict", model_file, came, *words, "--level", 95).code == 0
    return path


def outcomes() -> dict[str, float]:
    """Every row that came by its stamp."""
    return {row.split(",")[0]: float(row.split(",")[1]) for row in hourly_rows(DAYS * 24)}


def test_the_ledger_holds_what_was_summed_with_the_usual_band(ledger: Path) -> None:
    rows = list(csv.DictReader(ledger.open()))
    assert list(rows[0])[:3] == ["issued", "model", "period"]
    assert [(row["period"], row["rows"]) for row in rows[:2]] == [("2024-01-29", "24"), ("2024-01-30", "9")]
    assert (rows[1]["first"], rows[1]["last"]) == ("2024-01-30 00:00:00", "2024-01-30 08:00:00")
    assert all(float(row["lo_80"]) < float(row["total"]) < float(row["hi_80"]) for row in rows)
    shown = list(csv.DictReader(ledger.with_suffix(".out").open()))
    assert ("lo_95" in shown[0], "lo_80" in shown[0]) == (True, False)


def test_score_judges_totals_and_peaks_as_their_definitions_have_it(ledger: Path, came: Path) -> None:
    said = lstmcast("score", ledger, came, "--json")
    assert said.code == 0, said
    report, actual = json.loads(said.out)["score"], outcomes()
    stamps = list(actual)
    errors, inside, scores, naive = [], [], [], []
    for row in csv.DictReader(ledger.open()):
        first, last, issued = (stamps.index(row[name]) for name in ("first", "last", "issued"))
        values = np.array([actual[stamp] for stamp in stamps[first : last + 1]])
        low, high = float(row["lo_80"]), float(row["hi_80"])
        errors.append(abs(float(row["total"]) - values.sum()))
        inside.append(low <= values.sum() <= high)
        beyond = max(low - values.sum(), values.sum() - high, 0.0)
        scores.append(high - low + beyond * 2 / 0.2)
        places = np.arange(first, last + 1)
        before = np.where(places > issued, places - 24 * -(-(places - issued) // 24), places)
        naive.append(abs(sum(actual[stamps[place]] for place in before) - values.sum()))
    model = report["test"]["model"]
    assert report["rows"] == 12
    assert model["mae"] == pytest.approx(np.mean(errors))
    assert model["coverage_80"] == pytest.approx(np.mean(inside))
    assert model["winkler"] == pytest.approx(np.mean(scores))
    assert report["test"]["seasonal_naive_24"]["mae"] == pytest.approx(np.mean(naive))
    assert set(report["peaks"]["model"]) == set(model)
    shown = lstmcast("score", ledger, came)
    assert "12 totals of periods from 2024-01-29 to 2024-02-04" in shown.out
    assert ("Winkler" in shown.out, "peaks" in shown.out) == (True, True)


def test_what_has_not_come_and_what_is_missing_is_counted(ledger: Path, tmp_path: Path) -> None:
    rows = hourly_rows(33 * 24)
    rows[30 * 24 + 12] = rows[30 * 24 + 12].split(",")[0] + ","
    report = json.loads(lstmcast("score", ledger, write_csv(tmp_path / "c.csv", rows), "--json").out)["score"]
    assert (report["rows"], report["to_come"], report["missing"]) == (7, 3, 1)
    assert report["without_baseline"] == 1  # the day after the gap
    twice = tmp_path / "twice.csv"
    lines = ledger.read_text().splitlines()
    twice.write_text("\n".join([*lines, lines[-1]]) + "\n")
    report = json.loads(lstmcast("score", twice, write_csv(tmp_path / "c.csv", rows), "--json").out)["score"]
    assert report["repeated"] == 1


def test_gates_hold_for_totals(ledger: Path, came: Path) -> None:
    assert lstmcast("score", ledger, came, "--require-skill", "-1", "--require-coverage", "0").code == 0
    assert lstmcast("score", ledger, came, "--require-coverage", "1", "--require-skill", "0.99").code == 5


def test_ledgers_of_rows_and_of_totals_are_not_mixed(
    ledger: Path, came: Path, model_file: Path, tmp_path: Path
) -> None:
    before = ledger.read_bytes()
    said = lstmcast("predict", model_file, came, "--log", ledger, "-o", tmp_path / "f.csv")
    assert (said.code, ledger.read_bytes()) == (8, before)
    assert "is no ledger of such forecasts" in said.err
    for command in (("watch", model_file, came, "--ledger", ledger), ("plot", came, "--ledger", ledger)):
        said = lstmcast(*command)
        assert (said.code, "is a ledger of totals, and rows are needed" in said.err) == (3, True), said


def test_a_ledger_of_totals_in_a_database(model_file: Path, came: Path, tmp_path: Path) -> None:
    path = tmp_path / "totals.db"
    for _ in range(2):
        words = ("--as-of", "2024-02-02 08:00", "--total", "day", "--log", path, "-o", tmp_path / "out.csv")
        assert lstmcast("predict", model_file, came, *words).code == 0
    report = json.loads(lstmcast("score", path, came, "--json").out)["score"]
    assert (report["rows"], report["repeated"]) == (2, 0)


def test_evaluate_judges_totals_of_whole_periods_from_unseen_origins(model_file: Path, came: Path) -> None:
    said = lstmcast("evaluate", model_file, came, "--total", "day", "--json")
    assert said.code == 0, said
    totals = json.loads(said.out)["totals"]
    assert (totals["rows"], totals["first"], totals["last"]) == (8, "2024-01-29", "2024-02-05")
    assert totals["test"]["model"]["winkler"] > totals["test"]["model"]["width"] > 0
    assert totals["peaks"]["model"]["mae"] >= 0
    short = write_csv(came.parent / "short.csv", hourly_rows(29 * 24))
    refused = lstmcast("evaluate", model_file, short, "--total", "month")
    assert (refused.code, "no whole period (month)" in refused.err) == (3, True)


def write_panel(path: Path, hours: int, *shops: str) -> Path:
    """A panel of shops in two regions, each so many hours long."""
    rows = [
        f"{row.split(',')[0]},{shop},{'south' if shop == 'c' else 'north'},{(place + 1) * float(row.split(',')[1])}"
        for place, shop in enumerate(shops)
        for row in hourly_rows(hours)
    ]
    return write_csv(path, rows, "time,shop,region,load")


def test_totals_over_series_are_judged_by_their_region(tmp_path: Path) -> None:
    train, fresh = write_panel(tmp_path / "a.csv", 600, "a", "b", "c"), tmp_path / "b.csv"
    write_panel(fresh, 700, "a", "b", "c", "d")  # d is new, and in the north
    quick = (
        "--horizon",
        24,
        "--lookback",
        48,
        "--hidden",
        4,
        "--steps",
        5,
        "--calendar",
        "none",
        "--no-final",
    )
    small = (*quick, "--smoothing", "no", "--transform", "none", "--safeguard", "linear", "-q")
    model = tmp_path / "m.pkl"
    assert lstmcast("train", train, "--target", "load", "--id", "shop", *small, "-o", model).code == 0
    for over in ("region", "shop"):
        ledger = tmp_path / f"{over}.csv"
        for stamp in ("2024-01-27 08:00", "2024-01-28 03:00"):
            words = ("--as-of", stamp, "--total", "horizon", "--total-over", over, "--log", ledger)
            assert lstmcast("predict", model, fresh, *words, "-o", tmp_path / "out.csv").code == 0
        said = lstmcast("score", ledger, fresh, "--target", "load", "--id", "shop", "--json")
        assert said.code == 0, said
        report = json.loads(said.out)["score"]
        assert report["rows"] == {"region": 4, "shop": 2}[over]
        assert report["test"]["model"]["mae"] < 0.1 * 24 * 100 * 10
        assert any("own_rows" in group["name"] for group in report["by_source"])
    wrong = lstmcast("score", tmp_path / "region.csv", fresh, "--target", "load", "--json")
    assert wrong.code == 3
    assert "--id" in wrong.err
