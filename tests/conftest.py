"""What several tests start from: a small series, and a model trained on it in a second."""

from __future__ import annotations

import math
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.command_line import lstmcast

# Whoever runs the tests may have settings of their own.
os.environ["XDG_CONFIG_HOME"] = os.devnull
# A hundred tests start a process of their own: without bytecode, each compiles the whole program again.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
LONGEST = ("test_unchanged.py", "test_cli_flags.py", "test_browser.py", "test_fuzzed_options.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest: at the end, one worker would wait for the other to be done with them."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """The tests run side by side already: to start processes for two tiny networks takes longer than their training."""
    os.environ["LOKY_MAX_CPU_COUNT"] = "1"


QUICK = ("--target", "load", "--lookback", "48", "--hidden", "8", "--steps", "20", "--seed", "1")


def hourly_rows(count: int, start: int = 0) -> list[str]:
    """Rows of `time,load`: a day's wave, a slower one, and a little that no one can forecast."""
    rows = []
    for i in range(start, start + count):
        noise = math.sin(i * i * 0.731) * 3
        value = 100 + 20 * math.sin(2 * math.pi * i / 24) + 5 * math.sin(2 * math.pi * i / 168) + noise
        rows.append(f"{datetime(2024, 1, 1) + timedelta(hours=i)},{value:.3f}")
    return rows


def write_csv(path: Path, rows: list[str], header: str = "time,load") -> Path:
    """A CSV file of these rows."""
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """28 days of hourly rows."""
    return write_csv(tmp_path_factory.mktemp("history") / "history.csv", hourly_rows(28 * 24))


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory, history: Path) -> Path:
    """A model trained on the history, by the command that a user would give."""
    path = tmp_path_factory.mktemp("model") / "model.pkl"
    said = lstmcast("train", history, *QUICK, "-o", path)
    assert (said.code, said.err) == (0, "")
    return path
