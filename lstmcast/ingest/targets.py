"""A target that nobody named: the only column of numbers, or a list of those to choose from, the likeliest first."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace

from lstmcast.core.errors import DataError, UsageError
from lstmcast.ingest.columns.survey import NUMBERS, SWITCH, SurveyedColumn, first_candidates, no_numbers
from lstmcast.ingest.columns.wide import looks_wide, refuse_wide
from lstmcast.ingest.remedies import countable
from lstmcast.ingest.table.reader import OpenTable
from lstmcast.ingest.table.roles import Roles, id_columns, listed, plain
from lstmcast.ingest.time.axis import TimeAxis, find_axis, named_axis
from lstmcast.ingest.time.names import as_words, words

_OUTCOMES = as_words(
    "target y value values load demand consumption usage energy power kwh mwh mw kw sales sale qty "
    "quantity units orders revenue turnover count cnt visits passengers traffic volume price close total "
    "amount number ot verbrauch last leistung umsatz absatz menge anzahl preis wert ventes consommation "
    "charge valeur prix ventas demanda consumo valor precio kulutus arvo myynti hinta"
)
_CAUSES = as_words(
    "temperature temp tmax tmin humidity wind pressure rain precipitation precip snow cloud sun dew "
    "weather holiday weekend weekday workday promo promotion open closed flag lat lon latitude longitude "
    "temperatur feiertag"
)

MOST_LISTED = 100  # columns that could be forecast which are looked for


def with_target(roles: Roles, table: OpenTable) -> Roles:
    """The roles with the only column of numbers for the target, which is said.

    Raises UsageError where there are several, the likeliest first, and DataError where there is none.
    """
    refuse_wide(table)
    ids = id_columns(roles.id, table)
    axis = find_axis(table, {*ids}) if roles.time is None else named_axis(roles.time, table)
    taken = [*axis.columns, *ids, *roles.known, *roles.past]
    if table.context.rules.aggregate == "count":
        return replace(roles, target=counted(table, taken))
    ranked = sorted(table.names, key=_Unlikelihood(table.names))
    gone = set(map(plain, taken))
    found, unseen = first_candidates(table, taken, ranked, MOST_LISTED)
    free = [each for each in found if plain(each.name) not in gone]
    numbers = [each for each in free if each.kind == NUMBERS] or [
        each for each in free if each.kind == SWITCH
    ]
    if not numbers:
        raise no_target(roles, free, axis, table)
    if numbers[1:]:
        raise _several([each.name for each in numbers], unseen, table)
    name = numbers[0].name
    place = table.context.place(column=name)
    message = f"column {name!r} is the only one of numbers, and is forecast"
    table.context.info("target", message, "--target", place)
    return replace(roles, target=name)


def counted(table: OpenTable, taken: Sequence[str]) -> str:
    """The column whose cells are counted when nobody names one: the first that has no other part, else the times."""
    return next((name for name in table.names if name not in taken), taken[0])


def no_target(roles: Roles, free: Sequence[SurveyedColumn], axis: TimeAxis, table: OpenTable) -> DataError:
    """The error of a table without a column of numbers."""
    error = table.context.refusal(no_numbers(replace(roles, time=axis.written), free, table))
    return countable(error, axis, table) or error


def _several(ranked: Sequence[str], unseen: Sequence[str], table: OpenTable) -> UsageError:
    """Of several columns of numbers none can be chosen; unseen: columns that were not looked at, of very many."""
    likeliest, *others = ranked
    wide = looks_wide([name for name in table.names if name in {*ranked, *unseen}])
    hint = f"; {wide}: --wide reads them as the series of a panel" if wide else ""
    likely = f"--target {shlex.quote(likeliest)} is the likeliest"
    message = f"--target is missing: {likely}, then {listed((*others, *unseen))}{hint}"
    return UsageError(f"{table.context.source}: {message}", file=table.context.source, option="--target")


class _Unlikelihood:
    """The order of columns by how unlikely each is to be forecast.

    Outcomes by what their name says come first; of others the last column, since outcomes often stand there.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._places = {name: place for place, name in reversed(list(enumerate(names)))}
        self._last = names[-1]

    def __call__(self, name: str) -> tuple[int, int]:
        """Return a rank, smaller for what is likelier."""
        said = words(name)
        rank = 0 if plain(name) in _OUTCOMES else 1 if said & _OUTCOMES else 3 if said & _CAUSES else 2
        return rank, -1 if name == self._last else self._places[name]
