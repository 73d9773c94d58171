"""Keeps what the program writes as it is: trains twelve models, runs every command over them, and compares hashes.

    python -m tests.unchanged check     # which files and streams are no longer what they were (exit code 1)
    python -m tests.unchanged record    # takes today's for right: in a commit of its own that says why
    python -m tests.unchanged found     # the same with what the last check of this very tree has found

A change of shape alone must leave every byte as it was. Another processor or another NumPy may round the last bit
differently, so hashes are compared only where they were recorded: see `machine`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_info

from tests.command_line import SAMPLES, lstmcast
from tests.conftest import hourly_rows, write_csv

STORED = Path(__file__).parent / "golden" / "unchanged.json"
MODELS = Path(__file__).parent / "golden" / "models"
SMALL = ("--hidden", "8", "--steps", "40", "--seed", "3")
PANEL = ("--id", "zone", "--target", "load", "--known", "heat,weather", "--past", "wind")
CLASSES = ("--id", "site", "--target", "sky", "--known", "holiday", "--past", "wind")

_TIME = re.compile(r'"time": ?"[^"]*", ?')  # when a line was logged

_WRITTEN = datetime(
    2026, 11, 29, 9, tzinfo=UTC
).timestamp()  # schedule says how long after its last row that is

# name of the model: (file it learns from, options)
TRAININGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "single": ("load.csv", ("--target", "load", *SMALL, "--safeguard", "network")),
    "mean": ("load.csv", ("--target", "load", *SMALL, "--safeguard", "mean", "--members", "2")),
    "linear": ("load.csv", ("--target", "load", *SMALL, "--safeguard", "linear")),
    "blend": ("load.csv", ("--target", "load", *SMALL)),
    "panel": ("panel.csv", (*PANEL, *SMALL, "--horizon", "24", "--safeguard", "network")),
    "views": (
        "panel.csv",
        (*PANEL, *SMALL, "--horizon", "24", "--safeguard", "mean", "--calendar", "covariates", "--linear-pair", "yes"),
    ),
    "sized": ("panel.csv", (*PANEL, *SMALL, "--horizon", "24", "--window-size", "yes", "--safeguard", "network")),
    "gaps": ("gaps.csv", ("--target", "load", *SMALL, "--holidays", "FI", "--safeguard", "mean")),
    "classes": ("classes.csv", (*CLASSES, *SMALL, "--horizon", "10", "--lookback", "20", "--safeguard", "mean")),
    "balanced": ("classes.csv", (*CLASSES, *SMALL, "--horizon", "7", "--class-weights", "balanced")),
    "textbook": (
        "load.csv",
        ("--target", "load", *SMALL, "--segment", "1", "--lookback", "24", "--no-highway", "--decoder", "direct",
         "--safeguard", "network", "--no-final"),
    ),
    "smooth": ("victoria.csv", ("--target", "load", *SMALL)),
    "from": ("load.csv", ("--target", "load", *SMALL, "--from", "single.pkl", "--safeguard", "network")),
}  # fmt: skip


def commands() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every command line by the name under which its streams are kept; the trainings first."""
    for name, (data, options) in TRAININGS.items():
        yield f"train {name}", ("train", data, *options, "-o", f"{name}.pkl")
    for name, (data, _) in TRAININGS.items():
        model = f"{name}.pkl"
        yield f"info {name}", ("info", model, "-v")
        yield f"info --json {name}", ("info", model, "--json")
        yield f"predict {name}", ("predict", model, data)
        yield f"predict --json {name}", ("predict", model, data, "--json")
        yield f"evaluate {name}", ("evaluate", model, data, "--stride", "5")
        yield (
            f"evaluate --json {name}",
            ("evaluate", model, data, "--stride", "5", "--json", "-o", f"{name}_singles.csv"),
        )
        yield f"export {name}", ("export", model, "-o", f"{name}.onnx")
    yield from _odd_ones()
    own = {"views": "newer_panel.csv", "gaps": "newer_gaps.csv", "smooth": "newer_victoria.csv"}
    for name in ("single", "mean", "linear", "views", "gaps", "smooth"):
        newer = own.get(name, "newer.csv")
        yield f"refresh {name}", ("refresh", f"{name}.pkl", newer, "--always")
        yield f"predict refreshed {name}", ("predict", f"{name}.pkl", newer, "--json")
        yield f"info refreshed {name}", ("info", f"{name}.pkl", "--json")


