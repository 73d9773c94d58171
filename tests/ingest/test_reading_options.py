"""How a file was read for training is kept in the model: predict reads alike, with no flag repeated."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast.cli.sessions.reading import read_for_model, read_future_for_model
from lstmcast.cli.shell.console import Console
from lstmcast.core.errors import LstmcastError
from lstmcast.core.options import Options
from lstmcast.ingest import ReadingRules, Roles, read
from tests.command_line import lstmcast
from tests.panels import trained

RULES: dict[str, Any] = {
    "aggregate": "last",
    "absent": "zero",
    "difference": True,
    "duplicates": "first",
    "ambiguous": "second",
    "nonexistent": "shift",
    "missing": ("-200",),
    "decimal": ",",
    "dates": "day-first",
    "exclude": ("2024-01-05..2024-01-06",),
    "task": "classes",
    "max_unpacked": "5GB",
    "keep_partial": True,
    "wide": True,
    "sheet": "May",
    "table": "states",
    "sql": "select 1",
}


def test_every_rule_of_reading_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that a colleague adds must be added here, and to what the model keeps."""
    assert set(RULES) == {field.name for field in dataclasses.fields(ReadingRules)}
    defaults = Options()
    assert all(getattr(defaults, name) != value for name, value in RULES.items())
    model = trained()
    options = dataclasses.replace(model.options, freq="1h", **RULES)
    clock = dataclasses.replace(model.contract.clock, zone="Europe/Helsinki", seasons=(24, 168))
    contract = dataclasses.replace(model.contract, clock=clock, time="day,hour", id="shop", past=("wind",))
    model = dataclasses.replace(model, options=options, contract=contract)
    asked: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def listening(*arguments: Any, **named: Any) -> None:
        asked.append((arguments, named))
        raise InterruptedError

    for name in ("read", "read_future"):
        monkeypatch.setattr(f"lstmcast.ingest.{name}", listening)
    with pytest.raises(InterruptedError):
        read_for_model("file", model, Console())
    with pytest.raises(InterruptedError):
        read_future_for_model("file", model, clock)
    (history, named), (future, _) = asked
    roles = Roles("", "day,hour", "shop", (), ("wind",), {})  # of a wide file the series are targets
    assert history == ("file", roles)
    assert (named["freq"], named["zone"], named["seasons"]) == ("1h", "Europe/Helsinki", (24, 168))
    assert named["rules"] == ReadingRules(**RULES)
    assert future == ("file", roles, clock, ReadingRules(**RULES))


def value(i: int) -> float:
    return round(100 + 20 * math.sin(2 * math.pi * i / 24) + 3 * math.sin(i * i), 3)


def hours(start: str, count: int) -> list[datetime]:
    first = datetime.fromisoformat(start)
    return [first + timedelta(hours=i) for i in range(count)]


def plain(start: str = "2024-01-01", count: int = 400, style: str = "%Y-%m-%d %H:%M") -> list[str]:
    return [f"{hour:{style}},{value(i)}" for i, hour in enumerate(hours(start, count))]


def with_sentinels() -> list[str]:
    rows = plain()
    return rows[:390] + [row.split(",")[0] + ",-200" for row in rows[390:]]


def doubled() -> list[str]:
    return [row for i, line in enumerate(plain()) for row in ([line, line + "9"] if i % 3 == 0 else [line])]


def scattered() -> list[str]:
    return [
        f"{hour + timedelta(minutes=m * m % 59)},{value(i)}"
        for i, hour in enumerate(hours("2024-01-01", 400))
        for m in range(1 + i % 3)
    ]


def sold() -> list[str]:
    return [f"{hour},{1 + i % 5}" for i, hour in enumerate(hours("2024-01-01", 400)) if i % 3 or i % 7 == 0]


def climbing() -> list[str]:
    return [
        f"{hour},{sum(value(k) for k in range(i % 200)):.1f}"
        for i, hour in enumerate(hours("2024-01-01", 400))
    ]


def put_back() -> list[str]:
    """Local hours up to the first that happens twice, which stands once."""
    return plain("2024-10-10 04:00", 408)


def put_forward() -> list[str]:
    return plain("2024-03-20", 300)


