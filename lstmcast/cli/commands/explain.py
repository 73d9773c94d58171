"""`lstmcast explain`: why a forecast is what it is."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.sessions.files import Files, Future, read_files
from lstmcast.cli.sessions.nights import AsOfTime, Night
from lstmcast.cli.sessions.reading import tell_findings, tell_if_open
from lstmcast.cli.shell.console import Console
from lstmcast.cli.shell.flags import DataFile, Json, ModelFile, Quiet, Verbose, whole_number
from lstmcast.cli.show import explained
from lstmcast.core.errors import UsageError
from lstmcast.core.options import parse_names

if TYPE_CHECKING:
    from lstmcast.core.panel import Clock, Panel
    from lstmcast.model.explain import Explanation
    from lstmcast.model.importance import Importance
    from lstmcast.model.model import Model
    from lstmcast.model.shapley import Changes

PANEL = "Explanation"
At = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="the row to explain, by its stamp [all, on average]", rich_help_panel=PANEL
    ),
]
Step = Annotated[
    str | None,
    typer.Option(
        metavar="N", help="the row to explain, by how many steps ahead it is", rich_help_panel=PANEL
    ),
]
OneSeries = Annotated[
    str | None,
    typer.Option(metavar="A,B", help="series of a panel to explain, one [the first]", rich_help_panel=PANEL),
]
Global = Annotated[
    bool,
    typer.Option(
        "--global",
        help="what the model owes to each part and column, over rows it has not seen",
        rich_help_panel=PANEL,
    ),
]


def explain(
    model: ModelFile,
    data: DataFile,
    at: At = None,
    step: Step = None,
    series: OneSeries = None,
    is_global: Global = False,
    future: Future = None,
    as_of: AsOfTime = None,
    as_json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Say why a forecast is what it is.

    In parts that sum to it, in the units of the file: the usual value, the calendar, columns known ahead, the rows that
    it looks back at, what the network corrects. Beside them, what has changed in it since a week before, and why. With
    --global, how much worse the forecasts are without each part and each column.
    """
    console = Console(quiet=quiet, verbose=verbose, as_json=as_json)
    if at is not None and step is not None:
        raise UsageError("--at and --step both name the row to explain; give one of them", option="--at")
    asked = ExplainRequest(at, whole_number("step", step, 1, 10_000), one_name(series))
    explain_file(model, Files(data, future), Night(as_of), asked, console, is_global=is_global)


def one_name(series: str | None) -> str | None:
    """The one name in a list of names; raises UsageError for more of them."""
    names = parse_names(series)
    if len(names) > 1:
        raise UsageError(f"--series: explain takes one series; got {len(names)}", option="--series")
    return names[0] if names else None


@dataclass(frozen=True)
class ExplainRequest:
    """The row and the series to be explained, as the user said; None for all rows and the first series."""

    at: str | None
    step: int | None
    series: str | None

    def explained(self, model: Model, panel: Panel, night: Night, console: Console) -> Panel:
        """The series of the model that go on, and the one that is named; raises UsageError for one that is new."""
        old, new = model.contract.apart(panel)
        if len(old) and self.series in {panel.ids[place] for place in new}:
            message = (
                f"--series: the model was not trained on {self.series!r}, and predict forecasts it by its own rows "
                "alone, so nothing of the model explains it; train with it"
            )
            raise UsageError(message, option="--series")
        rows = max(self.step or 0, model.contract.horizon)
        panel = panel.of_series(old) if len(old) and len(new) else panel
        return night.fresh(panel, rows, console, () if self.series is None else (self.series,))

    def place(self, panel: Panel) -> int:
        """The place of the series; raises UsageError for one that is not there."""
        if self.series is None:
            return 0
        if self.series not in panel.ids:
            message = f"--series: no series {self.series!r}; the first are {', '.join(panel.ids[:5])}"
            raise UsageError(message, option="--series")
        return panel.ids.index(self.series)

    def rows(self, found: Explanation, clock: Clock) -> slice:
        """The rows of the explanation that are asked for; raises UsageError for a stamp that is not forecast."""
        if self.step is not None:
            return slice(self.step - 1, self.step)
        if self.at is None:
            return slice(None)
        try:
            places = (found.times == clock.instant(self.at)).nonzero()[0]
        except ValueError:
            message = f"--at takes a stamp, such as {clock.write(found.times[:1])[0]}; got {self.at!r}"
            raise UsageError(message, option="--at", stamp=self.at) from None
        if not len(places):
            first, last = clock.write(found.times[[0, -1]])
            message = f"--at: {self.at} is not forecast; the rows are from {first} to {last}"
            raise UsageError(message, option="--at", stamp=self.at)
        return slice(int(places[0]), int(places[0]) + 1)


def explain_file(
    model_file: str, files: Files, night: Night, asked: ExplainRequest, console: Console, *, is_global: bool
) -> None:
    """Load, read, explain, show."""
    from lstmcast import persistence

    model = persistence.load(model_file)
    panel, readings = read_files(files, model, night, console, keeps_new=asked.series is not None)
    panel = panel if is_global else asked.explained(model, panel, night, console)
    clock = dataclasses.replace(panel.clock, seasons=model.contract.clock.seasons)
    tell_if_open(model_file, console)
    for reading in readings:
        tell_findings(reading, console)
    with console.at_once():
        if is_global:
            found = _importance(model, panel)
            explained.show_importance(found, clock, console)
            console.document({"importance": explained.importance_document(found, clock)})
        else:
            show_explanation(model, panel, asked, clock, console)


