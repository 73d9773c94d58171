"""The options by name, for type checkers: `fit(data, hidden=32)` is checked as `Options(hidden=32)` is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict


class FitOptions(TypedDict, total=False):
    """All options but `time`, which functions name themselves; a list may be any sequence, or its only item."""

    target: str | None
    id: str | None
    known: str | Sequence[str]
    past: str | Sequence[str]
    holidays: str | None
    freq: str | None
    tz: str | None
    season: int | Sequence[int] | None
    missing: str | Sequence[str]
    duplicates: str | None
    aggregate: str | None
    keep_partial: bool
    absent: str | None
    difference: bool
    wide: bool
    sheet: str | None
    table: str | None
    sql: str | None
    ambiguous: str
    nonexistent: str
    dates: str | None
    decimal: str | None
    max_unpacked: str | None
    exclude: str | Sequence[str]
    task: str
    horizon: int | str | None
    lookback: int | None
    segment: int | None
    highway: bool
    decoder: str
    cell: str
    layers: int
    hidden: int
    between: int | Sequence[int]
    dense: int | Sequence[int]
    activation: str
    dropout: float
    input_dropout: float
    recurrent_dropout: float
    from_: str | None
    freeze: str | None
    loss: str | None
    class_weights: str
    optimizer: str
    lr: float | None
    schedule: str
    batch: int
    steps: int | None
    epochs: float | None
    patience: int | None
    clip: float
    clip_value: float | None
    seed: int
    members: int
    threads: int | None
    budget: str | None
    safeguard: str
    final: bool
    val: str | None
    test: str | None
    scaler: str
    transform: str
    calendar: str
    anchor: str
    window_size: str
    penalty: float | None
    linear_lookbacks: int | Sequence[int] | None
    linear_pair: str
    smoothing: str
    bands: str
    band_factor: float
    band_volatility: float | None
    point: str
    min: float | None
    max: float | None


class ReadOptions(FitOptions, total=False):
    """All options."""

    time: str | None
