"""The multinomial logistic regression: of each step ahead on the classes, covariates and calendar before it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import Integers
from lstmcast.data.category_windows import ClassWindows, of_classes
from lstmcast.forecasters.base import NewRows, Stateless, Views
from lstmcast.nn.losses import softmax

Numbers = NDArray[np.float64]
MOST_ROUNDS = 200
CLOSE = 1e-4
MOST_PRODUCTS = 30_000_000  # K n F C: what a round multiplies
MOST_WINDOWS, LEAST_WINDOWS = 5_000, 400
MOST_AT_ONCE = 4_000_000


@dataclass(frozen=True, eq=False)
class Logistic(Stateless):
    """Logits of C classes at K steps ahead: the log of how often each class came overall, and a map of F features.

    weight: (K, C, F), over the features of `common` and then of `steps`; overall: (C,) shares;
    with_calendar: whether features of the season are among them; penalty: the ridge, as a share of the mean diagonal
    of the features' second moments.
    """

    weight: Numbers
    overall: Numbers
    with_calendar: bool
    penalty: float
    view: int = 0
    name = "logistic"

    def logits(self, windows: ClassWindows, origins: Integers) -> Numbers:
        """(K, C, B)."""
        shared, own = self.common(windows, origins), self.steps(windows, origins)
        count = len(shared)
        logits = self.weight[:, :, :count].reshape(-1, count) @ shared
        logits = logits.reshape(*self.weight.shape[:2], -1) + self.weight[:, :, count:] @ own
        return np.asarray(logits + np.log(self.overall)[:, None])

    def predict(self, views: Views, origins: Integers) -> Numbers:
        """(K, C, B) probabilities."""
        return np.asarray(softmax(self.logits(of_classes(views[self.view]), origins)))

    def reach(self) -> int:
        """One row: of the rest it takes means."""
        return 1

    def refitted(self, rows: NewRows) -> Logistic:
        """Its weights moved towards those of newer windows, by what these count for."""
        windows = of_classes(rows.views[self.view])
        weights = np.ones(windows.classes) if rows.class_weights is None else rows.class_weights
        again = fit_logistic(
            windows,
            rows.training,
            self.overall,
            weights,
            self.penalty,
            rows.rng,
            with_calendar=self.with_calendar,
        )
        weight = (1 - rows.share) * self.weight + rows.share * again.weight
        return dataclasses.replace(self, weight=weight)

    def check(self, views: Views, options: Options) -> None:
        """Raise ValueError where its weights are not of the size of classes and features."""
        windows = of_classes(views[self.view])
        features = self.features(windows, np.array([windows.lookback]))
        wanted = (windows.horizon, windows.classes, features)
        if self.weight.shape != wanted or self.overall.shape != wanted[1:2]:
            shape = self.weight.shape
            raise ValueError(f"logistic regression has shape {shape} where the contract asks for {wanted}")

    def features(self, windows: ClassWindows, origins: Integers) -> int:
        """F: how many features there are; origins: any."""
        return len(self.common(windows, origins)) + int(self.steps(windows, origins).shape[1])

    def common(self, windows: ClassWindows, origins: Integers) -> Numbers:
        """(F', B) features that all steps share: one, each past column in the last row, over its last season and over
        the window, and the calendar of the first row to come."""
        behind = windows.rows_behind(origins)
        spans = sorted({1, min(max(windows.season, 2), windows.lookback), windows.lookback})
        means = [behind[:, :, -span:].mean(axis=2, dtype=np.float64) for span in spans]
        calendar = [windows.table.calendar[origins]] if self.with_calendar else []
        return np.column_stack([np.ones(len(origins)), *means, *calendar]).T

    def steps(self, windows: ClassWindows, origins: Integers) -> Numbers:
        """(K, F'', B) features of each step's own: the known columns, the share of each class at the same phase of
        the window's seasons and, with the calendar, the log of how much more often each class comes in its season."""
        parts = [windows.rows_ahead(windows.table.known, origins), self._phases(windows, origins)]
        if self.with_calendar:
            parts.append(np.log(windows.frequencies(origins) / self.overall[:, None]))
        return np.concatenate(parts, axis=1)

    def _phases(self, windows: ClassWindows, origins: Integers) -> Numbers:
        """(K, C, B); without two seasons in the window there is no such feature."""
        season, count = windows.season, windows.lookback // windows.season
        if season == 1 or count < 2:
            return np.zeros((windows.horizon, 0, len(origins)))
        behind = windows.rows_behind(origins)[:, : windows.classes, -count * season :]
        shares = behind.reshape(len(origins), windows.classes, count, season).mean(axis=2, dtype=np.float64)
        return np.asarray(shares.transpose(2, 1, 0)[np.arange(windows.horizon) % season])


def fit_logistic(
    windows: ClassWindows,
    training: Integers,
    overall: Numbers,
    class_weights: Numbers,
    penalty: float,
    rng: np.random.Generator,
    *,
    with_calendar: bool,
) -> Logistic:
    """Fit to at most MOST_WINDOWS training windows, drawn at random, fewer where there are many steps, features and
    classes; so many steps ahead at a time as memory allows.

    overall, class_weights: (C,).
    """
    empty = Logistic(np.zeros((0, len(overall), 0)), overall, with_calendar, penalty)
    features = empty.features(windows, training[:1])
    most = MOST_PRODUCTS // (windows.horizon * features * len(overall))
    most = min(max(most, LEAST_WINDOWS), MOST_WINDOWS)
    chosen = training if len(training) <= most else np.sort(rng.choice(training, most, replace=False))
    shared, own, codes = empty.common(windows, chosen), empty.steps(windows, chosen), windows.codes(chosen)
    size = max(MOST_AT_ONCE // (len(chosen) * features), 1)
    parts = []
    for first in range(0, windows.horizon, size):
        steps = slice(first, first + size)
        whole = np.broadcast_to(shared, (len(own[steps]), *shared.shape))
        both = np.concatenate([whole, own[steps]], axis=1)
        parts.append(softmax_map(both, codes[steps], np.log(overall), class_weights, penalty))
    return Logistic(np.concatenate(parts), overall, with_calendar, penalty)


def softmax_map(
    features: Numbers, codes: Numbers, offset: Numbers, class_weights: Numbers, penalty: float
) -> Numbers:
    """Weights (K, C, F) of K ridge regressions whose logits are weight @ features + offset.

    features: (K, F, n); codes: (K, n), NaN where missing; offset and class_weights: (C,). Each round minimises a
    quadratic that is nowhere below the loss (Böhning 1992: its curvature is half the features' second moments),
    with Nesterov's momentum.
    """
    truth = np.asarray(codes[:, None] == np.arange(len(offset))[:, None], dtype=np.float64)
    weight = np.where(np.isnan(codes), 0.0, np.einsum("kcn,c->kn", truth, class_weights))
    share = weight / np.maximum(weight.sum(axis=1, keepdims=True), 1e-12)
    moments = (features * share[:, None]) @ features.transpose(0, 2, 1)
    size = features.shape[1]
    ridge = (penalty * np.trace(moments, axis1=1, axis2=2) / size)[:, None, None] + 1e-9
    bound = np.linalg.inv(0.5 * moments + ridge * np.eye(size))
    found = ahead = np.zeros((len(features), len(offset), size))
    pace = 1.0
    for _ in range(MOST_ROUNDS):
        error = (softmax(ahead @ features + offset[:, None]) - truth) * share[:, None]
        slope = error @ features.transpose(0, 2, 1) + ridge * ahead
        better = ahead - slope @ bound
        move = better - found
        pace = 1.0 if (slope * move).sum() > 0 else pace  # it has gone too far: begin anew
        faster = (1 + np.sqrt(1 + 4 * pace**2)) / 2
        found, ahead, pace = better, better + (pace - 1) / faster * move, faster
        if np.abs(move).max() < CLOSE:
            break
    return found
