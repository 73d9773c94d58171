"""Optimizers over one flat vector of weights, and the clipping of its gradient."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lstmcast.nn.buffers import Array


@dataclass(frozen=True)
class ParameterGroup:
    """A part of the flat vector with its own factor on the rate and its own weight decay."""

    part: slice
    rate_factor: float = 1.0
    decay: float = 0.0


class Optimizer:
    """Base of the update rules: weights (P,) are changed in place, all buffers made once."""

    def __init__(
        self, weights: Array, groups: Sequence[ParameterGroup] = (ParameterGroup(slice(None)),)
    ) -> None:
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
    """Stochastic gradient descent (Robbins and Monro 1951): weights -= rate g."""

    def step(self, gradient: Array, rate: float) -> None:
        """One update; a group's decay is an L2 penalty."""
        np.copyto(self._change, self._add_decay(gradient))
        self._apply(rate)


class Momentum(Optimizer):
    """Gradient descent with momentum (Polyak 1964): v = momentum v + g; weights -= rate v."""

    def __init__(
        self,
        weights: Array,
        groups: Sequence[ParameterGroup] = (ParameterGroup(slice(None)),),
        momentum: float = 0.9,
    ) -> None:
        super().__init__(weights, groups)
        self.momentum = momentum
        self._arrays["velocity"] = np.zeros_like(weights)

    def step(self, gradient: Array, rate: float) -> None:
        """One update; a group's decay is an L2 penalty."""
        np.copyto(self._change, self._accelerate(self._add_decay(gradient)))
        self._apply(rate)

    def _accelerate(self, gradient: Array) -> Array:
        """The new velocity."""
        velocity = self._arrays["velocity"]
        np.multiply(velocity, self.momentum, out=velocity)
        return np.add(velocity, gradient, out=velocity)


class Nesterov(Momentum):
    """Nesterov's momentum (1983), as Sutskever et al. (2013) and torch have it: weights -= rate (g + momentum v)."""

    def step(self, gradient: Array, rate: float) -> None:
        """One update; a group's decay is an L2 penalty."""
        steepest = self._add_decay(gradient)
        velocity = self._accelerate(steepest)
        np.copyto(self._change, steepest)
        self._change += self.momentum * velocity
        self._apply(rate)


class RMSprop(Optimizer):
    """RMSprop (Tieleman and Hinton 2012): v = memory v + (1 - memory) g²; weights -= rate g / (sqrt(v) + epsilon)."""

    def __init__(
        self,
        weights: Array,
        groups: Sequence[ParameterGroup] = (ParameterGroup(slice(None)),),
        memory: float = 0.99,
        epsilon: float = 1e-8,
    ) -> None:
        super().__init__(weights, groups)
        self.memory, self.epsilon = memory, epsilon
        self._arrays["second"] = np.zeros_like(weights)
        self._root = np.zeros_like(weights)

    def step(self, gradient: Array, rate: float) -> None:
        """One update; a group's decay is an L2 penalty."""
        steepest, second, root = self._add_decay(gradient), self._arrays["second"], self._root
        np.multiply(steepest, steepest, out=root)
        np.multiply(root, 1 - self.memory, out=root)
        np.multiply(second, self.memory, out=second)
        np.add(second, root, out=second)
        np.sqrt(second, out=root)
        np.add(root, self.epsilon, out=root)
        np.divide(steepest, root, out=self._change)
        self._apply(rate)


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015); a group's decay is an L2 penalty on the loss.

    The moments are kept without their factors 1 - beta, m = beta1 m + g and v = beta2 v + g²: two passes less.
    """

    def __init__(
        self,
        weights: Array,
        groups: Sequence[ParameterGroup] = (ParameterGroup(slice(None)),),
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


OPTIMIZERS: dict[str, type[Optimizer]] = {
    "adamw": AdamW,
    "adam": Adam,
    "rmsprop": RMSprop,
    "nesterov": Nesterov,
    "momentum": Momentum,
    "sgd": SGD,
}


def clip_value(gradient: Array, limit: float) -> None:
    """Bring every element of a gradient (P,) into [-limit, limit], in place; NaN stays."""
    np.clip(gradient, -limit, limit, out=gradient)


def clip_norm(gradient: Array, limit: float) -> float:
    """Scale a gradient (P,) in place to a Euclidean norm of at most `limit`; returns the norm before.

    A norm that is not finite is returned and nothing is scaled.
    """
    norm = math.sqrt(float(np.vdot(gradient, gradient)))
    if math.isfinite(norm) and norm > limit:
        np.multiply(gradient, limit / norm, out=gradient)
    return norm
