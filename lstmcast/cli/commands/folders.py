"""Commands over a folder of models: each group by itself, one start and one report for all."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from lstmcast.cli.sessions.files import Files
from lstmcast.cli.sessions.folders import (
    Failed,
    OfGroup,
    Refreshed,
    RefreshGroup,
    absent_groups,
    cut_into_groups,
    groups_beside_models,
)
from lstmcast.cli.sessions.health import Vitals
from lstmcast.cli.shell.progress import NETWORKS
from lstmcast.cli.shell.streams import json_text
from lstmcast.cli.show import fleet, table, verdict
from lstmcast.core.errors import LstmcastError, QualityError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lstmcast.cli.sessions.destinations import Destinations
    from lstmcast.cli.shell.console import Console
    from lstmcast.core.options import Options
    from lstmcast.ingest import Slices
    from lstmcast.model.model import Model
    from lstmcast.persistence.index import Entry, Index

# Forecasts one group: (model, its identity, files, ledger, console, vitals) -> (rows, JSON document, exit code).
Forecaster = Callable[
    ["Model", str, Files, str | None, "Console", Vitals], tuple[table.Rows, dict[str, Any], int]
]


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


def forecast_folder(
    folder: str, files: Files, places: Destinations, console: Console, vitals: Vitals, one: Forecaster
) -> int:
    """Forecast every group, and give all out in one table; returns the exit code.

    Raises an error of the kind of the first failure, once the other groups are written.
    """
    from lstmcast import persistence

    index = persistence.read_index(folder)
    dataclasses.replace(places, ledger=None).probe()
    if places.ledger is not None:
        _begin_ledgers(places.ledger, index)
    failed, code = Failed(), 0
    tables: list[tuple[Entry, table.Rows]] = []
    documents: list[dict[str, Any]] = []
    with _both_cut(index, folder, files, console) as (history, future):
        for name, error in absent_groups(index, history, files.history).items():
            failed.note(name, error, console)
        for entry, source in groups_beside_models(index, history, files.history, console):
            ledger = None if places.ledger is None else os.path.join(places.ledger, _ledger(entry))
            voice, own = OfGroup(console, entry.name), Vitals("predict")
            try:
                to_come = None if future is None else _future(entry, future, files)
                model = _model(folder, entry)
                identity = entry.sha256[: persistence.IDENTITY]
                rows, document, found = one(model, identity, Files(source, to_come), ledger, voice, own)
            except LstmcastError as error:
                failed.note(entry.name, error, console)
                continue
            code = max(code, found)
            tables.append((entry, rows))
            documents.append({"group": entry.name, **document})
            vitals.add(own)
    _write(places, index, tables, documents, failed, console)
    failed.refuse(len(index.entries), "have no forecast")
    return code


def _ledger(entry: Entry) -> str:
    from lstmcast.persistence.index import ledger_name

    return ledger_name(entry.group)


def _begin_ledgers(folder: str, index: Index) -> None:
    """A folder with a ledger for each group; raises OutputError, and DataError where it is another folder's."""
    from lstmcast import persistence
    from lstmcast.persistence.index import read_ledgers, write_ledgers

    persistence.make_folder(folder)
    known = dict[tuple[str, ...], str]()
    if os.path.lexists(persistence.index_file(folder)):
        _, known = read_ledgers(folder)
    write_ledgers(folder, index.by, list(dict.fromkeys((*known, *index.by_group))))


@contextlib.contextmanager
def _both_cut(
    index: Index, folder: str, files: Files, console: Console
) -> Iterator[tuple[Slices, Slices | None]]:
    """History cut into the groups of a folder, and the rows to come where they have a file of their own."""
    with contextlib.ExitStack() as stack:
        history = stack.enter_context(_cut(index, folder, files.history, console))
        future = (
            None if files.future is None else stack.enter_context(_cut(index, folder, files.future, console))
        )
        yield history, future


