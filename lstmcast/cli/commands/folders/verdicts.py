"""Verdicts on a folder: how good its models are, as they were trained and on other rows."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lstmcast.cli.sessions.folders import (
    Failed,
    OfGroup,
    Recorder,
    cut_for_models,
    groups_beside_models,
    model_of,
)
from lstmcast.cli.sessions.forked import side_by_side
from lstmcast.cli.show import fleet
from lstmcast.core.errors import LstmcastError

if TYPE_CHECKING:
    from lstmcast.cli.shell.console import Console
    from lstmcast.model.model import Model
    from lstmcast.persistence.index import IndexEntry


def info_folder(folder: str, console: Console) -> None:
    """Show the models of a folder; raises ModelFileError where one is not as the index says."""
    from lstmcast import persistence

    index = persistence.read_index(folder)
    sizes = [len(persistence.model_bytes(folder, entry)) for entry in index.entries]
    with console.at_once():
        console.notes(
            [
                ("Folder", f"{folder}, {len(sizes):,} models, {sum(sizes):,} bytes"),
                ("Groups", f"by {', '.join(index.by)}"),
                ("", ""),
            ]
        )
        fleet.show_skill(index.entries, index.failures, console)
        if console.verbose:
            fleet.show_models(index.entries, console)
        document = {"folder": folder, "by": list(index.by), "bytes": sum(sizes)}
        console.document(document | fleet.as_document(index.entries, index.failures))


def evaluate_folder(
    folder: str, source: str, console: Console, one: Callable[[Model, str, Console], Mapping[str, Any]]
) -> None:
    """Judge every model of a folder on the rows of its group; one: evaluates a model on a source."""
    from lstmcast import persistence

    index, failed = persistence.read_index(folder), Failed()
    reports: list[tuple[IndexEntry, Mapping[str, Any]]] = []
    with cut_for_models(index, folder, source, console) as slices:
        pairs = list(groups_beside_models(index, slices, source, console))

        def work(number: int) -> tuple[Recorder, Mapping[str, Any] | LstmcastError]:
            (entry, rows), voice = pairs[number], Recorder(console)
            try:
                return voice, one(model_of(folder, entry), rows, OfGroup(voice, entry.name))
            except LstmcastError as error:
                return voice, error.plain()

        for (entry, _), (voice, found) in zip(pairs, side_by_side(work, len(pairs)), strict=True):
            voice.say_on(console)
            if isinstance(found, LstmcastError):
                failed.note(entry.name, found, console)
            else:
                reports.append((entry, found))
    judged = [_judged_anew(entry, report) for entry, report in reports]
    seen = sum(bool(report["in_sample"]) for _, report in reports)
    with console.at_once():
        if seen:
            console.result(
                f"In-sample: {seen:,} of {len(reports):,} models were trained on all of these rows."
            )
        fleet.show_skill(judged, (), console)
        if console.verbose:
            fleet.show_models(judged, console)
        told = [{"group": entry.name, "report": report_document(report)} for entry, report in reports]
        console.document({"skill": fleet.distribution(judged), "groups": told})
    failed.refuse(len(index.entries), "could not be evaluated")


def report_document(report: Any) -> Any:
    """A report as JSON has it."""
    return report.as_document() if hasattr(report, "as_document") else dict(report)


def _judged_anew(entry: IndexEntry, report: Mapping[str, Any]) -> IndexEntry:
    from lstmcast.pipeline.groups import verdict_by

    return dataclasses.replace(entry, verdict=verdict_by(report["test"]))
