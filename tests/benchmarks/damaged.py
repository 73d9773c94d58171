"""Fuzz: damaged files of every kind are read, or refused in one line; nothing else comes of them.

    python -m tests.benchmarks.damaged [COUNT] [--seed N]

Each input is a small file that was made here and then damaged: bytes changed, cut, doubled or swapped, cells replaced
by odd ones. Prints every input that ends otherwise than with a Panel or with an error of ours, and how many were tried;
exit code 1 where there was one.
"""

from __future__ import annotations

import argparse
import functools
import io
import random
import sqlite3
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from lstmcast.core.errors import LstmcastError
from lstmcast.ingest import ReadingRules, Roles, read, survey

ODD = (
    b"", b"-", b"NaN", b"unavailable", b"1e400", b"-1e308", b"(59)", b"1.068", b"1,068", b"17 kWh", b"12:60",
    b"2024-02-30", b"24:00", b"\xff", b"\x00", b'"', b"#N/A", b"99999999999999999999", b"+99:00", b"HE25",
    b"2024-03-31 02:30", b"\xe2\x80\xae",
)  # fmt: skip


def hours(rows: int = 60) -> bytes:
    """Hours with two columns of numbers, one of text and one of identities."""
    lines = [
        f"{datetime(2024, 3, 30) + timedelta(hours=i)},{i % 24}.5,{i % 7},{'ab'[i % 2]},s{i % 2}"
        for i in range(rows)
    ]
    return "\n".join(["time,load,temp,kind,store", *lines]).encode() + b"\n"


def wide() -> bytes:
    """A column an hour."""
    lines = [f"2024-03-{day:02d}," + ",".join(str(day + hour) for hour in range(24)) for day in range(1, 31)]
    return "\n".join(["date," + ",".join(f"H{hour}" for hour in range(1, 25)), *lines]).encode() + b"\n"


def euro() -> bytes:
    """Semicolons, decimal commas, days first, numbered hours and a total."""
    lines = [f"{1 + i // 24:02d}.03.2024;{1 + i % 24};1.{i % 900 + 100},5 €" for i in range(72)]
    return ("\n".join(["Datum;Stunde;Umsatz", *lines, "Summe;;1.000,0 €"]) + "\n").encode(
        "latin-1", "replace"
    )


def database() -> bytes:
    """A table of an SQLite database."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE states (at TEXT, load REAL)")
    rows = [(f"{datetime(2024, 1, 1) + timedelta(hours=i)}", i % 24) for i in range(60)]
    connection.executemany("INSERT INTO states VALUES (?, ?)", rows)
    connection.commit()
    data: bytes = connection.serialize()
    return data


def workbook() -> bytes:
    """A sheet; empty without openpyxl."""
    try:
        import openpyxl
    except ImportError:
        return b""
    book = openpyxl.Workbook()
    book.active.append(["time", "load"])
    for i in range(60):
        book.active.append([datetime(2024, 1, 1) + timedelta(hours=i), i % 24 + 0.5])
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def _bytes(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 2, 8))):
        data[chance.randrange(len(data))] = chance.randrange(256)


def _cut(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    del data[start : start + chance.randint(1, chance.choice((1, 5, 40, max(1, len(data) // 3))))]


def _double(data: bytearray, chance: random.Random) -> None:
    start = chance.randrange(len(data))
    data[start:start] = data[start : start + chance.randint(1, 200)]


def _cells(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 2, 5))):
        starts = [i for i, byte in enumerate(data) if byte in b",;\n"] or [0]
        start = chance.choice(starts) + 1
        stop = next((i for i in range(start, len(data)) if data[i] in b",;\n"), len(data))
        data[start:stop] = chance.choice(ODD)


def _swap(data: bytearray, chance: random.Random) -> None:
    lines = bytes(data).split(b"\n")
    one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    data[:] = b"\n".join(lines)


DAMAGE: tuple[Callable[[bytearray, random.Random], None], ...] = (_bytes, _cut, _double, _cells, _swap)
RULES = (
    (Roles(""), ReadingRules()),
    (Roles("load"), ReadingRules()),
    (Roles("", time="time", id="store"), ReadingRules()),
    (Roles("load", known=("temp",), past=("kind",)), ReadingRules(decimal=",")),
    (Roles(""), ReadingRules(wide=True)),
    (Roles("load"), ReadingRules(aggregate="sum", absent="zero")),
    (Roles("load"), ReadingRules(difference=True)),
)


@functools.cache
def _sources() -> tuple[bytes, ...]:
    return tuple(data for data in (hours(), wide(), euro(), database(), workbook()) if data)


def damaged(chance: random.Random) -> bytes:
    """One of the files, damaged."""
    data = bytearray(chance.choice(_sources()))
    for _ in range(chance.choice((0, 1, 1, 1, 2))):
        if data:
            chance.choice(DAMAGE)(data, chance)
    return bytes(data)


def outcome(path: Path, chance: random.Random) -> str:
    """What comes of reading a file: `read`, the name of an error of ours, or a fault."""
    roles, rules = chance.choice(RULES)
    reader = chance.choice((read, survey))
    options = {"freq": "1h"} if rules.aggregate else {}
    options |= {"zone": "Europe/Berlin"} if chance.random() < 0.3 else {}
    try:
        reader(path, roles, rules=rules, **options)  # type: ignore[arg-type]
    except LstmcastError as error:
        return type(error).__name__
    except Exception as error:
        return f"FAULT {type(error).__name__}: {error} ({reader.__name__}, {roles}, {rules})"
    return "read"


def main() -> int:
    """Try so many damaged files; 1 where one ended in a fault."""
    parser = argparse.ArgumentParser()
    parser.add_argument("count", nargs="?", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    found: Counter[str] = Counter()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "damaged"
        for number in range(given.seed, given.seed + given.count):
            chance = random.Random(number)
            path.write_bytes(damaged(chance))
            said = outcome(path, chance)
            found[said.split(":")[0]] += 1
            if said.startswith("FAULT"):
                print(f"seed {number}: {said}")
    print(", ".join(f"{name} {often:,}" for name, often in found.most_common()))
    return int(any(name.startswith("FAULT") for name in found))


if __name__ == "__main__":
    raise SystemExit(main())
