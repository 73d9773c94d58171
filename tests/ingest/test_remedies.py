"""A refusal names options that work: each is taken out of its message as it stands and tried on the file."""

from __future__ import annotations

import io
import re
import shlex
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lstmcast.core.errors import DataError
from lstmcast.ingest import ReadingRules, Roles, read, survey
from lstmcast.ingest.table.roles import joined_ids

DAYS = pd.date_range("2024-01-01", periods=60, freq="D").strftime("%Y-%m-%d").tolist()
RNG = np.random.default_rng(0)
SECONDS = np.sort(RNG.integers(0, 86_400 * 20, 2500))
EVENTS = [str(pd.Timestamp("2024-01-01") + pd.Timedelta(seconds=int(s))) for s in SECONDS]


def table(header: str, rows: Iterable[tuple[object, ...]]) -> str:
    return header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)


def understood(path: Path, target: str, options: dict[str, str]) -> Any:
    """What is read with options as on the command line; without a target, as check reads it."""
    given = dict(options)
    rules = ReadingRules(
        **{name[2:]: given.pop(name) for name in list(given) if name[2:] in ReadingRules.__dataclass_fields__}
    )
    roles = Roles(target, given.pop("--time", None), given.pop("--id", None))
    reader = read if target else survey
    return reader(path, roles, freq=given.pop("--freq", None), zone=given.pop("--tz", None), rules=rules)


def options_of(message: str) -> dict[str, str]:
    """The first options that a message names, side by side, as a shell would take them."""
    match = re.search(r"--[a-z]+ (?:'[^']*'|\S+)(?: --[a-z]+ (?:'[^']*'|\S+))*", message)
    assert match is not None, message
    words = shlex.split(match[0])
    return dict(zip(words[::2], words[1::2], strict=True))


WALMART = table(
    "Store,Dept,Date,Weekly_Sales,IsHoliday",
    [
        (store, dept, day, round(RNG.normal(100, 9), 2), k % 9 == 0)
        for store in range(1, 4)
        for dept in (1, 2, 90)
        for k, day in enumerate(pd.date_range("2022-02-04", periods=40, freq="W-FRI").strftime("%Y-%m-%d"))
    ],
)
THREE = table(
    "item_id,state_id,store_id,date,y",
    [
        (f"ITEM_{item}", state, store, day, RNG.poisson(3))
        for day in DAYS
        for item in range(3)
        for state in ("CA", "TX")
        for store in ("s1", "s2")
    ],
)
ROSSMANN = table(
    "Store,DayOfWeek,Date,Sales,Customers,Promo",
    [
        (s, k % 7 + 1, day, 4000 + 500 * s + k, 400 + k, 0)
        for k, day in enumerate(DAYS[::-1])
        for s in range(1, 6)
    ],
)
SPARSE = table(
    "date,sku,qty",
    [(day, f"A{s}", s + k % 3) for k, day in enumerate(DAYS) for s in range(1, 4) if RNG.random() < 0.6],
)
ORDERS = table(
    "order_date,order_id,customer,amount",
    [
        (day, f"O{n}", RNG.integers(1, 40), round(RNG.gamma(2, 20), 2))
        for n, day in enumerate(np.sort(RNG.choice(DAYS, 400)))
    ],
)
SENSORS = table(
    "time,sensor,y",
    sorted(
        (str(pd.Timestamp("2024-01-01") + pd.Timedelta(seconds=k * 600 + 37 * o)), f"s{o}", k % 17 + o)
        for k in range(200)
        for o in range(3)
    ),
)
CHANGE = pd.date_range("2024-10-20", "2024-11-02", freq="h", tz="Europe/Berlin").strftime("%Y-%m-%d %H:%M")


@dataclass(frozen=True)
class Case:
    """A file, its target (none: as check reads it), options given, and what the message must and must not name."""

    name: str
    text: str
    says: str
    target: str = ""
    given: str = ""
    series: int = 1


