"""Tests of `lstmcast template`: the rows it writes are those that `predict --future` asks for."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest

from lstmcast.core.errors import DataError, UsageError
from lstmcast.core.panel import Clock
from lstmcast.model.future import template
from lstmcast.model.schema import build_contract
from tests.command_line import SAMPLES, lstmcast
from tests.panels import load, panel_of, stacked

FAST = ("--hidden", "8", "--steps", "5", "--lookback", "24", "--horizon", "5", "--smoothing", "no")
START = datetime(2024, 1, 1)


def hours(pattern: str) -> Callable[[int], str]:
    return lambda i: (START + timedelta(hours=i)).strftime(pattern)


def with_offset(i: int) -> str:
    return (START + timedelta(hours=i)).replace(tzinfo=timezone(timedelta(hours=2))).isoformat()


STAMPS: dict[str, tuple[str, Callable[[int], str]]] = {
    "iso": ("time", hours("%Y-%m-%d %H:%M:%S")),
    "day first": ("Datum", hours("%d.%m.%Y %H:%M")),
    "month first": ("when", hours("%m/%d/%Y %H:%M")),
    "offset": ("time", with_offset),
    "two columns": ("date,hour", hours("%Y-%m-%d,%H")),
    "counter": ("n", lambda i: str(i + 1)),
    "days": ("day", lambda i: str((START + timedelta(days=i)).date())),
    "months": ("month", lambda i: f"{1960 + i // 12}-{i % 12 + 1:02d}"),
    "weeks": ("week", lambda i: str((START + timedelta(weeks=i - 500)).date())),
}


@pytest.mark.parametrize(("time", "stamp"), STAMPS.values(), ids=STAMPS)
def test_a_filled_template_gives_the_forecast_of_one_file(
    time: str, stamp: Callable[[int], str], tmp_path: Path
) -> None:
    """Whatever the stamps look like: known columns at the end of history say the same."""
    rows = [f"{stamp(i)},{100 + 9 * (i % 7 == 2) + i % 4},{int(i % 7 == 2)}" for i in range(400)]
    data, filled = tmp_path / "data.csv", tmp_path / "filled.csv"
    data.write_text("\n".join([f"{time},y,busy", *rows]) + "\n")
    model = tmp_path / "model.pkl"
    trained = lstmcast("train", data, "--target", "y", "--time", time, "--known", "busy", *FAST, "-o", model)
    assert trained.code == 0, trained.err
    said = lstmcast("template", model, data)
    assert (said.code, said.err) == (0, "")
    header, *lines = said.out.splitlines()
    assert header == f"{'time' if ',' in time else time},busy"
    filled.write_text(
        "\n".join([header, *(f"{line}{int((400 + i) % 7 == 2)}" for i, line in enumerate(lines))])
    )
    forecast = lstmcast("predict", model, data, "--future", filled)
    assert (forecast.code, forecast.err) == (0, "")
    assert [line.split(",")[0] for line in forecast.out.splitlines()[1:]] == [
        line.split(",")[0] for line in lines
    ]
    data.write_text(
        data.read_text() + "".join(f"{stamp(400 + i)},,{int((400 + i) % 7 == 2)}\n" for i in range(5))
    )
    assert lstmcast("predict", model, data).out == forecast.out


@pytest.fixture(scope="module")
def weather_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of Seattle's temperature that must be told the weather."""
    path = tmp_path_factory.mktemp("weather") / "model.pkl"
    known = ("--target", "temp_max", "--known", "weather,wind", "--past", "precipitation")
    assert lstmcast("train", SAMPLES / "seattle_weather.csv", *known, *FAST, "-o", path).code == 0
    return path


def test_the_template_has_a_row_for_each_step_and_an_empty_cell_for_each_known_column(
    weather_model: Path, tmp_path: Path
) -> None:
    said = lstmcast("template", weather_model, SAMPLES / "seattle_weather.csv", "--horizon", 2)
    assert said.out == "date,weather,wind\n2016-01-01,,\n2016-01-02,,\n"
    output = tmp_path / "coming.csv"
    lines = lstmcast("template", weather_model, SAMPLES / "seattle_weather.csv", "-o", output)
    assert (lines.code, lines.out) == (0, "")
    assert output.read_text().startswith(said.out)
    assert len(output.read_text().splitlines()) == 6


def test_an_empty_template_is_refused_by_its_first_cell(weather_model: Path, tmp_path: Path) -> None:
    output = tmp_path / "coming.csv"
    lstmcast("template", weather_model, SAMPLES / "seattle_weather.csv", "-o", output)
    said = lstmcast(
        "predict",
        weather_model,
        SAMPLES / "seattle_weather.csv",
        "--future",
        output,
        "--short-future",
        "fail",
    )
    assert said.code == DataError.exit_code
    assert (
        "'weather' is known ahead for this model, but missing at 2016-01-01 and in 5 of the 5 rows"
        in said.err
    )


def test_verbose_names_the_classes_there_are(weather_model: Path) -> None:
    said = lstmcast("template", weather_model, SAMPLES / "seattle_weather.csv", "-v")
    assert "weather is one of drizzle, fog, rain, snow, sun" in said.err


def test_each_series_is_continued_from_its_own_last_target() -> None:
    north, south = panel_of(load(50), known=np.ones((50, 1))), panel_of(load(60), known=np.ones((60, 1)))
    north.values[47:, 0] = np.nan
    panel = stacked(north, south)
    rows = template(panel, build_contract(panel, "at", 24, 24, 24, 100), 2)
    assert list(rows) == ["at", "meter", "known_0"]
    assert rows["meter"] == ["a", "a", "b", "b"]
    assert rows["known_0"] == ["", "", "", ""]
    first = panel.clock.write(panel.times[[47, 48]])
    assert rows["at"] == [*first, *panel.clock.write(panel.clock.after(panel.times[-1], 2))]


def test_stamps_follow_the_clock_on_the_wall() -> None:
    clock = Clock("D", "Europe/Helsinki", (7,), "%Y-%m-%d")
    panel = panel_of(load(50), known=np.ones((50, 1)), clock=clock, first=np.datetime64("2024-02-10T22:00"))
    rows = template(panel, build_contract(panel, None, 24, 24, 24, 100), 2)
    assert rows["time"] == ["2024-04-01", "2024-04-02"]


def test_a_series_without_a_target_is_refused() -> None:
    panel = panel_of(np.full(50, np.nan), known=np.ones((50, 1)))
    with pytest.raises(DataError, match="no known target"):
        template(panel, build_contract(panel, "time", 24, 24, 24, 100), 2)
    named = dataclasses.replace(panel, id_name="shop", ids=("north",))
    with pytest.raises(DataError, match="no known target of 'north'"):
        template(named, build_contract(named, "time", 24, 24, 24, 100), 2)


def test_a_model_without_known_columns_has_no_template(model_file: Path, history: Path) -> None:
    said = lstmcast("template", model_file, history)
    assert said.code == UsageError.exit_code
    assert "no columns known ahead" in said.err
