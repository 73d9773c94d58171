"""A place in a file: its text goes into a message, its fields into the error or the finding that tells it."""

# No import up here that takes time: every error comes with this.

from __future__ import annotations


class Place:
    """The place of a fact, as far as known.

    `line` counts from 1, `stamp` is text, `option` a flag such as `--val`.

    str(place) is its text, made of the fields where none is given: `d.csv: line 12 (2024-01-31), column 'load'`.
    """

    __slots__ = ("fields", "text")

    def __init__(
        self,
        text: str = "",
        *,
        file: str | None = None,
        line: int | None = None,
        column: str | None = None,
        stamp: str | None = None,
        option: str | None = None,
    ) -> None:
        """Keep what is known; text: how a message says it, where that is not made of the fields."""
        number = None if line is None else int(line)  # of NumPy, perhaps, which JSON does not take
        known = {"file": file, "line": number, "column": column, "stamp": stamp, "option": option}
        self.fields: dict[str, str | int] = {
            name: value for name, value in known.items() if value is not None
        }
        self.text = text or _text(self.fields)

    def __str__(self) -> str:
        """The place as a message says it."""
        return self.text

    def silent(self) -> Place:
        """Return these fields without a text, for a message that says it in its own words already."""
        place = Place()
        place.fields = dict(self.fields)
        return place

    def __repr__(self) -> str:
        """The place with its fields, for whoever debugs."""
        return f"Place({self.text!r}, {self.fields})"


def _text(fields: dict[str, str | int]) -> str:
    """The fields as words: file, line, stamp and column; an option is named by the message itself."""
    line = f"line {fields['line']}" if "line" in fields else ""
    stamp = str(fields.get("stamp", ""))
    row = f"{line} ({stamp})" if line and stamp else line or stamp
    column = f"column {fields['column']!r}" if "column" in fields else ""
    inside = ", ".join(filter(None, (row, column)))
    return ": ".join(filter(None, (str(fields.get("file", "")), inside)))


NOWHERE = Place()
