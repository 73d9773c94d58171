"""Damaged files of every kind are read or refused in one line: a sample of `python -m tests.benchmarks.damaged`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.benchmarks.damaged import damaged, outcome


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", [62, 161, 330, 477, 500380, *range(7000, 7030)])
def test_a_damaged_file_is_read_or_refused(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    path = tmp_path / "damaged"
    path.write_bytes(damaged(chance))
    assert not outcome(path, chance).startswith("FAULT")
