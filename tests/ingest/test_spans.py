"""Bad periods count as missing: in training, in what stays in the model, and on the history of a forecast."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lstmcast import persistence
from lstmcast.core.errors import DataError, UsageError
from lstmcast.core.panel import Clock
from lstmcast.ingest import ReadingRules, Roles, expanded, read
from tests.command_line import lstmcast
from tests.conftest import QUICK, hourly_rows, write_csv

BAD = "2024-01-10..2024-01-12"


def spoiled(rows: list[str]) -> list[str]:
    """The rows with ten times the target from 10 to 12 January."""
    bad = ("2024-01-10", "2024-01-11", "2024-01-12")
    return [f"{row[:20]}{10 * float(row[20:]):.2f}" if row.startswith(bad) else row for row in rows]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same history with a bad period, with that period empty, and the model that each one gives."""
    folder = tmp_path_factory.mktemp("spans")
    rows = spoiled(hourly_rows(28 * 24))
    files = {"spoiled": write_csv(folder / "spoiled.csv", rows)}
    emptied = [row[:20] if "2024-01-10" <= row < "2024-01-13" else row for row in rows]
    files["empty"] = write_csv(folder / "empty.csv", emptied)
    for name, extra in (("spoiled", ("--exclude", BAD)), ("empty", ())):
        files[f"{name} model"] = folder / f"{name}.pkl"
        said = lstmcast("train", files[name], *QUICK, *extra, "-o", files[f"{name} model"])
        assert (said.code, said.err) == (0, "")
        files[f"{name} said"] = write_csv(folder / f"{name}.txt", [said.out], "")
    return files


def test_an_excluded_period_is_as_if_its_targets_were_missing(files: dict[str, Path]) -> None:
    one, other = (persistence.load(files[f"{name} model"]) for name in ("spoiled", "empty"))
    assert one.report == other.report
    assert np.array_equal(one.preparation.scaling.scale, other.preparation.scaling.scale)
    assert np.array_equal(one.output.intervals.widths, other.output.intervals.widths)
    assert "72 known rows in the excluded periods 2024-01-10..2024-01-12" in files["spoiled said"].read_text()


def test_the_period_stays_in_the_model_for_predict_and_evaluate(files: dict[str, Path]) -> None:
    for command in (("predict",), ("evaluate", "--json")):
        one = lstmcast(command[0], files["spoiled model"], files["spoiled"], *command[1:])
        other = lstmcast(command[0], files["empty model"], files["empty"], *command[1:])
        assert (one.code, one.out, one.err) == (0, other.out, "")
    said = lstmcast("info", files["spoiled model"])
    assert f"Excluded    {BAD}: targets there count as missing" in said.out
    assert f"--exclude {BAD}" in said.out


def test_excluded_rows_at_the_end_move_the_origin_back(files: dict[str, Path], tmp_path: Path) -> None:
    ends = write_csv(tmp_path / "ends.csv", spoiled(hourly_rows(12 * 24)))
    said = lstmcast("predict", files["spoiled model"], ends)
    assert said.out.splitlines()[1].startswith("2024-01-10 00:00:00,")


def test_spans_may_stand_in_a_file_and_the_model_keeps_them_itself(
    files: dict[str, Path], tmp_path: Path
) -> None:
    spans = write_csv(tmp_path / "bad.csv", ["2024-01-10,2024-01-11", "", "2024-01-12"], "from,to")
    arguments = (*QUICK, "--exclude", spans, "-o", tmp_path / "m.pkl")
    assert lstmcast("train", files["spoiled"], *arguments).code == 0
    model = persistence.load(tmp_path / "m.pkl")
    assert model.options.exclude == ("2024-01-10..2024-01-11", "2024-01-12")
    assert model.report == persistence.load(files["empty model"]).report


