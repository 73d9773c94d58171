"""The contract of a model with its files: columns, clock, and how many rows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lstmcast.core.errors import DataError
from lstmcast.core.findings import WARNING, Finding
from lstmcast.core.letters import spelled_out
from lstmcast.core.panel import (
    COUNTER,
    HOLIDAYS,
    KNOWN,
    PAST,
    Clock,
    Column,
    Holidays,
    Integers,
    Panel,
    Times,
    columns_of,
)
from lstmcast.data.huge import refuse_huge


@dataclass(frozen=True)
class Contract:
    """Columns of the file by role, the ids of the series, the clock, and the sizes of a window.

    time: the time column's name; history: rows before an origin that a forecast may depend on; levels: the classes
    of each column that has some, the target's too; holidays: days off that the model knows by itself; unit: of the
    target, where the cells of the file had one.
    """

    target: str
    time: str | None
    id: str | None
    known: tuple[str, ...]
    past: tuple[str, ...]
    ids: tuple[str, ...]
    clock: Clock
    lookback: int
    horizon: int
    segment: int
    history: int
    levels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    holidays: Holidays | None = None
    unit: str = ""

    def check(self, panel: Panel) -> Integers:
        """(S,) which of the model's series each of the panel's is; raises DataError where the panel does not fit."""
        refuse_huge(panel)
        if not panel.clock.steps_like(self.clock):
            raise DataError(
                f"the file's rows are {_spoken(panel.clock.freq)} apart, the model was trained on rows "
                f"{_spoken(self.clock.freq)} apart; give it data of that step, or train a model on these"
            )
        if (panel.clock.zone is None) != (self.clock.zone is None):
            has, wants = ("no zone", "a zone") if panel.clock.zone is None else ("a zone", "no zone")
            raise DataError(f"the file's stamps have {has}, the model was trained on stamps with {wants}")
        self._check_columns(panel)
        place = self._places()
        unknown = [name for name in panel.ids if name not in place]
        if unknown:
            raise DataError(f"series {unknown[0]!r} is not one the model was trained on; train with it")
        return np.array([place[name] for name in panel.ids], dtype=np.int64)

    def _places(self) -> dict[str, int]:
        """The number of each series by its name, as it is and spelled out: older files have them raw."""
        spelled = {spelled_out(name): number for number, name in enumerate(self.ids)}
        return spelled | {name: number for number, name in enumerate(self.ids)}

    def apart(self, panel: Panel) -> tuple[Integers, Integers]:
        """The places of a panel's series that the model knows, and of those that are new to it."""
        known = self._places()
        is_old = np.array([name in known for name in panel.ids], dtype=bool)
        return np.flatnonzero(is_old), np.flatnonzero(~is_old)

    def without_new(self, panel: Panel, fewest: int | None = None) -> tuple[Panel, Finding | None]:
        """The panel without the series that the model does not know, and what is to be said of them.

        fewest: known rows of a new series that stays; None leaves all out. Where the model knows no series of the
        panel, the panel as it is: `check` refuses it.
        """
        old, new = self.apart(panel)
        if self.id is None or not len(old) or not len(new):
            return panel, None
        known = np.add.reduceat(np.isfinite(panel.target), panel.offsets[:-1])
        gone = new if fewest is None else new[known[new] < fewest]
        if not len(gone):
            return panel, None
        message = f"{len(gone):,} of {len(panel.ids):,} series left out, as the model was not trained on them"
        if fewest is not None:
            message += f" and they have fewer than {fewest} known rows of their own"
        found = Finding(WARNING, "new_series", f"{message}: {panel.ids[gone[0]]!r} is one", "train with them")
        return panel.of_series(np.setdiff1d(np.arange(len(panel.ids)), gone).tolist()), found

    @property
    def classes(self) -> tuple[str, ...]:
        """Those of the target; none where it is numbers."""
        return self.levels.get(self.target, ())

    def _check_columns(self, panel: Panel) -> None:
        missing = [column for column in self.columns if column not in panel.columns]
        if missing:
            raise DataError(
                f"the model was trained with {missing[0].name!r} as a {missing[0].role} column, the data have "
                f"{', '.join(repr(column.name) for column in panel.columns)}; add it, or train without it",
                column=missing[0].name,
            )
        if panel.columns != self.columns:
            names = ", ".join(repr(column.name) for column in self.columns)
            raise DataError(f"the model was trained on the columns {names}, in this order and no others")
        if panel.classes != self.classes:
            raise DataError(
                f"the model's target is {_kind(self.classes)}, that of the data is {_kind(panel.classes)}; read them "
                "with the model's classes, in their order"
            )

    @property
    def columns(self) -> tuple[Column, ...]:
        """The panel's columns, the target first."""
        own = () if self.holidays is None else (HOLIDAYS,)
        return columns_of(self.target, (*self.known, *own), self.past, self.levels)

    def marked(self, panel: Panel) -> Panel:
        """The panel with the column of days off that the model has, whatever is in the file."""
        return panel.with_holidays(self.holidays)

    def beyond_holidays(self, times: Times) -> tuple[Finding, ...]:
        """A finding where some of these instants lie beyond the days off that the model knows."""
        return () if self.holidays is None else self.holidays.beyond(self.clock.wall(times))


def _spoken(freq: str) -> str:
    return "one count" if freq == COUNTER else freq if freq[0].isdigit() else f"1 {freq}"


def build_contract(
    panel: Panel, time: str | None, lookback: int, horizon: int, segment: int, history: int
) -> Contract:
    """The contract of a model trained on this panel."""
    of_role = {role: [panel.columns[i] for i in panel.roles(role)] for role in (KNOWN, PAST)}
    names = {
        role: tuple(dict.fromkeys(c.source for c in columns if c.name != HOLIDAYS))
        for role, columns in of_role.items()
    }
    return Contract(
        target=panel.columns[0].name,
        time=time,
        id=panel.id_name,
        known=names[KNOWN],
        past=names[PAST],
        ids=panel.ids,
        clock=panel.clock,
        lookback=lookback,
        horizon=horizon,
        segment=segment,
        history=history,
        levels=_levels(panel),
        holidays=panel.holidays,
        unit=panel.unit,
    )


def _kind(classes: tuple[str, ...]) -> str:
    return f"one of {', '.join(classes)}" if classes else "numbers"


def _levels(panel: Panel) -> dict[str, tuple[str, ...]]:
    """The levels of each column of the file that has some, in the order of their columns."""
    levels = {panel.columns[0].name: panel.classes} if panel.classes else {}
    for column in panel.columns:
        if column.level is not None:
            levels[column.source] = (*levels.get(column.source, ()), column.level)
    return levels