def _odd_ones() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Commands that no list goes through: levels, far ahead, stand-ins, ledgers, refusals, a check."""
    for name in ("single", "linear", "views", "classes"):
        data = TRAININGS[name][0]
        beyond = ("--horizon", "17") if name == "views" else ("--horizon", "60")
        yield f"far {name}", ("predict", f"{name}.pkl", data, *beyond, "--json")
    yield "levels", ("predict", "single.pkl", "load.csv", "--level", "50,95", "--quantiles", "0.1,0.9")
    yield "short", ("predict", "single.pkl", "short.csv", "--json")
    yield "short refused", ("predict", "single.pkl", "short.csv", "--strict")
    yield "log", ("predict", "mean.pkl", "load.csv", "--log", "ledger.csv")
    yield "score", ("score", "ledger.csv", "newer.csv")
    yield (
        "score sample",
        ("score", str(SAMPLES / "forecasts.csv"), str(SAMPLES / "victoria_load.csv"), "--json"),
    )
    yield "template", ("template", "views.pkl", "panel.csv")
    yield "schedule", ("schedule", "single.pkl", "load.csv")
    yield "no columns", ("predict", "views.pkl", "load.csv", "--log-json")
    yield "forecast whole", ("train", "load.csv", "--target", "wind", "--log-json")
    for sample in ("victoria_load", "co2", "seattle_weather", "water_flow"):
        yield f"check {sample}", ("check", str(SAMPLES / f"{sample}.csv"))
        yield f"check --json {sample}", ("check", str(SAMPLES / f"{sample}.csv"), "--json")


def write_inputs(folder: Path) -> None:
    """The files that the models learn and forecast from."""
    rows = hourly_rows(40 * 24)
    write_csv(folder / "load.csv", rows[: 35 * 24])
    os.utime(folder / "load.csv", (_WRITTEN, _WRITTEN))
    write_csv(folder / "newer.csv", rows)
    write_csv(folder / "short.csv", rows[:30])
    header, *victoria = (SAMPLES / "victoria_load.csv").read_text(encoding="utf-8").splitlines()
    write_csv(folder / "victoria.csv", victoria[:1400], header)
    write_csv(folder / "newer_victoria.csv", victoria[:1500], header)
    holey = [row if number % 37 else row.split(",")[0] + "," for number, row in enumerate(rows)]
    write_csv(folder / "gaps.csv", holey[: 35 * 24])
    write_csv(folder / "newer_gaps.csv", holey)
    panel = (MODELS / "format_1_panel.csv").read_text(encoding="utf-8").splitlines()
    header, north, south = panel[0], panel[1:725], panel[725:]
    write_csv(
        folder / "panel.csv",
        north[:600] + _without(north[600:624]) + south[:600] + _without(south[600:624]),
        header,
    )
    write_csv(folder / "newer_panel.csv", north + south, header)
    (folder / "classes.csv").write_bytes((MODELS / "format_1_classes.csv").read_bytes())


def _without(rows: list[str]) -> list[str]:
    """The rows with an empty target and an empty past column: known is what is known ahead."""
    cells = [row.split(",") for row in rows]
    return [",".join([time, zone, "", heat, weather, ""]) for time, zone, _, heat, weather, _ in cells]


def hashes() -> dict[str, str]:
    """SHA-256 of each stream and each file, by name."""
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        write_inputs(Path(name))
        for title, arguments in commands():
            said = lstmcast(*arguments)
            here = (
                said.out.replace(str(SAMPLES), "sample_data")
                .replace(os.path.realpath(name), "HERE")
                .replace(name, "HERE")
            )
            for stream, text in (
                ("code", str(said.code)),
                ("stdout", here),
                ("stderr", _TIME.sub("", said.err)),
            ):
                found[f"{title}: {stream}"] = _of(text.encode())
        for file in sorted(Path().glob("*")):
            if file.suffix in (".pkl", ".onnx", ".csv"):
                found[f"file {file.name}"] = _of(file.read_bytes())
    return found


def _of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def machine() -> str:
    """What the last bit of a result depends on: NumPy and the kernels of its linear algebra."""
    kernels = sorted({f"{each['internal_api']} {each.get('architecture', '')}" for each in threadpool_info()})
    return f"numpy {np.__version__}, {', '.join(kernels)}"


def changed() -> list[str]:
    """The names whose bytes are not those that were recorded; what was found is kept for `found`."""
    then, now = json.loads(STORED.read_text(encoding="utf-8"))["hashes"], hashes()
    _found().write_text(_document(now), encoding="utf-8")
    return [name for name in sorted(then.keys() | now.keys()) if then.get(name) != now.get(name)]


def _document(found: dict[str, str]) -> str:
    return json.dumps({"machine": machine(), "hashes": found}, indent=1) + "\n"


def _found() -> Path:
    """Where a check of this tree keeps what it found."""
    tree = subprocess.run(
        ["git", "rev-parse", "HEAD^{tree}"], cwd=STORED.parent, capture_output=True, text=True, check=False
    )
    return Path(tempfile.gettempdir()) / f"unchanged-{tree.stdout.strip() or 'unknown'}.json"


def main(word: str) -> int:
    """Record or check, and say what differs."""
    if word in ("record", "found"):
        text = _document(hashes()) if word == "record" else _found().read_text(encoding="utf-8")
        STORED.write_text(text, encoding="utf-8")
        return 0
    different = changed()
    print("\n".join(different) or "unchanged")
    return 1 if different else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1] if len(sys.argv) == 2 else "check"))