def show_explanation(
    model: Model, panel: Panel, asked: ExplainRequest, clock: Clock, console: Console
) -> None:
    """The parts of the rows asked for, and what has changed in them since a season before."""
    from lstmcast.data.digits import decimals
    from lstmcast.model.explanations import changes_of, explain_series

    place = asked.place(panel)
    whole = explain_series(model, panel, place, max(asked.step or 0, model.contract.horizon))
    rows = asked.rows(whole, clock)
    if whole.labels and rows == slice(None):
        rows = slice(0, 1)  # the mean over rows of different classes says nothing
    found = whole.rows(rows)
    changes = changes_of(model, panel, place) if (rows.stop or 0) <= model.contract.horizon else None
    places = 3 if found.labels else decimals(panel.target[panel.rows(place)])
    console.result(_title(model, panel, place, found, clock, places))
    _show_parts(found, clock, places, console)
    if changes is not None:
        _show_changes(changes, clock, places, rows, console)
    console.document(_document(panel, place, found, changes, clock, rows))


def _title(model: Model, panel: Panel, place: int, found: Explanation, clock: Clock, places: int) -> str:
    """Return a sentence on what is explained."""
    from lstmcast.cli.show.drawing.words import number
    from lstmcast.cli.show.pictures.axis import span, stamps

    name = model.contract.target + (f" of {panel.ids[place]}" if panel.id_name is not None else "")
    value = number(float(found.point.mean()), places)
    stamp = stamps(clock, found.times[:1])[0]
    if found.labels:
        return f"Why {name} is most likely {found.labels[0]} at {stamp}: log-odds against the others {value}"
    if len(found.times) == 1:
        return f"Why {name} is {value} at {stamp}, as forecast by {found.source}"
    return f"Why {name} averages {value} in the next {span(clock, len(found.times))}, as forecast by {found.source}"


def _show_parts(found: Explanation, clock: Clock, places: int, console: Console) -> None:
    """The table of parts, and how to read it where a logarithm is between them."""
    from lstmcast.cli.show.drawing.words import number

    rows = explained.part_rows(found, clock, places)
    drawn = explained.bars(rows, is_plain=console.letters() == "ascii")
    factors = {
        explained.part_name(part, clock): f"x {each[0]:.3f}"
        for part, each in (found.factors or {}).items()
        if part.kind != "usual"
    }
    has_factors = bool(factors) and len(found.times) == 1
    header = ["part", "adds", *(["multiplies by"] if has_factors else []), ""]
    lines = [
        [name, text, *([factors.get(name, "")] if has_factors else []), bar]
        for (name, _, text), bar in zip(rows, drawn, strict=True)
    ]
    total = number(float(found.point.mean()), places)
    lines.append(["forecast", total, *([""] if has_factors else []), ""])
    console.result("")
    console.table(header, lines, left=(len(header) - 1,))
    if found.factors is not None:
        console.note(
            "The target is seen through a logarithm: parts multiply, and what each adds depends on the others."
        )


def _show_changes(changes: Changes, clock: Clock, places: int, rows: slice, console: Console) -> None:
    """Show what each group of inputs changes, in the whole forecast and in what the network corrects."""
    from lstmcast.cli.show.drawing.words import number
    from lstmcast.cli.show.pictures.axis import span

    before = number(float(changes.whole.before[rows].mean()), places)
    console.note("")
    console.note(
        f"With the inputs of {span(clock, changes.rows)} earlier it would be {before}. What has changed since:"
    )
    found = explained.change_rows(changes.whole, clock, places, rows)
    drawn = explained.bars(found, is_plain=console.letters() == "ascii")
    own = (
        {}
        if changes.network is None
        else {name: text for name, _, text in explained.change_rows(changes.network, clock, places, rows)}
    )
    header = ["inputs", "adds", *(["of it by the network"] if own else []), ""]
    lines = [
        [name, text, *([own.get(name, "")] if own else []), bar]
        for (name, _, text), bar in zip(found, drawn, strict=True)
    ]
    console.table(header, lines, left=(len(header) - 1,))


def _document(
    panel: Panel, place: int, found: Explanation, changes: Changes | None, clock: Clock, chosen: slice
) -> dict[str, Any]:
    """Every row with its parts, for a program; parts sum to the forecast of their row."""
    from lstmcast.cli.show.pictures.axis import stamps

    told = stamps(clock, found.times)
    rows = [
        {
            "time": stamp,
            "forecast": float(found.point[row]),
            **({"class": found.labels[row]} if found.labels else {}),
            "parts": _named(found.parts, clock, row),
            **({} if found.factors is None else {"factors": _named(found.factors, clock, row)}),
        }
        for row, stamp in enumerate(told)
    ]
    return {
        "series": panel.ids[place],
        "source": found.source,
        "rows": rows,
        "before": None if changes is None else _change_document(changes, clock, chosen),
    }


def _named(parts: Any, clock: Clock, row: int) -> dict[str, float]:
    return {explained.part_name(part, clock): float(values[row]) for part, values in parts.items()}


def _change_document(changes: Changes, clock: Clock, chosen: slice) -> dict[str, Any]:
    """Return what has changed since a season before, on average over the rows asked for."""

    def groups(change: Any) -> dict[str, float]:
        return {
            explained.group_name(group, clock): float(v[chosen].mean()) for group, v in change.groups.items()
        }

    found: dict[str, Any] = {
        "rows_earlier": changes.rows,
        "forecast": float(changes.whole.before[chosen].mean()),
        "changes": groups(changes.whole),
    }
    if changes.network is not None:
        found["network"] = {
            "correction": float(changes.network.before[chosen].mean()),
            "changes": groups(changes.network),
        }
    return found


def _importance(model: Model, panel: Panel) -> Importance:
    from lstmcast.model.importance import importance

    return importance(model, panel)
