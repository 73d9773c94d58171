"""Every error and finding whose sentence names a file, a line, a column or a stamp says it in its fields as well."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from lstmcast.core.errors import LstmcastError

PACKAGE = Path(__file__).resolve().parents[2] / "lstmcast"
KINDS = {kind.__name__ for kind in LstmcastError.__subclasses__()}
# Where the message stands among the arguments of what makes an error or a finding, and where the place may stand.
MESSAGES = dict.fromkeys(KINDS, 0) | {"refusal": 0, "info": 1, "warn": 1, "Finding": 2}
PLACES = {"refusal": 1, "info": 3, "warn": 3, "Finding": 4}
# What a value in a message is called in the code -> the field that it belongs into.
NAMES = {
    "file": r"path|source|model_file|ledger_file|self\.source|shown\(path\)|self\.context\.source|context\.source",
    "line": r"line|number|where|.*\.line|.*lines\[.*",
    "column": r"name(?=!r)|.*\.target!r|.*columns\[.*\]\.(name|source)!r|self\.name!r|column!r",
    "stamp": r"stamp|.*\.write\(.*|_at\(.*|self\._stamp\(.*|.*\.show\(.*|until",
}


@dataclass(frozen=True)
class Raise:
    """A call that makes an error: where it stands, what its sentence says, and which fields it is given."""

    where: str
    text: str
    values: tuple[str, ...]
    fields: frozenset[str]

    def named(self) -> set[str]:
        """The fields that the sentence names a value of."""
        found = set()
        for before, value in zip(self.text.split("\0"), self.values, strict=False):
            for field, pattern in NAMES.items():
                if re.fullmatch(pattern, value) and _is_about(field, before):
                    found.add(field)
        return found


def _is_about(field: str, before: str) -> bool:
    """Whether the words before a value say that it is of this kind; `name` may also be that of a series."""
    word = before.rsplit(None, 1)[-1] if before.strip() else ""
    if field == "column":
        return "series" not in before[-12:] and word not in ("of",)
    if field == "line":
        return bool(re.search(r"\blines?\s*$", before))
    return True


def raises() -> Iterator[Raise]:
    """Every call of an error class of ours in the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for function in ast.walk(ast.parse(text)) if "Error" in text or "context" in text else ():
            if isinstance(function, ast.FunctionDef):
                yield from _in(function, str(path.relative_to(PACKAGE)))


def _in(function: ast.FunctionDef, file: str) -> Iterator[Raise]:
    texts = {
        target.id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = ast.unparse(node.func)
        name = called.removesuffix(".at").rsplit(".", 1)[-1]
        if name not in MESSAGES or (name in ("info", "warn") and "context" not in called):
            continue
        place = 0 if called.endswith(".at") else PLACES.get(name)
        given = [keyword.value for keyword in node.keywords if keyword.arg == "place"]
        given += node.args[place : place + 1] if place is not None else []
        fields = {keyword.arg for keyword in node.keywords if keyword.arg}
        for each in given:
            fields |= _fields(each, texts)
        fields |= {"file"} if "context" in called else set()
        text, values = _message(node.args[1 if called.endswith(".at") else MESSAGES[name]], texts)
        yield Raise(f"{file}:{node.lineno}", text, values, frozenset(fields))


def _fields(place: ast.expr, texts: dict[str, ast.expr]) -> set[str]:
    """The fields that an expression for a place is made with; all, where it was made elsewhere."""
    if isinstance(place, ast.Name) and place.id in texts:
        place = texts[place.id]
    if isinstance(place, ast.Call) and place.keywords and ast.unparse(place.func)[-5:].lower() == "place":
        return {keyword.arg for keyword in place.keywords if keyword.arg}
    return set(NAMES)


def _message(node: ast.expr, texts: dict[str, ast.expr]) -> tuple[str, tuple[str, ...]]:
    """The literal parts of a message, and the expressions between them."""
    if isinstance(node, ast.Name) and node.id in texts:
        node = texts[node.id]
    if isinstance(node, ast.Constant):
        return str(node.value), ()
    if not isinstance(node, ast.JoinedStr):
        return "", ()
    parts, values = "", []
    for piece in node.values:
        if isinstance(piece, ast.Constant):
            parts += str(piece.value)
        elif isinstance(piece, ast.FormattedValue):
            parts += "\0"
            values.append(ast.unparse(piece.value) + ("!r" if piece.conversion == 114 else ""))
    return parts, tuple(values)


def test_an_error_that_names_a_place_has_it_in_its_fields() -> None:
    found = list(raises())
    assert len(found) > 120
    missing = {each.where: sorted(each.named() - each.fields) for each in found}
    assert {where: fields for where, fields in missing.items() if fields} == {}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_no_kind_of_error_reads_its_message(kind: str) -> None:
    """What stands in a sentence is never looked for in it: a column may be called `line 7`."""
    made = next(each for each in LstmcastError.__subclasses__() if each.__name__ == kind)
    if kind.startswith("_"):
        return
    assert made("line 9/d.csv: line 7, column 'sales 2023-05-01'").where == {}


def test_nothing_searches_a_sentence_for_a_place() -> None:
    for path in sorted((PACKAGE / "cli").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"re\.(search|match|findall)\(.*(line|\\d\{4\})", text), path
