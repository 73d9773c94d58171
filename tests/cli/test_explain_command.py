"""`lstmcast explain`: parts that sum to the forecast, what has changed, and what a model owes to what."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.command_line import lstmcast
from tests.conftest import QUICK, hourly_rows, write_csv

ROWS = hourly_rows(36 * 24)


@pytest.fixture(scope="module")
def heated(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model that knows a temperature and a column of noise ahead, and a file that ends with coming rows of them."""
    folder = tmp_path_factory.mktemp("heated")
    rows = []
    for i, row in enumerate(ROWS):
        heat = 10 + 8 * math.sin(i / 17)
        stamp, load = row.split(",")
        rows.append(f"{stamp},{float(load) + 3 * heat:.3f},{heat:.3f},{math.sin(i * i * 0.73):.3f}")
    data, model = write_csv(folder / "d.csv", rows, "time,load,heat,noise"), folder / "m.pkl"
    options = [*QUICK, "--known", "heat,noise", "--calendar", "covariates", "--safeguard", "mean"]
    assert lstmcast("train", data, *options, "-o", model).code == 0
    coming = [",".join([c if k != 1 else "" for k, c in enumerate(row.split(","))]) for row in rows[-24:]]
    return model, write_csv(folder / "new.csv", [*rows[:-24], *coming], "time,load,heat,noise")


def explained(*arguments: object) -> dict[str, Any]:
    """The document of an explanation."""
    said = lstmcast("explain", *arguments, "--json")
    assert said.code == 0, said.err
    found: dict[str, Any] = json.loads(said.out)
    return found


def test_parts_of_every_row_sum_to_its_forecast(heated: tuple[Path, Path]) -> None:
    found = explained(*heated)
    told = json.loads(lstmcast("predict", *heated, "--json").out)["forecast"]
    assert [row["time"] for row in found["rows"]] == [row["time"] for row in told]
    for row, forecast in zip(found["rows"], told, strict=True):
        assert row["forecast"] == pytest.approx(forecast["forecast"], rel=1e-6)
        assert sum(row["parts"].values()) == pytest.approx(row["forecast"], rel=1e-6)
    parts = found["rows"][0]["parts"]
    assert {"usual value", "heat", "noise", "weekday and hour", "the network's correction"} <= set(parts)
    assert abs(parts["heat"]) > abs(parts["noise"])


def test_what_has_changed_sums_to_the_forecast(heated: tuple[Path, Path]) -> None:
    found = explained(*heated, "--step", 3)
    before = found["before"]
    whole = before["forecast"] + sum(before["changes"].values())
    assert whole == pytest.approx(found["rows"][0]["forecast"], rel=1e-6)
    assert set(before["changes"]) == {"the last 24 hours", "the rows before that", "heat", "noise"}
    network = before["network"]
    correction = network["correction"] + sum(network["changes"].values())
    assert correction == pytest.approx(found["rows"][0]["parts"]["the network's correction"], abs=1e-3)


def test_a_row_is_named_by_its_stamp_or_by_its_step(heated: tuple[Path, Path]) -> None:
    by_step = explained(*heated, "--step", 5)
    assert len(by_step["rows"]) == 1
    assert explained(*heated, "--at", by_step["rows"][0]["time"]) == by_step


def test_a_table_says_what_it_explains(heated: tuple[Path, Path]) -> None:
    said = lstmcast("explain", *heated)
    assert said.code == 0
    assert "Why load averages" in said.out
    assert "in the next 24 hours, as forecast by model" in said.out
    assert "With the inputs of 7 days earlier it would be" in said.out
    assert "█" in said.out
    assert "█" not in lstmcast("explain", *heated, "-q", "--json").out


def test_a_plain_terminal_has_plain_bars(heated: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    said = lstmcast("explain", *heated, "--step", 1).out
    assert said.isascii()
    assert "|#" in said


def test_a_logarithm_is_told(tmp_path: Path) -> None:
    data, model = write_csv(tmp_path / "d.csv", ROWS), tmp_path / "m.pkl"
    assert lstmcast("train", data, *QUICK, "--transform", "log1p", "-o", model).code == 0
    said = lstmcast("explain", model, data, "--step", 1).out
    assert "multiplies by" in said
    assert "The target is seen through a logarithm" in said
    assert "factors" in explained(model, data, "--step", 1)["rows"][0]


def test_steps_beyond_the_horizon_stand_on_forecasts(model_file: Path, history: Path) -> None:
    (row,) = explained(model_file, history, "--step", 30)["rows"]
    assert sum(row["parts"].values()) == pytest.approx(row["forecast"], rel=1e-6)


def test_classes_are_explained_in_log_odds(tmp_path: Path) -> None:
    days = [
        f"2022-{1 + i // 28:02}-{1 + i % 28:02},{('sun', 'rain')[(i // 3 + i // 7) % 2]}"
        for i in range(11 * 28)
    ]
    data, model = write_csv(tmp_path / "d.csv", days, "date,sky"), tmp_path / "m.pkl"
    options = ("--target", "sky", "--horizon", 5, "--lookback", 21, "--steps", 5, "--freq", "1D")
    assert lstmcast("train", data, *options, "-o", model).code == 0
    said = lstmcast("explain", model, data)
    assert said.code == 0
    assert "Why sky is most likely" in said.out
    (row, *_) = explained(model, data)["rows"]
    assert row["class"] in ("sun", "rain")
    assert sum(row["parts"].values()) == pytest.approx(row["forecast"])


def test_noise_owes_little_and_a_driver_much(heated: tuple[Path, Path]) -> None:
    found = explained(*heated, "--global")["importance"]
    assert found["inputs"]["heat"] > 5 * abs(found["inputs"]["noise"])
    assert found["inputs"]["heat"] > 0.1
    assert "network" in found["parts"]
    said = lstmcast("explain", *heated, "--global")
    assert "By how much the error grows" in said.out
    assert "heat, permuted" in said.out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--at", "2030-01-01", "--step", 2), "--at and --step"),
        (("--at", "2030-01-01"), "2030-01-01 is not forecast; the rows are from 2024-01-29"),
        (("--at", "soon"), "--at takes a stamp"),
        (("--step", 0), "--step goes from 1"),
        (("--series", "x"), "no series 'x'"),
    ],
)
def test_what_cannot_be_explained_is_refused(
    model_file: Path, history: Path, arguments: tuple[object, ...], words: str
) -> None:
    said = lstmcast("explain", model_file, history, *arguments)
    assert said.code == 2
    assert words in said.err


def test_info_shows_the_same_importance_where_it_is_given_rows(heated: tuple[Path, Path]) -> None:
    model, data = heated
    wanted = explained(*heated, "--global")["importance"]
    found = json.loads(lstmcast("info", model, data, "--json").out)
    assert found["importance"] == wanted
    assert "importance" not in json.loads(lstmcast("info", model, "--json").out)
    said = lstmcast("info", model, data, "-v")
    assert said.code == 0
    assert said.out.startswith(lstmcast("info", model, "-v").out)
    assert "By how much the error grows" in said.out
    assert lstmcast("info", model, data).code == 2
    assert lstmcast("info", data.parent, data, "-v").code == 2
