"""Scores of a folder of ledgers, each beside what came of its group."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lstmcast.cli.sessions.folders import Failed, OfGroup, cut_into_groups
from lstmcast.cli.show import verdict
from lstmcast.core.errors import LstmcastError, QualityError

if TYPE_CHECKING:
    from lstmcast.cli.shell.console import Console
    from lstmcast.core.options import Options

# Scores one group: (ledger, rows, name of the group, console) -> (report, the error of a gate that it does not pass).
Scorer = Callable[[str, str, str, "Console"], tuple[Mapping[str, Any], QualityError | None]]


def score_folder(folder: str, source: str, options: Options, console: Console, one: Scorer) -> None:
    """Score the ledgers of a folder beside what came.

    Raises QualityError, having shown all, where a gate is not passed by some.
    """
    from lstmcast.core.options import parse_names
    from lstmcast.persistence.ledger_index import read_ledgers

    by, ledgers = read_ledgers(folder)
    failed = Failed()
    reports: dict[str, Mapping[str, Any]] = {}
    short: dict[str, QualityError] = {}
    with cut_into_groups(source, by, console, needed=parse_names(options.id)) as slices:
        from lstmcast.ingest import group_name

        for group, ledger in ledgers.items():
            if group not in slices.found or not os.path.exists(ledger):
                console.detail(
                    f"group {group_name(group)}: no row came, or no forecast was given out", "no_rows"
                )
                continue
            name = group_name(group)
            try:
                reports[name], bad = one(ledger, slices.found[group], name, OfGroup(console, name))
            except LstmcastError as error:
                failed.note(name, error, console)
                continue
            if bad is not None:
                short[name] = bad
    with console.at_once():
        _show_scores(reports, console)
        console.document({"groups": [{"group": name, "score": report} for name, report in reports.items()]})
    failed.refuse(len(ledgers), "could not be scored")
    if short:
        name = next(iter(short))
        told = f"{len(short):,} of {len(reports):,} groups fall short; the first is {name}: {short[name]}"
        raise QualityError(told)


def _show_scores(reports: Mapping[str, Mapping[str, Any]], console: Console) -> None:
    """A row for each group, the worst first."""
    measures = {
        "mae": "MAE",
        "mase": "MASE",
        "bias": "bias",
        "coverage_80": "in 80 % band",
        "log_loss": "log loss",
    }
    models = {name: {**report["test"]["model"], "rows": report["rows"]} for name, report in reports.items()}
    used = [
        measure for measure in measures if any(found.get(measure) is not None for found in models.values())
    ]

    def badness(name: str) -> float:
        found = models[name]
        return -float(found.get("mase") or found.get("log_loss") or found.get("mae") or 0.0)

    names = sorted(models, key=badness)
    shown = names if console.verbose else names[:20]
    cells = [
        [
            name,
            f"{models[name]['rows']:,}",
            *(verdict.cell(each, models[name].get(each, "")) for each in used),
        ]
        for name in shown
    ]
    console.table(["group", "rows", *(measures[each] for each in used)], cells)
    if len(shown) < len(names):
        console.result(f"and {len(names) - len(shown):,} more that are better (all with --verbose)")
    from lstmcast.evaluation.drift import drifts

    drifting = [name for name, report in reports.items() if drifts(report["drift"])]
    console.result("")
    words = f": {', '.join(drifting[:5])}" if drifting else ""
    console.result(f"{len(drifting):,} of {len(reports):,} groups drift{words}.")
