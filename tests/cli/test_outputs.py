"""No command writes onto a file that it reads, nor replaces a file of another kind."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lstmcast.cli.shell.catalogue import Commands
from lstmcast.cli.shell.outputs import OUTPUTS
from lstmcast.persistence import outputs
from lstmcast.persistence.outputs import kind_of
from tests.command_line import Said, lstmcast, process
from tests.conftest import QUICK

ELSEWHERE = {("guide", "html"), ("guide", "man")}  # folders, whose files `guide` looks at itself: see below


def parameters() -> Iterator[tuple[str, Any]]:
    """Every option and argument of every command."""
    for name, command in Commands().items():
        yield from ((name, parameter) for parameter in command.params)


def test_every_output_of_every_command_is_guarded() -> None:
    """An option is of an output when it stands among them and names a file or a folder, or is called so."""
    found = set()
    for command, parameter in parameters():
        names_a_file = parameter.metavar in ("FILE", "DIR", "FOLDER", "PATH")
        is_called_so = {*parameter.opts} & {"-o", "--output", "--log", "--singles", "--html"}
        if is_called_so or (names_a_file and getattr(parameter, "rich_help_panel", "") == "Output"):
            found.add((command, parameter.name))
    table = {(command, name) for command, names in OUTPUTS.items() for name in names}
    assert found == (table | ELSEWHERE) - {("refresh", "model")}


def test_every_file_that_a_command_reads_is_known_to_the_guard() -> None:
    from lstmcast.cli.shell.outputs import _INPUTS, _LISTS

    known = {*_INPUTS, *_LISTS, "config"}
    read = {
        parameter.name
        for command, parameter in parameters()
        if parameter.metavar in ("FILE", "MODEL", "DATA", "LEDGER", "[DATA]") and command in OUTPUTS
    }
    assert read - {name for names in OUTPUTS.values() for name in names} <= known


@pytest.fixture(scope="module")
def prepared(history: Path, model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with one file of each kind."""
    with contextlib.chdir(tmp_path_factory.mktemp("prepared")):
        _prepare(history, model_file)
        yield Path.cwd()


