"""Options that came after format 1 of the model file stand in it only where they are set."""

from __future__ import annotations

import dataclasses

import pytest

from lstmcast.core.options import Options
from lstmcast.persistence.parts import options_document, options_from

LATER = [field for field in dataclasses.fields(Options) if field.metadata["later"]]

VALUES: dict[str, object] = {"max_unpacked": "5GB", "sheet": "May", "table": "states", "sql": "select 1"}


def test_what_is_not_set_is_not_written() -> None:
    assert not {field.name for field in LATER} & set(options_document(Options()))


@pytest.mark.parametrize("field", LATER, ids=lambda field: field.name)
def test_what_is_set_comes_back(field: dataclasses.Field[object]) -> None:
    choices = [choice for choice in field.metadata["choices"] if choice != field.default]
    value = choices[0] if choices else ("a", "b") if field.default == () else not field.default or "a"
    value = VALUES.get(field.name, value)
    options = dataclasses.replace(Options(), **{field.name: value})
    assert options_from(options_document(options)) == options
