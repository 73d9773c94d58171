"""Adaptation between refreshes: weights of experts, bias and band width, learned anew from the nights of a ledger.

The state is a function of these nights alone. Weights are MLpol's with the gradient trick (Gaillard, Stoltz and van
Erven 2014), drawn towards the forecast as it shipped; the width is that of adaptive conformal inference (Gibbs and
Candes 2021).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Integers

Numbers = NDArray[np.float64]
Band = tuple[Numbers, Numbers]

LEVEL = 80
PRIOR = 28.0  # nights that the shipped forecast counts for
_BIAS_PRIOR = 7.0
_HALF_LIFE = 14.0  # nights
_CLIP = 3.0  # usual errors that one night's error counts for at most
_STEP = 0.1
_LEAST, _MOST = -1.0, 1.5  # logarithm of the band's factor


@dataclass(frozen=True, eq=False)
class PastNight:
    """A forecast of K rows, and what came. experts: (E, K), the shipped one first; lower, upper, actual: (K,), NaN
    where missing; slots: (K,) of a bias that rows share: steps, or hours where nights begin at different ones."""

    experts: Numbers
    lower: Numbers
    upper: Numbers
    actual: Numbers
    slots: Integers


@dataclass(eq=False)
class _Round:
    """Regrets of experts so far, and their squares."""

    regret: Numbers
    square: Numbers

    def weights(self, nights: int) -> Numbers:
        """(E,) of each expert: the more regret it leaves, the more; without any, the first has all."""
        gain = np.maximum(self.regret, 0.0) / np.where(self.square > 0, self.square, 1.0)
        first = np.zeros(len(gain))
        first[0] = 1.0
        own = gain / gain.sum() if gain.sum() > 0 else first
        return np.asarray((nights * own + PRIOR * first) / (nights + PRIOR))

    def learn(self, weights: Numbers, experts: Numbers, actual: Numbers) -> None:
        """One night: the loss of each expert along the gradient of the absolute error of the mixture."""
        known = np.isfinite(actual)
        side = np.sign(weights @ experts[:, known] - actual[known])
        losses = (side * experts[:, known]).mean(axis=1)
        regret = weights @ losses - losses
        self.regret += regret
        self.square += regret**2


class Adaptation:
    """The weights, bias and band width that the nights of one series have taught so far."""

    def __init__(self, experts: int, slots: int) -> None:
        self.nights = 0
        self.theta = 0.0
        self._first = _Round(np.zeros(experts), np.zeros(experts))
        self._second = _Round(np.zeros(2), np.zeros(2))
        self._sum, self._count = np.zeros(slots), np.zeros(slots)
        self._size, self._of = 0.0, 0.0

    @property
    def weights(self) -> Numbers:
        """(E,) of the experts."""
        return self._first.weights(self.nights)

    @property
    def factor(self) -> float:
        """The factor on the width of bands as shipped."""
        return float(np.exp(self.theta))

    def bias(self, slots: Integers) -> Numbers:
        """(K,) what is added to the mixture, before the second round has its say."""
        usual = self._sum / np.maximum(self._count, 1e-9)
        return np.asarray(usual[slots] * self.nights / (self.nights + _BIAS_PRIOR))

    def point(self, experts: Numbers, slots: Integers) -> Numbers:
        """(K,) the adapted forecast of experts (E, K)."""
        mixed = self.weights @ experts
        pair = np.stack([mixed, mixed + self.bias(slots)])
        return np.asarray(self._second.weights(self.nights) @ pair)

    def band(self, shipped: Numbers, point: Numbers, band: Band, limits: tuple[float, float]) -> Band:
        """A band (K,) moved with the point and widened; an edge that stands at a limit stays there."""
        low, high = (point + self.factor * (edge - shipped) for edge in band)
        low = np.where(band[0] <= limits[0], band[0], low)
        high = np.where(band[1] >= limits[1], band[1], high)
        return np.fmin(low, point), np.fmax(high, point)

    def learn(self, night: PastNight, limits: tuple[float, float]) -> None:
        """One more night; one without any outcome teaches nothing."""
        known = np.isfinite(night.actual)
        if not known.any():
            return
        weights = self.weights
        mixed = weights @ night.experts
        pair = np.stack([mixed, mixed + self.bias(night.slots)])
        second = self._second.weights(self.nights)
        said = second @ pair
        low, high = self.band(night.experts[0], said, (night.lower, night.upper), limits)
        outside = ((night.actual < low) | (night.actual > high))[known].mean()
        self.theta = float(np.clip(self.theta + _STEP * (outside - (1 - LEVEL / 100)), _LEAST, _MOST))
        self._second.learn(second, pair, night.actual)
        self._first.learn(weights, night.experts, night.actual)
        self._learn_bias(night.actual - mixed, night.slots, known)
        self.nights += 1

    def _learn_bias(self, errors: Numbers, slots: Integers, known: NDArray[np.bool_]) -> None:
        """The discounted mean of errors by slot, each believed up to some usual ones."""
        fade = 0.5 ** (1 / _HALF_LIFE)
        self._size, self._of = self._size + float(np.abs(errors[known]).mean()), self._of + 1
        usual = _CLIP * self._size / self._of
        self._sum, self._count = fade * self._sum, fade * self._count
        np.add.at(self._sum, slots[known], np.clip(errors[known], -usual, usual))
        np.add.at(self._count, slots[known], 1.0)


def replayed(
    nights: Sequence[PastNight], experts: int, slots: int, limits: tuple[float, float]
) -> Adaptation:
    """The adaptation after these nights, the oldest first."""
    found = Adaptation(experts, slots)
    for night in nights:
        found.learn(night, limits)
    return found


def named_weights(found: Adaptation, names: Sequence[str]) -> Mapping[str, float]:
    """The weight of each expert by its name."""
    return {name: round(float(weight), 4) for name, weight in zip(names, found.weights, strict=True)}
