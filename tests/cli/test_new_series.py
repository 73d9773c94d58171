"""A series that the model has never seen does not stop the others: it is left out, and said."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import lstmcast

MODELS = Path(__file__).resolve().parents[1] / "golden" / "models"
MODEL, ROWS = MODELS / "format_1_panel.pkl", MODELS / "format_1_panel.csv"


def renamed(path: Path, *names: str) -> Path:
    """The rows, and those of the series north once more for each of these names."""
    lines = ROWS.read_text().splitlines()
    more = [line.replace("north", name) for name in names for line in lines[1:] if "north" in line]
    path.write_text("\n".join([*lines, *more]) + "\n")
    return path


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_the_others_go_on(command: str, tmp_path: Path) -> None:
    rows = renamed(tmp_path / "rows.csv", "new", "newer")
    said, before = lstmcast(command, MODEL, rows), lstmcast(command, MODEL, ROWS)
    assert (said.code, before.code) == (0, 0), said
    if command == "predict":
        assert said.out == before.out
    assert (
        "2 of 4 series left out, as the model was not trained on them: 'new' is one (train with them)"
        in said.err
    )


def test_a_file_of_new_series_alone_is_refused(tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text(ROWS.read_text().replace("north", "a").replace("south", "b"))
    said = lstmcast("predict", MODEL, rows)
    assert said.code == 3
    assert "is not one the model was trained on" in said.err
