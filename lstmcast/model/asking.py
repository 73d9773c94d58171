"""Asking: several questions about the same windows are put to a model at once, which costs little more than one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from lstmcast.core.panel import Integers
from lstmcast.data.windows import Windows
from lstmcast.evaluation.backtest import Answer

Ask = Callable[[Sequence[Windows], Integers, Sequence[float]], Answer]  # scaled, with bands of these levels
_AT_ONCE = 1_000  # windows; of more, the questions are put one by one, so that memory stays that of one


def asked_together(
    ask: Ask, views: Sequence[Windows], origins: Sequence[Integers], levels: Sequence[float]
) -> list[Answer]:
    """The answer to the windows at each of several origins (S,), with bands of these levels."""
    sizes = [len(each) for each in origins]
    if sum(sizes) > _AT_ONCE:
        return [ask(views, each, levels) for each in origins]
    found, stops = ask(views, np.concatenate(origins), levels), np.cumsum(sizes)
    return [_part(found, slice(stop - size, stop)) for size, stop in zip(sizes, stops, strict=True)]


def _part(answer: Answer, places: slice) -> Answer:
    """Some windows of an answer to scaled windows."""
    bands = {level: (low[:, places], high[:, places]) for level, (low, high) in answer.bands.items()}
    return Answer(answer.values[:, :, places], bands)
