"""A folder of models: trained group by group, kept, predicted, refreshed and scored with one start."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast.cli.sessions import forked
from lstmcast.model import newcomers
from tests.command_line import lstmcast

TINY = (
    *(
        "--target",
        "qty",
        "--steps",
        "3",
        "--hidden",
        "4",
        "--no-final",
        "--linear-pair",
        "no",
        "--smoothing",
        "no",
    ),
    *("--lookback", "24", "--horizon", "4", "--segment", "4", "--calendar", "none", "--transform", "none"),
    *("--anchor", "no", "--penalty", "1", "--linear-lookbacks", "24"),
)
NAMES = ["a/b", "A-B", "ö,x"]


def rows(hours: int) -> list[dict[str, str]]:
    """Hours of three groups, whose names are no names of files, one after the other in time."""
    rng = np.random.default_rng(0)
    start, hour = np.datetime64("2024-01-01T00:00"), np.timedelta64(1, "h")
    found = []
    for number in range(hours):
        for place, name in enumerate(NAMES):
            value = 50 + 10 * np.sin(number * np.pi / 12 + place) + rng.normal()
            stamp = str(start + number * hour).replace("T", " ") + ":00"
            found.append({"time": stamp, "shop": name, "kind": "7", "qty": f"{value:.2f}"})
    return found


def write(path: Path, found: list[dict[str, str]]) -> Path:
    """Rows as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(found[0]))
        writer.writeheader()
        writer.writerows(found)
    return path


