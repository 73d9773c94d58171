"""Diagnostics: losses by groups, coverage and the probability integral transform, beside slow twins."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from lstmcast.core.panel import Clock, Holidays
from lstmcast.evaluation.backtest import Answer
from lstmcast.evaluation.diagnostics import LEVELS, Bands, Chances, LossSums, groupings
from lstmcast.evaluation.residuals import autocorrelation, histogram, nights, worst_days
from tests.panels import HOURLY, hourly, panel_of, stacked

Numbers = NDArray[np.float64]
ORIGINS = np.array([100, 150, 151, 300])


def losses(seed: int = 0) -> dict[str, Numbers]:
    """Losses of two forecasters over six steps at four origins, some unknown."""
    rng = np.random.default_rng(seed)
    found = {name: rng.random((6, 4)) for name in ("model", "naive")}
    found["model"][2, 1] = found["naive"][4, 2] = np.nan
    return found


def test_losses_are_told_apart_by_what_a_clock_has() -> None:
    panel = hourly(2_000)
    assert list(groupings(panel)) == ["hour", "weekday", "month"]
    days = Holidays("FI", ("2024-01-01",), "2024-01-01", "2024-12-31")
    assert groupings(dataclasses.replace(panel, holidays=days))["day"][1][:25].tolist() == [1] * 24 + [0]
    assert list(groupings(panel_of(np.zeros(60), clock=Clock("D")))) == ["weekday", "month"]
    assert list(groupings(stacked(hourly(50), hourly(50)))) == ["hour", "weekday", "series"]
    assert list(groupings(panel_of(np.zeros(9), clock=Clock("count")))) == []


def test_groups_are_means_over_rows_that_everybody_knows() -> None:
    panel, found = hourly(), losses()
    tally = LossSums(panel, 6)
    tally.add(ORIGINS[:2], {name: loss[:, :2] for name, loss in found.items()})
    tally.add(ORIGINS[2:], {name: loss[:, 2:] for name, loss in found.items()})
    slow: dict[str, list[float]] = {}
    for step in range(6):
        for place, origin in enumerate(ORIGINS):
            pair = found["model"][step, place], found["naive"][step, place]
            if not any(map(math.isnan, pair)):
                slow.setdefault(f"step {step + 1}", []).append(pair[0])
                slow.setdefault(f"hour {(origin + step) % 24:02}", []).append(pair[0])
                slow.setdefault("all", []).append(pair[0])
    for name in ("step", "hour"):
        for group in tally.groups(name):
            assert group.rows == len(slow[f"{name} {group.label}"])
            assert group.losses["model"] == pytest.approx(np.mean(slow[f"{name} {group.label}"]))
    assert tally.overall().rows == 22
    assert tally.overall().losses["model"] == pytest.approx(np.mean(slow["all"]))
    assert tally.names == ["step", "hour", "weekday"]
    assert tally.groups("series") == []
    assert LossSums(panel, 6).overall().rows == 0


def normal_bands(count: int, spread: float) -> Answer:
    """The bands of a normal distribution of this spread around zero, one step ahead."""
    ends = {10: 0.12566, 20: 0.25335, 30: 0.38532, 40: 0.5244, 50: 0.67449, 60: 0.84162, 70: 1.03643}
    ends |= {80: 1.28155, 90: 1.64485, 95: 1.95996, 98: 2.32635}
    assert set(ends) == set(LEVELS)
    whole = np.ones((1, count)) * spread
    return Answer(
        np.zeros((1, 1, count)), {level: (-end * whole, end * whole) for level, end in ends.items()}
    )


@pytest.mark.parametrize(("spread", "eighty"), [(1.0, 0.8), (2.0, 0.99), (0.5, 0.478)])
def test_coverage_and_places_show_whether_bands_are_right(spread: float, eighty: float) -> None:
    actual = np.random.default_rng(0).normal(size=(1, 40_000))
    actual[0, :10] = np.nan
    bands = Bands()
    for part in range(4):
        rows = slice(part * 10_000, (part + 1) * 10_000)
        bands.add(actual[:, rows], normal_bands(10_000, spread))
    assert bands.coverage[80] == pytest.approx(eighty, abs=0.01)
    assert sum(bands.places) == pytest.approx(1)
    assert len(bands.places) == 20
    if spread == 1:
        assert max(abs(place - 0.05) for place in bands.places) < 0.005
    assert (bands.places[0] > 0.06) == (spread < 1)


def test_an_outcome_on_several_edges_counts_for_all_beside_them() -> None:
    bands = Bands()
    bands.add(
        np.zeros((1, 1)), Answer(np.zeros((1, 1, 1)), {level: (np.zeros((1, 1)),) * 2 for level in LEVELS})
    )
    assert bands.places == pytest.approx([0.05] * 20)
    assert bands.coverage[10] == 1


def test_without_outcomes_there_is_neither_coverage_nor_a_place() -> None:
    bands = Bands()
    bands.add(np.full((1, 3), np.nan), normal_bands(3, 1.0))
    assert (bands.coverage, bands.places) == ({}, [])


def test_what_was_given_a_chance_comes_so_often() -> None:
    rng = np.random.default_rng(0)
    told = rng.random((1, 1, 50_000))
    probabilities = np.concatenate([told, 1 - told], axis=1)
    codes = (rng.random((1, 50_000)) > told[:, 0]).astype(float)
    codes[0, 0] = np.nan
    chances = Chances()
    chances.add(probabilities, codes)
    assert sum(rows for rows, _, _ in chances.parts) == 2 * 49_999
    for _, mean, came in chances.parts:
        assert came == pytest.approx(mean, abs=0.02)


# --- what is left over


def slow_autocorrelation(errors: list[float], lag: int) -> float:
    """The same, pair by pair."""
    known = [error for error in errors if error == error]
    mean = sum(known) / len(known)
    pairs = [(a, b) for a, b in zip(errors, errors[lag:], strict=False) if a == a and b == b]
    variance = sum((error - mean) ** 2 for error in known) / len(known)
    return sum((a - mean) * (b - mean) for a, b in pairs) / len(pairs) / variance


def test_autocorrelation_is_that_of_known_pairs() -> None:
    errors = np.random.default_rng(0).normal(size=200).cumsum()
    errors[20:25] = np.nan
    found = autocorrelation(errors, 10)
    assert found == pytest.approx([slow_autocorrelation(errors.tolist(), lag) for lag in range(1, 11)])
    assert autocorrelation(np.ones(50), 5) == []
    assert autocorrelation(np.full(50, np.nan), 5) == []
    assert len(autocorrelation(np.arange(4.0), 99)) == 3


def test_a_histogram_holds_every_error() -> None:
    errors = np.append(np.random.default_rng(0).normal(size=999), [np.nan, 50.0])
    found = histogram(errors)
    assert found is not None
    assert sum(found.shares) == pytest.approx(1)
    assert len(found.edges) == len(found.shares) + 1
    assert found.edges[-1] < 5  # one far off does not stretch it
    assert histogram(np.ones(9)) is None
    assert histogram(np.array([np.nan])) is None


def test_the_worst_days_are_those_of_the_wall_clock() -> None:
    clock = dataclasses.replace(HOURLY, zone="Asia/Tokyo")
    panel = panel_of(np.zeros(240), clock=clock, first=np.datetime64("2023-12-31T15:00:00", "us"))
    loss = np.zeros(240)
    loss[24:48], loss[72:96], loss[230:] = 1.0, 3.0, 99.0
    loss[72:80] = np.nan
    loss[216:229] = np.nan  # more than half of the last day
    first, second, *_ = worst_days(panel, loss, 3)
    assert (first.first, first.last, first.loss) == (72, 95, 3.0)
    assert (second.first, second.loss) == (24, 1.0)
    assert len(worst_days(panel, np.full(240, np.nan))) == 0


def test_a_day_does_not_go_on_in_the_next_series() -> None:
    panel = stacked(hourly(48), hourly(48))
    loss = np.concatenate([np.zeros(24), np.ones(24), np.full(24, 2.0), np.zeros(24)])
    assert [(day.series, day.first, day.loss) for day in worst_days(panel, loss, 2)] == [
        (1, 48, 2.0),
        (0, 24, 1.0),
    ]


def test_nights_begin_where_days_do() -> None:
    panel = hourly(100)
    assert nights(panel, np.arange(30, 90), 24).tolist() == [48, 72]
    assert nights(panel, np.arange(30, 95), 6).tolist() == [34, 40, 46, 52, 58, 64, 70, 76, 82, 88, 94]
    days = panel_of(np.zeros(40), clock=Clock("D"))
    assert nights(days, np.arange(10, 40), 10).tolist() == [10, 20, 30]
    assert nights(days, np.empty(0, np.int64), 10).tolist() == []
