"""A parsed file: the Panel of a source, with all that was found on it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from lstmcast.core.findings import Finding
from lstmcast.core.panel import Panel
from lstmcast.ingest.columns.survey import SurveyedColumn
from lstmcast.ingest.table.roles import Roles


@dataclass(frozen=True, eq=False)
class ParsedFile:
    """A file understood.

    findings: in the order in which they came up; roles: under the file's own names, the time column and the
    classes of text filled in; evidence: how the frequency was found (`1 h in 3,599 of 3,599 steps`); source: the
    file as messages call it; others: columns that no role uses; dates: `day-first` or `month-first` where the
    file showed it (ReadingRules.dates for a later file, which may be too short to show it), else None; decimal: a
    decimal comma likewise; candidates: of a survey, the columns that no role uses and that could help; layout: of a
    survey, how the file is written; names_zone: whether the stamps say in which zone they are; target: what
    was taken for it where nobody named one, of a wide file the columns that are its series.
    """

    panel: Panel
    findings: tuple[Finding, ...]
    roles: Roles
    evidence: str
    source: str
    others: tuple[str, ...]
    dates: str | None = None
    decimal: str | None = None
    candidates: tuple[SurveyedColumn, ...] = ()
    layout: str = ""
    names_zone: bool = True
    target: str | None = None

    @property
    def shown(self) -> dict[str, Any]:
        """Options that this file showed and a shorter one may not."""
        found = {"dates": self.dates, "decimal": self.decimal, "target": self.target}
        return {name: rule for name, rule in found.items() if rule is not None}

    def called(self, roles: Roles) -> ParsedFile:
        """Return this file with its columns under the names of these roles, by which they were looked for."""
        names = dict(zip(self.roles.values, roles.values, strict=True))
        columns = tuple(
            replace(c, name=names[c.source] + c.name.removeprefix(c.source)) for c in self.panel.columns
        )
        return replace(self, panel=replace(self.panel, columns=columns, id_name=roles.id))
