"""The errors of probabilities of classes: log loss, accuracy and Brier score, summed step by step."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstmcast.evaluation.metrics import Metrics, MetricSums

Numbers = NDArray[np.float64]
LEAST = 1e-12
MEASURES = ("log_loss", "accuracy", "brier")
HIT = "hit_"


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


def hits(probabilities: Numbers, codes: Numbers) -> dict[str, Numbers]:
    """(K, B) for each class: where it came, one if it was the likeliest, else zero; NaN where another came."""
    hit = accuracy(probabilities, codes)
    return {f"{HIT}{code}": np.where(codes == code, hit, np.nan) for code in range(probabilities.shape[1])}


class ClassTally(MetricSums):
    """The tally of what `scores` and `hits` say of forecasts of classes."""

    def metrics(self, group: int | None = None) -> Metrics:
        """Every metric over all groups, or of one; with hits, balanced accuracy as well.

        balanced_accuracy: the mean over the classes that came of the share of each that was hit.
        """
        found = super().metrics(group)
        result = {name: value for name, value in found.items() if not name.startswith(HIT)}
        if len(result) == len(found):
            return result
        shares = [value for name, value in found.items() if name.startswith(HIT) and value is not None]
        return result | {"balanced_accuracy": float(np.mean(shares)) if shares else None}
