"""Forecasts under other conditions: columns known ahead, set or changed in the rows to come."""

from __future__ import annotations

import dataclasses
import difflib
import math
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import UsageError
from lstmcast.core.findings import WARNING, Finding, count
from lstmcast.core.panel import HOLIDAYS, KNOWN, Integers, Panel
from lstmcast.core.place import Place
from lstmcast.model.model import Model

Numbers = NDArray[np.float64]

DAYS_OFF = "holiday"  # what the days off of --holidays are called here
_OPERATORS: dict[str, Callable[[Numbers, float], Numbers]] = {
    "+=": operator.add,
    "-=": operator.sub,
    "*=": operator.mul,
    "/=": operator.truediv,
    "=": lambda values, amount: np.full_like(values, amount),
}
_AFTER_NAME = re.compile(r"\s*(\+=|-=|\*=|/=|=)\s*(.*?)\s*", re.DOTALL)


@dataclass(frozen=True)
class Change:
    """A change that one `--set` asks for.

    column: of the file, or DAYS_OFF; sign: a key of _OPERATORS; amount: a number, or the text of a class.
    """

    column: str
    sign: str
    amount: str

    def __str__(self) -> str:
        """Return the change as it was written."""
        return f"{self.column}{self.sign}{self.amount}"

    @property
    def number(self) -> float:
        """The amount; raises UsageError for what is no number, or would divide by zero."""
        try:
            number = float(self.amount)
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or (self.sign == "/=" and not number):
            message = f"--set {self}: a number is wanted after {self.sign}; got {self.amount!r}"
            raise UsageError(message, option="--set", column=self.column)
        return number


def parse_changes(words: Sequence[str], model: Model) -> tuple[Change, ...]:
    """The changes in words such as `temperature+=3`; raises UsageError for what a model does not know ahead."""
    return tuple(_parsed(word, model) for word in words)


def _parsed(word: str, model: Model) -> Change:
    names = sorted(_changeable(model), key=len, reverse=True)
    for name in names:
        match = _AFTER_NAME.fullmatch(word.strip().removeprefix(name))
        if word.strip().startswith(name) and match:
            return Change(name, match[1], match[2])
    raise UsageError(_refusal(word, names, model), option="--set")


def _changeable(model: Model) -> list[str]:
    """Columns that are known ahead, and the days off where the model has them."""
    names = [name for name in model.contract.known if name != HOLIDAYS]
    has_days_off = model.contract.holidays is not None and DAYS_OFF not in names
    return [*names, DAYS_OFF] if has_days_off else names


def _refusal(word: str, names: Sequence[str], model: Model) -> str:
    """Return the reason why words are no change that can be made, with the nearest name."""
    if not names:
        return f"--set {word}: the model knows no column ahead; train with --known"
    name = re.split(r"\s*[-+*/]?=", word.strip())[0]
    if name == model.contract.target or name in model.contract.past:
        known = f"it is not known ahead; these are: {', '.join(sorted(names))}"
        return f"--set {word}: {name!r} cannot be set, since {known}"
    if name in names:
        return f"--set {word}: write {name}=5, {name}+=3, {name}-=3, {name}*=1.1 or {name}/=2"
    near = difflib.get_close_matches(name, names, n=1) or sorted(names)
    return f"--set {word}: no column {name!r} is known ahead; did you mean {near[0]}?"


def changed(
    model: Model, panel: Panel, changes: Sequence[Change], horizon: int
) -> tuple[Model, Panel, tuple[Finding, ...]]:
    """The model and the panel as they would be, and what of it training has never seen.

    Changes hold in the rows after each series' last known target, one after the other. Raises UsageError for an
    amount that a column cannot have.
    """
    if any(change.sign == "=" for change in changes):
        panel = _long_enough(panel, horizon)
    values, rows = panel.values.copy(), _rows_to_come(panel)
    findings: list[Finding] = []
    for change in changes:
        if change.column == DAYS_OFF and DAYS_OFF not in model.contract.known:
            model = _with_days_off(model, panel, rows, change)
            continue
        _set(values, panel, rows, change)
    findings += _beyond(model, panel, values, rows, changes)
    return model, dataclasses.replace(panel, values=values), tuple(findings)


