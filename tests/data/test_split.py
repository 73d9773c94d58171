"""Blocks: which rows train, choose and judge, and what is said when there are too few."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from lstmcast.core.errors import TrainingError, UsageError
from lstmcast.core.panel import Clock
from lstmcast.data.split import Split, split
from tests.panels import FIRST, HOURLY, hourly, load, panel_of, single_threaded, small, stacked


def lengths(blocks: Split) -> list[list[int]]:
    """Rows of training, validation and test of each series."""
    return [
        [int(b - a) for a, b in zip(*blocks.bounds(name), strict=True)]
        for name in ("training", "validation", "test")
    ]


def test_by_default_the_last_15_percent_test_and_the_20_percent_before_validate() -> None:
    assert lengths(split(hourly(1000), 6)) == [[650], [200], [150]]


def test_a_default_block_holds_at_least_a_horizon_and_a_season() -> None:
    assert lengths(split(hourly(150), 6)) == [[90], [30], [30]]


def test_blocks_of_a_short_series_take_a_quarter_of_it_each_or_a_horizon() -> None:
    assert lengths(split(hourly(80), 6)) == [[40], [20], [20]]
    assert lengths(split(hourly(20), 6)) == [[8], [6], [6]]


def test_rows_after_the_last_known_target_belong_to_no_block() -> None:
    target = load(1010)
    target[1000:] = np.nan
    assert lengths(split(panel_of(target), 6)) == [[650], [200], [150]]
    assert lengths(split(panel_of(target), 6, test="2024-02-10T00:00")) == lengths(
        split(hourly(1000), 6, test="2024-02-10T00:00")
    )


def test_validation_is_a_year_at_most() -> None:
    daily = panel_of(load(4000), clock=Clock("D", seasons=(7,)))
    assert lengths(split(daily, 30)) == [[4000 - 600 - 365], [365], [600]]


@pytest.mark.parametrize(
    ("text", "rows"), [("0.25", 250), ("100", 100), ("1e2", 100), ("2024-02-06", 1000 - 36 * 24)]
)
def test_a_block_is_a_share_a_number_of_rows_or_a_first_date(text: str, rows: int) -> None:
    assert lengths(split(hourly(1000), 6, test=text))[2] == [rows]


def test_a_date_is_read_on_the_wall_clock_of_the_file() -> None:
    helsinki = panel_of(load(1000), clock=dataclasses.replace(HOURLY, zone="Europe/Helsinki"))
    assert lengths(split(helsinki, 6, test="2024-02-06"))[2] == [1000 - 36 * 24 + 2]
    assert lengths(split(helsinki, 6, test="2024-02-06T12:00"))[2] == [1000 - 36 * 24 + 2 - 12]


def test_validation_ends_where_test_begins_whatever_says_so() -> None:
    blocks = split(hourly(1000), 6, validation="2024-02-01", test="2024-02-06")
    assert lengths(blocks) == [[31 * 24], [5 * 24], [1000 - 36 * 24]]
    assert lengths(split(hourly(1000), 6, validation="120", test="0.1")) == [[780], [120], [100]]


@pytest.mark.parametrize(
    "text",
    ["soon", "-5", "0", "1.5", "inf", "nan", "NaT", "today", "2024-13-01", "2024-01-10T00:00Z", ""],
)
def test_what_is_no_block_is_refused_in_one_line(text: str) -> None:
    with pytest.raises((UsageError, TrainingError)) as caught:
        split(hourly(400), 6, test=text)
    assert "--test" in str(caught.value) or "--val" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["soon", "inf", "NaT", "today", "2024-01-10T00:00Z"])
def test_a_block_that_is_no_number_and_no_plain_date_is_a_usage_error(text: str) -> None:
    with pytest.raises(UsageError, match=r"--val is a share such as 0\.2"):
        split(hourly(400), 6, validation=text)


@pytest.mark.parametrize(("name", "flag"), [("test", "--test"), ("validation", "--val")])
def test_a_block_shorter_than_the_horizon_is_refused_and_names_the_option(name: str, flag: str) -> None:
    with pytest.raises(TrainingError, match=f"the {name} block holds 5 rows.*{flag}"):
        split(hourly(400), 6, **{name: "5"})  # type: ignore[arg-type]


def test_a_window_belongs_to_the_block_that_holds_all_its_targets() -> None:
    blocks = split(hourly(400), 6)
    owner = np.full(400, -1)
    for number, name in enumerate(("training", "validation", "test")):
        origins = blocks.origins(name, 24, 6)
        targets = (origins[:, None] + np.arange(6)).ravel()
        assert (np.isin(owner[targets], [-1, number])).all()
        owner[targets] = number
        (rows,) = blocks.slices(name)
        assert origins.tolist() == list(range(max(rows.start, 24), rows.stop - 5))
    assert (owner[24:] >= 0).all()


def test_no_window_reaches_from_one_series_into_another() -> None:
    panel = stacked(hourly(200), hourly(30), hourly(300))
    blocks = split(panel, 6)
    origins = np.concatenate([blocks.origins(name, 24, 6) for name in ("training", "validation", "test")])
    series = panel.series_of_rows()
    assert (series[origins - 24] == series[origins]).all()
    assert (series[origins + 5] == series[origins]).all()
    assert (blocks.validation >= panel.offsets[:-1]).all()


@pytest.mark.parametrize(
    "options",
    [
        small(),
        small(lookback=168, horizon=24, segment=24),
        small(lookback=None, horizon=24, segment=24, safeguard="network"),
        small(lookback=96, val="60", test="0.3"),
        small(lookback=96, val="0.4", test="0.3"),
    ],
)
@pytest.mark.parametrize("rows", [25, 40, 65])
def test_too_little_history_says_how_many_rows_suffice(options, rows: int) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(TrainingError, match="too little history") as caught:
        single_threaded(hourly(rows), options)
    found = re.search(r"at least (\d+) rows", str(caught.value))
    assert found is not None
    needed = int(found[1])
    assert "--lookback" in str(caught.value)
    quick = dataclasses.replace(options, steps=0)
    assert single_threaded(hourly(needed), quick).report["windows"] > 0
    with pytest.raises(TrainingError):
        single_threaded(hourly(needed - 3), quick)


def test_counters_have_no_year_that_limits_validation() -> None:
    counted = panel_of(load(1000), clock=Clock("count", seasons=(24,)), first=FIRST)
    assert lengths(split(counted, 6))[1] == [200]


def test_even_a_handful_of_rows_is_told_how_many_it_takes() -> None:
    with pytest.raises(TrainingError, match=r"too little history: 3 rows.*at least [1-9][0-9]+ rows"):
        single_threaded(hourly(3), small())
