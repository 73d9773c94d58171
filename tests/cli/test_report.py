"""`lstmcast report`: one page with every section, the same bytes each time, and figures that are those of the model."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.command_line import lstmcast
from tests.conftest import QUICK, hourly_rows, write_csv

ROWS = hourly_rows(36 * 24)


@pytest.fixture(scope="module")
def longer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The history and eight days more."""
    return write_csv(tmp_path_factory.mktemp("longer") / "longer.csv", ROWS)


def headings(page: Path) -> list[str]:
    """The sections of a page."""
    return re.findall(r"<h2 [^>]*>([^<]*)</h2>", page.read_text(encoding="utf-8"))


def test_a_report_has_its_sections_and_the_same_bytes_each_time(
    model_file: Path, longer: Path, tmp_path: Path
) -> None:
    written = []
    for number in range(2):
        path = tmp_path / f"{number}.html"
        said = lstmcast("report", model_file, longer, "-o", path)
        assert (said.code, said.err) == (0, "")
        assert said.out.endswith(f"Wrote {path}\n")
        written.append(path.read_bytes())
    assert written[0] == written[1]
    assert len(written[0]) < 200_000
    assert headings(tmp_path / "0.html") == [
        *("The forecast", "Why it is what it is", "Where the errors are", "What was said and what came"),
        *(
            "What is left over",
            "Whether the bands hold",
            "The worst ten days",
            "What the forecasts owe to what",
        ),
        *("What was chosen and why", "What the data doctor found", "How to make it again"),
    ]
    text = written[0].decode()
    for words in (
        "By step ahead",
        "By hour of the day",
        "By weekday",
        "said the night before",
        "said a week ahead",
    ):
        assert words in text
    assert f"lstmcast report {model_file} {longer}" in text


def test_json_holds_the_figures_of_evaluate(model_file: Path, longer: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    found = json.loads(lstmcast("report", model_file, longer, "-o", path, "--json").out)
    judged = json.loads(lstmcast("evaluate", model_file, longer, "--json").out)["report"]
    report = found["report"]
    assert (found["output"], report["windows"], report["in_sample"]) == (str(path), judged["windows"], False)
    assert report["losses"]["model"] == pytest.approx(judged["test"]["model"]["mae"])
    assert report["coverage"]["80"] == pytest.approx(judged["test"]["model"]["coverage_80"])
    assert [group["label"] for group in report["by"]["step"]] == [str(step) for step in range(1, 25)]
    assert sum(report["pit"]) == pytest.approx(1)


def test_rows_that_taught_are_told_in_sample(model_file: Path, history: Path, tmp_path: Path) -> None:
    data = write_csv(tmp_path / "seen.csv", ROWS[: 15 * 24])
    said = lstmcast("report", model_file, data, "-o", tmp_path / "r.html")
    assert said.code == 0
    assert "rows it was trained on" in said.out
    assert "In-sample: the model was trained on all rows" in (tmp_path / "r.html").read_text()


def test_a_file_too_short_to_judge_is_still_reported(model_file: Path, tmp_path: Path) -> None:
    data = write_csv(tmp_path / "short.csv", ROWS[:60])
    said = lstmcast("report", model_file, data, "-o", tmp_path / "r.html")
    assert said.code == 0
    assert "no window of 48 + 24 known rows" in said.out
    assert "How good it is" in headings(tmp_path / "r.html")
    found = json.loads(lstmcast("report", model_file, data, "-o", tmp_path / "r.html", "--json").out)
    assert found["report"]["windows"] == 0


def test_a_ledger_stands_beside_what_came(model_file: Path, longer: Path, tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.csv"
    for day in (29, 30, 31):
        data = write_csv(tmp_path / "until.csv", ROWS[: day * 24])
        assert lstmcast("predict", model_file, data, "--log", ledger, "-o", tmp_path / "f.csv").code == 0
    said = lstmcast("report", model_file, longer, "--ledger", ledger, "-o", tmp_path / "r.html")
    assert said.code == 0
    assert "What was given out, and what came" in headings(tmp_path / "r.html")
    assert f"--ledger {ledger}" in (tmp_path / "r.html").read_text()


def test_without_what_is_known_ahead_the_report_says_why_there_is_no_forecast(tmp_path: Path) -> None:
    rows = [f"{row},{i % 7 + i % 24 / 10}" for i, row in enumerate(ROWS)]
    data, model = write_csv(tmp_path / "d.csv", rows, "time,load,heat"), tmp_path / "m.pkl"
    assert lstmcast("train", data, *QUICK, "--known", "heat", "-o", model).code == 0
    said = lstmcast("report", model, data, "-o", tmp_path / "r.html")
    assert said.code == 0
    text = (tmp_path / "r.html").read_text()
    assert "No forecast from the end of this file: &#x27;heat&#x27; is known ahead" in text


def test_what_cannot_be_read_or_written_ends_as_everywhere(
    model_file: Path, longer: Path, tmp_path: Path
) -> None:
    assert lstmcast("report", longer, longer, "-o", tmp_path / "r.html").code == 4
    assert lstmcast("report", model_file, tmp_path / "absent.csv", "-o", tmp_path / "r.html").code == 3
    assert lstmcast("report", model_file, longer, "-o", tmp_path / "absent" / "r.html").code == 8
    assert not (tmp_path / "r.html").exists()
