"""Advice: an error that an option settles names one that was tried on the file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lstmcast.ingest.asked import Asked
from lstmcast.ingest.parsed import ParsedFile
from lstmcast.ingest.remedies import settled
from lstmcast.ingest.table.roles import Roles
from lstmcast.ingest.text.rules import ReadingRules
from lstmcast.ingest.text.source import Source
from lstmcast.ingest.time.remedy import UnsettledError


def advised(
    source: Source,
    roles: Roles,
    asked: Asked,
    rules: ReadingRules,
    reader: Callable[[Roles, Asked, ReadingRules], ParsedFile],
) -> ParsedFile:
    """Return what the reader makes of it; an error that an option settles names one that was tried."""
    try:
        return reader(roles, asked, rules)
    except UnsettledError as error:
        reason = error

    def attempt(options: Mapping[str, str]) -> None:
        reader(*with_options(options, roles, asked, rules))

    raise settled(reason, source, roles, attempt, rules)


def with_options(
    options: Mapping[str, str], roles: Roles, asked: Asked, rules: ReadingRules
) -> tuple[Roles, Asked, ReadingRules]:
    """Return roles, words on the clock and rules with these options given besides."""
    given: dict[str, Any] = {name.removeprefix("--"): value or True for name, value in options.items()}
    roles = replace(roles, time=given.pop("time", roles.time), id=given.pop("id", roles.id))
    asked = replace(asked, freq=given.pop("freq", asked.freq), zone=given.pop("tz", asked.zone), watch=None)
    return roles, asked, replace(rules, **given)