CASES = [
    Case("two ids", WALMART, "--id Store,Dept", series=9),
    Case("two ids, target named", WALMART, "--id Store,Dept", "Weekly_Sales", series=9),
    Case("two ids, one named", WALMART, "--id Store,Dept", "Weekly_Sales", "--id Store", series=9),
    Case("three ids", THREE, "--id item_id,state_id,store_id", series=12),
    Case("ids of digits", ROSSMANN, "--id Store", series=5),
    Case("sparse series", SPARSE, "--id sku", "qty", series=3),
    Case("an id with a blank", "date,my region,y\n" + "".join(f"{d},{r},{r}\n" for d in DAYS for r in (1, 2)),
         "--id 'my region'", series=2),
    Case("sensors of their own times", SENSORS, "--id sensor", series=3),
    Case("orders", ORDERS, "--freq 1D --aggregate sum", "amount"),
    Case("no column tells apart", table("date,y", [(d, k) for d in DAYS for k in RNG.normal(9, 1, 4)]),
         "--freq 1D --aggregate sum"),
    Case("hours beside a date that was named", table("Date,HE,y", [(d, h, h) for d in DAYS for h in range(1, 25)]),
         "--time Date,HE", "y", "--time Date"),
    Case("periods beside a date", table("Date,Period,y", [(d, p, p) for d in DAYS for p in range(1, 49)]),
         "--time Date,Period", "y", "--time Date"),
    Case("transactions", table("timestamp,amount", [(s, round(RNG.gamma(2, 9), 2)) for s in EVENTS]),
         "for amounts --freq 1h --aggregate sum", "amount"),
    Case("events", table("timestamp,event,user", [(s, "click", RNG.integers(1, 99)) for s in EVENTS]),
         "--freq 1h --aggregate count"),
    Case("events in words alone", table("timestamp,event", [(s, "click") for s in EVENTS]),
         "to count rows, --freq 1h --aggregate count"),
    Case("stamps alone", "timestamp\n" + "\n".join(EVENTS) + "\n", "to count rows, --freq 1h --aggregate count"),
    Case("a local clock", table("t,y", [(t, k % 7) for k, t in enumerate(CHANGE)]), "--tz Europe/Berlin"),
    Case("days or months first", table("t,y", [("01/02/2024", 1), ("02/02/2024", 2), ("03/02/2024", 4)]),
         "--dates day-first"),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_option_that_a_refusal_names_works_as_it_stands(case: Case, tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text(case.text)
    given = options_of(case.given) if case.given else {}
    with pytest.raises(DataError) as caught:
        understood(path, case.target, given)
    message = str(caught.value)
    assert case.says in message
    assert "--duplicates mean" not in message
    assert "\n" not in message
    parsed = understood(path, case.target, given | options_of(message))
    assert len(parsed.panel.ids) == case.series


def test_a_stream_cannot_be_tried_and_names_the_likeliest(monkeypatch: pytest.MonkeyPatch) -> None:
    text = table(
        "date,store,y", [(day, store, k + ord(store)) for k, day in enumerate(DAYS) for store in "ab"]
    )
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    with pytest.raises(DataError, match="name their column with --id store"):
        read("-", Roles("y"))


# --- several columns that name a series together


def test_ids_are_joined_as_they_are_named(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text(WALMART)
    for name in ("Store,Dept", "store, dept"):
        parsed = read(path, Roles("Weekly_Sales", id=name))
        assert parsed.panel.id_name == "Store,Dept"
        assert parsed.panel.ids[:3] == ("1,1", "1,2", "1,90")


def test_parts_that_hold_commas_are_kept_apart() -> None:
    cells = [np.array(["a,b", "a", "x"], object), np.array(["c", "b,c", ""], object)]
    assert joined_ids(cells).tolist() == ['"a,b",c', 'a,"b,c"', ""]


def test_a_part_that_is_missing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("date,a,b,y\n2024-01-01,1,1,1\n2024-01-02,1,,2\n")
    with pytest.raises(DataError, match="line 3, column 'a,b': the name of the series is missing"):
        read(path, Roles("y", id="a,b"))


# --- rows added up and counted


def hours_of(path: Path, how: str, target: str = "y") -> np.ndarray:
    return read(path, Roles(target), freq="1h", rules=ReadingRules(aggregate=how)).panel.target


def test_a_sum_of_nothing_is_zero_and_a_mean_of_nothing_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("t,y\n2024-01-01 00:10,1\n2024-01-01 00:50,3\n2024-01-01 03:20,\n2024-01-01 04:00,5\n")
    assert np.array_equal(hours_of(path, "sum"), [4, 0, 0, np.nan, 5], equal_nan=True)
    assert np.array_equal(hours_of(path, "mean"), [2, np.nan, np.nan, np.nan, 5], equal_nan=True)
    assert np.array_equal(hours_of(path, "count"), [2, 0, 0, 0, 1])


def test_rows_of_words_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text(
        "t,y\n2024-01-01 00:10,click\n2024-01-01 00:50,view\n2024-01-01 02:20,\n2024-01-01 03:00,x\n"
    )
    assert hours_of(path, "count").tolist() == [2, 0, 0, 1]


def test_other_columns_are_averaged_where_rows_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("t,y,k\n2024-01-01 00:10,a,1\n2024-01-01 00:50,b,3\n2024-01-01 02:20,c,5\n")
    rules = ReadingRules(aggregate="count")
    values = read(path, Roles("y", past=("k",)), freq="1h", rules=rules).panel.values
    assert np.array_equal(values, [[2, 2], [0, np.nan], [1, 5]], equal_nan=True)
