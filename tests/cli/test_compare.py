"""`lstmcast compare`: models on the rows that none has seen, of whatever columns and horizons."""

from __future__ import annotations

import csv
import io
import json
import math
from pathlib import Path

import numpy as np
import pytest

from lstmcast.evaluation.significance import holm
from lstmcast.model.rivals import rivals
from lstmcast.persistence import load
from tests.command_line import lstmcast
from tests.conftest import QUICK, hourly_rows, write_csv

ROWS = hourly_rows(40 * 24)
Folder = Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    """A file and two models that have seen its first part: one of 24 steps, one of 6 that looks at a column."""
    place = tmp_path_factory.mktemp("compare")
    wide = [f"{row},{i % 5}" for i, row in enumerate(ROWS)]
    data = write_csv(place / "data.csv", wide, "time,load,beside")
    assert lstmcast("train", data, *QUICK, "--no-final", "-o", place / "a.pkl").code == 0
    other = ("--past", "beside", "--horizon", "6", "--no-final")
    assert lstmcast("train", data, *QUICK, *other, "-o", place / "b.pkl").code == 0
    return place


def document(*words: object) -> dict[str, object]:
    said = lstmcast("compare", *words, "--json")
    assert said.code == 0, said.err
    return dict(json.loads(said.out))


def test_the_shorter_horizon_is_compared_beside_the_naives(folder: Folder) -> None:
    found = document(folder / "a.pkl", folder / "b.pkl", folder / "data.csv")
    assert found["steps"] == 6
    assert list(found["figures"]) == ["a.pkl", "b.pkl", "naive", "seasonal_naive_24", "seasonal_naive_168"]
    assert len(found["tests"]) == 7
    said = lstmcast("compare", folder / "a.pkl", folder / "b.pkl", folder / "data.csv")
    assert "6 steps ahead" in said.out
    assert "Diebold-Mariano" in said.out


def test_the_figures_are_those_of_the_single_forecasts(folder: Folder, tmp_path: Path) -> None:
    found = document(folder / "a.pkl", folder / "b.pkl", folder / "data.csv")
    mae: dict[str, float] = {}
    for name in ("a", "b"):
        single = lstmcast(
            "evaluate", folder / f"{name}.pkl", folder / "data.csv", "-o", tmp_path / "s.csv", "--force"
        )
        assert single.code == 0
        rows = list(csv.DictReader(io.StringIO((tmp_path / "s.csv").read_text())))
        unseen = [row for row in rows if row["in_sample"] == "0" and int(row["step"]) <= 6]
        common = [row for row in unseen if str(found["first"]) <= row["origin"] <= str(found["last"])]
        assert len(common) == 6 * int(str(found["windows"]))
        mae[name] = float(np.mean([abs(float(row["forecast"]) - float(row["actual"])) for row in common]))
    for name, value in mae.items():
        assert found["figures"][f"{name}.pkl"]["mae"] == pytest.approx(value, rel=1e-6)  # type: ignore[index]


def test_a_model_is_as_good_as_itself(folder: Folder) -> None:
    said = lstmcast("compare", folder / "a.pkl", folder / "a.pkl", folder / "data.csv", "--stride", "7")
    assert said.code == 0
    assert "(1) and" in said.out
    assert "are equally good." in said.out


def test_three_models_are_compared_at_once(folder: Folder) -> None:
    names = ["a.pkl", "b.pkl", "a.pkl"]
    words = [folder / name for name in names]
    found = document(*words[:2], folder / "data.csv")
    three = document(*words, folder / "data.csv")
    files = list(three["models"])  # type: ignore[call-overload]
    assert [Path(name).name.split(" (")[0] for name in files] == names
    for name, other in zip(files, names, strict=True):
        assert three["figures"][name] == found["figures"][other]  # type: ignore[index]
    assert len(three["tests"]) == 3 + 3 * 3  # type: ignore[arg-type]
    said = lstmcast("compare", *words, folder / "data.csv")
    assert "that none of them has seen, 6 steps ahead" in said.out.replace("\n", " ")
    assert said.out.count("equally good") == 1
    assert said.out.count("Holm over 2 tests") == 1
    assert lstmcast("compare", folder / "a.pkl", folder / "data.csv").code == 2


def test_holm_raises_what_several_tests_say() -> None:
    # R: p.adjust(c(.01, .04, .03, .005), "holm")
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    raised = holm([0.6, math.nan, 0.7])
    assert (raised[0], raised[2]) == (1.0, 1.0)
    assert math.isnan(raised[1])


def test_windows_overlap_as_far_as_the_stride_leaves_them(folder: Folder) -> None:
    from lstmcast.cli.sessions.reading import read_for_model
    from lstmcast.cli.shell.console import Console

    models = {name: load(folder / f"{name}.pkl") for name in ("a", "b")}
    panels = {
        name: read_for_model(str(folder / "data.csv"), model, Console(quiet=True)).panel
        for name, model in models.items()
    }
    assert rivals(models, panels).overlap == 6
    assert rivals(models, panels, 4).overlap == 2
    assert rivals(models, panels, 6).overlap == 1


def test_rows_that_one_has_seen_are_no_rows_to_compare_on(folder: Folder, tmp_path: Path) -> None:
    assert lstmcast("train", folder / "data.csv", *QUICK, "-o", tmp_path / "all.pkl").code == 0
    said = lstmcast("compare", folder / "a.pkl", tmp_path / "all.pkl", folder / "data.csv")
    assert (said.code, said.out) == (3, "")
    assert "all.pkl has seen rows until 2024-02-09 23:00:00" in said.err
    assert "newer rows" in said.err


def test_models_of_different_things_are_not_compared(folder: Folder, tmp_path: Path) -> None:
    words = ("--target", "beside", *QUICK[2:], "--no-final", "-o", tmp_path / "beside.pkl")
    assert lstmcast("train", folder / "data.csv", *words).code == 0
    said = lstmcast("compare", folder / "a.pkl", tmp_path / "beside.pkl", folder / "data.csv")
    assert said.code == 3
    assert "'load'" in said.err
    assert "'beside', whose values differ" in said.err


def test_panels_and_classes_are_compared_too(tmp_path: Path) -> None:
    panel = [f"{shop},{row}" for shop in ("north", "south") for row in ROWS]
    data = write_csv(tmp_path / "panel.csv", panel, "shop,time,load")
    for name in ("a", "b"):
        words = (*QUICK[:-1], "1" if name == "a" else "2", "--id", "shop", "--no-final")
        assert lstmcast("train", data, *words, "-o", tmp_path / f"{name}.pkl").code == 0
    found = document(tmp_path / "a.pkl", tmp_path / "b.pkl", data)
    assert int(str(found["windows"])) % 2 == 0
    states = [f"{row.split(',')[0]},{('low', 'high')[float(row.split(',')[1]) > 100]}" for row in ROWS]
    data = write_csv(tmp_path / "states.csv", states, "time,state")
    for name in ("c", "d"):
        words = ("--target", "state", *QUICK[2:-1], "1" if name == "c" else "2", "--no-final")
        assert lstmcast("train", data, *words, "-o", tmp_path / f"{name}.pkl").code == 0
    found = document(tmp_path / "c.pkl", tmp_path / "d.pkl", data)
    assert set(found["figures"]["c.pkl"]) == {"log_loss", "accuracy"}  # type: ignore[index]
    said = lstmcast("compare", tmp_path / "a.pkl", tmp_path / "c.pkl", data)
    assert said.code == 3
