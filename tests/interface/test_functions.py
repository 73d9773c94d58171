"""The functions by keywords: their options are those of the command line, and take what fit takes."""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import lstmcast
from lstmcast.interface.named import FitOptions, ReadOptions
from lstmcast.pipeline import tuning
from lstmcast.pipeline.pace import Pace
from lstmcast.pipeline.tuning import JudgedTrial
from tests.command_line import in_python

SMALL: dict[str, Any] = {"horizon": 6, "lookback": 24, "steps": 2, "hidden": 4, "smoothing": "no"}
USER = Path(__file__).with_name("a_users_script.py")


def hourly() -> pd.Series:
    """A day's swing with noise, hours in the index."""
    hours = np.arange(300)
    values = 10 + np.sin(2 * np.pi * hours / 24) + np.random.default_rng(0).normal(0, 0.05, 300)
    return pd.Series(values, pd.date_range("2024-01-01", periods=300, freq="h"), name="load")


def test_named_options_are_the_options_and_have_their_types() -> None:
    named = typing.get_type_hints(ReadOptions)
    for name, own in typing.get_type_hints(lstmcast.Options).items():
        wide = named.pop(name)
        for letter in (str, int):
            if own in (tuple[letter, ...], tuple[letter, ...] | None):
                own = letter | Sequence[letter] | (None if own != tuple[letter, ...] else letter)
        assert wide == own, name
    assert not named
    assert typing.get_type_hints(FitOptions).keys() == typing.get_type_hints(ReadOptions).keys() - {"time"}


@pytest.mark.parametrize("function", [lstmcast.fit, lstmcast.tune, lstmcast.backtest])
def test_functions_take_all_options_by_name(function: Any) -> None:
    hints = typing.get_type_hints(function, localns={"Data": Any, "Tuning": Any, "CrossValidation": Any})
    assert hints["named"] == typing.Unpack[FitOptions]
    assert "time" in inspect.signature(function).parameters


def test_a_users_script_is_checked_strictly() -> None:
    mypy = pytest.importorskip("mypy.api")
    folder = USER.parents[2]
    out, err, code = mypy.run(["--strict", "--config-file", str(folder / "pyproject.toml"), str(USER)])
    wrong = [line for line in out.splitlines() if "error" in line and "Found" not in line]
    text = USER.read_text(encoding="utf-8").splitlines()
    assert [int(line.split(":")[1]) for line in wrong] == [
        number for number, line in enumerate(text, 1) if "# wrong" in line
    ], out + err
    assert code == 1


def test_a_backtest_takes_a_path_a_frame_a_series_and_a_panel(tmp_path: Path) -> None:
    series = hourly()
    series.rename_axis("time").to_csv(tmp_path / "load.csv")
    frame = series.rename_axis("ds").rename("y").reset_index()
    panel = lstmcast.read(series).panel
    means = [
        lstmcast.backtest(data, folds=2, **SMALL).means["model"]
        for data in (series, frame, panel, str(tmp_path / "load.csv"))
    ]
    assert all(mean == means[0] for mean in means)


def test_tuning_gives_a_model_that_takes_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    def judged(key: str, *_: object) -> JudgedTrial:
        if key == "2.0.0":
            raise KeyboardInterrupt
        return JudgedTrial(key, 1.0 - 0.1 * int(key[0]), Pace(0.1, 0.1))

    monkeypatch.setattr(tuning, "_judged", judged)
    with pytest.warns(UserWarning, match="stopped"):
        found = lstmcast.tune(hourly(), trials=3, final=False, **SMALL)
    assert found.chosen == found.trials[1].changes != {}
    assert len(found.model.predict(hourly()).to_frame()) == 6
    assert repr(found).startswith("Tuning(chosen=")
    assert len(repr(found)) < 300


def test_the_package_and_predict_load_none_of_this() -> None:
    loaded = in_python(
        "import sys, lstmcast; dir(lstmcast); from lstmcast.cli.commands import predict;"
        "print([n for n in sys.modules if n.startswith(('lstmcast.interface', 'numpy', 'pandas',"
        " 'sklearn', 'sktime'))])"
    )
    assert loaded.strip() == "[]"


def test_type_checkers_are_told_of_all_names_where_they_live() -> None:
    stub = Path(lstmcast.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    told = {name: (home, once) for home, once, name in re.findall(r"from (\S+) import (\S+) as (\S+)", stub)}
    for name, home in (lstmcast._HOMES | lstmcast._OF_EXTRAS).items():
        module = home.removesuffix(f".{name}")
        assert told.pop(name) == (f"lstmcast.{module}", name)
        assert name in lstmcast._OF_EXTRAS or getattr(lstmcast, name) is not None
    assert not told