def _cut(
    index: Index, folder: str, source: str, console: Console
) -> contextlib.AbstractContextManager[Slices]:
    """A source cut into the groups of a folder, by what its first model knows of such files."""
    from lstmcast import ingest
    from lstmcast.core.options import parse_names

    model = _first_model(folder, index)
    if model is None:
        return cut_into_groups(source, index.by, console)
    names = {field.name for field in dataclasses.fields(ingest.ReadingRules)} - {"exclude"}
    rules = ingest.ReadingRules(**{name: getattr(model.options, name) for name in names})
    contract = model.contract
    needed = {*parse_names(contract.id), *contract.known, *contract.past, contract.target}
    return cut_into_groups(source, index.by, console, rules=rules, needed=needed)


def _first_model(folder: str, index: Index) -> Model | None:
    """The first model of a folder that can be read; what is wrong with others is said when their turn comes."""
    for entry in index.entries:
        with contextlib.suppress(LstmcastError):
            return _model(folder, entry)
    return None


def _model(folder: str, entry: Entry) -> Model:
    from lstmcast import persistence

    return persistence.from_bytes(persistence.model_bytes(folder, entry))


def _future(entry: Entry, slices: Slices, files: Files) -> str:
    from lstmcast.core.errors import DataError

    if entry.group not in slices.found:
        raise DataError(f"{files.future}: has no row of group {entry.name}", file=files.future)
    return slices.found[entry.group]


def _write(
    places: Destinations,
    index: Index,
    tables: Sequence[tuple[Entry, table.Rows]],
    documents: Sequence[Mapping[str, Any]],
    failed: Failed,
    console: Console,
) -> None:
    """Give all forecasts out: in one table, its first columns those of the groups, or as one JSON document."""
    rows = joined_tables(index.by, tables)
    if console.as_json:
        failures = [{"group": name, "message": str(error)} for name, error in failed.groups.items()]
        places.write(json_text({"groups": list(documents), "failures": failures}), rows)
    elif tables:
        places.write(table.as_csv(rows), rows)


def joined_tables(by: Sequence[str], tables: Sequence[tuple[Entry, table.Rows]]) -> table.Rows:
    """One table of those of all groups; a column that some of them lack is empty there."""
    names = list(dict.fromkeys(name for _, rows in tables for name in rows))
    names = [*(name for name in names if name != "source"), *(["source"] if "source" in names else [])]
    heads = [name if name not in names else f"group_{name}" for name in by]
    joined: table.Rows = {name: [] for name in (*heads, *names)}
    for entry, rows in tables:
        count = len(next(iter(rows.values())))
        for head, text in zip(heads, entry.group, strict=True):
            joined[head] += [text] * count
        for name in names:
            joined[name] += rows.get(name, [""] * count)
    return joined


def evaluate_folder(
    folder: str, source: str, console: Console, one: Callable[[Model, str, Console], Mapping[str, Any]]
) -> None:
    """Judge every model of a folder on the rows of its group; one: evaluates a model on a source."""
    from lstmcast import persistence

    index, failed = persistence.read_index(folder), Failed()
    reports: list[tuple[Entry, Mapping[str, Any]]] = []
    with _cut(index, folder, source, console) as slices:
        for entry, rows in groups_beside_models(index, slices, source, console):
            try:
                reports.append((entry, one(_model(folder, entry), rows, OfGroup(console, entry.name))))
            except LstmcastError as error:
                failed.note(entry.name, error, console)
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


def _judged_anew(entry: Entry, report: Mapping[str, Any]) -> Entry:
    from lstmcast.pipeline.groups import verdict_by

    return dataclasses.replace(entry, verdict=verdict_by(report["test"]))


