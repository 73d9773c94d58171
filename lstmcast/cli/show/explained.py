"""An explanation in words: what each part of a forecast is called, and tables of them with bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lstmcast.cli.show.drawing.words import number
from lstmcast.cli.show.pictures.axis import span

if TYPE_CHECKING:
    from lstmcast.cli.shell.console import Console
    from lstmcast.core.panel import Clock
    from lstmcast.model.explain import Contribution, Explanation
    from lstmcast.model.importance import Importance
    from lstmcast.model.shapley import InputChange, InputGroup

_DAYS_OFF = "days off"
USUAL = "usual value"
_WIDE = 12  # letters of a bar to each side
_FEW = 0.005  # of a share that is shown as nothing

Row = tuple[str, float, str]  # name, value, value in words


def part_name(part: Contribution, clock: Clock) -> str:
    """Return the name of a part; clock: with the model's seasons."""
    from lstmcast.evaluation.names import describe, naive_name, within

    longest, main = max(clock.seasons, default=1), clock.season
    plain = {
        "usual": USUAL,
        "week": "weekday and hour" if clock.step is not None else "weekday",
        "year": "time of the year",
        "trend": "trend",
        "calendar": "time of day and year",
        "frequency": "how often it comes at such times",
        "level": f"level of the last {span(clock, longest)}" if longest > 1 else "level of the window",
        "same_phase": "same time in other seasons",
        "recent": f"last {span(clock, max(main // 4, 1))}" if main > 1 else "last rows",
        "rows": "other rows looked back at",
        "limit": "limits of the forecast",
        "guards": "what is done about odd rows",
        "mean": "the mean in place of the median",
    }
    if part.kind == "season":
        return describe(naive_name(int(part.name)), clock)
    if part.kind == "column":
        return column_name(part.name)
    if part.kind == "forecaster":
        return _OTHERS.get(part.name) or f"the share of {within(part.name, clock)}"
    return plain[part.kind]


_OTHERS = {"network": "the network's correction", "mixture": "the other forecasters"}


def column_name(name: str) -> str:
    """A column as a person calls it."""
    return _DAYS_OFF if name == "--holidays" else name


def group_name(group: InputGroup, clock: Clock) -> str:
    """Return the name of a group of inputs."""
    if group.kind == "column":
        return column_name(group.name)
    last = span(clock, clock.season) if clock.season > 1 else "rows"
    names = {"recent": f"the last {last}", "earlier": "the rows before that", "others": "all other columns"}
    return names[group.kind]


def part_rows(found: Explanation, clock: Clock, decimals: int) -> list[Row]:
    """The parts of an explanation, the usual value first, then the largest; means over its rows."""
    values = {part_name(part, clock): float(each.mean()) for part, each in found.parts.items()}
    usual = {name: value for name, value in values.items() if name == USUAL}
    others = dict(
        sorted(((n, v) for n, v in values.items() if n not in usual), key=lambda item: -abs(item[1]))
    )
    return [(name, value, number(value, decimals)) for name, value in usual.items()] + [
        (name, value, signed(value, decimals)) for name, value in others.items()
    ]


def change_rows(change: InputChange, clock: Clock, decimals: int, chosen: slice) -> list[Row]:
    """Return what each group of inputs changes, the largest first; means over some of the steps."""
    found = {group_name(group, clock): float(each[chosen].mean()) for group, each in change.groups.items()}
    ranked = sorted(found.items(), key=lambda item: -abs(item[1]))
    return [(name, value, signed(value, decimals)) for name, value in ranked]


def importance_rows(found: Importance, clock: Clock) -> list[Row]:
    """By how much the error grows without each part and each group of inputs, the largest first."""
    from lstmcast.evaluation.names import within

    shares: dict[str, float] = {
        f"without {within(name, clock)}": share for name, share in found.parts.items()
    }
    shares |= {f"{group_name(group, clock)}, permuted": share for group, share in found.inputs.items()}
    return [
        (name, share, percent(share)) for name, share in sorted(shares.items(), key=lambda item: -item[1])
    ]


def show_importance(found: Importance, clock: Clock, console: Console) -> None:
    """Show by how much forecasts are worse without each part and each group of inputs."""
    kind = "rows the model was trained on" if found.is_seen else "rows the model has not seen"
    console.note(f"By how much the error grows, over {found.windows:,} forecasts of {kind}")
    rows = importance_rows(found, clock)
    drawn = bars(rows, is_plain=console.letters() == "ascii", skip=())
    console.table(
        ["", "error", ""],
        [[name, text, bar] for (name, _, text), bar in zip(rows, drawn, strict=True)],
        left=(2,),
    )


def importance_document(found: Importance, clock: Clock) -> dict[str, Any]:
    """The importance as JSON has it: the share of each part and each group."""
    return {
        "error": found.error,
        "windows": found.windows,
        "in_sample": found.is_seen,
        "parts": found.parts,
        "inputs": {group_name(group, clock): share for group, share in found.inputs.items()},
    }


def signed(value: float, decimals: int) -> str:
    """A number with its sign; nothing has none."""
    text = number(abs(value), decimals)
    return text if not text.strip("0.,") else f"{'+' if value > 0 else '-'}{text}"


def percent(share: float) -> str:
    """A share with its sign, in percent."""
    if abs(share) < _FEW:
        return "0 %"
    return f"{100 * share:+,.0f} %"


def bars(rows: Sequence[Row], *, is_plain: bool = False, skip: Sequence[str] = (USUAL,)) -> list[str]:
    """A bar for each row to the right of a middle, to the left where it is negative; is_plain: in ASCII."""
    most = max((abs(value) for name, value, _ in rows if name not in skip), default=0.0)
    block, middle = ("#", "|") if is_plain else ("█", "│")
    has_left = any(value < 0 for name, value, _ in rows if name not in skip)
    drawn = []
    for name, value, _ in rows:
        size = 0 if name in skip or not most else round(_WIDE * abs(value) / most)
        left = f"{block * size if value < 0 else '':>{_WIDE}}" if has_left else ""
        drawn.append(f"{left}{middle}{block * size if value > 0 else ''}")
    return drawn
