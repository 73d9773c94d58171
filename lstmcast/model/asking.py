"""Asking: several questions about the same windows are put to a model at once, which costs little more than one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

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
    return [
        _part(found, np.arange(stop - size, stop), levels) for size, stop in zip(sizes, stops, strict=True)
    ]


class Foreseen:
    """An ask that puts, with the first question about some views, those that are likely to follow as well.

    backs: how many rows before the origins (S,) these windows begin; levels: of the bands that they ask for.
    """

    def __init__(
        self, ask: Ask, origins: Integers, backs: Collection[int], levels: Collection[float]
    ) -> None:
        self._ask, self._levels = ask, tuple(levels)
        few = len(origins) * len(backs) <= _AT_ONCE
        self._origins = origins[:0] if not few else np.concatenate([origins - back for back in sorted(backs)])
        self._stops = np.tile(origins, len(backs)) if few else origins[:0]
        self._views: Sequence[Windows] | None = None
        self._place: dict[int, int] = {}
        self._answer: Answer | None = None

    def __call__(self, views: Sequence[Windows], origins: Integers, levels: Sequence[float]) -> Answer:
        """Answer B windows, scaled; those that were not foreseen are asked for by themselves."""
        if views is not self._views:
            self._begin(views)
        places = [self._place.get(origin, -1) for origin in origins.tolist()]
        if self._answer is None or -1 in places or not set(levels) <= set(self._levels):
            return self._ask(views, origins, levels)
        return _part(self._answer, np.array(places, np.int64), levels)

    def _begin(self, views: Sequence[Windows]) -> None:
        """Ask for all windows that begin within their series."""
        windows = views[0]
        reaches = self._origins - windows.lookback >= windows.table.firsts(self._stops)
        origins = np.unique(self._origins[reaches])
        self._views, self._place = views, {origin: place for place, origin in enumerate(origins.tolist())}
        self._answer = self._ask(views, origins, self._levels) if len(origins) else None


def _part(answer: Answer, places: Integers, levels: Sequence[float]) -> Answer:
    """Some windows of an answer to scaled windows, with bands of some of its levels."""
    bands = {level: tuple(edge[:, places] for edge in answer.bands[level]) for level in levels}
    return Answer(answer.values[:, :, places], {level: (low, high) for level, (low, high) in bands.items()})
