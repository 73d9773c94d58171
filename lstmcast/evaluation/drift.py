"""Drift: whether forecasts have become worse than they were, told from bad days.

Errors are looked at day by day. A day's score is the logarithm of its mean error, less the median of those of the
REFERENCE days that end RECENT days before it, in units of their usual spread (1.4826 times the median absolute
deviation, at least LEAST_SPREAD): errors have heavy tails, and a bad week must not become its own measure. Scores are
added up in a one-sided CUSUM (Page 1954): each counts by what it is above ALLOWANCE, at most MOST of it, and the sum
never falls below zero. There is an alarm from the day on which the sum exceeds THRESHOLD until it is back at zero.
It takes three days to get there at least, so a holiday or a storm is no drift. An alarm ends when errors fall back, or
when what is new has become usual.

Errors of days that go together make sums that grow by themselves. So the spread of a reference whose days correlate by
more than USUAL_MEMORY is as many times as large as that of a mean of such days, sqrt((1 + r) / (1 - r)), beside one of
days with the usual memory.

What grows by a third for good never makes a sum: it has become usual before. `lasting` compares the last LATELY days
with the AT_FIRST days of the ledger, when the model was as new as at its training, both in shares of the errors of the
best naive forecast on the same days, by a t statistic that counts the days that correlated ones are worth.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
REFERENCE = 56
RECENT = 7
FEWEST = 21
ALLOWANCE = 1.25
MOST = 4.0
THRESHOLD = 6.0
HIGHEST = 9.0
LEAST_SPREAD = 0.3
USUAL_MEMORY = 0.3  # correlation of a day's logarithm with the next one's, for which THRESHOLD was made
MOST_MEMORY = 0.9
AT_FIRST, LATELY = 84, 56  # days
LASTING = 3.0  # standard errors of the difference
LEAST_FACTOR = 1.1  # below which a lasting growth is not worth an alarm


@dataclass(frozen=True)
class DriftAlarm:
    """One drift, in numbers of days.

    since: the first day whose score the sum is made of; raised, last: first and last day of the alarm; factor: the
    median error from `since` to `last` over that of the reference when it was raised.
    """

    since: int
    raised: int
    last: int
    factor: float


@dataclass(frozen=True, eq=False)
class Drift:
    """The result of the test over D days.

    total: (D,) the sum that is compared with THRESHOLD, NaN on days that cannot be judged; factor: the median error of
    the last RECENT days over that of the reference, NaN where nothing can be judged.
    """

    total: Numbers
    factor: float
    alarms: tuple[DriftAlarm, ...]

    @property
    def is_on(self) -> bool:
        """True where there is an alarm on the last day that could be judged."""
        return bool(self.alarms) and bool(self.alarms[-1].last == self._judged[-1])

    @property
    def days_judged(self) -> int:
        """The number of days that could be judged."""
        return len(self._judged)

    @property
    def level(self) -> float:
        """The sum on the last day that could be judged, NaN without one."""
        return float(self.total[self._judged[-1]]) if len(self._judged) else float("nan")

    @property
    def _judged(self) -> NDArray[np.intp]:
        return np.flatnonzero(np.isfinite(self.total))


def find_drift(errors: Numbers) -> Drift:
    """The test on (D,) mean errors of consecutive days, NaN for a day without."""
    logs = _logarithms(errors)
    centers, scores = _scores(logs)
    total, starts = _sums(scores)
    judged = np.flatnonzero(np.isfinite(total))
    if not len(judged):
        return Drift(total, float("nan"), ())
    recent = logs[max(judged[-1] - RECENT + 1, 0) : judged[-1] + 1]
    factor = float(np.exp(np.nanmedian(recent) - centers[judged[-1]]))
    return Drift(total, factor, tuple(_alarms(total, starts, logs, centers)))


@dataclass(frozen=True)
class Lasting:
    """The errors of lately beside those of when the forecasts began, in shares of the best naive forecast's.

    factor: how many times as large; score: by how many standard errors the two differ.
    """

    factor: float
    score: float

    @property
    def is_on(self) -> bool:
        """True where errors have grown for good by more than chance."""
        return self.score > LASTING and self.factor >= LEAST_FACTOR


def lasting(errors: Numbers, naive: Numbers) -> Lasting | None:
    """The comparison on (D,) mean errors of consecutive days and those of a naive forecast, NaN for a day without.

    None where the days that have both are fewer than AT_FIRST + LATELY.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.log(errors) - np.log(naive)
    shares = shares[np.isfinite(shares)]
    if len(shares) < AT_FIRST + LATELY:
        return None
    parts = shares[:AT_FIRST], shares[-LATELY:]
    difference = float(parts[1].mean() - parts[0].mean())
    memory = float(np.mean([_memory(part) for part in parts]))
    variance = sum(part.var(ddof=1) / len(part) for part in parts) * (1 + memory) / (1 - memory)
    score = difference / float(np.sqrt(variance)) if variance > 0 else 0.0
    return Lasting(float(np.exp(difference)), score)


