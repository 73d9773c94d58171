"""Tuning: the same seed gives the same result whatever the number of workers, and test rows choose nothing."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from lstmcast.core.errors import UsageError
from lstmcast.core.options import Options
from lstmcast.pipeline import settings as tuning_settings
from lstmcast.pipeline import tune as tuning
from lstmcast.pipeline.tune import tune
from tests.panels import hourly, small, with_target

TINY: dict[str, Any] = {"test": "30", "threads": 1, "final": False, "smoothing": "no"}


def test_workers_and_test_rows_change_nothing_of_the_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "ROUNDS", ((1, 0.5), (2, 1.0)))
    monkeypatch.setattr(tuning_settings, "space_of", lambda *_: {"dropout": (0.2, 0.0, 0.4)})
    panel, options = hourly(300), small(**TINY)
    target = panel.target.copy()
    target[-30:] += 40
    one = tune(panel, options, trials=3)
    other = tune(with_target(panel, target), options, trials=3, jobs=2)
    said = [[(trial.changes, trial.errors) for trial in found.trials] for found in (one, other)]
    assert said[0] == said[1]
    assert one.chosen == other.chosen
    assert one.trials[0].changes == {}
    assert len(one.trials[0].errors) == 2


def test_settings_leave_what_is_set_and_do_not_depend_on_their_number() -> None:
    options = small(dropout=0.3)
    few, many = (tuning_settings.settings_of(hourly(300), options, count) for count in (4, 9))
    assert few == many[:4]
    assert not {name for changes in many for name in changes} & {"hidden", "lookback", "batch", "dropout"}


def test_the_default_wins_ties_and_the_verdict_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "_judged", lambda key, *_: (key, 1.0))
    found = tune(hourly(300), small(**TINY), trials=3)
    assert found.chosen == {}
    assert found.verdict == "tuning found nothing better than the default setting"


def test_the_verdict_is_plain() -> None:
    for default, tuned, words in (
        (1.0, 0.9, "worth 10.0 %"),
        (1.0, 1.2, "20.0 % worse"),
        (1.0, 1.0, "level"),
    ):
        found = tuning.Tuning(None, (), {"hidden": 32}, default, tuned)  # type: ignore[arg-type]
        assert words in found.verdict


def test_too_few_trials_are_refused() -> None:
    with pytest.raises(UsageError, match="trials"):
        tune(hourly(300), dataclasses.replace(Options(), horizon=6), trials=1)
    assert np.isfinite(tuning.ROUNDS).all()
