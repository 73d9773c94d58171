"""What the program writes is what it wrote: every byte of twelve models and of all commands over them."""

from __future__ import annotations

import json

import pytest

from tests import unchanged


def test_no_byte_has_changed() -> None:
    recorded_on = json.loads(unchanged.STORED.read_text(encoding="utf-8"))["machine"]
    if unchanged.machine() != recorded_on:
        pytest.skip(f"recorded with {recorded_on}; here is {unchanged.machine()}: the last bits may differ")
    assert unchanged.changed() == []
