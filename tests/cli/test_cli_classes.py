"""Classes on the command line: what train, predict, evaluate and info say of a column of text."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import pytest

from tests.command_line import SAMPLES, Said, in_python, lstmcast
from tests.conftest import write_csv

WEATHER = SAMPLES / "seattle_weather.csv"
CLASSES = ["drizzle", "fog", "rain", "snow", "sun"]
QUICK = (
    "--horizon",
    5,
    "--lookback",
    30,
    "--hidden",
    4,
    "--steps",
    5,
    "--penalty",
    0.01,
    "--calendar",
    "none",
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Said]:
    """A model of the sample's classes with default options, and what training said."""
    path = tmp_path_factory.mktemp("classes") / "weather.pkl"
    return path, lstmcast("train", WEATHER, "--target", "weather", "-o", path)


def rows_of(said: Said) -> list[dict[str, str]]:
    return list(csv.DictReader(said.out.splitlines()))


def test_the_sample_beats_the_frequency_table_over_the_first_three_days(trained: tuple[Path, Said]) -> None:
    path, said = trained
    assert (said.code, said.err) == (0, "")
    report = json.loads(lstmcast("info", path, "--json").out)["report"]
    first = [{name: step[name]["log_loss"] for name in step} for step in report["by_horizon"][:3]]
    mine, table = (sum(step[name] for step in first) / 3 for name in ("model", "frequency"))
    assert mine < 0.85 * table
    assert report["test"]["model"]["log_loss"] < min(
        report["test"][name]["log_loss"] for name in ("persistence", "frequency", "logistic")
    )


def test_predict_writes_probabilities_that_sum_to_one(trained: tuple[Path, Said]) -> None:
    said = lstmcast("predict", trained[0], WEATHER)
    assert (said.code, said.err) == (0, "")
    rows = rows_of(said)
    assert list(rows[0]) == ["time", "forecast", *(f"p_{name}" for name in CLASSES), "source"]
    assert len(rows) == 30
    for row in rows:
        p = {name: float(row[f"p_{name}"]) for name in CLASSES}
        assert sum(p.values()) == pytest.approx(1, abs=1e-5)
        assert row["forecast"] == max(p, key=lambda name: p[name])
    assert rows[0]["time"] == "2016-01-01"
    document = json.loads(lstmcast("predict", trained[0], WEATHER, "--json").out)
    assert document["forecast"][0]["p_sun"] == float(rows[0]["p_sun"])


@pytest.mark.parametrize("wanted", [("--level", "80"), ("--quantiles", "0.1")])
def test_predict_refuses_bands_in_one_line(trained: tuple[Path, Said], wanted: tuple[str, str]) -> None:
    said = lstmcast("predict", trained[0], WEATHER, *wanted)
    assert (said.code, said.out) == (2, "")
    assert said.err == (
        "lstmcast: E_USAGE: a forecast of classes has probabilities, no bands; leave --level and --quantiles out\n"
    )


def test_a_strange_class_is_said_and_a_short_file_is_forecast_by_persistence(
    trained: tuple[Path, Said], tmp_path: Path
) -> None:
    lines = WEATHER.read_text().splitlines()
    strange = write_csv(
        tmp_path / "a.csv", [*lines[1:-5], lines[-5].rsplit(",", 1)[0] + ",hail", *lines[-4:]], lines[0]
    )
    said = lstmcast("predict", trained[0], strange)
    assert said.code == 0
    assert (
        "'hail' in line 1458 is none of the classes the model was trained on; it counts as missing"
        in said.err
    )
    short = lstmcast("predict", trained[0], write_csv(tmp_path / "b.csv", lines[-20:], lines[0]))
    assert short.code == 0
    assert {row["source"] for row in rows_of(short)} == {"persistence"}
    assert "too_short: the rows are forecast by what followed the last class (persistence)" in short.err
    assert lstmcast("predict", trained[0], tmp_path / "b.csv", "--no-fallback").code == 3


