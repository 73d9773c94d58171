"""The manual: pages of Markdown beside the code, with tables that are made from the code itself."""

from __future__ import annotations

import dataclasses
import re
from importlib import resources
from typing import TYPE_CHECKING

from lstmcast.core.errors import EXIT_CODES, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

# topic: what a reader finds there; in the order of reading
TOPICS = {
    "start": "the first five minutes: check, train, predict",
    "files": "what a CSV may look like, and how it is read",
    "nights": "a forecast every night: cron, late data, odd data, exit codes",
    "pictures": "see a forecast, report on a model, explain a value",
    "ledger": "keep what was forecast, and score it later",
    "totals": "totals, means and peaks of periods, totals over series, sample paths",
    "fleet": "a model for each of many groups: folders, workers and clusters",
    "watch": "an alarm where what came is not what was to be expected",
    "refresh": "let a model learn new rows, safely",
    "panels": "many series in one file",
    "columns": "known columns, past columns, days off",
    "classes": "forecast a class: probabilities instead of numbers",
    "python": "the same from Python",
    "settings": "options in a file or in the environment; JSON; logs",
    "network": "the LSTM: its parts, its memory, other models' weights",
    "options": "every option of train",
    "exit-codes": "what each exit code means, and what to do",
    "accuracy": "how good the forecasts are, wins and losses",
    "speed": "how fast training and forecasting are",
    "internals": "how it works, and how the code is laid out",
    "security": "what a model file may do, and whom the program trusts",
    "changes": "what each version changed for users",
}

PACKAGES = (
    "cli", "pipeline", "persistence", "model", "training", "forecasters", "ingest", "evaluation", "data", "nn", "core",
)  # fmt: skip


def page(topic: str) -> str:
    """The Markdown of a topic, its generated tables filled in; raises UsageError for a topic that is not there."""
    if topic not in TOPICS:
        raise UsageError(_no_such(topic))
    text = resources.files("lstmcast").joinpath("guide", f"{topic}.md").read_text(encoding="utf-8")
    return re.sub(r"^<!-- (\w+) -->$", lambda found: _GENERATED[found[1]](), text, flags=re.MULTILINE)


def contents() -> str:
    """The list of topics."""
    from lstmcast.cli.shell.help import rows

    lines = rows(list(TOPICS.items()))
    return "Topics of the guide:\n\n" + "\n".join(lines) + "\n\nRead one: lstmcast guide TOPIC\n"


def _no_such(topic: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(topic, TOPICS, 1)
    hint = f"; did you mean {close[0]}?" if close else "; lstmcast guide lists the topics"
    return f"the guide has no topic {topic!r}{hint}"


def _options() -> str:
    """One table a group of options."""
    from lstmcast.cli.shell.flags import default
    from lstmcast.core.options import GROUPS, Options, flag

    lines = []
    for group in GROUPS:
        lines += [f"## {group}", "", "| option | meaning | default |", "|---|---|---|"]
        for field in dataclasses.fields(Options):
            if field.metadata["group"] == group:
                choices = field.metadata["choices"]
                meaning = field.metadata["meaning"] + (f" ({', '.join(choices)})" if choices else "")
                lines.append(f"| `{flag(field.name)}` | {meaning} | {default(field)} |")
        lines.append("")
    return "\n".join(lines).rstrip()


def _exit_codes() -> str:
    """The table of exit codes."""
    rows = [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    return "\n".join(["| exit code | meaning |", "|---|---|", *rows])


def _packages() -> str:
    """Return a table of what each package says of itself in its first line."""
    import ast

    home = resources.files("lstmcast")
    rows = []
    for name in PACKAGES:
        text = home.joinpath(name, "__init__.py").read_text(encoding="utf-8")
        rows.append(f"| `{name}/` | {(ast.get_docstring(ast.parse(text)) or '').splitlines()[0]} |")
    return "\n".join(["| package | what it knows |", "|---|---|", *rows])


_GENERATED: dict[str, Callable[[], str]] = {
    "options": _options,
    "exit_codes": _exit_codes,
    "packages": _packages,
}
