"""Nights of every kind, one after the other, each with its exit code and its file."""

from __future__ import annotations

from pathlib import Path

from tests.command_line import lstmcast
from tests.nights import MISSED, Meter, check_ledger, expected, simulate, train

# Night 150 begins the day with 25 hours, 214 a year, 273 a leap day, 304 the day with 23 hours.
NIGHTS = (
    *(0, 20, 30, 40, 41, 60, 61, 62, 70, 71, *range(90, 100), 110, 130, 150, 151, 181, 182, 183),
    *(213, 214, 250, 251, 252, 273, 304, 305, 350, 351),
)


def test_these_nights_are_of_every_kind_there_is() -> None:
    assert {expected(night).kind for night in NIGHTS} == {expected(night).kind for night in range(400)}
    assert {expected(night).code for night in NIGHTS} == {0, 3, 6, 10}


def test_every_night_ends_as_it_must_and_a_missed_one_is_caught_up_with(tmp_path: Path) -> None:
    meter = Meter()
    job = simulate(tmp_path, meter, train(tmp_path, meter, lstmcast), NIGHTS, lstmcast)
    check_ledger(job)
    written = {night for night in NIGHTS if job.forecast(night).exists()}
    assert written == {night for night in NIGHTS if expected(night).source is not None}
    assert written & set(MISSED) == {70, 181, 182}
