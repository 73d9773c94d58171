"""--log-json: stderr is one object a line, with time, level, stable id, message, file and line."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import lstmcast.cli.shell.app as lstmcast_app
from lstmcast.cli.shell import log, run
from tests.command_line import Said, lstmcast
from tests.conftest import QUICK, hourly_rows, write_csv

ROWS = hourly_rows(28 * 24)


def objects(said: Said) -> list[dict[str, Any]]:
    """Every line on stderr, each of them an object with the keys that all have."""
    found = [json.loads(line) for line in said.err.splitlines()]
    for entry in found:
        assert list(entry)[:6] == ["time", "level", "id", "message", "file", "line"]
        assert datetime.fromisoformat(entry["time"]).tzinfo is not None
        assert entry["level"] in ("error", "warning", "info")
        assert re.fullmatch(r"[a-z_]+|E_[A-Z]+", entry["id"])
    return found


def test_an_error_says_file_line_and_column(model_file: Path, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "data.csv", [*ROWS[:-1], f"{ROWS[-1].split(',')[0]},warm"])
    *_, error = objects(lstmcast("predict", model_file, path, "--log-json"))
    assert (error["level"], error["id"], error["exit_code"]) == ("error", "E_DATA", 3)
    assert (error["file"], error["line"], error["column"]) == (str(path), len(ROWS) + 1, "load")
    assert "found 'warm'" in error["message"]


@pytest.mark.parametrize(
    ("arguments", "name", "file"),
    [
        (["predict", "absent.pkl", "data.csv"], "E_MODEL", "absent.pkl"),
        (["train", "absent.csv", "--target", "load"], "E_DATA", "absent.csv"),
        (["train", "absent.csv", "--target", "load", "-o", "/absent/m.pkl"], "E_OUTPUT", "/absent/m.pkl"),
        (["train", "data.csv", "--config", "absent.toml"], "E_USAGE", "absent.toml"),
        (["train", "data.csv", "--nonsense"], "E_USAGE", None),
        (["nonsense"], "E_USAGE", None),
    ],
)
def test_every_error_is_an_object_that_names_the_file(
    arguments: list[str], name: str, file: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    *_, error = objects(lstmcast(*arguments, "--log-json"))
    assert (error["id"], error["file"]) == (name, file)


def test_a_finding_is_an_object_with_its_code_and_place(model_file: Path, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "data.csv", [*ROWS[:300], *ROWS[303:]])
    said = lstmcast("predict", model_file, path, "--log-json", "-v")
    assert said.code == 0
    gap = next(entry for entry in objects(said) if entry["id"] == "gaps")
    assert (gap["level"], gap["file"]) == ("warning", str(path))
    assert gap["stamp"] == ROWS[300].split(",")[0]
    assert not objects(lstmcast("predict", model_file, path, "--log-json", "-q"))


@pytest.mark.parametrize("name", ["line 7", "sales 2023-05-01"])
def test_no_field_is_read_out_of_a_sentence(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "line 9"
    folder.mkdir()
    path = write_csv(folder / "d.csv", [*ROWS[:-1], f"{ROWS[-1].split(',')[0]},warm"], f"time,{name}")
    (error,) = [
        e for e in objects(lstmcast("check", path, "--target", name, "--log-json")) if "exit_code" in e
    ]
    assert (error["file"], error["line"], error["column"]) == (str(path), len(ROWS) + 1, name)
    assert "stamp" not in error
    (absent,) = [e for e in objects(lstmcast("check", folder / "n.csv", "--log-json")) if "exit_code" in e]
    assert (absent["file"], absent["line"]) == (str(folder / "n.csv"), None)
    assert "stamp" not in absent
    document = json.loads(lstmcast("check", path, "--target", name, "--json").out)
    assert document["error"]["line"] == len(ROWS) + 1
    said = lstmcast("check", path, "--target", "line 12", "--log-json")
    assert [e.get("line") for e in objects(said) if "exit_code" in e] == [None]


def test_training_tells_its_milestones_and_every_validation(history: Path, tmp_path: Path) -> None:
    output = tmp_path / "m.pkl"
    said = lstmcast("train", history, *QUICK, "-o", output, "--log-json", "-v")
    assert said.code == 0
    found = objects(said)
    order = [entry["id"] for entry in found if entry["id"] in ("started", "training", "wrote", "done")]
    assert order == ["started", "training", "wrote", "done"]
    assert next(entry for entry in found if entry["id"] == "wrote")["file"] == str(output)
    steps = [entry for entry in found if entry["id"] == "step"]
    assert steps[-1]["step"] == steps[-1]["steps"] == 20
    plain = lstmcast("train", history, *QUICK, "-o", output, "-v")
    assert said.out == plain.out
    assert len(plain.err.splitlines()) < len(found)


def test_a_bug_keeps_its_traceback_in_its_object(monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(arguments: list[str]) -> int:
        raise ZeroDivisionError("oh\n\x1b[2J")

    monkeypatch.setattr(lstmcast_app, "parse", parse)
    (bug,) = objects(lstmcast("train", "--log-json", "--debug"))
    assert (bug["id"], bug["exit_code"]) == ("E_BUG", 1)
    assert "Traceback" in bug["traceback"]


def test_an_object_is_one_printable_line_whatever_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    run.begin(["--log-json"])
    message = "load[/kW]\n\x1b[2J \x9b \udcff \U0001f600 é"
    log.tell(log.WARNING, "name", message)
    run.begin([])
    line = capsys.readouterr().err
    assert line.removesuffix("\n").isprintable()
    assert json.loads(line)["message"] == message
