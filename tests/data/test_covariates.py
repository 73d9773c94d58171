"""Tests of covariates from end to end: text as classes, and rows to come from a file of their own."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from lstmcast.core.panel import KNOWN, PAST, Column, Panel
from lstmcast.data.preprocessing import fit_preparation, fit_stage
from lstmcast.data.split import split
from lstmcast.model.schema import build_contract
from lstmcast.persistence.models import from_record, to_record
from lstmcast.pipeline.fit import fit
from tests.command_line import SAMPLES, Said, lstmcast
from tests.conftest import write_csv
from tests.panels import load, panel_of, small

WEATHER = SAMPLES / "seattle_weather.csv"
FAST = ("--hidden", "8", "--steps", "10", "--lookback", "30", "--horizon", "7")


def with_classes(role: str, rows: int = 420) -> Panel:
    """An hourly series with a column of three classes, one of them rare, and one of which raises the target."""
    classes = np.eye(3)[np.where(np.arange(rows) % 97 == 5, 2, np.arange(rows) // 40 % 2)]
    target = load(rows) + 12 * classes[:, 1]
    panel = panel_of(target, known=classes) if role == KNOWN else panel_of(target, past=classes)
    names = tuple(Column(f"kind={level}", role, level) for level in ("a", "b", "c"))
    return dataclasses.replace(panel, columns=(panel.columns[0], *names))


def test_a_contract_speaks_of_the_columns_of_the_file() -> None:
    contract = build_contract(with_classes(KNOWN), "time", 48, 24, 24, 100)
    assert (contract.known, contract.past) == (("kind",), ())
    assert contract.levels == {"kind": ("a", "b", "c")}
    assert contract.columns == with_classes(KNOWN).columns


def test_a_class_is_zero_or_one_for_the_network_however_rare() -> None:
    panel = with_classes(PAST)
    preparation = fit_preparation(panel, split(panel, 24, None, None), "standard", "none")
    assert preparation.others(panel) == pytest.approx(panel.values[:, 1:])


def test_every_class_is_a_switch_of_the_calendar_stage() -> None:
    panel = with_classes(KNOWN)
    blocks = split(panel, 24, None, None)
    preparation = fit_preparation(panel, blocks, "standard", "none")
    fitted = fit_stage(preparation, panel, blocks, "covariates")
    assert fitted is not None
    stage, _ = fitted
    assert [covariate.values for covariate in stage.design.covariates] == [(0.0, 1.0)] * 3
    known = preparation.others(panel)
    level = stage.level(panel.times, known, panel.offsets, np.array([0]))
    raised = preparation.scaling.undo(level, np.zeros(len(level), np.int64))
    other = known[:, [1, 0, 2]]
    swapped = preparation.scaling.undo(
        stage.level(panel.times, other, panel.offsets, np.array([0])), np.zeros(len(level), np.int64)
    )
    is_raised = panel.values[:, 2] == 1
    assert float((raised - swapped)[is_raised].mean()) == pytest.approx(12, abs=2)


def test_levels_are_in_the_model_file_and_files_without_them_still_load() -> None:
    model = fit(with_classes(PAST), small())
    document, arrays = to_record(model)
    assert from_record(json.loads(json.dumps(document)), arrays).contract == model.contract
    plain = fit(panel_of(load(420), past=load(420, 1)[:, None]), small())
    document, arrays = to_record(plain)
    del document["contract"]["levels"]
    assert from_record(document, arrays).contract == plain.contract


@pytest.fixture(scope="module", params=["--past", "--known"])
def trained(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    """A model of Seattle's temperature with its weather as text, and what was said of it."""
    path = tmp_path_factory.mktemp("seattle") / "model.pkl"
    said = lstmcast("train", WEATHER, "--target", "temp_max", request.param, "weather", *FAST, "-o", path)
    assert (said.code, said.err) == (0, "")
    return path, said


def weather_file(path: Path, cell: str) -> Path:
    """The sample, whose last seven rows have no target and this weather."""
    header, *rows = WEATHER.read_text().splitlines()
    place = header.split(",").index("temp_max")
    ahead = [row.split(",") for row in rows[-7:]]
    for cells in ahead:
        cells[place], cells[-1] = "", cell
    path.write_text("\n".join([header, *rows[:-7], *map(",".join, ahead)]) + "\n")
    return path


