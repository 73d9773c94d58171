"""A folder of models shown: how good they are all together, the worst of them, and what has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lstmcast.core.findings import count, percent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lstmcast.cli.shell.console import Console
    from lstmcast.persistence.index import Failure, IndexEntry

_WORST = 5  # groups in a table


def distribution(entries: Sequence[IndexEntry]) -> dict[str, Any]:
    """The skill of all models: its quantiles, how many have one, and how many are no better than a baseline."""
    from statistics import quantiles

    found = sorted(entry.verdict["skill"] for entry in entries if entry.verdict.get("skill") is not None)
    if not found:
        return {"models": len(entries), "judged": 0}
    tenths = quantiles(found, n=10, method="inclusive") if len(found) > 1 else found * 9
    return {
        "models": len(entries),
        "judged": len(found),
        "without_skill": sum(skill <= 0 for skill in found),
        "least": found[0],
        "lower_tenth": tenths[0],
        "median": tenths[4],
        "upper_tenth": tenths[8],
        "most": found[-1],
    }


def worst(entries: Sequence[IndexEntry]) -> list[IndexEntry]:
    """The models of the least skill, the worst first."""
    judged = [entry for entry in entries if entry.verdict.get("skill") is not None]
    return sorted(judged, key=lambda entry: (entry.verdict["skill"], entry.group))[:_WORST]


def show(
    folder: str,
    entries: Sequence[IndexEntry],
    failures: Sequence[Failure],
    counts: Mapping[str, int],
    console: Console,
) -> None:
    """Show what was done, how good the models are, and the worst of them. counts: `trained` -> of how many groups."""
    done = [
        f"{number:,} {what}" for what, number in counts.items() if number or what in ("trained", "failed")
    ]
    console.note(f"Groups: {', '.join(done)}")
    show_skill(entries, failures, console)
    console.note(f"Wrote {folder}")
    figures = {what.replace(" ", "_"): number for what, number in counts.items()}
    console.document({"folder": folder, **figures, **as_document(entries, failures)})


def show_skill(entries: Sequence[IndexEntry], failures: Sequence[Failure], console: Console) -> None:
    """Show how skill is spread, the groups that are worst, and those that failed."""
    spread = distribution(entries)
    if spread["judged"]:
        console.result(
            f"Skill beside the best baseline: median {percent(spread['median'])}, "
            f"80 % of models from {percent(spread['lower_tenth'])} to {percent(spread['upper_tenth'])}; "
            f"{spread['without_skill']:,} of {count(spread['judged'], 'model')} do not beat it"
        )
        console.result("")
        rows = [
            [
                entry.name,
                percent(entry.verdict["skill"]),
                f"{entry.verdict['error']:.3g}",
                str(entry.verdict["measure"]).upper().replace("_", " "),
            ]
            for entry in worst(entries)
        ]
        console.table(["worst groups", "skill", "error", "measure"], rows)
        console.result("")
    if failures:
        console.table(
            ["failed", "why"], [[each.name, _short(each.message)] for each in failures[:_WORST]], left={1}
        )
        if len(failures) > _WORST:
            console.result(f"and {len(failures) - _WORST:,} more (see index.json)")
        console.result("")


def show_models(entries: Sequence[IndexEntry], console: Console) -> None:
    """Show a row for each model."""
    rows = [
        [
            entry.name,
            entry.file,
            "" if entry.verdict.get("skill") is None else percent(entry.verdict["skill"]),
        ]
        for entry in entries
    ]
    console.table(["group", "file", "skill"], rows, left={1})
    console.result("")


def _short(message: str) -> str:
    return message if len(message) <= 100 else f"{message[:99]}…"


def as_document(entries: Sequence[IndexEntry], failures: Sequence[Failure]) -> dict[str, Any]:
    """All models with their verdicts, for a program."""
    return {
        "skill": distribution(entries),
        "worst": [entry.name for entry in worst(entries)],
        "groups": [
            {"group": entry.name, "file": entry.file, "sha256": entry.sha256, "verdict": dict(entry.verdict)}
            for entry in entries
        ],
        "failures": [{"group": each.name, "error": each.error, "message": each.message} for each in failures],
    }
