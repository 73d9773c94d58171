"""Days off: those of a country or of a file become a column known ahead, and stay in the model."""

from __future__ import annotations

import dataclasses
import json
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lstmcast.core.errors import DataError, UsageError
from lstmcast.core.panel import HOLIDAYS, KNOWN, PAST, TARGET, Clock, Holidays, Panel
from lstmcast.data.holidays import YEARS_AHEAD, of_country
from lstmcast.ingest import read_holidays
from lstmcast.model.model import Model
from lstmcast.pipeline.fit import fit
from tests.command_line import in_python, lstmcast
from tests.conftest import write_csv
from tests.panels import panel_of, small

FIRST = np.datetime64("2021-01-01", "us")


def own_days(first: int, last: int) -> Holidays:
    """Days that no calendar repeats by weekday or harmonics: about one in twenty."""
    every = np.arange(f"{first}-01-01", f"{last + 1}-01-01", dtype="datetime64[D]")
    days = every[np.random.default_rng(3).random(len(every)) < 0.05]
    return Holidays("ours", tuple(map(str, days)), f"{first}-01-01", f"{last}-12-31")


DAYS = own_days(2021, 2030)


@cache
def shop(rows: int = 900) -> Panel:
    """Days with a weekly wave that fall by 40 of 100 on days off."""
    days = np.arange(rows)
    noise = np.random.default_rng(0).normal(0, 1, rows)
    clock = Clock("D", seasons=(7,), style="%Y-%m-%d")
    panel = panel_of(100 + 5 * np.sin(2 * np.pi * days / 7) + noise, clock=clock, first=FIRST)
    panel.values[DAYS.on(panel.times), 0] -= 40
    return panel


SETTINGS = {"horizon": 7, "lookback": 14, "segment": 7}


@cache
def trained(kind: str) -> Model:
    """By the calendar stage, by the network, or (`ignored`) without days off."""
    if kind == "ignored":
        return fit(shop(), small(**SETTINGS, calendar="calendar", safeguard="linear", steps=1))
    options = {"stage": {"calendar": "covariates", "safeguard": "linear", "steps": 1}}
    options["network"] = {"safeguard": "network", "steps": 300, "hidden": 16, "lr": 0.01, "dropout": 0.0}
    return fit(shop().with_holidays(DAYS), small(**SETTINGS, **options[kind]))


@pytest.mark.parametrize("kind", ["stage", "network"])
def test_days_off_help_a_series_that_falls_on_them(kind: str) -> None:
    with_days, without = (trained(name).report["test"]["model"]["mase"] for name in (kind, "ignored"))
    assert with_days < 0.75 * without


def test_days_off_are_forecast_from_the_model_alone() -> None:
    """The panel that comes has no such column, and no rows to come."""
    model = trained("stage")
    day = next(i for i in range(880, 890) if DAYS.on(shop().times[i : i + 1])[0])
    history = shop().take(np.array([0]), np.array([day]))
    assert model.predict(history).point[0] < 70
    assert trained("ignored").predict(history).point[0] > 85
    assert model.evaluate(shop())["test"]["model"]["mase"] < 0.6
    assert next(model.backcasts(shop())).forecast.point.size


def test_a_panel_keeps_its_column_in_step_with_its_rows() -> None:
    known, past = np.zeros((48, 1)), np.ones((48, 1))
    days = Holidays("x", ("2024-01-02", "2024-01-03"), "2024-01-01", "2024-12-31")
    plain = panel_of(np.arange(48.0), known=known, past=past)
    panel = plain.with_holidays(days)
    assert [c.role for c in panel.columns] == [TARGET, KNOWN, KNOWN, PAST]
    assert panel.columns[2].name == HOLIDAYS
    assert panel.values[:, 2].tolist() == [0] * 24 + [1] * 24
    longer = panel.extended(30)
    assert longer.values[48:, 2].tolist() == [1] * 24 + [0] * 6
    assert np.isnan(longer.values[48:, [0, 1, 3]]).all()
    assert np.array_equal(panel.with_holidays(None).values, plain.values)
    assert panel.with_holidays(None).columns == plain.columns


def test_days_begin_at_midnight_of_the_wall_clock() -> None:
    days = Holidays("x", ("2024-01-02",), "2024-01-01", "2024-12-31")
    clock = Clock("h", "Europe/Helsinki", (24,))
    marks = panel_of(np.arange(72.0), clock=clock).with_holidays(days).values[:, 1]
    assert np.flatnonzero(marks).tolist() == list(range(22, 46))


