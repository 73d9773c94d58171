"""Files read one after the other in a process are read as each is alone: what is remembered changes nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lstmcast.core.errors import DataError
from lstmcast.ingest import Roles, read
from lstmcast.ingest.table import reader
from lstmcast.ingest.time import stamps

DAYS = [f"2024-01-{day:02d}" for day in range(1, 29)]
FILES = {
    "plain": ["time,a,b", *(f"{day},{n},{2 * n}" for n, day in enumerate(DAYS))],
    "zoned": ["time,a,b", *(f"{day} 01:00 CET,{n},{2 * n}" for n, day in enumerate(DAYS))],
    "other zone": ["time,a,b", *(f"{day} 01:00 EST,{n},{2 * n}" for n, day in enumerate(DAYS))],
    "empty rows": ["time,a,b", *(f"{day},{n},{2 * n}" for n, day in enumerate(DAYS)), ",,7", ",,"],
    "header again": ["time,a,b", *(f"{day},{n},{2 * n}" for n, day in enumerate(DAYS)), "time,a,x"],
    "comments": ["time,a,b", "# a remark", *(f"{day},{n},{2 * n}" for n, day in enumerate(DAYS))],
    "broken": ["time,a,b", *(f"{day},{n},{2 * n}" for n, day in enumerate(DAYS[:-1])), "2024-01-xx,3,4"],
}


def outcome(path: Path) -> object:
    """All that reading a file tells."""
    try:
        found = read(path, Roles("a", "time"))
    except DataError as error:
        return str(error)
    panel = found.panel
    return panel.times.tolist(), panel.target.tolist(), panel.clock, found.findings


def test_a_file_is_read_the_same_whatever_was_read_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = []
    for name, lines in FILES.items():
        paths.append(tmp_path / f"{name}.csv")
        paths[-1].write_text("\n".join(lines) + "\n", encoding="utf-8")
    remembered = [outcome(path) for path in (*paths, *reversed(paths))]
    assert stamps._READ
    monkeypatch.setattr(stamps, "_FEW", 0)
    monkeypatch.setattr(reader, "_SHORT", 0)
    anew = [outcome(path) for path in paths]
    assert remembered == [*anew, *reversed(anew)]


def test_what_is_remembered_is_bounded(tmp_path: Path) -> None:
    for number in range(3 * stamps._MOST_READ):
        start = np.datetime64("2024-01-01") + np.timedelta64(number, "D")
        rows = "".join(f"{start + np.timedelta64(n, 'D')},{n}\n" for n in range(20))
        (tmp_path / "d.csv").write_text(f"time,a\n{rows}", encoding="utf-8")
        read(tmp_path / "d.csv", Roles("a", "time"))
    assert len(stamps._READ) <= stamps._MOST_READ
