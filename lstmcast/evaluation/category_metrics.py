"""How good probabilities of classes were: log loss, accuracy and Brier score, summed step by step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Integers
from lstmcast.evaluation.metrics import Metrics

Numbers = NDArray[np.float64]
LEAST = 1e-12
MEASURES = ("log_loss", "accuracy", "brier")


def chances(probabilities: Numbers, codes: Numbers) -> Numbers:
    """(K, B) the probability (K, C, B) of the class that came (K, B); NaN where that is missing."""
    known = np.isfinite(codes)
    places = np.where(known, codes, 0).astype(np.int64)
    return np.where(known, np.take_along_axis(probabilities, places[:, None], axis=1)[:, 0], np.nan)


def log_loss(probabilities: Numbers, codes: Numbers) -> Numbers:
    """(K, B) minus the log of the probability (K, C, B) of the class that came (K, B); NaN where that is missing."""
    return np.asarray(-np.log(np.maximum(chances(probabilities, codes), LEAST)))


def brier(probabilities: Numbers, codes: Numbers) -> Numbers:
    """(K, B) the sum over classes of the squared error of each probability (Brier 1950: from 0 to 2)."""
    truth = codes[:, None] == np.arange(probabilities.shape[1])[:, None]
    return np.where(np.isfinite(codes), ((probabilities - truth) ** 2).sum(axis=1), np.nan)


def accuracy(probabilities: Numbers, codes: Numbers) -> Numbers:
    """(K, B) one where the likeliest class is the one that came, else zero."""
    return np.where(np.isfinite(codes), probabilities.argmax(axis=1) == codes, np.nan)


def scores(probabilities: Numbers, codes: Numbers) -> dict[str, Numbers]:
    """Each of MEASURES of each forecast: (K, B), NaN where the class is missing."""
    return {
        "log_loss": log_loss(probabilities, codes),
        "accuracy": accuracy(probabilities, codes),
        "brier": brier(probabilities, codes),
    }


class ClassTally:
    """Sums over windows, one for each of K steps ahead, and hits of each of C classes; divided once at the end."""

    def __init__(self, horizon: int, classes: int) -> None:
        self._sums = {name: np.zeros((2, horizon)) for name in MEASURES}
        self._hits = np.zeros((2, horizon, classes))

    def add(self, found: dict[str, Numbers], codes: Numbers) -> None:
        """Count B windows; found: what `scores` says of them; codes: (K, B) what came, NaN where missing."""
        known = np.isfinite(codes)
        for name, values in found.items():
            self._sums[name] += np.where(known, values, 0).sum(axis=1), known.sum(axis=1)
        came = codes[:, None] == np.arange(self._hits.shape[2])[:, None]
        hit = np.nan_to_num(found["accuracy"])[:, None]
        self._hits += (came * hit).sum(axis=2), came.sum(axis=2)

    def metrics(self, step: int | None = None) -> Metrics:
        """Every metric over all steps, or at one step ahead (0 is the first); None where nothing was counted.

        balanced_accuracy: the mean over the classes that came of the share of each that was hit.
        """
        steps = slice(None) if step is None else slice(step, step + 1)
        result: Metrics = {}
        for name, sums in self._sums.items():
            total, count = sums[:, steps].sum(axis=1)
            result[name] = float(total / count) if count else None
        hits, came = self._hits[:, steps].sum(axis=1)
        shares = hits[came > 0] / came[came > 0]
        return result | {"balanced_accuracy": float(shares.mean()) if len(shares) else None}


class ClassGroups:
    """The measures within groups of target rows: an hour, a weekday, a series."""

    def __init__(self, labels: list[str]) -> None:
        self.labels = labels
        self._sums = {name: np.zeros((2, len(labels))) for name in MEASURES}

    def add(self, found: dict[str, Numbers], groups: Integers) -> None:
        """Count B windows; groups: (K, B) the label of each target row, by its place."""
        for name, values in found.items():
            known = np.isfinite(values)
            self._sums[name][0] += np.bincount(groups[known], values[known], len(self.labels))
            self._sums[name][1] += np.bincount(groups[known], minlength=len(self.labels))

    def metrics(self) -> dict[str, Metrics]:
        """The means of each group that has any row."""
        counts = self._sums["log_loss"][1]
        return {
            label: {name: float(sums[0, place] / counts[place]) for name, sums in self._sums.items()}
            for place, label in enumerate(self.labels)
            if counts[place]
        }
