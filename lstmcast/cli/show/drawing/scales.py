"""A scale of numbers: the stretch that an axis covers, and the round numbers that are written along it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_ROUND = (1, 2, 5)
_LARGE, _SMALL, _SHORT = 9, -6, 5  # numbers that large or small are written as 3e+12 where so many digits do
_SLACK = 1e-9  # of a step, by which a multiple may miss the end of the scale
_EDGE = 0.04  # share of the stretch left free above and below what is drawn


@dataclass(frozen=True)
class Tick:
    """A place on an axis and what is written there; context: what its label leaves out, where that begins (`2012`)."""

    place: float
    label: str
    context: str = ""


@dataclass(frozen=True)
class Scale:
    """The stretch of numbers from low to high that an axis covers, low < high."""

    low: float
    high: float

    def share(self, value: float) -> float:
        """Return how far along the axis a value stands: 0 at low, 1 at high."""
        return (value / 2 - self.low / 2) / (self.high / 2 - self.low / 2)  # halves cannot overflow


def fit_scale(values: Iterable[float], *, edge: float = _EDGE) -> Scale | None:
    """The stretch of these values with a free edge at both ends; None where there are none.

    Where zero is the lowest or the highest of them, the axis ends there.
    """
    known = [value for value in values if math.isfinite(value)]
    if not known:
        return None
    low, high = min(known), max(known)
    if low == high:
        room = abs(low) * 0.1 or 1.0
        return Scale(_bounded(low - room), _bounded(high + room))
    room = (high / 2 - low / 2) * 2 * edge if edge else 0.0
    return Scale(low if low == 0 else _bounded(low - room), high if high == 0 else _bounded(high + room))


def _bounded(value: float) -> float:
    return min(max(value, -1.7e308), 1.7e308)


def ticks(scale: Scale, most: int, *, is_whole: bool = False, is_share: bool = False) -> list[Tick]:
    """At most so many round numbers on a scale, evenly spaced: multiples of 1, 2 or 5 times a power of ten.

    is_whole: of counts, which have nothing between them; is_share: written in percent.
    """
    for mantissa, power in _steps(scale, max(most, 1), is_whole=is_whole):
        step = float(f"{mantissa}e{power}")
        first, last = math.ceil(scale.low / step - _SLACK), math.floor(scale.high / step + _SLACK)
        if last - first < max(most, 1):
            break
    written = percent if is_share else write
    values = [float(f"{number * mantissa}e{power}") for number in range(first, last + 1)]
    return [Tick(value, written(value, power)) for value in values]


def _steps(scale: Scale, most: int, *, is_whole: bool) -> Iterator[tuple[int, int]]:
    """Round steps as a mantissa and a power of ten, rising from below the least of which so many could do."""
    power = math.floor(math.log10((scale.high / 2 - scale.low / 2) / most))
    power = max(power, 0) if is_whole else max(power, -300)
    while True:
        yield from ((mantissa, power) for mantissa in _ROUND)
        power += 1


def write(value: float, power: int) -> str:
    """A number with as many decimals as multiples of this power of ten need: `4,000`, `0.25`, `3e+12`."""
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    digits = min(max(size - power, 0), 15)
    if size >= 2 * _LARGE or ((size >= _LARGE or size < _SMALL) and digits <= _SHORT):
        return f"{value:.{digits}e}"
    return f"{value:,.{max(-power, 0)}f}"


def percent(share: float, power: int) -> str:
    """A share as percent: `5 %`."""
    return f"{100 * share:.{max(-power - 2, 0)}f} %"
