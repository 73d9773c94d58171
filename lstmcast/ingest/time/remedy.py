"""A remedy: options that may settle what ends a reading, to be tried on the file before a message names them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lstmcast.core.errors import DataError
from lstmcast.ingest.text.context import ReadContext


@dataclass(frozen=True)
class Remedy:
    """options: flag -> value, as on the command line, empty for a switch; sentence: says them, `{}` where they go."""

    options: Mapping[str, str]
    sentence: str = "{}"

    @property
    def words(self) -> str:
        """The options as a shell takes them."""
        return " ".join(
            f"{flag} {shlex.quote(value)}" if value else flag for flag, value in self.options.items()
        )

    def __str__(self) -> str:
        """The sentence with the options in it."""
        return self.sentence.format(self.words)


class UnsettledError(DataError):
    """An error that ends a reading and that options may settle.

    fact: what is wrong; remedies: what may help, the likeliest first; otherwise: what to do where none of them does;
    may_hold_several: whether columns may be found that hold the time of day, or name several series.
    """

    fact: str = ""
    remedies: tuple[Remedy, ...] = ()
    otherwise: str = ""
    may_hold_several: bool = False

    def told(self, remedies: Iterable[Remedy]) -> DataError:
        """The error with these remedies; without one, with what to do otherwise."""
        chosen = tuple(remedies)
        words = _joined(chosen) or self.otherwise
        text = f"{self.fact}{'; ' if words else ''}{words}"
        option = next((flag for remedy in chosen for flag in remedy.options), None)
        error = DataError(
            text, file=self.file, line=self.line, column=self.column, stamp=self.stamp, option=option
        )
        error.findings = self.findings
        return error


def _joined(remedies: Iterable[Remedy]) -> str:
    """The sentences of all, those that say the same as one; no sign stands right behind an option."""
    found: dict[str, list[str]] = {}
    for remedy in remedies:
        found.setdefault(remedy.sentence, []).append(remedy.words)
    told = [sentence.format(" or ".join(words)) for sentence, words in found.items()]
    return " or ".join(told).replace(" or ,", " or,").lstrip(", ")


def unsettled(
    context: ReadContext,
    fact: str,
    remedies: Iterable[Remedy],
    otherwise: str = "",
    *,
    line: int | None = None,
    column: str | None = None,
    stamp: str | None = None,
    may_hold_several: bool = False,
) -> UnsettledError:
    """The error that ends a reading, with what may settle it; the fields are those of `ReadContext.refusal`."""
    tried = tuple(remedies)
    number = None if line is None else int(line)
    text = f"{context.source}: {fact}"
    words = _joined(tried[:1]) or otherwise
    error = UnsettledError(
        f"{text}{'; ' if words else ''}{words}", file=context.source, line=number, column=column, stamp=stamp
    )
    error.fact, error.remedies, error.otherwise, error.may_hold_several = (
        text,
        tried,
        otherwise,
        may_hold_several,
    )
    return error
