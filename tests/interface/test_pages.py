"""What README and guide show in Python runs."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import pytest

import lstmcast
from tests.command_line import PROJECT
from tests.conftest import hourly_rows, write_csv

SHOWN = re.compile(r"(?<=^```python\n)(.*?)(?=^```$)", flags=re.MULTILINE | re.DOTALL)
PAGES = ["README.md", "lstmcast/guide/python.md"]


@pytest.mark.parametrize("page", PAGES)
def test_what_is_shown_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("data", "fresh", "load", "load_new"):
        write_csv(tmp_path / f"{name}.csv", hourly_rows(700))
    small = functools.partial(lstmcast.fit, steps=2, hidden=4, lookback=48, smoothing="no")
    monkeypatch.setattr(lstmcast, "fit", small)
    text = (PROJECT / page).read_text(encoding="utf-8")
    blocks = SHOWN.findall(text.split("Five ways in")[0])  # these have a test of their own
    assert blocks
    for block in blocks:
        exec(block, {})
