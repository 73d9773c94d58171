"""The course of the learning rate over training: factors on it, by name."""

from __future__ import annotations

import math
from collections.abc import Callable

_RISE, _FIRST, _LAST = 0.3, 1 / 25, 1 / 250_000


def warmup_cosine(step: int, total: int, warmup: int, floor: float) -> float:
    """Factor on the rate at a step (0, 1, …): a straight rise over `warmup` steps, then half a cosine down to `floor`.

    Reaches 1 at the last warm-up step and `floor` at step total - 1 (Loshchilov and Hutter 2017).
    """
    if step < warmup:
        return (step + 1) / warmup
    return _cosine(1, floor, (step - warmup) / max(1, total - 1 - warmup))


def warmup_constant(step: int, total: int, warmup: int, floor: float) -> float:
    """A straight rise over `warmup` steps, then 1; `total` and `floor` change nothing. Arguments as above."""
    return min(1.0, (step + 1) / warmup) if warmup else 1.0


def one_cycle(step: int, total: int, warmup: int, floor: float) -> float:
    """One cycle (Smith and Topin 2019), with torch's numbers: half a cosine up from 1/25 over three tenths of the
    steps, another down to 1/250,000 over the rest; it has its own warm-up and floor. Arguments as above."""
    top, last = _RISE * total - 1, total - 1
    if step <= top:
        return _cosine(_FIRST, 1, step / top)
    return _cosine(1, _LAST, (step - top) / max(1e-9, last - top))


def _cosine(start: float, stop: float, done: float) -> float:
    """Half a cosine from start (done = 0) to stop (done = 1 and beyond)."""
    return stop + (start - stop) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


Factor = Callable[[int, int, int, float], float]

# What a plateau lowers is known to the loop alone.
SCHEDULES: dict[str, Factor] = {
    "cosine": warmup_cosine,
    "constant": warmup_constant,
    "plateau": warmup_constant,
    "one-cycle": one_cycle,
}
