"""A seeded sample of odd command lines; `python -m tests.benchmarks.fuzz` runs as many as there is time for."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from tests.fuzzed import bases, lines, restored, run, wrong


def test_no_value_of_any_option_is_a_bug(tmp_path: Path) -> None:
    words = bases(tmp_path)
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    found = []
    for line in islice(lines(words, 14), 40):
        told = wrong(run(line, tmp_path))
        found += [] if told is None else [(line, told)]
        restored(tmp_path, files)
    assert not found
