"""A forecast beside the one that there would be, had columns known ahead other values."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lstmcast.cli.show.table import Rows
    from lstmcast.core.findings import Finding
    from lstmcast.core.panel import Forecast, Panel
    from lstmcast.model.model import Model

Ask = Callable[["Model", "Panel"], "Forecast"]


@dataclass(frozen=True)
class WhatIf:
    """Both forecasts of the same rows, what was changed between them, and what of that training has never seen."""

    words: tuple[str, ...]
    before: Forecast
    after: Forecast
    findings: tuple[Finding, ...]

    def rows(self) -> Rows:
        """The columns of both: as it is, as it would be, and by how much that differs."""
        from lstmcast.cli.show.table import tidy

        old, new = self.before.table(), self.after.table()
        first = [name for name in (self.before.id_name, "time", "forecast") if name is not None]
        rest = [name for name in new if name not in (*first, "source")]
        found = {name: old[name] for name in first} | {"changed": new["forecast"]} | self._differences()
        found |= {f"changed_{name}": new[name] for name in rest}
        return tidy(self.after, found | {"source": new["source"]})

    def _differences(self) -> dict[str, list[float]]:
        """By how much the forecast, or the probability of each class, would be higher."""
        before, after = self.before.probabilities, self.after.probabilities
        if not after:
            return {"difference": (self.after.point - self.before.point).tolist()}
        return {f"difference_{name}": (after[name] - before[name]).tolist() for name in after}

    @property
    def has_effect(self) -> bool:
        """True where the two differ at all."""
        return any(any(column) for column in self._differences().values())

    def sentence(self) -> str:
        """Return a sentence on what the changes make of the mean; of classes, of how many rows."""
        words = " and ".join(self.words)
        if not self.has_effect:
            return f"{words}: nothing changes, since what ships of this model makes no use of it."
        before, after = self.before.point, self.after.point
        if self.after.probabilities:
            return f"With {words} {int((before != after).sum()):,} of {len(after):,} rows are another class."
        size, change = abs(float(before.mean())), float(after.mean() - before.mean())
        share = f", {abs(change) / size:.1%} {'more' if change > 0 else 'less'}" if size and change else ""
        return f"With {words} the mean is {after.mean():,.6g} instead of {before.mean():,.6g}{share}."


def what_if(words: Sequence[str], model: Model, panel: Panel, horizon: int, ask: Ask) -> WhatIf:
    """Both forecasts; ask: makes one of a model and a panel. Raises UsageError for what cannot be changed so."""
    from lstmcast.model.changes import changed, parse_changes

    changes = parse_changes(words, model)
    other, rows, findings = changed(model, panel, changes, horizon)
    after, told = ask(other, rows), {finding.place.fields["column"] for finding in findings}
    rest = tuple(finding for finding in after.findings if finding.place.fields.get("column") not in told)
    after = dataclasses.replace(after, findings=rest)
    return WhatIf(tuple(map(str, changes)), ask(model, panel), after, findings)