def grouped() -> list[str]:
    return [f"{hour};{1 + i % 7},{100 + i}" for i, hour in enumerate(hours("2024-01-01", 400))]


def in_parts() -> list[str]:
    return [f"{hour:%Y-%m-%d},{hour.hour},{value(i)}" for i, hour in enumerate(hours("2024-01-01", 400))]


@dataclass(frozen=True)
class Case:
    """Rows that need some flags to be read, or to be read so."""

    rows: Callable[[], list[str]]
    flags: str
    header: str = "time,y"
    rules: dict[str, Any] = dataclasses.field(default_factory=dict)
    asked: dict[str, Any] = dataclasses.field(default_factory=dict)


CASES = {
    "missing": Case(with_sentinels, "--missing -200", rules={"missing": ("-200",)}),
    "duplicates": Case(doubled, "--duplicates first", rules={"duplicates": "first"}),
    "aggregate": Case(
        scattered,
        "--freq 1h --aggregate last",
        rules={"aggregate": "last"},
        asked={"freq": "1h"},
    ),
    "absent": Case(sold, "--absent zero", rules={"absent": "zero"}),
    "difference": Case(climbing, "--difference", rules={"difference": True}),
    "ambiguous": Case(
        put_back,
        "--tz Europe/Helsinki --ambiguous second",
        rules={"ambiguous": "second"},
        asked={"zone": "Europe/Helsinki"},
    ),
    "nonexistent": Case(
        put_forward,
        "--tz Europe/Helsinki --nonexistent shift --duplicates first",
        rules={"nonexistent": "shift", "duplicates": "first"},
        asked={"zone": "Europe/Helsinki"},
    ),
    "dates": Case(
        lambda: plain(count=288, style="%m/%d/%Y %H:%M"),
        "--dates month-first",
        rules={"dates": "month-first"},
    ),
    "decimal": Case(grouped, "--decimal ,", header="time;y", rules={"decimal": ","}),
    "exclude": Case(plain, "--exclude 2024-01-17 --test 100", rules={"exclude": ("2024-01-17..2024-01-17",)}),
    "time": Case(in_parts, "--time date,hour", header="date,hour,y"),
}


@pytest.mark.parametrize("name", CASES)
def test_predict_reads_as_train_did(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    path, model = tmp_path / "data.csv", tmp_path / "model.pkl"
    path.write_text("\n".join([case.header, *case.rows()]) + "\n")
    short = "--target y --lookback 24 --horizon 12 --hidden 2 --steps 1 --safeguard linear --no-final"
    said = lstmcast("train", path, *short.split(), *case.flags.split(), "-o", model)
    assert said.code == 0, said.err
    wanted = read(path, Roles("y"), rules=ReadingRules(**case.rules), **case.asked)
    said = lstmcast("predict", model, path)
    assert said.code == 0, said.err
    panel = wanted.panel
    first = panel.clock.after(panel.times[panel.known_until()[0] - 1], 1)
    assert said.out.splitlines()[1].split(",")[0] == panel.clock.write(first)[0]
    if name == "time":
        return  # its columns are found without a flag too
    try:
        without = read(path, Roles("y"), zone=case.asked.get("zone")).panel
    except LstmcastError:
        return
    assert without.times.tolist() != panel.times.tolist() or not np.array_equal(
        without.target, panel.target, equal_nan=True
    )


def test_a_decimal_comma_that_the_file_showed_is_kept(tmp_path: Path) -> None:
    """A short file of numbers such as 1,234 does not tell by itself."""
    path, fresh = tmp_path / "data.csv", tmp_path / "fresh.csv"
    rows = [f"{hour};{value(i):.1f}".replace(".", ",") for i, hour in enumerate(hours("2024-01-01", 400))]
    path.write_text("\n".join(["time;y", *rows]) + "\n")
    short = "--target y --lookback 24 --horizon 12 --hidden 2 --steps 1 --safeguard linear --no-final"
    model = tmp_path / "model.pkl"
    assert lstmcast("train", path, *short.split(), "-o", model).code == 0
    fresh.write_text("\n".join(["time;y", *(f"{row.split(',')[0]},000" for row in rows[:30])]) + "\n")
    assert lstmcast("predict", model, fresh).code == 0
    assert "--decimal ," in lstmcast("info", model).out
