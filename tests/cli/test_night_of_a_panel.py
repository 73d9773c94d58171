"""A fresh file with a new series, one that has closed and a young one: every command goes on and says what it does."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from lstmcast.ingest import Roles, read
from lstmcast.persistence import save
from tests.command_line import Said, lstmcast
from tests.panels import single_threaded, small

STAMPS = np.datetime_as_string(np.datetime64("2024-01-01T00", "h") + np.arange(1000), unit="h")
LEFT, ENDS = "'new' is one", "'closed' ends at 2024-01-26T09:00"
SIZES = {"a": 100.0, "b": 50.0, "closed": 20.0, "young": 2000.0, "new": 500.0}
TRAINED = {"a": (0, 600), "b": (0, 600), "closed": (0, 600), "young": (540, 600)}
FRESH = {"a": (0, 744), "b": (0, 744), "closed": (0, 610), "young": (540, 744), "new": (500, 744)}


def written(path: Path, spans: dict[str, tuple[int, int]]) -> Path:
    """A panel of these series, each from one hour to another."""
    lines = ["time,shop,load"]
    for place, (name, (first, stop)) in enumerate(spans.items()):
        noise = np.random.default_rng(place).normal(size=1000)
        values = SIZES[name] * (1 + 0.3 * np.sin(2 * np.pi * np.arange(1000) / 24) + 0.03 * noise)
        lines += [f"{STAMPS[row]}:00,{name},{values[row]:.4f}" for row in range(first, stop)]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model and a fresh file."""
    folder = tmp_path_factory.mktemp("panel")
    data = written(folder / "train.csv", TRAINED)
    panel = read(data, Roles("load", id="shop")).panel
    options = small(horizon=24, lookback=48, target="load", id="shop", time="time", final=False)
    save(single_threaded(panel, options), str(folder / "model.pkl"))
    written(folder / "fresh.csv", FRESH)
    return folder


def said(folder: Path, command: str, *more: object) -> Said:
    return lstmcast(command, folder / "model.pkl", folder / "fresh.csv", *more)


def test_commands_that_judge_leave_the_new_one_out_and_take_the_closed_one_to_its_end(folder: Path) -> None:
    page = folder / "report.html"
    (folder / "refreshed.pkl").write_bytes((folder / "model.pkl").read_bytes())
    refreshed = lstmcast("refresh", folder / "refreshed.pkl", folder / "fresh.csv")
    for found in (said(folder, "evaluate"), said(folder, "report", "-o", page), refreshed):
        assert found.code == 0, found
        assert LEFT in found.err
        assert f"1 of 4 series end long before the others, and count up to there; {ENDS}" in found.err
    assert "trained on" in refreshed.out
    text = page.read_text()
    assert "count up to there" in text
    assert "load of closed" not in text


def test_commands_that_forecast_leave_the_closed_one_out_unless_it_is_named(folder: Path) -> None:
    drawn = said(folder, "plot")
    assert [name for name in SIZES if f"load of {name}: forecast" in drawn.out] == ["a", "b", "young", "new"]
    assert ("forecast by their own rows alone (own_rows)" in drawn.err, ENDS in drawn.err) == (True, True)
    named = said(folder, "plot", "--series", "closed,new")
    assert [name for name in SIZES if f"load of {name}: forecast" in named.out] == ["closed", "new"]
    for found, name in (
        (said(folder, "explain"), "a"),
        (said(folder, "explain", "--series", "closed"), "closed"),
    ):
        assert found.code == 0, found
        assert f"Why load of {name}" in found.out
    assert ENDS in said(folder, "explain").err
    refused = said(folder, "explain", "--series", "new")
    assert (refused.code, "the model was not trained on 'new'" in refused.err) == (2, True)


def test_watch_judges_the_young_one_by_errors_of_others(folder: Path) -> None:
    found = said(folder, "watch", "--json", "--last", "72h")
    assert (LEFT in found.err, ENDS in found.err, "nan" in found.err) == (True, True, False)
    rows = json.loads(found.out)["rows"]
    assert {row["shop"] for row in rows} == {"a", "b", "young"}
    scores = [row["score"] for row in rows if row["shop"] == "young"]
    assert max(scores) < 5  # by errors of zero each row was a hundred million times what chance makes


def test_a_total_of_a_young_series_has_a_band(folder: Path) -> None:
    found = said(folder, "predict", "--total", "horizon")
    rows = {row["shop"]: row for row in csv.DictReader(found.out.splitlines())}
    width = {name: float(row["hi_80"]) - float(row["lo_80"]) for name, row in rows.items()}
    assert 0.2 < (width["young"] / SIZES["young"]) / (width["a"] / SIZES["a"]) < 5


def test_score_counts_every_series_that_came_by_who_forecast_it(folder: Path) -> None:
    ledger = folder / "ledger.csv"
    for stamp in ("2024-01-28 23:00", "2024-01-29 23:00"):
        assert said(folder, "predict", "--as-of", stamp, "--log", ledger, "-o", folder / "f.csv").code == 0
    found = lstmcast("score", ledger, folder / "fresh.csv", "--target", "load", "--id", "shop", "--json")
    assert found.code == 0, found
    report = json.loads(found.out)["score"]
    groups = {group["name"]: group["rows"] for group in report["by_source"]}
    assert groups["own_rows:new_series"] == 48
    assert sum(groups.values()) + report["without_baseline"] == 192  # the young one has no week before it
