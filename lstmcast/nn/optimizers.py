"""Optimizers over one flat vector of weights, and what stands around them: clipping and a schedule."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lstmcast.nn.buffers import Array


@dataclass(frozen=True)
class Group:
    """A part of the flat vector with its own factor on the rate and its own weight decay."""

    part: slice
    rate_factor: float = 1.0
    decay: float = 0.0


class Optimizer:
    """Base of the update rules: weights (P,) are changed in place, all buffers made once."""

    def __init__(self, weights: Array, groups: Sequence[Group] = (Group(slice(None)),)) -> None:
        self.weights, self.groups = weights, tuple(groups)
        self._change = np.zeros_like(weights)
        self._arrays: dict[str, Array] = {"count": np.zeros(1, dtype=np.int64)}

    def step(self, gradient: Array, rate: float) -> None:
        """Change the weights along the gradient (P,) at a learning rate."""
        raise NotImplementedError

    def state(self) -> dict[str, Array]:
        """Copies of the arrays that a checkpoint needs to go on exactly."""
        return {name: array.copy() for name, array in self._arrays.items()}

    def restore(self, state: Mapping[str, Array]) -> None:
        """Go on from the arrays of `state`."""
        for name, array in self._arrays.items():
            np.copyto(array, state[name])

    def _add_decay(self, gradient: Array) -> Array:
        """gradient + decay times weights, as a new or the same vector (L2 penalty)."""
        if not any(group.decay for group in self.groups):
            return gradient
        np.copyto(self._change, gradient)
        for group in self.groups:
            if group.decay:
                self._change[group.part] += group.decay * self.weights[group.part]
        return self._change

    def _apply(self, rate: float) -> None:
        """weights -= rate times change, at each group's own rate."""
        for group in self.groups:
            change = self._change[group.part]
            np.multiply(change, rate * group.rate_factor, out=change)
            np.subtract(self.weights[group.part], change, out=self.weights[group.part])


class SGD(Optimizer):
    """Stochastic gradient descent with momentum (Polyak 1964): v = momentum v + g; weights -= rate v."""

    def __init__(
        self, weights: Array, groups: Sequence[Group] = (Group(slice(None)),), momentum: float = 0.9
    ) -> None:
        super().__init__(weights, groups)
        self.momentum = momentum
        self._arrays["velocity"] = np.zeros_like(weights)

    def step(self, gradient: Array, rate: float) -> None:
        """One update; a group's decay is an L2 penalty."""
        velocity = self._arrays["velocity"]
        np.multiply(velocity, self.momentum, out=velocity)
        np.add(velocity, self._add_decay(gradient), out=velocity)
        np.copyto(self._change, velocity)
        self._apply(rate)


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015); a group's decay is an L2 penalty on the loss.

    The moments are kept without their factors 1 - beta, m = beta1 m + g and v = beta2 v + g²: two passes less.
    """

    def __init__(
        self,
        weights: Array,
        groups: Sequence[Group] = (Group(slice(None)),),
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
    ) -> None:
        super().__init__(weights, groups)
        self.betas, self.epsilon = betas, epsilon
        self._arrays["first"] = np.zeros_like(weights)
        self._arrays["second"] = np.zeros_like(weights)

    def step(self, gradient: Array, rate: float) -> None:
        """One update."""
        self._update(self._add_decay(gradient), rate)

    def _update(self, gradient: Array, rate: float) -> None:
        count, first, second = (self._arrays[name] for name in ("count", "first", "second"))
        count += 1
        np.multiply(first, self.betas[0], out=first)
        np.add(first, gradient, out=first)
        np.multiply(second, self.betas[1], out=second)
        change = np.multiply(gradient, gradient, out=self._change)
        np.add(second, change, out=second)
        corrections = [(1 - beta) / (1 - beta ** int(count[0])) for beta in self.betas]
        spread = math.sqrt(corrections[1])
        np.sqrt(second, out=change)
        np.add(change, self.epsilon / spread, out=change)
        np.divide(first, change, out=change)
        self._apply(rate * corrections[0] / spread)


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019): weights shrink by rate times decay a step."""

    def step(self, gradient: Array, rate: float) -> None:
        """One update."""
        for group in self.groups:
            if group.decay:
                part = self.weights[group.part]
                np.multiply(part, 1 - rate * group.rate_factor * group.decay, out=part)
        self._update(gradient, rate)


OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "adam": Adam, "adamw": AdamW}


def clip_norm(gradient: Array, limit: float) -> float:
    """Scale a gradient (P,) in place to a Euclidean norm of at most `limit`; returns the norm before.

    A norm that is not finite is returned and nothing is scaled.
    """
    norm = math.sqrt(float(np.vdot(gradient, gradient)))
    if math.isfinite(norm) and norm > limit:
        np.multiply(gradient, limit / norm, out=gradient)
    return norm


def warmup_cosine(step: int, total: int, warmup: int, floor: float) -> float:
    """Factor on the rate at a step (0, 1, …): a straight rise over `warmup` steps, then half a cosine down to `floor`.

    Reaches 1 at the last warm-up step and `floor` at step total - 1 (Loshchilov and Hutter 2017).
    """
    if step < warmup:
        return (step + 1) / warmup
    done = min(1.0, (step - warmup) / max(1, total - 1 - warmup))
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * done))
