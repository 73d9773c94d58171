"""The one table of what ensembles are made of: a new part is one row of it (see `base` for how one is written)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lstmcast.core.options import Options
from lstmcast.forecasters.base import FitData, Part
from lstmcast.forecasters.category_naive import FrequencyTable, Transitions
from lstmcast.forecasters.ensemble import Ensemble
from lstmcast.forecasters.local import Local, fit_bank
from lstmcast.forecasters.logistic import Logistic
from lstmcast.forecasters.naive import SeasonalNaive, fit_naives
from lstmcast.forecasters.network import NetworkForecaster
from lstmcast.forecasters.ridge import RidgeForecaster
from lstmcast.forecasters.smoothing import Smoothing
from lstmcast.forecasters.smoothing_fit import fit_smoothing


def _always(options: Options) -> bool:
    return True


def _wants_smoothing(options: Options) -> bool:
    return options.smoothing == "auto" and options.safeguard == "auto"


@dataclass(frozen=True)
class PartKind:
    """One kind of part.

    make: its class, whose declared fields a model file keeps; fit: the parts of this kind that stand for election,
    None where the pipeline makes them itself, because others start from them; is_requested: whether options ask for it.
    """

    make: type[Part]
    fit: Callable[[FitData], Sequence[Part]] | None = None
    is_requested: Callable[[Options], bool] = _always


# The name in a model file, and what goes by it; the order is that in which the parts are fitted.
PARTS: dict[str, PartKind] = {
    "network": PartKind(NetworkForecaster),
    "ridge": PartKind(RidgeForecaster),
    "seasonal_naive": PartKind(SeasonalNaive, fit_naives),
    "smoothing": PartKind(Smoothing, fit_smoothing, _wants_smoothing),
    "ensemble": PartKind(Ensemble),
    "local": PartKind(Local, fit_bank, _wants_smoothing),
    "logistic": PartKind(Logistic),
    "transitions": PartKind(Transitions),
    "frequency_table": PartKind(FrequencyTable),
}


def fit_parts(data: FitData) -> list[Part]:
    """Every part of the table that the options ask for and the data have something for."""
    kinds = [kind for kind in PARTS.values() if kind.fit is not None and kind.is_requested(data.options)]
    return [part for kind in kinds if kind.fit is not None for part in kind.fit(data)]


def kind_of(part: Part) -> str:
    """The name in a model file of a part's kind."""
    return next(name for name, kind in PARTS.items() if type(part) is kind.make)