def test_evaluate_judges_by_step_and_writes_single_forecasts(
    trained: tuple[Path, Said], tmp_path: Path
) -> None:
    said = lstmcast("evaluate", trained[0], WEATHER, "--stride", 50, "-v", "-o", tmp_path / "singles.csv")
    assert said.code == 0
    assert "log loss at step" in said.out
    assert "log loss by weekday" in said.out
    assert "frequency table" in said.out
    assert "in 80 % band" not in said.out
    with open(tmp_path / "singles.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[:4] == ["origin", "time", "step", "forecast"]
    assert list(rows[0])[-2:] == ["actual", "in_sample"]
    assert {row["actual"] for row in rows} <= set(CLASSES)
    loss = sum(-math.log(float(row[f"p_{row['actual']}"])) for row in rows) / len(rows)
    document = json.loads(lstmcast("evaluate", trained[0], WEATHER, "--stride", 50, "--json").out)
    assert loss == pytest.approx(document["report"]["test"]["model"]["log_loss"], abs=1e-4)


def test_info_says_what_was_chosen_and_how_to_make_it_again(trained: tuple[Path, Said]) -> None:
    said = lstmcast("info", trained[0])
    assert (said.code, said.err) == (0, "")
    for line in (
        "Chosen      lookback",
        "Ridge       validation log loss",
        "Table       how often each class",
    ):
        assert line in said.out
    assert "Rebuild     lstmcast train DATA --target weather\n" in said.out
    assert json.loads(lstmcast("info", trained[0], "--json").out)["contract"]["levels"] == {
        "weather": CLASSES
    }


def test_train_says_more_to_the_curious(tmp_path: Path) -> None:
    said = lstmcast(
        "train",
        WEATHER,
        "--target",
        "weather",
        *QUICK,
        "--class-weights",
        "balanced",
        "-v",
        "-o",
        tmp_path / "m.pkl",
    )
    assert said.code == 0
    assert "Weights     in training, drizzle" in said.out
    assert "Log loss of the logistic regression on the validation block." in said.out
    assert "step 5 of 5, validation loss" in said.err


def test_options_of_numbers_and_a_single_class_are_refused(tmp_path: Path) -> None:
    said = lstmcast("train", WEATHER, "--target", "weather", "--min", 0, "-o", tmp_path / "m.pkl")
    assert said.code == 2
    assert (
        said.err == "lstmcast: E_USAGE: --min 0.0 is for numbers, and the target is classes; leave it out\n"
    )
    one = write_csv(tmp_path / "one.csv", [f"{1900 + i},sun" for i in range(99)], "year,sky")
    said = lstmcast("train", one, "--target", "sky", "-o", tmp_path / "m.pkl")
    assert said.code == 3
    assert "column 'sky' is 'sun' in every row; there is nothing to forecast" in said.err
    assert not (tmp_path / "m.pkl").exists()


def test_numbers_stay_numbers_unless_the_user_says_that_they_are_classes(tmp_path: Path) -> None:
    codes = write_csv(tmp_path / "codes.csv", [f"{i},{i * i % 7 % 3}" for i in range(200)], "n,state")
    quick = (codes, "--target", "state", *QUICK, "-o", tmp_path / "m.pkl")
    assert lstmcast("train", *quick).code == 0
    assert rows_of(lstmcast("predict", tmp_path / "m.pkl", codes))[0].keys() >= {"lo_80", "hi_80"}
    assert lstmcast("train", *quick, "--task", "classes").code == 0
    assert list(rows_of(lstmcast("predict", tmp_path / "m.pkl", codes))[0])[2:5] == ["p_0", "p_1", "p_2"]
    said = lstmcast("train", WEATHER, "--target", "weather", "--task", "numbers", "-o", tmp_path / "m.pkl")
    assert said.code == 3
    assert "expected a number, found 'drizzle'" in said.err


def test_a_panel_with_known_and_past_columns_goes_from_train_to_predict(tmp_path: Path) -> None:
    header = "day,site,sky,wind,holiday"
    rows = [
        f"2024-{1 + i // 28:02d}-{1 + i % 28:02d},{site},{('dry', 'wet')[(i // 3 + place) % 2]},{i % 5},{i % 7 // 6}"
        for place, site in enumerate("ab")
        for i in range(200)
    ]
    history = write_csv(tmp_path / "history.csv", rows, header)
    names = ("--target", "sky", "--id", "site", "--past", "wind", "--known", "holiday", "--freq", "1D")
    said = lstmcast("train", history, *names, *QUICK, "-o", tmp_path / "m.pkl")
    assert (said.code, said.err) == (0, said.err)
    coming = tmp_path / "coming.csv"
    assert lstmcast("template", tmp_path / "m.pkl", history, "-o", coming).code == 0
    coming.write_text(coming.read_text().replace(",\n", ",0\n"))
    found = rows_of(lstmcast("predict", tmp_path / "m.pkl", history, "--future", coming))
    assert [row["site"] for row in found] == ["a"] * 5 + ["b"] * 5
    assert {row["forecast"] for row in found} <= {"dry", "wet"}


def test_a_quality_gate_is_about_log_loss(tmp_path: Path) -> None:
    said = lstmcast(
        "train", WEATHER, "--target", "weather", *QUICK, "--require-skill", 0.9, "-o", tmp_path / "m.pkl"
    )
    assert said.code == 5
    assert "below that of persistence" in said.err


def test_check_says_what_classes_there_are_and_nothing_of_their_size() -> None:
    said = lstmcast("check", WEATHER, "--target", "weather")
    assert said.code == 0
    (row,) = [line for line in said.out.splitlines() if line.startswith("weather")]
    assert row.split() == ["weather", "target", "0.0", "%"]
    assert "text with 5 classes: drizzle, fog, rain, snow, sun" in said.out


def test_export_writes_a_graph_of_probabilities_without_bands(
    trained: tuple[Path, Said], tmp_path: Path
) -> None:
    pytest.importorskip("onnx")
    said = lstmcast("export", trained[0], "-o", tmp_path / "model.onnx")
    assert said.code == 0
    assert "probabilities" in said.out
    assert (tmp_path / "model.onnx").stat().st_size
    said = lstmcast("export", trained[0], "--level", "80", "-o", tmp_path / "other.onnx")
    assert said.code == 2
    assert "a forecast of classes has probabilities, no bands" in said.err
    assert not (tmp_path / "other.onnx").exists()


def test_refresh_learns_from_newer_rows_and_keeps_the_old_model(tmp_path: Path) -> None:
    rows = Path(WEATHER).read_text(encoding="utf-8").splitlines()
    data, model = tmp_path / "first.csv", tmp_path / "m.pkl"
    data.write_text("\n".join(rows[:900]) + "\n", encoding="utf-8")
    assert lstmcast("train", data, "--target", "weather", *QUICK, "-o", model).code == 0
    said = lstmcast("refresh", model, WEATHER, "--always")
    assert said.code == 0
    for words in ("log loss", "as it was", "trained on", "persistence", "is replaced"):
        assert words in said.out
    told = lstmcast("info", model).out
    assert "Refreshed   once, last by LOG_LOSS" not in told
    assert "Refreshed   once, last by log loss" in told
    assert lstmcast("predict", model, WEATHER).code == 0
    assert lstmcast("refresh", model, "--rollback").code == 0


def test_predicting_classes_needs_no_scikit_learn(trained: tuple[Path, Said]) -> None:
    code = (
        "import sys; from lstmcast.__main__ import run; run(['predict', "
        f"{str(trained[0])!r}, {str(WEATHER)!r}, '-q']); "
        "print([name for name in ('sklearn', 'scipy', 'joblib') if name in sys.modules])"
    )
    assert in_python(code).strip().endswith("[]")
