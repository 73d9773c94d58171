"""Findings: what was found in a file or in its numbers, and what was done about it, in plain words."""

from __future__ import annotations

from dataclasses import dataclass, field

from lstmcast.core.place import NOWHERE, Place

NOTE, WARNING, REFUSAL = "note", "warning", "refusal"
SEVERITIES = (REFUSAL, WARNING, NOTE)


@dataclass(frozen=True)
class Finding:
    """One fact about a file that its owner should know.

    severity: one of SEVERITIES; code: a short stable name; message: one sentence with a line or a stamp;
    remedy: the option (or the step) that settles it otherwise, or empty; place: the line, the column or the stamp that
    the message names, for a program that reads the log.
    """

    severity: str
    code: str
    message: str
    remedy: str = ""
    place: Place = field(default=NOWHERE, compare=False)

    def record(self) -> dict[str, str]:
        """The finding as a part of a JSON document."""
        return {name: getattr(self, name) for name in ("severity", "code", "message", "remedy")}


def written(number: float) -> str:
    """A number in as few digits as read back as just that number, so that an option can name it."""
    short = f"{number:g}"
    return short if float(short) == number else repr(float(number))


def percent(share: float, digits: int = 1) -> str:
    """Return a share as a person reads it: `12.3 %`."""
    return f"{share:.{digits}%}".replace("%", " %")


def count(number: int, noun: str) -> str:
    """A number with its noun, in English: `1 row`, `2,284 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