def test_text_goes_through_train_info_evaluate_and_predict(
    trained: tuple[Path, Said], tmp_path: Path
) -> None:
    model, said = trained
    assert "Classes     weather: drizzle, fog, rain, snow, sun\n" in said.out
    assert "columns date, temp_max, weather;" in lstmcast("info", model).out
    judged = lstmcast("evaluate", model, WEATHER, "--stride", "50")
    assert (judged.code, judged.err) == (0, "")
    forecast = lstmcast("predict", model, weather_file(tmp_path / "new.csv", "sun"))
    assert (forecast.code, forecast.err) == (0, "")
    assert len(forecast.out.splitlines()) == 8


def test_a_class_the_model_does_not_know_is_warned_of(trained: tuple[Path, Said], tmp_path: Path) -> None:
    said = lstmcast("predict", trained[0], weather_file(tmp_path / "new.csv", "hail"))
    assert said.code == 0
    assert "'hail' in line 1456 (and 6 more cells) is none of the classes" in said.err


def test_columns_are_known_again_by_case_blanks_and_unit(tmp_path: Path) -> None:
    """In predict, evaluate and the future file; a near name is suggested."""
    rows = [f"{stamp},{i % 24 + i % 3},{i % 3},{'abc'[i % 3]}" for i, stamp in enumerate(HOURS)]
    history = write_csv(tmp_path / "t.csv", rows, "time,load,price,kind")
    short = ["--lookback", "24", "--horizon", "12", "--hidden", "2", "--steps", "1", "--safeguard", "linear"]
    model = tmp_path / "m"
    said = lstmcast("train", history, "--target", "load", "--known", "price,kind", *short, "-o", model)
    assert said.code == 0, said.err
    expected = lstmcast(
        "predict", model, write_csv(tmp_path / "a.csv", blank_end(rows), "time,load,price,kind")
    )
    header = "Time, LOAD ,Price [EUR],kind_".replace("kind_", "KIND")
    other = write_csv(tmp_path / "b.csv", blank_end(rows), header)
    assert lstmcast("predict", model, other) == expected
    assert "'Price [EUR]' is taken for it" in lstmcast("predict", model, other, "-v").err
    assert lstmcast("evaluate", model, other, "-q").code == 0
    past = write_csv(tmp_path / "c.csv", rows[:-12], header)
    ahead = [f"{row.split(',')[0]},{row.split(',', 2)[2]}" for row in rows[-12:]]
    future = write_csv(tmp_path / "f.csv", ahead, "TIME,PRICE,Kind")
    assert lstmcast("predict", model, past, "--future", future) == expected
    near = write_csv(tmp_path / "d.csv", rows, "time,laod,price,kind")
    for words in (["predict", model, near], ["evaluate", model, near]):
        said = lstmcast(*words)
        assert said.code == 3
        assert "did you mean 'laod'?" in said.err
    near = write_csv(tmp_path / "g.csv", ahead, "time,prise,kind")
    assert "did you mean 'prise'?" in lstmcast("predict", model, past, "--future", near).err


HOURS = [f"2024-01-{1 + i // 24:02d} {i % 24:02d}:00:00" for i in range(31 * 24)]


def blank_end(rows: list[str]) -> list[str]:
    """The rows with the target of the last twelve empty."""
    cells = [row.split(",") for row in rows]
    return rows[:-12] + [",".join([row[0], "", *row[2:]]) for row in cells[-12:]]


def test_a_model_needs_no_example_of_each_class(trained: tuple[Path, Said], tmp_path: Path) -> None:
    header, *rows = weather_file(tmp_path / "new.csv", "sun").read_text().splitlines()
    short = tmp_path / "short.csv"
    short.write_text("\n".join([header, *rows[-50:]]) + "\n")
    said = lstmcast("predict", trained[0], short)
    assert (said.code, len(said.out.splitlines())) == (0, 8)
