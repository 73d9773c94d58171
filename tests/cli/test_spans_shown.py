"""Rows are said in hours and days too, where they have any."""

from __future__ import annotations

import pytest

from lstmcast.cli.show.spans import with_span


@pytest.mark.parametrize(
    ("rows", "freq", "said"),
    [
        (336, "1h", "336 rows (14 days)"),
        (24, "h", "24 rows (1 day)"),
        (1, "1h", "1 row (1 hour)"),
        (48, "30min", "48 rows (1 day)"),
        (90, "1min", "90 rows (90 minutes)"),
        (6, "15min", "6 rows (90 minutes)"),
        (288, "5min", "288 rows (1 day)"),
        (7, "1D", "7 rows (7 days)"),
        (13, "W-SUN", "13 rows (13 weeks)"),
        (12, "MS", "12 rows (12 months)"),
        (8, "QS", "8 rows (8 quarters)"),
        (5, "B", "5 rows"),
        (2_000, "1D", "2,000 rows (2,000 days)"),
    ],
)
def test_a_number_of_rows_has_its_span(rows: int, freq: str, said: str) -> None:
    assert with_span(rows, freq) == said
