"""Totals and peaks beside what came, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lstmcast.cli.show import verdict

if TYPE_CHECKING:
    from lstmcast.cli.shell.console import Console
    from lstmcast.core.panel import Clock

Report = Mapping[str, Any]
COLUMNS = {
    "mae": "MAE",
    "bias": "bias",
    "coverage_80": "in 80 % band",
    "width": "its width",
    "winkler": "Winkler",
}


def show_totals(report: Report, clock: Clock, console: Console) -> None:
    """Totals and peaks of everybody over all periods, and of the model by source."""
    from lstmcast.evaluation.names import describe

    console.note(counted(report, "totals of periods"))
    console.note("")
    names = {name: describe(name, clock) for name in report["test"]}
    for title, figures in (("totals", report["test"]), ("peaks", report["peaks"])):
        _table(title, [(names[name], report["rows"], own) for name, own in figures.items()], console)
    if len(report["by_source"]) > 1:
        for title in ("totals", "peaks"):
            rows = [(group["name"], group["rows"], group[title]["model"]) for group in report["by_source"]]
            _table(f"{title} by source", rows, console)


def _table(corner: str, rows: Sequence[tuple[str, int, Report]], console: Console) -> None:
    cells = [
        [name, f"{count:,}", *(verdict.cell(measure, values.get(measure, "")) for measure in COLUMNS)]
        for name, count, values in rows
    ]
    console.table([corner, "number", *COLUMNS.values()], cells)
    console.result("")


def counted(report: Report, what: str) -> str:
    """Return a line on how many forecasts were judged, and why others were not; what: the judged ones."""
    left = {
        "to_come": "yet to come",
        "missing": "whose outcome is missing",
        "without_baseline": "without a naive forecast to compare with",
        "repeated": "given out again later",
    }
    words = [f"{report[name]:,} {why}" for name, why in left.items() if report[name]]
    others = f"; not judged: {', '.join(words)}" if words else ""
    return f"{report['rows']:,} {what} from {report['first']} to {report['last']}{others}"