def refresh_folder(
    folder: str, source: str, asked: RefreshGroup, count: int, wait: float, console: Console
) -> None:
    """Train every model of a folder on with the new rows of its group; those that win replace theirs, all at once.

    asked: a task whose group, rows and model are still to be named; count: older indexes that are kept.
    """
    from lstmcast import persistence
    from lstmcast.pipeline.pool import Place

    failed, lost = Failed(), 0
    won: list[Entry] = []
    with persistence.lock(persistence.index_file(folder), wait), console.stages():
        index = persistence.read_index(folder)
        with _cut(index, folder, source, console) as slices:
            for name, error in absent_groups(index, slices, source).items():
                failed.note(name, error, console)
            pairs = list(groups_beside_models(index, slices, source, console))
            jobs = min(os.cpu_count() or 1, max(len(pairs), 1))
            share = None if asked.budget is None else asked.budget * jobs / max(len(pairs), 1)
            tasks = (
                dataclasses.replace(asked, entry=entry, source=rows, folder=folder, budget=share)
                for entry, rows in pairs
            )
            for number, done in enumerate(Place(jobs).run(tasks), start=1):
                console.counted(NETWORKS, number, len(pairs), f"group {number:,} of {len(pairs):,}")
                lost += _taken(done, folder, won, failed, console)
        if won:
            persistence.keep_old_index(folder, count)
            persistence.write_index(folder, index.with_entries(won, index.failures))
            persistence.sweep_models(folder)
    _show_refreshed(folder, won, lost, count, failed, console)
    failed.refuse(len(index.entries), "are not refreshed")


def _taken(done: Refreshed, folder: str, won: list[Entry], failed: Failed, console: Console) -> bool:
    """Write the model of a group that is better; returns whether the old one stays."""
    from lstmcast import persistence

    if done.error is not None:
        failed.note(done.entry.name, done.error, console)
    elif done.data is not None:
        file, digest = persistence.put_model(folder, done.entry.group, done.data)
        won.append(dataclasses.replace(done.entry, file=file, sha256=digest, verdict=done.verdict))
    return done.error is None and done.data is None


def _show_refreshed(
    folder: str, won: Sequence[Entry], lost: int, count: int, failed: Failed, console: Console
) -> None:
    total = len(won) + lost + len(failed.groups)
    undo = "; undo with --rollback" if won and count else ""
    console.result(f"{len(won):,} of {total:,} models are replaced, {lost:,} stay as they are{undo}.")
    console.document(
        {
            "folder": folder,
            "replaced": [entry.name for entry in won],
            "stayed": lost,
            "failures": [{"group": name, "message": str(error)} for name, error in failed.groups.items()],
        }
    )


def roll_folder_back(folder: str, wait: float, console: Console) -> None:
    """Put the index before the last refresh back, and with it all models that it lists."""
    from lstmcast import persistence

    with persistence.lock(persistence.index_file(folder), wait):
        old = persistence.roll_index_back(folder)
    console.note(f"{folder} is again what {old} was")
    console.document({"model": folder, "restored": old})


def score_folder(
    folder: str,
    source: str,
    options: Options,
    console: Console,
    one: Callable[[str, str, Console], Mapping[str, Any]],
    gate: Callable[[Mapping[str, Any], str], QualityError | None],
) -> None:
    """Score the ledgers of a folder beside what came; one: the report of a ledger; gate: the error of one too bad.

    Raises QualityError, having shown all, where a gate is not passed by some.
    """
    from lstmcast.core.options import parse_names
    from lstmcast.persistence.index import read_ledgers

    by, ledgers = read_ledgers(folder)
    failed = Failed()
    reports: dict[str, Mapping[str, Any]] = {}
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
                reports[name] = one(ledger, slices.found[group], OfGroup(console, name))
            except LstmcastError as error:
                failed.note(name, error, console)
    short = {name: bad for name, report in reports.items() if (bad := gate(report, name)) is not None}
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
    drifting = [name for name, report in reports.items() if report["drift"].get("is_on")]
    console.result("")
    words = f": {', '.join(drifting[:5])}" if drifting else ""
    console.result(f"{len(drifting):,} of {len(reports):,} groups drift{words}.")
