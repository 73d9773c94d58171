"""Questions that are put at once are answered as they are one by one."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from lstmcast.core.panel import Integers
from lstmcast.evaluation.backtest import Answer
from lstmcast.model import asking
from lstmcast.model.asking import Foreseen, asked_together

ORIGINS = np.array([40, 90, 130])
FIRSTS = np.array([0, 38, 88])  # the second series has room for one look-back of 10 and few rows more


class Asked:
    """An ask that answers by the origin alone, and counts its questions."""

    def __init__(self) -> None:
        self.questions: list[list[int]] = []

    def __call__(self, views: Sequence[Any], origins: Integers, levels: Sequence[float]) -> Answer:
        self.questions.append(origins.tolist())
        values = np.arange(4.0)[:, None, None] + origins * views[0].factor
        return Answer(values, {level: (values[:, 0] - level, values[:, 0] + level) for level in levels})


def views(factor: float = 1.0) -> Any:
    """A view of three series, of which an answer is told by its factor."""

    def firsts(stops: Integers) -> Integers:
        return FIRSTS[np.searchsorted(ORIGINS, stops)]

    return [SimpleNamespace(lookback=10, factor=factor, table=SimpleNamespace(firsts=firsts))]


def assert_same(found: Answer, wanted: Answer) -> None:
    np.testing.assert_array_equal(found.values, wanted.values)
    assert list(found.bands) == list(wanted.bands)
    for level, edges in wanted.bands.items():
        np.testing.assert_array_equal(found.bands[level], edges)


@pytest.mark.parametrize("at_once", [1_000, 2])
def test_together_is_as_one_by_one(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(asking, "_AT_ONCE", at_once)
    ask, seen = Asked(), views()
    origins = [ORIGINS - 1, ORIGINS[:1] - 2, ORIGINS - 3]
    for found, each in zip(asked_together(ask, seen, origins, (98,)), origins, strict=True):
        assert_same(found, Asked()(seen, each, (98,)))
    assert len(ask.questions) == (1 if at_once > 2 else 3)


def test_foreseen_questions_cost_one_and_others_are_put_by_themselves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ask, seen = Asked(), views()
    foreseen = Foreseen(ask, ORIGINS, {1, 2, 48}, (98, 90))
    for origins, levels in ((ORIGINS - 1, (98,)), (ORIGINS - 2, (90,)), (ORIGINS[1:2] - 1, (90, 98))):
        assert_same(foreseen(seen, origins, levels), Asked()(seen, origins, levels))
    assert len(ask.questions) == 1
    assert min(ask.questions[0]) >= 10, "a window that begins before its series was asked for"
    for origins, levels in ((ORIGINS - 7, (98,)), (ORIGINS - 1, (50,))):
        assert_same(foreseen(seen, origins, levels), Asked()(seen, origins, levels))
    other = views(2.0)
    assert_same(foreseen(other, ORIGINS - 1, (98,)), Asked()(other, ORIGINS - 1, (98,)))
    assert len(ask.questions) == 4
    monkeypatch.setattr(asking, "_AT_ONCE", 2)
    many = Foreseen(ask, ORIGINS, {1, 2}, (98,))
    assert_same(many(seen, ORIGINS - 1, (98,)), Asked()(seen, ORIGINS - 1, (98,)))
    assert ask.questions[-1] == (ORIGINS - 1).tolist()
