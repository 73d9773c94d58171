"""How far ahead, as rows or as a time that a clock turns into rows."""

from __future__ import annotations

import pytest

from lstmcast.core.ahead import read_ahead, rows_ahead
from lstmcast.core.errors import UsageError
from lstmcast.core.options import Options
from lstmcast.core.panel import Clock


@pytest.mark.parametrize(
    ("freq", "ahead", "rows"),
    [
        ("h", 24, 24),
        ("h", "24", 24),
        ("h", "24h", 24),
        ("h", "1d", 24),
        ("h", "2w", 336),
        ("h", "3 days", 72),
        ("15min", "90min", 6),
        ("15min", "90m", 6),
        ("30min", "1.5h", 3),
        ("5min", "1D", 288),
        ("D", "2w", 14),
        ("D", "48h", 2),
        ("5D", "10d", 2),
        ("B", "2w", 10),
        ("W-SUN", "2w", 2),
        ("W-SUN", "1y", 52),
        ("2W-SUN", "4w", 2),
        ("MS", "1y", 12),
        ("MS", "6M", 6),
        ("BMS", "3mo", 3),
        ("QS-JAN", "1y", 4),
        ("QS-JAN", "6mo", 2),
        ("YS-JAN", "2y", 2),
        ("count", 7, 7),
    ],
)
def test_a_span_is_a_number_of_rows(freq: str, ahead: int | str, rows: int) -> None:
    assert rows_ahead(ahead, Clock(freq)) == rows


@pytest.mark.parametrize(
    ("freq", "ahead", "message"),
    [
        ("h", "90min", "--horizon 90min is no whole number of rows, which are 1h apart"),
        ("D", "3mo", "--horizon 3mo is no number of rows, which are 1D apart; give a number of rows"),
        ("MS", "2w", "--horizon 2w is no number of rows, which are 1MS apart; give a number of rows"),
        ("count", "1d", "--horizon 1d: rows are numbered and keep no clock; give a number of rows"),
        ("s", "1w", "--horizon goes from 1 to 10,000 rows; got 604,800"),
    ],
)
def test_a_span_that_a_clock_has_no_rows_for_is_refused(freq: str, ahead: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        rows_ahead(ahead, Clock(freq))
    assert str(caught.value) == message
    assert caught.value.option == "--horizon"


@pytest.mark.parametrize("text", ["soon", "24x", "h", "", "1.5", "-"])
def test_what_is_neither_rows_nor_a_time_is_refused_before_any_file_is_read(text: str) -> None:
    with pytest.raises(
        UsageError, match="--horizon takes a number of rows such as 24, or a time such as 24h"
    ):
        read_ahead(text)
    with pytest.raises(UsageError):
        Options(horizon=text).check()


@pytest.mark.parametrize("text", ["0", "-3", "10001"])
def test_rows_have_limits(text: str) -> None:
    with pytest.raises(UsageError, match="--horizon goes from 1 to 10,000 rows"):
        read_ahead(text)
