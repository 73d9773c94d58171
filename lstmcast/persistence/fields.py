"""Records as their dataclasses declare them: each value of the declared type, or an error that names the field."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

Record = TypeVar("Record")


def record(kind: type[Record], document: Any) -> Record:
    """The dataclass `kind` with the fields in a JSON object; lists become tuples where it declares tuples.

    Raises TypeError for a value of another type, a field it has not, or one that is missing and has no default.
    """
    if not isinstance(document, Mapping):
        raise TypeError(f"no {kind.__name__} but {_told(document)}")
    hints = _hints(kind)  # type: ignore[arg-type]
    if not document.keys() <= hints.keys():
        unknown = next(name for name in document if name not in hints)
        raise TypeError(f"{kind.__name__} has no field {unknown!r}")
    return kind(**{name: value(hints[name], item, name) for name, item in document.items()})


def value(hint: Any, item: Any, name: str) -> Any:
    """A JSON value as its type declares it; name: what the error calls it."""
    if type(item) is hint:
        return item
    origin, arguments = _form(hint)
    if origin in (types.UnionType, typing.Union):
        return _one_of(arguments, item, name)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return record(hint, item)
    if origin is tuple and isinstance(item, list | tuple):
        return _sequence(arguments, item, name)
    if origin is dict and isinstance(item, dict):
        inside = arguments[1]
        if inside is float or inside == float | None:
            return _numbers(inside, item, name)
        return {key: value(inside, inner, f"{name}.{key}") for key, inner in item.items()}
    if not _is_a(hint, item):
        raise TypeError(f"{name} is {_told(item)}, not {getattr(hint, '__name__', hint)}")
    return item


@functools.cache
def _form(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """A declared type before its brackets, and within them."""
    return typing.get_origin(hint), typing.get_args(hint)


@functools.cache
def _hints(kind: Any) -> dict[str, Any]:
    """Each declared field's type."""
    hints = typing.get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def _one_of(hints: tuple[Any, ...], item: Any, name: str) -> Any:
    """A value of the first of several types that it is of, or of the last one as far as the error is concerned."""
    if item is None and type(None) in hints:
        return None
    *others, last = [hint for hint in hints if hint is not type(None)]
    for hint in others:
        with contextlib.suppress(TypeError):
            return value(hint, item, name)
    return value(last, item, name)


def _sequence(hints: tuple[Any, ...], items: Sequence[Any], name: str) -> tuple[Any, ...]:
    """A tuple of any length and one type, or of as many types as it is long."""
    each = (hints[0],) * len(items) if len(hints) == 2 and hints[1] is Ellipsis else hints
    return tuple(value(hint, item, name) for hint, item in zip(each, items, strict=True))


def _numbers(hint: Any, items: dict[str, Any], name: str) -> dict[str, Any]:
    """A dict of numbers, most of a report: one look at each of them where all are what they should be."""
    kinds = {float, int} if hint is float else {float, int, types.NoneType}
    if not {type(item) for item in items.values()} <= kinds:
        for key, item in items.items():
            value(hint, item, f"{name}.{key}")
    return dict(items)


def _is_a(hint: Any, item: Any) -> bool:
    """Return whether a leaf is of a type: True is no number, and a whole number may stand for a real one."""
    if isinstance(item, bool) or hint is bool:
        return isinstance(item, bool) and hint is bool
    return isinstance(item, int | float if hint is float else hint) if isinstance(hint, type) else False


def _told(item: Any) -> str:
    return "nothing" if item is None else f"a {type(item).__name__}"
