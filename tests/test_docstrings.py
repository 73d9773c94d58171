"""Docstrings: every first sentence has a subject of its own, as in `Return …`, `The …` or `A …`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
BORROWED = re.compile(r"(What|Whether|Which|Where|How|Why|When|Who|Whose|As|The same)\b")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def without_subject(text: str, name: str) -> Iterator[str]:
    """Yield `file:line: first line` for each docstring that begins with a word which needs a sentence before it."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, DOCUMENTED) and BORROWED.match(said := ast.get_docstring(node) or ""):
            yield f"{name}:{node.body[0].lineno}: {said.splitlines()[0]}"


def test_every_docstring_has_its_own_subject() -> None:
    """The package has no docstring that begins as half a sentence."""
    files = sorted((ROOT / "lstmcast").rglob("*.py"))
    assert files
    found = [
        each
        for file in files
        for each in without_subject(file.read_text(encoding="utf-8"), file.relative_to(ROOT).as_posix())
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "words", ["How many rows it has.", "Whether it is one.", "As of it.", "The same once more."]
)
@pytest.mark.parametrize(
    "code", ['"""{}"""', 'class A:\n    """{}"""', 'def f():\n    """{}"""', 'async def f():\n    """{}"""']
)
def test_a_borrowed_subject_is_found(words: str, code: str) -> None:
    """A made-up docstring without a subject is told, at whatever it stands."""
    assert [each.split(": ", 1)[1] for each in without_subject(code.format(words), "made_up.py")] == [words]


@pytest.mark.parametrize(
    "words", ["Return how many rows it has.", "The sameness of two.", "Assert that it is one."]
)
def test_an_own_subject_is_not_found(words: str) -> None:
    """A docstring with a subject passes, even where it begins with the letters of a forbidden word."""
    assert not list(without_subject(f'"""{words}"""', "made_up.py"))