def test_days_off_that_training_rows_do_not_have_are_left_out() -> None:
    later = Holidays("later", ("2023-06-01",), "2021-01-01", "2023-12-31")
    model = fit(shop().with_holidays(later), small(**SETTINGS))
    assert model.contract.holidays is None
    assert HOLIDAYS not in [column.name for column in model.contract.columns]


@pytest.mark.parametrize("freq", ["W-SUN", "MS", "2D", "count"])
def test_rows_that_are_no_days_are_refused(freq: str) -> None:
    pytest.importorskip("holidays")
    clock = Clock(freq)
    first = np.datetime64(0, "us") if freq == "count" else np.datetime64("2024-12-01", "us")
    with pytest.raises(UsageError, match="--holidays marks days"):
        fit(panel_of(np.arange(60.0), clock=clock, first=first), small(holidays="FI"))


# --- countries


@pytest.mark.parametrize(
    ("name", "day", "is_off"),
    [
        ("FI", "2021-12-06", True),
        ("fi", "2021-12-06", True),
        ("SE", "2021-12-06", False),
        ("DE", "2022-01-06", False),
        ("DE-BY", "2022-01-06", True),
        ("de-by", "2022-01-06", True),
        ("DE-Augsburg", "2022-08-08", True),
    ],
)
def test_a_country_and_its_parts_have_their_own_days(name: str, day: str, is_off: bool) -> None:
    pytest.importorskip("holidays")
    days = of_country(name, shop())
    assert (day in days.days) == is_off
    assert (days.name, days.first, days.last) == (name, "2021-01-01", f"{2023 + YEARS_AHEAD}-12-31")
    assert sum(day.startswith(f"{2023 + YEARS_AHEAD}") for day in days.days) > 5


@pytest.mark.parametrize(("name", "reason"), [("XX", "XX not available"), ("DE-QQ", "subdivision QQ")])
def test_an_unknown_country_is_refused(name: str, reason: str) -> None:
    pytest.importorskip("holidays")
    with pytest.raises(UsageError, match=rf"--holidays {name}: .*{reason}"):
        of_country(name, shop())


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(UsageError, match=r"pip install 'lstmcast\[holidays\]'"):
        of_country("FI", shop())


def test_in_python_a_country_is_an_option_and_a_file_is_read() -> None:
    pytest.importorskip("holidays")
    options = small(**SETTINGS, holidays="FI")
    assert fit(shop(), options).contract.holidays == of_country("FI", shop())
    with pytest.raises(UsageError, match="with_holidays"):
        fit(shop(), dataclasses.replace(options, holidays="days.csv"))


# --- files


@pytest.mark.parametrize(
    "text",
    [
        "date\n2024-12-24\n2023-01-06\n2024-12-24\n",
        "name;day\nChristmas Eve;24.12.2024\nEpiphany;06.01.2023\n",
        "date,name\n2024-12-24T00:00:00+02:00,a\n2023-01-06T00:00:00+02:00,b\n",
    ],
)
def test_a_file_of_dates_is_read_in_any_style(text: str, tmp_path: Path) -> None:
    path = tmp_path / "days.csv"
    path.write_text(text)
    assert read_holidays(path) == Holidays(
        str(path), ("2023-01-06", "2024-12-24"), "2023-01-01", "2024-12-31"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("date\n2024-12-24\n2024-02-30\n", "line 3, column 'date': expected a time"),
        ("date\n01.02.2024\n03.04.2024\n", "can be read in 2 ways"),
        ("year\n2023\n2024\n", "column 'year' holds no dates such as 2024-12-25"),
        ("a,b\nx,y\n", "no column holds times"),
    ],
)
def test_a_file_without_dates_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "days.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        read_holidays(path)


def test_the_order_of_dates_can_be_said(tmp_path: Path) -> None:
    path = tmp_path / "days.csv"
    path.write_text("date\n01.02.2024\n03.04.2024\n")
    assert read_holidays(path, "day-first").days == ("2024-02-01", "2024-04-03")