@pytest.fixture
def folder(prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, which is where the commands run."""
    shutil.copytree(prepared, tmp_path / "folder")
    monkeypatch.chdir(tmp_path / "folder")
    return tmp_path / "folder"


def _prepare(history: Path, model_file: Path) -> None:
    shutil.copy(history, "d.csv")
    shutil.copy(model_file, "m.pkl")
    Path("lstmcast.toml").write_text("[train]\nseed = 1\n")
    Path("days.csv").write_text("date\n2024-01-06\n")
    Path("spans.csv").write_text("from,to\n2024-01-02,2024-01-02\n")
    for words in (
        ["predict", "m.pkl", "d.csv", "-o", "f.csv", "--log", "ledger.csv"],
        ["predict", "m.pkl", "d.csv", "-o", "f.json", "--json"],
        ["evaluate", "m.pkl", "d.csv", "--stride", "96", "-o", "singles.csv", "-q"],
        ["export", "m.pkl", "-o", "m.onnx", "-q"],
        ["plot", "d.csv", "-o", "p.svg", "-q"],
        ["plot", "d.csv", "-o", "p.html", "-q"],
    ):
        said = lstmcast(*words)
        assert said.code == 0, said


def refused(said: Said, before: dict[str, bytes], words: str) -> None:
    """The command ended with 2 and one line, and no file is other than before."""
    assert (said.code, said.out, said.err.count("\n")) == (2, "", 1), said
    assert words in said.err
    assert contents() == before


def contents() -> dict[str, bytes]:
    """Every file of the folder."""
    return {entry.name: Path(entry.path).read_bytes() for entry in os.scandir(".") if entry.is_file()}


def test_each_kind_is_told_by_its_bytes(folder: Path) -> None:
    kinds = {name: kind_of(name) for name in sorted(contents())}
    assert kinds == {
        "d.csv": outputs.TABLE,
        "days.csv": outputs.OTHER,
        "f.csv": outputs.FORECAST,
        "f.json": outputs.FORECAST,
        "ledger.csv": outputs.LEDGER,
        "lstmcast.toml": outputs.SETTINGS,
        "m.onnx": outputs.GRAPH,
        "m.pkl": outputs.MODEL,
        "p.html": outputs.PAGE,
        "p.svg": outputs.SVG,
        "singles.csv": outputs.SINGLES,
        "spans.csv": outputs.TABLE,
    }
    Path("empty").touch()
    assert kind_of("empty") is kind_of("absent") is kind_of(".") is None


TRAIN = ["train", "d.csv", *QUICK, "--holidays", "days.csv", "--exclude", "spans.csv", "--from", "m.pkl"]
ONTO = [
    (TRAIN, "-o", ["d.csv", "days.csv", "spans.csv", "m.pkl", "lstmcast.toml"]),
    (
        ["predict", "m.pkl", "d.csv", "--future", "days.csv"],
        "-o",
        ["m.pkl", "d.csv", "days.csv", "lstmcast.toml"],
    ),
    (["predict", "m.pkl", "d.csv", "--future", "days.csv"], "--log", ["m.pkl", "d.csv", "days.csv"]),
    (["evaluate", "m.pkl", "d.csv"], "-o", ["m.pkl", "d.csv", "lstmcast.toml"]),
    (["export", "m.pkl"], "-o", ["m.pkl", "lstmcast.toml"]),
    (["template", "m.pkl", "d.csv"], "-o", ["m.pkl", "d.csv"]),
    (["plot", "d.csv"], "-o", ["d.csv"]),
    (["plot", "m.pkl", "d.csv"], "-o", ["m.pkl", "d.csv"]),
    (["plot", "d.csv", "--ledger", "ledger.csv"], "-o", ["d.csv", "ledger.csv"]),
    (["schedule", "m.pkl", "d.csv"], "-o", ["m.pkl", "d.csv"]),
    (["schedule", "m.pkl", "d.csv"], "--log", ["m.pkl", "d.csv"]),
    (["tune", *TRAIN[1:]], "-o", ["d.csv", "days.csv", "spans.csv", "m.pkl", "lstmcast.toml"]),
    (["backtest", *TRAIN[1:]], "-o", ["d.csv", "days.csv", "spans.csv", "m.pkl"]),
    (["report", "m.pkl", "d.csv", "--ledger", "ledger.csv"], "-o", ["m.pkl", "d.csv", "ledger.csv"]),
    (["watch", "m.pkl", "d.csv", "--ledger", "ledger.csv"], "-o", ["m.pkl", "d.csv", "ledger.csv"]),
    (["fill", "d.csv", "--model", "m.pkl"], "-o", ["m.pkl", "d.csv"]),
    (["score", "ledger.csv", "d.csv"], "--metrics", ["ledger.csv", "d.csv"]),
    (["predict", "m.pkl", "d.csv"], "--influx", ["m.pkl", "d.csv"]),
    (["refresh", "m.pkl", "d.csv"], "--metrics", ["d.csv"]),
]


@pytest.mark.parametrize(("words", "flag", "files"), ONTO, ids=[f"{w[0]} {f} {len(w)}" for w, f, _ in ONTO])
@pytest.mark.parametrize("force", [(), ("--force",)], ids=["", "forced"])
def test_no_command_writes_onto_a_file_that_it_reads(
    words: list[str], flag: str, files: list[str], force: tuple[str, ...], folder: Path
) -> None:
    os.mkdir("sub")
    for name in files:
        Path(f"sub/link-{name}").symlink_to(folder / name)
        os.link(name, f"sub/hard-{name}")
        before = contents()
        spellings = (name, f"./{name}", f"sub/../{name}", f"{folder}/{name}")
        for spelling in (*spellings, f"sub/link-{name}", f"sub/hard-{name}"):
            said = lstmcast(*words, flag, spelling, *force)
            refused(said, before, f"would write onto {name if 'toml' not in name else ''}")


def test_standard_input_is_a_file_too(folder: Path) -> None:
    before = contents()
    import subprocess

    with open("d.csv", "rb") as stdin:
        done = subprocess.run(
            [sys.executable, "-m", "lstmcast", "train", "-", "--target", "load", "-o", "d.csv"],
            stdin=stdin,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
    refused(Said(done.returncode, done.stdout, done.stderr), before, "would write onto standard input")


def test_what_is_written_beside_an_output_is_written_onto_nothing_either(folder: Path) -> None:
    for name in ("m.pkl.ckpt", "m.pkl.lock", "m.pkl.1"):
        shutil.copy("d.csv", name)
    before = contents()
    for name in ("m.pkl.ckpt", "m.pkl.lock"):
        refused(lstmcast("train", name, *QUICK, "-o", "m.pkl"), before, "which is read as DATA (it writes")
        refused(lstmcast("train", "d.csv", *QUICK, "-o", "m.pkl"), before, "that is a table; move it")
    refused(lstmcast("refresh", "m.pkl", "m.pkl.1"), before, "which is read as DATA")
    refused(lstmcast("refresh", "m.pkl", "d.csv"), before, "that is a table")


def test_two_outputs_are_two_files(folder: Path) -> None:
    os.symlink("new.csv", "link.csv")
    before = contents()
    for one, other in (("new", "new"), ("new.csv", "./new.csv"), ("link.csv", "new.csv")):
        for command in ("predict", "schedule"):
            said = lstmcast(command, "m.pkl", "d.csv", "-o", one, "--log", other)
            refused(said, before, "both name")


KINDS = ["d.csv", "f.csv", "ledger.csv", "lstmcast.toml", "m.onnx", "m.pkl", "p.html", "p.svg", "singles.csv"]
WRITES = {
    "train": (["train", "other.csv", *QUICK, "--no-config"], "m.pkl"),
    "predict": (["predict", "other.pkl", "other.csv", "--no-config"], "f.csv f.json"),
    "evaluate": (["evaluate", "other.pkl", "other.csv", "--stride", "96", "--no-config"], "singles.csv"),
    "export": (["export", "other.pkl", "--no-config"], "m.onnx"),
    "plot": (["plot", "other.csv", "--no-config"], "p.svg p.html"),
}


@pytest.mark.parametrize("command", WRITES)
def test_a_file_of_another_kind_is_replaced_only_by_force(command: str, folder: Path) -> None:
    shutil.copy("d.csv", "other.csv")
    shutil.copy("m.pkl", "other.pkl")
    words, own = WRITES[command]
    before = contents()
    for name in KINDS:
        if name in own.split() or (command == "plot" and not name.endswith(("svg", "html"))):
            continue
        refused(lstmcast(*words, "-o", name), before, f"--output {name} is a")
        if command == "predict":
            refused(lstmcast("schedule", *words[1:], "-o", name), before, f"--output {name} is a")
    for name in own.split():
        said = lstmcast(*words, "-o", name)
        assert said.code == 0, said
    target = "target.svg" if command == "plot" else "target.csv"
    shutil.copy("spans.csv", target)
    said = lstmcast(*words, "-o", target, "--force")
    assert said.code == 0, said
    assert kind_of(target) == kind_of(own.split()[0])


def test_a_ledger_grows_in_a_ledger_only(folder: Path) -> None:
    shutil.copy("d.csv", "other.csv")
    before = contents()
    for name in ("other.csv", "f.csv", "lstmcast.toml", "m.onnx", "days.csv"):
        for force in ((), ("--force",)):
            said = lstmcast("predict", "m.pkl", "d.csv", "--log", name, "--no-config", *force)
            refused(said, before, "not a ledger; name another file")
            assert "--force" not in said.err
    assert lstmcast("predict", "m.pkl", "d.csv", "--log", "ledger.csv").code == 0
    Path("empty.csv").touch()
    assert lstmcast("predict", "m.pkl", "d.csv", "--log", "empty.csv").code == 0


def test_a_schedule_that_forces_says_so_in_its_line(folder: Path) -> None:
    shutil.copy("d.csv", "other.csv")
    words = ["schedule", "m.pkl", "d.csv", "-o", "other.csv"]
    assert lstmcast(*words).code == 2
    said = lstmcast(*words, "--force")
    assert said.code == 0
    assert " --force" in said.out
    assert " --force" not in lstmcast("schedule", "m.pkl", "d.csv", "-o", "f.csv").out


def test_force_is_said_each_time(folder: Path) -> None:
    Path("lstmcast.toml").write_text("force = true\n")
    assert "no option" in lstmcast("export", "m.pkl").err
    said = process("export", folder / "m.pkl", "-o", folder / "d.csv", LSTMCAST_FORCE="1")
    assert said.code == 2


def test_a_folder_that_is_not_there_is_no_name_of_a_file(folder: Path) -> None:
    before = contents()
    for words in (["train", "d.csv", *QUICK], ["predict", "m.pkl", "d.csv"], ["export", "m.pkl"]):
        said = lstmcast(*words, "-o", "new/")
        assert (said.code, said.out, said.err.count("\n")) == (8, "", 1)
        assert "it is a folder; name a file in it" in said.err
    said = lstmcast("predict", "m.pkl", "d.csv", "--log", "new/")
    assert (said.code, said.out) == (8, "")
    assert contents() == before
    assert not os.path.exists("new")


def test_the_guide_replaces_its_own_pages_only(tmp_path: Path) -> None:
    site = tmp_path / "site"
    for _ in range(2):
        assert lstmcast("guide", "--html", site).code == 0
    (site / "index.html").write_text("<!doctype html>\n<title>My page</title>\n")
    (site / "style.css").write_text("body { color: red }\n")
    for name in ("index.html", "style.css"):
        before = (site / name).read_bytes()
        said = lstmcast("guide", "--html", site)
        assert (said.code, said.out) == (2, "")
        assert "is no page of the guide" in said.err
        assert (site / name).read_bytes() == before