def index_of(folder: Path) -> dict[str, dict[str, object]]:
    """The entries of an index by the names of their groups."""
    document = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    return {entry["name"]: entry for entry in document["groups"]}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of three groups."""
    return write(tmp_path_factory.mktemp("data") / "sales.csv", rows(420))


@pytest.fixture(scope="module")
def models(data: Path) -> Path:
    """The folder trained on it, in this process."""
    folder = data.parent / "models"
    said = lstmcast("train", data, "--by", "shop,kind", "--jobs", 1, "-o", folder, *TINY)
    assert said.code == 0, said.err
    assert "needs about" in said.out
    return folder


def test_every_group_has_a_file_of_its_own_and_finished_ones_are_kept(data: Path, models: Path) -> None:
    before = index_of(models)
    assert len(before) == len({str(entry["file"]).lower() for entry in before.values()}) == 3
    assert all((models / str(entry["file"])).is_file() for entry in before.values())
    said = lstmcast("train", data, "--by", "shop,kind", "--jobs", 1, "-o", models, *TINY)
    assert "3 kept" in said.out
    assert index_of(models) == before
    assert not [path for path in models.iterdir() if path.name.startswith(".parts")]


def test_a_folder_of_files_gives_the_same_bits(data: Path, models: Path, tmp_path: Path) -> None:
    found = rows(420)
    for shop in NAMES:
        place = tmp_path / "parts" / f"shop={shop.replace('/', '%2F')}"
        place.mkdir(parents=True)
        mine = [{name: row[name] for name in ("time", "kind", "qty")} for row in found if row["shop"] == shop]
        write(place / "1.csv", mine[:200])
        write(place / "2.csv", mine[200:])
    folder = tmp_path / "models"
    said = lstmcast("train", tmp_path / "parts", "--by", "shop,kind", "--jobs", 1, "-o", folder, *TINY)
    assert said.code == 0, said.err
    assert index_of(folder) == index_of(models)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux forks a process with threads safely")
@pytest.mark.parametrize("is_killed", [False, True])
def test_forked_workers_say_and_write_what_one_process_does(
    data: Path, models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_killed: bool
) -> None:
    found = [row | ({"qty": "?"} if row["shop"] == "A-B" else {}) for row in rows(420)]
    fresh = write(tmp_path / "fresh.csv", found)
    serial = lstmcast("predict", models, fresh, "--log", tmp_path / "serial")
    parent, forks = os.getpid(), tmp_path / "forks"

    predict = newcomers.forecast_with_new

    def in_worker(*given: Any, **named: Any) -> Any:
        if os.getpid() != parent:
            forks.touch()
            if is_killed:
                os.kill(os.getpid(), signal.SIGKILL)
        return predict(*given, **named)

    monkeypatch.setattr(forked, "_workers", lambda pieces: 2)
    monkeypatch.setattr(forked, "_AT_ONCE", 1)
    monkeypatch.setattr(newcomers, "forecast_with_new", in_worker)
    shared = lstmcast("predict", models, fresh, "--log", tmp_path / "shared")
    assert forks.exists()
    assert (shared.code, shared.out) == (serial.code, serial.out)
    assert shared.err == serial.err
    assert "A-B" in serial.err
    assert serial.code == 3
    judged = lstmcast("evaluate", models, fresh, "-v")
    monkeypatch.setattr(forked, "_workers", lambda pieces: 1)
    judged_alone = lstmcast("evaluate", models, fresh, "-v")
    assert (judged.code, judged.out, judged.err) == (judged_alone.code, judged_alone.out, judged_alone.err)
    names = sorted(path.name for path in (tmp_path / "serial").iterdir())
    assert names == sorted(path.name for path in (tmp_path / "shared").iterdir())


def test_parquet_files_are_read_group_by_group(data: Path, models: Path, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    table = pandas.read_csv(data, parse_dates=["time"])
    table.to_parquet(tmp_path / "sales.parquet", row_group_size=300)
    assert (
        lstmcast("predict", models, tmp_path / "sales.parquet", "-q").out
        == lstmcast("predict", models, data, "-q").out
    )


def test_forecasts_of_all_groups_are_one_table_and_each_is_that_of_its_model(
    data: Path, models: Path, tmp_path: Path
) -> None:
    said = lstmcast("predict", models, data, "--log", tmp_path / "nights", "-q")
    assert said.code == 0, said.err
    found = list(csv.DictReader(io.StringIO(said.out)))
    assert list(found[0])[:4] == ["shop", "kind", "time", "forecast"]
    mine = [row for row in rows(420) if row["shop"] == "ö,x"]
    alone = write(tmp_path / "one.csv", [{"time": row["time"], "qty": row["qty"]} for row in mine])
    model = models / str(next(entry["file"] for name, entry in index_of(models).items() if "ö" in name))
    one = list(csv.DictReader(io.StringIO(lstmcast("predict", model, alone, "-q").out)))
    assert [row["forecast"] for row in found if row["shop"] == "ö,x"] == [row["forecast"] for row in one]
    later = write(tmp_path / "later.csv", rows(480))
    scored = json.loads(lstmcast("score", tmp_path / "nights", later, "--json").out)
    assert {each["group"] for each in scored["groups"]} == set(index_of(models))


def test_a_failure_ends_nothing_and_is_exit_7(tmp_path: Path) -> None:
    found = [row for row in rows(420) if row["shop"] == "A-B"]
    bad = [{**row, "shop": "bad", "qty": "x"} for row in found[:30]]
    folder = tmp_path / "models"
    said = lstmcast(
        "train", write(tmp_path / "x.csv", found + bad), "--by", "shop", "--jobs", 1, "-o", folder, *TINY
    )
    assert said.code == 7
    assert "1 of 2 groups failed" in said.err
    assert list(index_of(folder)) == ["A-B"]
    failures = json.loads((folder / "index.json").read_text(encoding="utf-8"))["failures"]
    assert failures[0]["name"] == "bad"
    assert [group["group"] for group in json.loads(lstmcast("info", folder, "--json").out)["groups"]] == [
        "A-B"
    ]


def test_a_run_ends_once_more_groups_fail_than_may(data: Path, tmp_path: Path) -> None:
    bad = [{**row, "shop": f"bad {row['shop']}", "qty": "x"} for row in rows(30)]
    file = write(tmp_path / "x.csv", bad + [row for row in rows(420) if row["shop"] == "ö,x"])
    said = lstmcast(
        "train", file, "--by", "shop", "--jobs", 1, "--max-failures", 1, "-o", tmp_path / "m", *TINY
    )
    assert said.code == 7
    assert "2 failed" in said.out
    assert "2 not tried" in said.out
    assert index_of(tmp_path / "m") == {}


def test_where_all_fall_short_of_the_skill_that_is_asked_for_it_is_exit_5(data: Path, tmp_path: Path) -> None:
    said = lstmcast(
        *("train", data, "--by", "shop", "--jobs", 1, "-o", tmp_path / "m", "--require-skill", 0.99, *TINY)
    )
    assert said.code == 5
    assert "3 of 3 groups fall short" in said.err
    assert index_of(tmp_path / "m") == {}


def test_rows_without_a_group_are_left_out_and_counted(data: Path, models: Path, tmp_path: Path) -> None:
    found = rows(420)
    nameless = [{**row, "shop": ""} for row in found[:2]]
    file = write(tmp_path / "x.csv", found + nameless)
    said = lstmcast("predict", models, file)
    assert said.code == 0
    assert "2 rows of" in said.err
    assert said.out == lstmcast("predict", models, data).out


def test_scores_that_fall_short_are_exit_5_for_a_folder_too(data: Path, models: Path, tmp_path: Path) -> None:
    assert lstmcast("predict", models, data, "--log", tmp_path / "nights", "-o", tmp_path / "f.csv").code == 0
    later = write(tmp_path / "later.csv", rows(480))
    said = lstmcast("score", tmp_path / "nights", later, "--require-skill", 0.999)
    assert said.code == 5
    assert "3 of 3 groups fall short" in said.err


def test_refresh_replaces_all_at_once_and_is_undone(data: Path, models: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    shutil.copytree(models, folder)
    before, forecasts = index_of(folder), lstmcast("predict", folder, data, "-q").out
    later = write(tmp_path / "later.csv", [row for row in rows(520) if row["shop"] == "A-B"])
    said = lstmcast("refresh", folder, later, "--always")
    assert said.code == 3
    assert "1 of 3 models are replaced" in said.out
    assert lstmcast("evaluate", folder, later, "--json").code == 0
    assert lstmcast("predict", folder, data, "-q").out != forecasts
    assert lstmcast("refresh", folder, "--rollback").code == 0
    assert index_of(folder) == before
    assert lstmcast("predict", folder, data, "-q").out == forecasts


def test_a_changed_model_is_refused_and_the_others_forecast(data: Path, models: Path, tmp_path: Path) -> None:
    folder = tmp_path / "models"
    shutil.copytree(models, folder)
    entry = index_of(folder)["A-B,7"]
    other = index_of(folder)["a/b,7"]
    shutil.copy(folder / str(other["file"]), folder / str(entry["file"]))
    said = lstmcast("predict", folder, data, "-q")
    assert said.code == 4
    assert "index.json" in said.err
    assert {row["shop"] for row in csv.DictReader(io.StringIO(said.out))} == {"a/b", "ö,x"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--jobs", 2), "--by"),
        (("--by", "shop,shop"), "each once"),
        (("--by", "shop", "-o", "-"), "standard output"),
        (("--by", "shop", "--cluster", "nowhere"), "tcp://"),
        (("--by", "shop", "--allow-mixed"), "--cluster"),
        (("--by", "shop", "--resume"), "leave --resume out"),
    ],
)
def test_what_makes_no_sense_is_refused(data: Path, arguments: tuple[object, ...], words: str) -> None:
    said = lstmcast("train", data, *TINY, *arguments)
    assert said.code == 2
    assert words in said.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("-o", "{data}"), "read as DATA"),
        (("-o", "{data}", "--force"), "read as DATA"),
        (("--exclude", "{bad}", "-o", "{bad}", "--force"), "read as --exclude"),
        (("--holidays", "{bad}", "-o", "{bad}"), "read as --holidays"),
        (("-o", "{table}"), "is a table, not a model"),
        (("-o", "{model}"), "is a file; name a folder"),
        (("-o", "{foreign}"), "is not an index of models"),
    ],
)
def test_a_folder_of_models_takes_the_place_of_no_file(
    data: Path, models: Path, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    model = models / str(index_of(models)["A-B,7"]["file"])
    places = {"data": data, "bad": tmp_path / "bad.csv", "table": tmp_path / "table.csv", "model": model}
    places |= {"foreign": tmp_path / "foreign"}
    places["bad"].write_text("2024-01-05\n")
    places["table"].write_text("time,load\n2024-01-05,3\n")
    places["foreign"].mkdir()
    (places["foreign"] / "index.json").write_text('{"name": "another program\'s"}')
    files = [*places.values(), places["foreign"] / "index.json", models / "index.json"]
    before = {path: path.read_bytes() for path in files if path.is_file()}
    said = lstmcast("train", data, "--by", "shop", *TINY, *(word.format(**places) for word in arguments))
    assert (said.code, words in said.err) == (2, True), said
    assert {path: path.read_bytes() for path in before} == before


def test_no_file_of_a_folder_that_is_read_is_written_onto(data: Path, models: Path, tmp_path: Path) -> None:
    model = models / str(index_of(models)["A-B,7"]["file"])
    parts = tmp_path / "parts" / "shop=a"
    parts.mkdir(parents=True)
    shutil.copy(data, parts / "1.csv")
    before = {path: path.read_bytes() for path in (*models.iterdir(), parts / "1.csv") if path.is_file()}
    for arguments in (
        ("predict", models, data, "-o", models / "index.json", "--metrics", tmp_path / "m.prom"),
        ("predict", models, data, "-o", model),
        ("predict", models, tmp_path / "parts", "-o", parts / "new.csv"),
        ("refresh", models, data, "--metrics", models / "index.json"),
        ("train", tmp_path / "parts", "--by", "shop", "-o", parts / "models", *TINY),
    ):
        said = lstmcast(*arguments)
        assert (said.code, said.err.startswith("lstmcast: E_USAGE: ")) == (2, True), said
        assert {path: path.read_bytes() for path in before} == before
    assert lstmcast("predict", models, data, "-o", models / "forecast.csv").code == 0
    assert lstmcast("predict", models, data, "-o", models / "forecast.csv").code == 0


def test_a_column_that_is_not_there_is_named(data: Path, tmp_path: Path) -> None:
    said = lstmcast("train", data, "--by", "shopp", "-o", tmp_path / "m", *TINY)
    assert said.code == 3
    assert "'shopp' (--by)" in said.err


@pytest.mark.parametrize("is_parquet", [False, True])
def test_a_target_that_is_not_there_is_named_once_for_all_groups(
    data: Path, tmp_path: Path, is_parquet: bool
) -> None:
    if is_parquet:
        pandas = pytest.importorskip("pandas")
        pytest.importorskip("pyarrow")
        pandas.read_csv(data).to_parquet(tmp_path / "data.parquet")
        data = tmp_path / "data.parquet"
    said = lstmcast("train", data, "--by", "shop", "-o", tmp_path / "m", *TINY, "--target", "qtty")
    assert said.code == 3
    assert "'qtty' (--target)" in said.err
    assert "did you mean 'qty'?" in said.err
    assert "group" not in said.err


def test_a_strict_night_names_the_group_that_something_stood_in_for(
    data: Path, models: Path, tmp_path: Path
) -> None:
    lines = data.read_text(encoding="utf-8").splitlines(keepends=True)
    short = [line for line in lines[1:] if "A-B" in line][-5:]
    file = tmp_path / "short.csv"
    file.write_text(
        "".join([lines[0], *(line for line in lines[1:] if "A-B" not in line), *short]), encoding="utf-8"
    )
    said = lstmcast("predict", models, file, "--strict", "-o", tmp_path / "f.csv")
    assert said.code == 6
    assert "group A-B,7: " in said.err
    assert "group ö,x" not in said.err


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("groups", 0, "verdict", "skill"), "much"),
        (("groups", 0, "verdict", "skill"), float("nan")),
        (("groups", 0, "verdict", "error"), [1]),
        (("groups", 0, "verdict", "measure"), 5),
        (("groups", 0, "verdict"), []),
        (("groups", 0, "group"), ["a"]),
        (("groups", 0, "file"), "../model.pkl"),
        (("groups", 0), None),
        (("groups",), {"a": 1}),
        (("by",), []),
        (("version",), "new"),
        (("format",), None),
        (("failures",), [{"group": ["a", "b", "c"], "error": "", "message": ""}]),
    ],
)
def test_a_forged_index_is_refused_in_one_line(
    models: Path, tmp_path: Path, place: tuple[str | int, ...], value: object
) -> None:
    document = json.loads((models / "index.json").read_text(encoding="utf-8"))
    inner = document
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = value
    (tmp_path / "index.json").write_text(json.dumps(document), encoding="utf-8")
    said = lstmcast("info", tmp_path)
    assert (said.code, said.out) == (4, "")
    assert said.err.count("\n") == 1
