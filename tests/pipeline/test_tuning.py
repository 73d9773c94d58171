"""Tuning: the same seed gives the same result whatever the number of workers, and test rows choose nothing."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from lstmcast.core.errors import UsageError
from lstmcast.core.options import Options
from lstmcast.pipeline import settings as tuning_settings
from lstmcast.pipeline import tuning
from lstmcast.pipeline.pace import Pace
from lstmcast.pipeline.tuning import ROUNDS, JudgedTrial, Search, begin_search, tune
from tests.panels import hourly, small, with_target

SLOW = Pace(1.0, 1.0)
TINY: dict[str, Any] = {"test": "30", "threads": 1, "final": False, "smoothing": "no"}


def test_workers_and_test_rows_change_nothing_of_the_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "ROUNDS", ((1, 0.5), (2, 1.0)))
    monkeypatch.setattr(tuning_settings, "search_space", lambda *_: {"dropout": (0.2, 0.0, 0.4)})
    panel, options = hourly(300), small(**TINY)
    target = panel.target.copy()
    target[-30:] += 40
    one = tune(panel, options, trials=2)
    other = tune(with_target(panel, target), options, trials=2, jobs=2)
    said = [[(trial.changes, trial.errors) for trial in found.trials] for found in (one, other)]
    assert said[0] == said[1]
    assert one.chosen == other.chosen
    assert one.trials[0].changes == {}
    assert len(one.trials[0].errors) == 2


def test_settings_leave_what_is_set_and_do_not_depend_on_their_number() -> None:
    options = small(dropout=0.3)
    few, many = (tuning_settings.draw_settings(hourly(300), options, count) for count in (4, 9))
    assert few == many[:4]
    assert not {name for changes in many for name in changes} & {"hidden", "lookback", "batch", "dropout"}


def test_the_default_wins_ties_and_the_verdict_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tuning, "_judged", lambda key, *_: JudgedTrial(key, 1.0, SLOW))
    found = tune(hourly(300), small(**TINY), trials=2)
    assert found.chosen == {}
    assert found.verdict == "tuning found nothing better than the default setting"


def searching(errors: dict[str, float], budget: str | None = None, trials: int | None = 9) -> Search:
    """A search that has come so far."""
    search = begin_search(hourly(300), small(**TINY, budget=budget), trials=trials)
    search.errors.update(errors)
    return search


def test_an_unfinished_round_gives_the_best_so_far() -> None:
    assert searching({}).standing().best.changes == {}
    search = searching({"0.0.0": 1.0, "1.0.0": 1.1})
    assert search.standing().best.changes == {}
    search.errors["3.0.0"] = 0.8
    assert search.standing().best.changes == search.settings[3]
    search.errors |= {f"{trial}.0.0": 1.2 for trial in range(9) if trial not in (0, 1, 3)}
    assert search.standing().racing == (0, 3, 1, 2)
    search.errors |= {"0.1.0": 1.0, "0.1.1": 1.0, "3.1.0": 1.0}
    assert search.standing().best.changes == search.settings[3]  # one fold of two says nothing yet
    search.errors["3.1.1"] = 1.2
    assert search.standing().best.changes == {}


@pytest.mark.parametrize(("error", "wins"), [(1 - tuning.LEVEL / 2, False), (1 - 2 * tuning.LEVEL, True)])
def test_what_is_level_with_the_default_loses_to_it(error: float, wins: bool) -> None:
    search = searching({"0.0.0": 1.0, "1.0.0": error})
    assert (search.standing().best.changes != {}) == wins


def test_the_number_of_settings_is_by_work_and_falls_on_a_slow_machine_alone() -> None:
    few = searching({}, "1m", None)
    assert 2 < len(few.settings) < len(searching({}, "10m", None).settings)
    wide = begin_search(hourly(300), dataclasses.replace(few.options, steps=500), trials=None)
    assert len(wide.settings) < len(few.settings)
    few.pace = Pace(0.01, 0.01)
    assert few.settings == few.drawn
    few.pace = Pace(5.0, 5.0)
    assert len(few.settings) == 2
    halves = {max(len(few.drawn) >> times, 2) for times in range(10)}
    for seconds in (0.3, 0.6, 1.2, 2.4):
        few.pace = Pace(seconds, seconds)
        assert len(few.settings) in halves
        assert len(few.settings) <= max(few.pace.trials_within(42, ROUNDS), 2)
    asked = searching({}, "1m", 9)
    asked.pace = Pace(50.0, 50.0)
    assert len(asked.settings) == 9


def test_what_is_not_done_in_time_says_nothing() -> None:
    search = dataclasses.replace(searching({}, "1m"), until=0.0)
    assert list(search.running()) == []
    assert search.standing().rounds == 0


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
