"""The score of a ledger of classes: its baselines, its figures, and calibration."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Integers, Panel
from lstmcast.data.category_frequencies import smoothed
from lstmcast.evaluation.category_metrics import accuracy, brier, log_loss
from lstmcast.evaluation.diagnostics import Chances
from lstmcast.evaluation.ledger import Ledger
from lstmcast.evaluation.metrics import Metrics

Numbers = NDArray[np.float64]
BASELINES = ("persistence", "frequency")


def with_all_classes(ledger: Ledger, actuals: Panel) -> tuple[Ledger, Panel]:
    """Both with the same classes, the ledger's first; those that only the outcomes have were given no probability."""
    assert ledger.probabilities is not None
    others = tuple(name for name in actuals.classes if name not in ledger.classes)
    classes = ledger.classes + others
    chances = np.pad(ledger.probabilities, ((0, 0), (0, len(others))))
    values, known = actuals.values.copy(), np.isfinite(actuals.target)
    places = np.array([classes.index(name) for name in actuals.classes], dtype=np.float64)
    values[known, 0] = places[actuals.target[known].astype(np.int64)]
    return (
        dataclasses.replace(ledger, classes=classes, probabilities=chances),
        dataclasses.replace(actuals, classes=classes, values=values),
    )


def baselines(outcomes: Numbers, origin: Integers, step: Integers, classes: int) -> dict[str, Numbers]:
    """(n, C) what each of BASELINES would have said of n rows, from the outcomes up to their origins alone.

    outcomes: (N,) codes by stamp, NaN where missing; origin: (n,) the last row that each forecast knew; step: (n,).
    The frequency is the share of each class so far. Persistence is how often each class has come so many rows after
    the last one, smoothed by C rows that are as frequent as overall, as the model's own is. NaN where nothing is known.
    """
    known = np.isfinite(outcomes)
    came = np.cumsum(known[:, None] & (outcomes[:, None] == np.arange(classes)), axis=0)[origin]
    overall = smoothed(came.astype(np.float64))
    rows = np.arange(len(outcomes))
    latest = np.maximum.accumulate(np.where(known, rows, -1))[origin]
    last = np.where(latest >= 0, outcomes[latest], -1).astype(np.int64)
    after = np.zeros((len(origin), classes))
    for ahead in np.unique(step):
        mine = step == ahead
        after[mine] = _after(outcomes, origin[mine], last[mine], int(ahead), classes)
    persistence = (after + classes * overall) / (after.sum(axis=1, keepdims=True) + classes)
    is_known = (latest >= 0)[:, None]
    said = np.where(is_known, persistence, np.nan), np.where(is_known, overall, np.nan)
    return dict(zip(BASELINES, said, strict=True))


def _after(outcomes: Numbers, origin: Integers, last: Integers, ahead: int, classes: int) -> Numbers:
    """(n, C) how often each class has come so many rows after the class `last` (n,), up to each origin (n,)."""
    before, after = outcomes[:-ahead], outcomes[ahead:]
    found = np.zeros((len(origin), classes))
    for code in np.unique(last):
        pairs = np.flatnonzero((before == code) & np.isfinite(after))
        came = np.cumsum(after[pairs, None] == np.arange(classes), axis=0)
        mine = last == code
        count = np.searchsorted(pairs + ahead, origin[mine], side="right")
        found[mine] = np.vstack([np.zeros(classes), came])[count]
    return found


def losses(chances: Numbers, codes: Numbers) -> Numbers:
    """(R,) log losses of probabilities (R, C), NaN where the class (R,) that came or the probabilities are missing."""
    return np.asarray(log_loss(chances.T[None], codes[None])[0])


def figures(chances: Numbers, codes: Numbers) -> Metrics:
    """Log loss, accuracy and Brier score of probabilities (n, C), as means over what came (n,)."""
    said = chances.T[None]
    measures = {"log_loss": log_loss, "accuracy": accuracy, "brier": brier}
    return {name: float(measure(said, codes[None]).mean()) for name, measure in measures.items()}


def calibration(chances: Numbers, codes: Numbers) -> list[dict[str, Any]]:
    """Of each tenth of probability that was given (n, C): how many, their mean, and how often the class came (n,).

    The points of a reliability diagram (Murphy and Winkler 1977), over all classes together.
    """
    counted = Chances()
    counted.add(chances.T[None], codes[None])
    return [{"rows": rows, "said": said, "came": came} for rows, said, came in counted.parts]