def drifts(report: Mapping[str, Any]) -> bool:
    """Return whether a report of both tests says that errors have grown, of late or for good."""
    return bool(report.get("is_on") or (report.get("lasting") or {}).get("is_on"))


def _memory(values: Numbers) -> float:
    """The correlation of each value with the next one, between 0 and MOST_MEMORY.

    Of n values it comes out too small by about (1 + 3 r) / n (Kendall 1954), which is put right.
    """
    away = values - values.mean()
    squares = float((away**2).sum())
    if not squares > 0:
        return 0.0
    found = float((away[1:] * away[:-1]).sum()) / squares
    return float(np.clip((found * len(values) + 1) / (len(values) - 3), 0.0, MOST_MEMORY))


def _inflation(logs: Numbers) -> float:
    """The factor by which sums of days that correlate as these do vary more than those of days of usual memory."""
    memory = max(_memory(logs), USUAL_MEMORY)
    return float(np.sqrt((1 + memory) / (1 - memory) * (1 - USUAL_MEMORY) / (1 + USUAL_MEMORY)))


def _logarithms(errors: Numbers) -> Numbers:
    """(D,) logarithms; an error of zero counts as the least that is above it."""
    positive = errors[errors > 0]
    return np.asarray(np.log(np.maximum(errors, positive.min() if len(positive) else 1.0)))


def _scores(logs: Numbers) -> tuple[Numbers, Numbers]:
    """(D,) median of each day's reference and (D,) its score; NaN where the reference has fewer days than FEWEST."""
    centers, scores = np.full((2, len(logs)), np.nan)
    for day in map(int, np.flatnonzero(np.isfinite(logs))):
        stop = max(day - RECENT + 1, 0)
        usual = logs[max(stop - REFERENCE, 0) : stop]
        usual = usual[np.isfinite(usual)]
        if len(usual) >= FEWEST:
            centers[day] = np.median(usual)
            spread = max(1.4826 * float(np.median(np.abs(usual - centers[day]))), LEAST_SPREAD)
            scores[day] = (logs[day] - centers[day]) / (spread * _inflation(usual))
    return centers, scores


def _sums(scores: Numbers) -> tuple[Numbers, NDArray[np.int64]]:
    """(D,) the sum after each day, and (D,) the day on which it last began to grow from zero.

    It stops growing at HIGHEST, so that an alarm is over a few days after its cause.
    """
    total, starts = np.full(len(scores), np.nan), np.zeros(len(scores), np.int64)
    value, start = 0.0, 0
    for day in np.flatnonzero(np.isfinite(scores)):
        if value == 0.0:
            start = int(day)
        value = float(np.clip(value + min(float(scores[day]), MOST) - ALLOWANCE, 0.0, HIGHEST))
        total[day], starts[day] = value, start
    return total, starts


def _alarms(total: Numbers, starts: NDArray[np.int64], logs: Numbers, centers: Numbers) -> list[DriftAlarm]:
    """Each stretch of days from the first above THRESHOLD to the last above zero."""
    alarms: list[DriftAlarm] = []
    is_on = False
    for day in map(int, np.flatnonzero(np.isfinite(total))):
        is_on = total[day] > (0.0 if is_on else THRESHOLD)
        if not is_on:
            continue
        since, raised = int(starts[day]), day
        if alarms and alarms[-1].since == since:
            raised = alarms.pop().raised
        factor = float(np.exp(np.nanmedian(logs[since : day + 1]) - centers[raised]))
        alarms.append(DriftAlarm(since, raised, day, factor))
    return alarms
