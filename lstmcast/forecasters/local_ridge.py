"""A ridge map of each series' own windows, solved anew at every forecast: for series too short to share rows out."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

PENALTY = 0.1
FEWEST_WINDOWS = 30
FEWEST_WINDOWS_UNSEASONAL = 40
UNUSUAL = 6.0  # robust spreads by which a window's error is beyond what windows do
_MAD = 1.4826  # of a normal distribution: its standard deviation over its median absolute deviation


def windows_in(rows: int, lookback: int, horizon: int) -> int:
    """Return how many windows of these sizes so many rows hold."""
    return max(rows - lookback - horizon + 1, 0)


def ridge_of_each(values: Numbers, lookback: int, horizon: int, penalty: float = PENALTY) -> Numbers:
    """(K, B) the forecast of the rows after these (T, B), all known; T at least L + K + 1.

    Windows are relative to their last value. A window that a first map misses by more than UNUSUAL spreads does not
    teach the second, which forecasts, unless more than half are such: then the level has moved.
    """
    anchor = values[-1]
    windows = sliding_window_view(values, lookback + horizon, axis=0).transpose(1, 0, 2)
    windows = windows - windows[:, :, lookback - 1 : lookback]
    past, ahead = windows[:, :, :lookback], windows[:, :, lookback:]
    weight = np.ones(past.shape[:2])
    weight = _usual(ahead - _said(past, past, ahead, weight, penalty))
    last = (values[-lookback:] - anchor).T[:, None, :]
    return np.asarray(_said(last, past, ahead, weight, penalty)[:, 0].T + anchor)


def _said(asked: Numbers, past: Numbers, ahead: Numbers, weight: Numbers, penalty: float) -> Numbers:
    """(B, n', K) what the maps of windows (B, n, L) and (B, n, K), weighted (B, n), say of others (B, n', L)."""
    share = (weight / weight.sum(axis=1, keepdims=True))[:, :, None]
    middle_past, middle_ahead = (share * past).sum(axis=1)[:, None], (share * ahead).sum(axis=1)[:, None]
    left = (past - middle_past) * weight[:, :, None]
    gram, cross = left.transpose(0, 2, 1) @ left, left.transpose(0, 2, 1) @ (ahead - middle_ahead)
    size = np.trace(gram, axis1=1, axis2=2) / past.shape[2]
    size = np.where(size > 0, size, 1.0)[:, None, None]
    solved = np.linalg.solve(gram + penalty * size * np.eye(past.shape[2]), cross)
    return np.asarray((asked - middle_past) @ solved + middle_ahead)


def _usual(errors: Numbers) -> Numbers:
    """(B, n) one for windows whose mean error (of B, n, K) is usual, zero for others, unless half are others."""
    missed = errors.mean(axis=2)
    away = np.abs(missed - np.median(missed, axis=1, keepdims=True))
    usual = away <= UNUSUAL * _MAD * np.median(away, axis=1, keepdims=True)
    return np.where(usual.mean(axis=1, keepdims=True) < 0.5, 1.0, usual)