# --- the command line


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A model trained with a list of days that is gone by now, and its history."""
    folder = tmp_path_factory.mktemp("holidays")
    stamps, values = shop().clock.write(shop().times), shop().target
    rows = [f"{stamp},{value:.3f}" for stamp, value in zip(stamps, values, strict=True)]
    history = write_csv(folder / "shop.csv", rows, "date,sales")
    days = write_csv(folder / "days.csv", [day for day in DAYS.days if day < "2024"], "date")
    said = lstmcast(
        "train", history, "--target", "sales", "--holidays", days, *options("--horizon 7"), "-o", folder / "m"
    )
    assert (said.code, said.err) == (0, "")
    assert "days among the training rows, known until 2023-12-31" in said.out
    days.unlink()
    return folder / "m", history


def options(more: str = "") -> list[str]:
    """What makes a training short."""
    text = f"{more} --lookback 14 --hidden 4 --steps 2 --calendar covariates --safeguard linear"
    return text.split()


def test_predict_needs_neither_file_nor_package(files: tuple[Path, Path]) -> None:
    model, history = files
    program = (
        "import sys\nsys.modules['holidays'] = None\nfrom lstmcast.__main__ import run\n"
        f"sys.exit(run(['predict', {str(model)!r}, {str(history)!r}]))"
    )
    rows = pd.read_csv(pd.io.common.StringIO(in_python(program)))
    is_off = DAYS.on(rows["time"].to_numpy().astype("datetime64[us]"))
    assert (rows["forecast"][is_off] < 75).all()
    assert (rows["forecast"][~is_off] > 85).all()
    assert len(rows) == 7


def test_a_forecast_beyond_the_days_that_are_known_is_said(files: tuple[Path, Path]) -> None:
    model, history = files
    said = lstmcast("predict", model, history, "--horizon", "200")
    assert said.code == 0
    assert "known from 2021-01-01 to 2023-12-31 only" in said.err
    assert lstmcast("predict", model, history).err == ""


def test_info_names_the_days_that_a_model_knows(files: tuple[Path, Path]) -> None:
    model, _ = files
    assert "days.csv, known until 2023-12-31" in lstmcast("info", model).out
    contract = json.loads(lstmcast("info", model, "--json").out)["contract"]
    assert contract["known"] == []
    assert contract["holidays"]["days"] == [day for day in DAYS.days if day < "2024"]


def test_columns_known_ahead_stand_beside_days_off(tmp_path: Path) -> None:
    """The template asks for the columns of the file, not for days off; both reach the forecast."""
    history, days = tmp_path / "shop.csv", write_csv(tmp_path / "days.csv", list(DAYS.days), "date")
    rng = np.random.default_rng(1)
    price = rng.integers(1, 4, 900)
    stamps, values = shop().clock.write(shop().times), shop().target - 20 * price
    rows = [f"{t},{y:.3f},{p}" for t, y, p in zip(stamps, values, price, strict=True)]
    cut = next(i for i in range(880, 890) if DAYS.on(shop().times[i : i + 1])[0])
    write_csv(history, rows[:cut], "date,sales,price")
    words = ["--target", "sales", "--known", "price", "--holidays", days, "--horizon", 3, *options()]
    assert lstmcast("train", history, *words, "-o", tmp_path / "m").code == 0
    said = lstmcast("template", tmp_path / "m", history)
    assert said.out.splitlines() == ["date,price", *(f"{stamp}," for stamp in stamps[cut : cut + 3])]
    future = write_csv(tmp_path / "f.csv", [f"{stamp},2" for stamp in stamps[cut : cut + 3]], "date,price")
    said = lstmcast("predict", tmp_path / "m", history, "--future", future)
    assert said.code == 0
    assert float(said.out.splitlines()[1].split(",")[1]) == pytest.approx(100 - 40 - 40, abs=8)


def test_days_off_that_no_row_has_are_said(files: tuple[Path, Path], tmp_path: Path) -> None:
    _, history = files
    days = write_csv(tmp_path / "days.csv", ["2020-12-24"], "date")
    said = lstmcast(
        "train", history, "--target", "sales", "--holidays", days, *options()[:-4], "-o", tmp_path / "m"
    )
    assert said.code == 0
    assert "no day off of" in said.err
    assert "known from 2020-01-01 to 2020-12-31 only" in said.err


def test_a_country_goes_from_the_command_line_into_the_model(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    pytest.importorskip("holidays")
    said = lstmcast(
        "train", files[1], "--target", "sales", "--holidays", "DE-BY", *options(), "-o", tmp_path / "m"
    )
    assert said.code == 0
    assert "DE-BY: 2" in said.out
    assert f"known until {2023 + YEARS_AHEAD}-12-31" in said.out
    assert "--holidays DE-BY" in lstmcast("info", tmp_path / "m").out


def test_a_file_whose_only_date_stands_in_a_line_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "days.csv"
    path.write_bytes(b"q,y\n2001Q\x8f,1\n2001Q4,2QQ\x8f,1\n2001Q4,21,-\n")
    with pytest.raises(DataError, match="'2001Q4' has no dates below its header"):
        read_holidays(path)
