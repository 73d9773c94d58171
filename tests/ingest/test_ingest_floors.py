"""The floors inside ingest: each folder imports only itself and the floors below it."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

INGEST = Path(__file__).resolve().parents[2] / "lstmcast" / "ingest"
FLOORS = ("text", "table", "time", "columns")  # the lowest first; days, ledgers and reading stand above them


def imported(file: Path) -> set[str]:
    """The folders of ingest that a file imports from."""
    modules = [
        node.module or ""
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
    ]
    return {module.split(".")[2] for module in modules if module.startswith("lstmcast.ingest.")}


@pytest.mark.parametrize("place", range(len(FLOORS)))
def test_a_floor_imports_only_those_below(place: int) -> None:
    for file in (INGEST / FLOORS[place]).glob("*.py"):
        assert imported(file) <= set(FLOORS[: place + 1]), file


def test_the_rooms_on_top_do_not_import_each_other() -> None:
    tops = ("reading", "days", "ledgers")
    for top in tops:
        assert not imported(INGEST / f"{top}.py") & set(tops)
