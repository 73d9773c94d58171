"""The parameters of an estimator: the `Options` that are not about files, once for all doors."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Mapping
from typing import Any

from lstmcast.core.options import Options

# What is about files says nothing to a DataFrame.
_FIELDS = [
    f
    for f in dataclasses.fields(Options)
    if f.metadata["group"] != "Reading" and f.name not in ("time", "id")
]

# An attribute `transform` would make scikit-learn take the estimator for a transformer.
_OTHERWISE = {"transform": "target_transform"}
DEFAULTS = {_OTHERWISE.get(field.name, field.name): field.default for field in _FIELDS}

SIGNATURE = inspect.Signature(
    [
        inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD),
        *(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=one)
            for name, one in DEFAULTS.items()
        ),
    ]
)


def parameters_of(who: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """All parameters with those that are given; raises TypeError for one that there is not."""
    named = {_OTHERWISE.get(name, name): value for name, value in given.items()}
    unknown = sorted(named.keys() - DEFAULTS.keys())
    if unknown:
        raise TypeError(f"{who} has no parameter {unknown[0]!r}")
    return DEFAULTS | named


def options_of(estimator: object) -> Options:
    """The options that an estimator's parameters are."""
    values = {field.name: getattr(estimator, _OTHERWISE.get(field.name, field.name)) for field in _FIELDS}
    return Options(**values)