def _rows_to_come(panel: Panel) -> Integers:
    """(n,) rows after the last known target of their series."""
    pairs = zip(panel.known_until().tolist(), panel.offsets[1:].tolist(), strict=True)
    return np.concatenate([np.arange(start, stop) for start, stop in pairs]).astype(np.int64)


def _long_enough(panel: Panel, horizon: int) -> Panel:
    """The panel with at least as many rows to come as are forecast, in every series."""
    lacking = int((horizon - (panel.offsets[1:] - panel.known_until())).max())
    return panel.extended(lacking) if lacking > 0 else panel


def _set(values: Numbers, panel: Panel, rows: Integers, change: Change) -> None:
    """Make one change in the values (N, C)."""
    places = [i for i in panel.roles(KNOWN) if panel.columns[i].source == change.column]
    levels = [panel.columns[place].level for place in places]
    if levels != [None]:
        values[np.ix_(rows, np.array(places))] = _class_of(change, levels)
        return
    (place,) = places
    values[rows, place] = _OPERATORS[change.sign](values[rows, place], change.number)


def _class_of(change: Change, levels: Sequence[str | None]) -> Numbers:
    """(L,) one for the class that a column of text is set to; raises UsageError for one that training had not."""
    if change.sign != "=" or change.amount not in levels:
        known = ", ".join(f"{change.column}={level}" for level in levels)
        message = f"--set {change}: the column is text; set it to a class that training had: {known}"
        raise UsageError(message, option="--set", column=change.column)
    return np.array([float(level == change.amount) for level in levels])


def _with_days_off(model: Model, panel: Panel, rows: Integers, change: Change) -> Model:
    """The model for which all days to come are off, or none of them; raises UsageError for another amount."""
    if change.sign != "=" or change.amount not in ("0", "1"):
        message = f"--set {change}: days are off or not; write {DAYS_OFF}=1 or {DAYS_OFF}=0"
        raise UsageError(message, option="--set")
    holidays = model.contract.holidays
    assert holidays is not None
    coming = set(np.unique(panel.clock.wall(panel.times[rows]).astype("datetime64[D]")).astype(str).tolist())
    days = {*holidays.days} | coming if change.amount == "1" else {*holidays.days} - coming
    called = dict(zip(holidays.days, holidays.names, strict=False))
    names = tuple(called.get(day, "") for day in sorted(days)) if called else ()
    changed = dataclasses.replace(holidays, days=tuple(sorted(days)), names=names, half=())
    contract = dataclasses.replace(model.contract, holidays=changed)
    return dataclasses.replace(model, contract=contract)


def _beyond(
    model: Model, panel: Panel, values: Numbers, rows: Integers, changes: Sequence[Change]
) -> Iterator[Finding]:
    """A finding for each column of numbers that was changed to what training has never seen."""
    names = {change.column for change in changes}
    for place, column in enumerate(panel.columns[1:], 1):
        if column.name not in names or column.level is not None:
            continue
        low, high = _range(model, panel, place)
        outside = (values[rows, place] < low) | (values[rows, place] > high)
        if outside.any():
            message = (
                f"{count(int(outside.sum()), 'row')} of {column.name!r} beyond what training saw ({low:,.6g} to "
                f"{high:,.6g}): what the forecast does there is a guess"
            )
            yield Finding(WARNING, "beyond_training", message, "--set", Place(column=column.name))


def _range(model: Model, panel: Panel, place: int) -> tuple[float, float]:
    """The lowest and the highest value of a column in training; of history, where an old model does not say."""
    if model.ranges is not None:
        return float(model.ranges.lowest[place - 1]), float(model.ranges.highest[place - 1])
    known = panel.values[:, place]
    return float(np.nanmin(known)), float(np.nanmax(known))
