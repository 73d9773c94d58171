"""The losses of forecasts by step, hour, weekday, month, day off and series, and whether bands hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Integers, Panel
from lstmcast.data.calendar_features import weekday
from lstmcast.evaluation.backtest import Answer

Numbers = NDArray[np.float64]
Losses = Mapping[str, Numbers]  # forecaster -> (K, B), NaN where nothing is known

MODEL = "model"
LEVELS = (10, 20, 30, 40, 50, 60, 70, 80, 90, 95, 98)
_EDGES = tuple(
    range(90, 0, -10)
)  # levels whose edges part the probability integral transform, from the outside
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


@dataclass(frozen=True)
class GroupLosses:
    """The mean loss of each forecaster over the rows of a group, all on the same rows."""

    label: str
    rows: int
    losses: dict[str, float]


def groupings(panel: Panel) -> dict[str, tuple[list[str], Integers]]:
    """Tell target rows apart: name -> (labels, (N,) index of the label of each row).

    By hour and weekday where the clock has them, by month where there are several, by days off where they are known,
    by series in a panel.
    """
    clock, found = panel.clock, {}
    wall = clock.wall(panel.times)
    has_hours = clock.step is not None and not clock.is_counter
    if has_hours:
        found["hour"] = (
            [f"{hour:02}" for hour in range(24)],
            wall.astype("datetime64[h]").astype(np.int64) % 24,
        )
    if has_hours or clock.is_daily:
        found["weekday"] = (list(WEEKDAYS), weekday(wall))
    if not clock.is_counter:
        months = wall.astype("datetime64[M]").astype(np.int64) % 12
        if len(np.unique(months)) > 1:
            found["month"] = (list(MONTHS), months)
    if panel.holidays is not None:
        found["day"] = (["working day", "day off"], panel.holidays.on(wall).astype(np.int64))
    if len(panel.ids) > 1:
        found["series"] = (list(panel.ids), panel.series_of_rows())
    return found


class LossSums:
    """Sums of losses by step ahead and within groups of target rows, over rows that every forecaster knows."""

    def __init__(self, panel: Panel, horizon: int) -> None:
        self._groupings = groupings(panel)
        self.horizon = horizon
        self._sums: dict[str, dict[str, Numbers]] = {}
        self._rows: dict[str, Numbers] = {}

    def add(self, origins: Integers, losses: Losses) -> None:
        """Count B windows; losses: (K, B) of each forecaster."""
        known = np.isfinite(np.stack(list(losses.values()))).all(axis=0)
        steps = np.broadcast_to(np.arange(self.horizon)[:, None], known.shape)
        rows = origins[None] + steps
        codes = {"step": (self.horizon, steps)}
        codes |= {name: (len(labels), of_rows[rows]) for name, (labels, of_rows) in self._groupings.items()}
        for name, (count, code) in codes.items():
            self._rows.setdefault(name, np.zeros(count))
            self._rows[name] += np.bincount(code[known], minlength=count)
            sums = self._sums.setdefault(name, {})
            for forecaster, loss in losses.items():
                sums.setdefault(forecaster, np.zeros(count))
                sums[forecaster] += np.bincount(code[known], loss[known], count)

    @property
    def names(self) -> list[str]:
        """The ways in which rows are told apart, `step` first."""
        return list(self._rows)

    def overall(self) -> GroupLosses:
        """The mean losses over all rows; of none NaN."""
        rows = int(self._rows["step"].sum()) if self._rows else 0
        sums = self._sums.get("step", {})
        return GroupLosses(
            "all", rows, {name: float(total.sum() / max(rows, 1)) for name, total in sums.items()}
        )

    def groups(self, name: str) -> list[GroupLosses]:
        """The mean losses of each group that has a row, in the order of its labels; `step` counts from 1."""
        if name not in self._rows:
            return []
        labels = [str(k + 1) for k in range(self.horizon)] if name == "step" else self._groupings[name][0]
        return [
            GroupLosses(
                label, int(rows), {who: float(sums[place] / rows) for who, sums in self._sums[name].items()}
            )
            for place, (label, rows) in enumerate(zip(labels, self._rows[name], strict=True))
            if rows
        ]


class Bands:
    """The outcomes that each band held, counted, and where they fell among the quantiles."""

    def __init__(self) -> None:
        self._inside = dict.fromkeys(LEVELS, 0)
        self._rows = 0
        self._places = np.zeros(2 * len(_EDGES) + 2)

    def add(self, actual: Numbers, answer: Answer) -> None:
        """Count forecasts with a band of each of LEVELS; actual: (K, B), NaN where missing."""
        known = np.isfinite(actual)
        truth = actual[known]
        self._rows += truth.size
        for level in LEVELS:
            lower, upper = (edge[known] for edge in answer.bands[level])
            self._inside[level] += int(((truth >= lower) & (truth <= upper)).sum())
        lows = [answer.bands[level][0][known] for level in _EDGES]
        highs = [answer.bands[level][1][known] for level in reversed(_EDGES)]
        edges = np.stack([*lows, answer.point[known], *highs])
        below, up_to = (edges < truth).sum(axis=0), (edges <= truth).sum(axis=0)
        share = 1.0 / (
            up_to - below + 1
        )  # an outcome on several edges, as at a limit, counts for all beside them
        for offset in range(len(edges) + 1):
            at = below + offset
            inside = at <= up_to
            self._places += np.bincount(at[inside], share[inside], len(self._places))

    @property
    def coverage(self) -> dict[int, float]:
        """Level -> share of the outcomes within the band; empty without any."""
        return {level: held / self._rows for level, held in self._inside.items() if self._rows}

    @property
    def places(self) -> list[float]:
        """Share of the outcomes in each twentieth of the forecast distribution (probability integral transform)."""
        return (self._places / max(self._rows, 1)).tolist() if self._rows else []


class Chances:
    """The frequency of classes by the probability that they were given, in ten equal stretches of it."""

    PARTS = 10

    def __init__(self) -> None:
        self._sums = np.zeros((3, self.PARTS))

    def add(self, probabilities: Numbers, codes: Numbers) -> None:
        """Count forecasts; probabilities: (K, C, B); codes: (K, B) the class that came, NaN where missing."""
        known = np.isfinite(codes)
        came = codes[:, None] == np.arange(probabilities.shape[1])[:, None]
        told = np.moveaxis(probabilities, 1, 0)[:, known].ravel()
        came = np.moveaxis(came, 1, 0)[:, known].ravel()
        part = np.minimum((told * self.PARTS).astype(np.int64), self.PARTS - 1)
        self._sums += np.stack(
            [np.bincount(part, weights, self.PARTS) for weights in (np.ones(told.size), told, came)]
        )

    @property
    def parts(self) -> list[tuple[int, float, float]]:
        """Of each stretch that has any: how many, the mean probability, and the share that came."""
        return [
            (int(count), float(told / count), float(came / count))
            for count, told, came in self._sums.T
            if count
        ]
