"""Five ways in, as the guide shows them: at most eight lines to a forecast that was judged, with a picture."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import pytest

import lstmcast
from lstmcast.interface import datasets
from lstmcast.interface.estimator import parameters
from tests.command_line import PROJECT

PAGE = (PROJECT / "lstmcast/guide/python.md").read_text(encoding="utf-8")
SHOWN = dict(re.findall(r"^For ([\w-]+):\n\n```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL))
QUICK: dict[str, Any] = {"steps": 2, "hidden": 4, "lookback": 24, "smoothing": "no"}
ROWS = 700


@pytest.fixture(autouse=True)
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer rows and steps, where the guide says nothing of them."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(lstmcast, "fit", functools.partial(lstmcast.fit, **QUICK))
    for name, value in QUICK.items():
        monkeypatch.setitem(parameters.DEFAULTS, name, value)
    whole = datasets._sample
    monkeypatch.setattr(datasets, "_sample", lambda name: whole(name).tail(ROWS))


@pytest.mark.parametrize("audience", ["pandas", "Prophet", "scikit-learn", "Nixtla", "sktime"])
def test_a_few_lines_lead_to_a_judged_forecast_with_a_picture(
    audience: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if audience == "sktime":
        pytest.importorskip("sktime", reason="sktime is not installed; it is the extra sktime")
    lines = [line for line in SHOWN[audience].splitlines() if line.strip()]
    assert len(lines) <= 8
    exec(SHOWN[audience], {})
    said = capsys.readouterr().out
    assert re.search("beats|level with|worse|baseline" if audience != "scikit-learn" else r"^\[ *-?\d", said)
    assert Path("forecast.svg").read_text(encoding="utf-8").startswith("<svg")
