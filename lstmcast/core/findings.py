"""Findings: what was found in a file or in its numbers, and what was done about it, in plain words."""

from __future__ import annotations

from dataclasses import dataclass

NOTE, WARNING, REFUSAL = "note", "warning", "refusal"
SEVERITIES = (REFUSAL, WARNING, NOTE)


@dataclass(frozen=True)
class Finding:
    """One fact about a file that its owner should know.

    severity: one of SEVERITIES; code: a short stable name; message: one sentence with a line or a stamp;
    remedy: the option (or the step) that settles it otherwise, or empty.
    """

    severity: str
    code: str
    message: str
    remedy: str = ""


def count(number: int, noun: str) -> str:
    """A number with its noun, in English: `1 row`, `2,284 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
