"""Files of very many columns: as many are looked at as answer the question, and the rest is said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from lstmcast.core.errors import UsageError
from lstmcast.ingest import Roles, read, survey
from lstmcast.ingest.columns import survey as columns
from lstmcast.ingest.surveys import MOST_CHECKED
from tests.command_line import lstmcast


def table(path: Path, names: Sequence[str], rows: int = 40) -> Path:
    """Hours with these columns, whose cells count on."""
    lines = [
        ",".join(
            [f"2024-05-0{1 + hour // 24} {hour % 24:02}:00", *(f"{hour + i}.5" for i in range(len(names)))]
        )
        for hour in range(rows)
    ]
    path.write_text("\n".join([",".join(["time", *names]), *lines]) + "\n")
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = [f"sensor_{number}" for number in range(600)]
    return table(tmp_path_factory.mktemp("wide") / "w.csv", [*names[:300], "load", *names[300:]])


def test_without_a_target_the_first_columns_are_checked_and_the_rest_is_said(path: Path) -> None:
    found = survey(str(path), Roles(""))
    assert len(found.panel.columns) == MOST_CHECKED
    (said,) = [each for each in found.findings if each.code == "columns"]
    assert said.message == "the first 200 columns of numbers are checked; 401 more are not looked at"
    (wide,) = [each for each in found.findings if each.code == "looks_wide"]
    assert "600 like columns (sensor_0, sensor_1, …)" in wide.message


def test_no_cell_of_the_rest_is_judged(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    judged = []
    one = columns._candidate
    monkeypatch.setattr(columns, "_candidate", lambda name, *a: judged.append(name) or one(name, *a))
    survey(str(path), Roles(""))
    assert len(judged) == MOST_CHECKED
    judged.clear()
    found = survey(str(path), Roles("load"))
    assert len(judged) == MOST_CHECKED
    (said,) = [each for each in found.findings if each.code == "covariates"]
    assert said.message.endswith("and 170 more; 400 more were not looked at")


def test_the_likeliest_target_is_found_wherever_it_stands(path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        read(str(path), Roles(""))
    assert "--target load is the likeliest, then sensor_599, sensor_0, sensor_1" in str(refused.value)
    assert "and 570 more; the table looks wide: 600 like columns" in str(refused.value)


def test_a_single_column_of_numbers_is_found_behind_many_of_text(tmp_path: Path) -> None:
    path = table(tmp_path / "t.csv", [f"note_{number}" for number in range(300)] + ["load"], rows=12)
    header, *rows = path.read_text().splitlines()
    words = [",".join([(cells := row.split(","))[0], *["word"] * 300, cells[-1]]) for row in rows]
    path.write_text("\n".join([header, *words]) + "\n")
    assert read(str(path), Roles("")).roles.target == "load"


def test_of_many_findings_of_a_kind_the_first_are_shown(path: Path) -> None:
    said = lstmcast("check", path)
    assert said.code == 0
    assert "more of the same kinds (--json has all)" in said.out
    assert len(said.out.splitlines()) < 80
