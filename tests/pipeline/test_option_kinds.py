"""Every option has a use for the kinds of targets that it declares, and is refused for the others."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import numpy as np
import pytest

from lstmcast.core.errors import UsageError
from lstmcast.core.options import CLASSES, KINDS, NUMBERS, Options, flag, kinds_of, refuse_of_other_kind
from lstmcast.core.panel import Panel
from lstmcast.pipeline.fit import fit
from tests.class_panels import SMALL as SMALL_CLASSES
from tests.class_panels import class_panel, weather_codes
from tests.panels import SMALL as SMALL_NUMBERS
from tests.panels import load, panel_of

FIELDS = {field.name: field for field in dataclasses.fields(Options)}
# Options by whose value no forecast changes: how a file is read, how long and how wide training may be, and weights to
# start from, each with tests of their own.
BY_NATURE = {"threads", "budget", "from_", "freeze"} | {
    name for name, field in FIELDS.items() if field.metadata["group"] in ("Data", "Reading")
}
# option: (another value than its default, what has to be so for it to matter)
OTHERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "horizon": (5, {}),
    "lookback": (18, {}),
    "segment": (3, {}),
    "highway": (False, {}),
    "decoder": ("direct", {}),
    "cell": ("gru", {}),
    "layers": (2, {}),
    "hidden": (5, {}),
    "between": ((4,), {"layers": 2}),
    "dense": ((4,), {}),
    "activation": ("tanh", {"dense": (4,)}),
    "dropout": (0.5, {}),
    "input_dropout": (0.3, {}),
    "recurrent_dropout": (0.3, {}),
    "loss": ("mae", {}),
    "class_weights": ("balanced", {}),
    "optimizer": ("sgd", {}),
    "lr": (0.1, {}),
    "schedule": ("constant", {"steps": 12, "lr": 0.05, "highway": False}),
    "batch": (8, {}),
    "steps": (9, {}),
    "epochs": (1.0, {"steps": None, "epochs": 0.5}),
    "patience": (1, {"steps": 40, "lr": 0.5}),
    "clip": (1e-3, {}),
    "clip_value": (1e-5, {}),
    "seed": (1, {}),
    "members": (2, {}),
    "safeguard": ("linear", {}),
    "final": (False, {"steps": 40, "lr": 0.05, "highway": False}),
    "point": ("mean", {}),
    "val": ("60", {}),
    "test": ("90", {}),
    "scaler": ("robust", {}),
    "transform": ("log1p", {}),
    "calendar": ("calendar", {}),
    "anchor": ("no", {}),
    "window_size": ("yes", {}),
    "penalty": (0.5, {}),
    "linear_lookbacks": ((12,), {}),
    "linear_pair": ("no", {"calendar": "auto", "safeguard": "linear", "val": "60"}),
    "smoothing": ("no", {"safeguard": "auto", "smoothing": "auto"}),
    "bands": ("split", {}),
    "band_factor": (2.0, {}),
    "band_volatility": (1.0, {}),
    "min": (105.0, {}),
    "max": (95.0, {}),
}
CASES = [
    (kind, name)
    for name, (other, _) in OTHERS.items()
    for kind in KINDS
    if kind in kinds_of(FIELDS[name], other)
]


def test_every_option_is_in_the_table_or_changes_nothing_by_nature() -> None:
    assert {*OTHERS, *BY_NATURE} == set(FIELDS)
    assert not {*OTHERS} & BY_NATURE


@cache
def _panel(kind: str) -> Panel:
    return panel_of(load(400)) if kind == NUMBERS else class_panel(weather_codes(240))


@cache
def _forecast(kind: str, given: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """What a model forecasts that was trained with these options."""
    small = SMALL_NUMBERS if kind == NUMBERS else SMALL_CLASSES
    options = {**small, "penalty": 0.01, "safeguard": "network", "steps": 4, "hidden": 4, "threads": 1}
    model = fit(_panel(kind), dataclasses.replace(Options(), **{**options, **dict(given)}))
    table = model.predict(_panel(kind)).table()
    return {name: values for name, values in table.items() if name not in ("time", "source")}


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_an_option_changes_the_forecast_of_a_target_of_its_kind(kind: str, name: str) -> None:
    other, so = OTHERS[name]
    before, after = _forecast(kind, tuple(so.items())), _forecast(kind, tuple({**so, name: other}.items()))
    same = before.keys() == after.keys() and all(
        np.array_equal(np.asarray(before[column]), np.asarray(after[column])) for column in before
    )
    assert not same


@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if field.metadata["kinds"] != KINDS])
def test_an_option_is_refused_for_a_target_of_the_other_kind(name: str) -> None:
    (own,) = FIELDS[name].metadata["kinds"]
    (other,) = set(KINDS) - {own}
    given = OTHERS[name][0]
    options = dataclasses.replace(Options(), **{name: given})
    refuse_of_other_kind(options, own)
    with pytest.raises(
        UsageError, match=f"^{flag(name)} .* is for {own}, and the target is {other}; leave it out"
    ):
        fit(_panel(other), options)


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [(CLASSES, "loss", "mae"), (NUMBERS, "loss", "cross-entropy"), (CLASSES, "calendar", "covariates")],
)
def test_a_value_is_refused_for_a_target_of_the_other_kind(kind: str, name: str, value: str) -> None:
    with pytest.raises(UsageError, match=f"^{flag(name)} {value} is for "):
        fit(_panel(kind), dataclasses.replace(Options(), **{name: value}))


def test_every_value_of_one_kind_is_one_of_the_option() -> None:
    for field in FIELDS.values():
        assert set(field.metadata["of_one_kind"]) <= set(field.metadata["choices"])
        assert set(field.metadata["of_one_kind"].values()) <= set(KINDS)
        assert kinds_of(field, field.default) == KINDS or field.metadata["kinds"] != KINDS
