"""The places where the errors are: by step ahead, hour, weekday, month, day off and series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lstmcast.cli.show.drawing.shapes import Bar, LabelAxis, Line, NumberAxis, Picture, PictureTable
from lstmcast.cli.show.report import words
from lstmcast.cli.show.web import markup
from lstmcast.cli.show.web.figure import embedded
from lstmcast.core.findings import count

if TYPE_CHECKING:
    from lstmcast.evaluation.diagnostics import GroupLosses
    from lstmcast.evaluation.study import Study

_TITLES = {"hour": "hour of the day", "weekday": "weekday", "month": "month", "day": "days off"}
_WORST, _FOLDED = 20, 400  # series in the table, and in the one that is folded
_BAR = 0.4  # half the width of a bar


def section(study: Study) -> str:
    """A picture for each way to tell rows apart, and a table of the series."""
    parts = [embedded(_by_step(study), "e-step")]
    groups = [(name, study.tally.groups(name)) for name in _TITLES]
    small = "".join(
        embedded(_by_group(study, name, found), f"e-{name}", is_small=True)
        for name, found in groups
        if len(found) > 1
    )
    parts.append(f"<div class=two>{small}</div>\n" if small else "")
    return "".join([*parts, *_series(study)])


def _by_step(study: Study) -> Picture:
    """The loss at each step ahead, the model's and that of the best naive forecaster."""
    groups = study.tally.groups("step")
    steps = [float(group.label) for group in groups]
    mine, other = (
        [list(zip(steps, [group.losses[who] for group in groups], strict=True))]
        for who in ("model", study.rival)
    )
    lines = [Line("lstmcast", "forecast", mine), Line(words.rival(study), "baseline", other)]
    first, last = (
        (words.loss(study, groups[place].losses["model"]) for place in (0, -1)) if groups else ("", "")
    )
    return Picture(
        title="By step ahead",
        about=f"{words.unit(study)}: {first} at the first step ahead, {last} at the last, beside {words.rival(study)}.",
        axis=NumberAxis("step ahead", is_whole=True),
        lines=lines if groups else [],
        unit=words.unit(study),
        holds_zero=True,
        table=_table(study, "step", groups, steps),
    )


def _by_group(study: Study, name: str, groups: Sequence[GroupLosses]) -> Picture:
    """A bar for each group, and the naive forecaster's loss as a point."""
    bars: list[Bar] = [(i - _BAR, i + _BAR, group.losses["model"]) for i, group in enumerate(groups)]
    rivals = [
        [(i - _BAR, loss), (i + _BAR, loss)] for i, loss in enumerate(g.losses[study.rival] for g in groups)
    ]
    worst = max(groups, key=lambda group: group.losses["model"])
    best = min(groups, key=lambda group: group.losses["model"])
    return Picture(
        title=f"By {_TITLES[name]}",
        about=(
            f"{words.unit(study)} by {_TITLES[name]}: largest for {worst.label} with "
            f"{words.loss(study, worst.losses['model'])}, smallest for {best.label} with "
            f"{words.loss(study, best.losses['model'])}."
        ),
        axis=LabelAxis(_TITLES[name], [_short(name, group.label) for group in groups]),
        bars=bars,
        lines=[Line(words.rival(study), "second", rivals)],
        bars_name="lstmcast",
        table=_table(study, _TITLES[name], groups, [float(i) for i in range(len(groups))]),
    )


def _short(name: str, label: str) -> str:
    return label[:3] if name in ("weekday", "month") else label


def _table(
    study: Study, name: str, groups: Sequence[GroupLosses], places: Sequence[float] = ()
) -> PictureTable:
    header = (name, "rows", "lstmcast", words.rival(study))
    return PictureTable(header, [_row(study, group) for group in groups], places)


def _row(study: Study, group: GroupLosses) -> tuple[str, ...]:
    losses = (words.loss(study, group.losses[who]) for who in ("model", study.rival))
    return (group.label, f"{group.rows:,}", *losses)


def _series(study: Study) -> Iterator[str]:
    """The series with the largest losses, the others folded."""
    groups = sorted(study.tally.groups("series"), key=lambda group: -group.losses["model"])
    if not groups:
        return
    table = _table(study, "series", groups[:_WORST])
    yield "<h3>By series, the worst first</h3>\n"
    yield markup.table(table.header, table.rows, f"{words.measure(study)} by series", kind="whole")
    others = groups[_WORST : _WORST + _FOLDED]
    if others:
        table = _table(study, "series", others)
        yield markup.folded(
            f"{count(len(others), 'further series')[:-1]}", markup.table(table.header, table.rows)
        )
    left = len(groups) - _WORST - len(others)
    if left > 0:
        yield markup.paragraph(
            f"{left:,} more with smaller errors; lstmcast evaluate --json has all of them.", "soft"
        )
