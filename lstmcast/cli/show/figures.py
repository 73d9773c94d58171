"""Ratios and losses as a person reads them: three digits, whatever their size, and no number of fifty digits."""

from __future__ import annotations

UNDEFINED = "not defined"
_FEWEST = 0.0995  # below it three decimals are not three digits
_MOST = 1e6  # a larger one says no more than that it is far off


def ratio(value: float | None) -> str:
    """A MASE, a loss or a score: `0.531`, `4.13e-09`, `over 1,000,000`."""
    if value is None:
        return UNDEFINED
    if abs(value) >= _MOST:
        return f"over {_MOST:,.0f}"
    return f"{value:.3f}" if abs(value) >= _FEWEST or not value else f"{value:.3g}"