@pytest.mark.parametrize(
    ("span", "kept"),
    [
        ("2024-01-02", [*range(24), *range(48, 72)]),
        ("2024-01-02T05:00..2024-01-02T07:00", [*range(29), *range(32, 72)]),
        ("2024-01-02 05..2024-01-03", list(range(29))),
        ("2024-02", list(range(72))),
    ],
)
def test_an_end_is_as_long_as_it_is_written(span: str, kept: list[int], tmp_path: Path) -> None:
    source = write_csv(tmp_path / "data.csv", hourly_rows(72))
    panel = read(source, Roles("load"), rules=ReadingRules(exclude=(span,))).panel
    assert np.flatnonzero(np.isfinite(panel.target)).tolist() == kept


def test_a_period_is_meant_on_the_wall_clock_of_the_file(tmp_path: Path) -> None:
    rows = [f"2024-01-01T{hour:02d}:00:00+05:00,{hour}" for hour in range(24)]
    source = write_csv(tmp_path / "data.csv", rows)
    panel = read(source, Roles("load"), rules=ReadingRules(exclude=("2024-01-01T02:00",))).panel
    assert panel.clock.zone == "+05:00"
    assert np.flatnonzero(np.isnan(panel.target)).tolist() == [2]


def test_a_counter_has_periods_of_counts(tmp_path: Path) -> None:
    source = write_csv(tmp_path / "data.csv", [f"{i},{i * i % 7}" for i in range(1, 51)], "n,load")
    rules = ReadingRules(exclude=("10..12", "50"))
    panel = read(source, Roles("load", "n"), rules=rules).panel
    assert panel.clock == Clock("count", style=panel.clock.style)
    assert (np.flatnonzero(np.isnan(panel.target)) + 1).tolist() == [10, 11, 12, 50]
    with pytest.raises(UsageError, match=r"counts such as 100\.\.200"):
        read(source, Roles("load", "n"), rules=ReadingRules(exclude=("2024-01-01",)))


@pytest.mark.parametrize("word", ["yesterday", "2024-03-04..2024-03-01", "2024-13-01", "1..2..3", ".."])
def test_what_is_no_period_is_refused_in_one_line(word: str, history: Path, tmp_path: Path) -> None:
    said = lstmcast("train", history, *QUICK, "--exclude", word, "-o", tmp_path / "m.pkl")
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1)
    assert "--exclude" in said.err


def test_a_list_that_holds_something_else_is_refused_with_its_line(tmp_path: Path) -> None:
    spans = write_csv(tmp_path / "bad.csv", ["2024-01-10,2024-01-11", "sometime"], "from,to")
    with pytest.raises(DataError, match="line 3: expected a period"):
        expanded((str(spans),))


def test_a_period_that_leaves_nothing_is_refused(history: Path, tmp_path: Path) -> None:
    said = lstmcast("train", history, *QUICK, "--exclude", "2024", "-o", tmp_path / "m.pkl")
    assert (said.code, said.out) == (3, "")
    assert "every 'load' lies in a period that --exclude names" in said.err


def test_a_model_that_falls_short_of_the_skill_replaces_nothing(history: Path, tmp_path: Path) -> None:
    old = tmp_path / "m.pkl"
    old.write_bytes(b"the old model")
    said = lstmcast("train", history, *QUICK, "--require-skill", "0.999", "-o", old)
    assert said.code == 5
    assert old.read_bytes() == b"the old model"
    assert "MASE" in said.out
    assert "Wrote" not in said.out
    assert said.err.startswith("lstmcast: E_QUALITY: the error is ")
    assert said.err.endswith(f"--require-skill asks for 99.9 %; {old} is as it was\n")
    document = json.loads(
        lstmcast("train", history, *QUICK, "--require-skill", "0.999", "--json", "-o", old).out
    )
    assert document["model"] is None
    assert document["error"]["exit_code"] == 5
    assert document["report"]["test"]


def test_a_model_that_reaches_the_skill_is_written(history: Path, tmp_path: Path) -> None:
    said = lstmcast("train", history, *QUICK, "--require-skill", "0.05", "-o", tmp_path / "m.pkl")
    assert (said.code, said.err) == (0, "")
    assert (tmp_path / "m.pkl").exists()
