"""A Model as plain data, a document and named arrays, and back."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.contract import Contract
from lstmcast.errors import ModelFileError
from lstmcast.hybrid import DTYPE, Hybrid
from lstmcast.intervals import Intervals
from lstmcast.linear.highway import Highway
from lstmcast.model import Model
from lstmcast.nn.network import Architecture, Network
from lstmcast.nn.parameters import Parameters
from lstmcast.options import Options
from lstmcast.panel import Clock
from lstmcast.preparation import Preparation
from lstmcast.scaling import Scaling

Document = dict[str, Any]
Arrays = dict[str, NDArray[Any]]


def to_record(model: Model) -> tuple[Document, Arrays]:
    """What is written: a JSON-able document and the arrays by name."""
    preparation = model.preparation
    document = {
        "contract": dataclasses.asdict(model.contract),
        "options": dataclasses.asdict(model.options),
        "preparation": {
            "transform": preparation.scaling.transform,
            "with_year": preparation.with_year,
            "masked": preparation.masked,
        },
        "penalty": model.highway.penalty,
        "architecture": None,
        "report": model.report,
    }
    arrays: Arrays = {
        **_scaling_arrays("scaling", preparation.scaling),
        **_scaling_arrays("covariates", preparation.covariates),
        "highway.weight": model.highway.weight,
        "highway.bias": model.highway.bias,
        "mase_scale": model.mase_scale,
        "seen_until": model.seen_until.astype("datetime64[us]").astype(np.int64),
    }
    arrays |= {f"interval.{level}": width for level, width in model.intervals.widths.items()}
    if model.hybrid is not None:
        document["architecture"] = dataclasses.asdict(model.hybrid.network.architecture)
        arrays |= {f"member.{i}": member.flat for i, member in enumerate(model.hybrid.members)}
    return document, arrays


def from_record(document: Document, arrays: Arrays) -> Model:
    """The Model of a record; raises ModelFileError where the arrays do not fit the contract."""
    try:
        model = _assemble(document, arrays)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelFileError(f"its contents do not fit together ({type(error).__name__}: {error})") from None
    _check(model)
    return model


def _assemble(document: Document, arrays: Arrays) -> Model:
    preparation = document["preparation"]
    return Model(
        contract=_contract(document["contract"]),
        options=Options(**{name: _tuples(value) for name, value in document["options"].items()}),
        preparation=Preparation(
            scaling=_scaling("scaling", preparation["transform"], arrays),
            covariates=_scaling("covariates", "none", arrays),
            with_year=preparation["with_year"],
            masked=preparation["masked"],
        ),
        highway=Highway(arrays["highway.weight"], arrays["highway.bias"], document["penalty"]),
        hybrid=_hybrid(document["architecture"], arrays),
        intervals=Intervals(
            {int(name.split(".")[1]): width for name, width in arrays.items() if name.startswith("interval.")}
        ),
        mase_scale=arrays["mase_scale"],
        seen_until=arrays["seen_until"].astype("datetime64[us]"),
        report=document["report"],
    )


def _contract(fields: Document) -> Contract:
    clock = Clock(**{name: _tuples(value) for name, value in fields["clock"].items()})
    return Contract(**{name: _tuples(value) for name, value in fields.items()} | {"clock": clock})


def _tuples(value: Any) -> Any:
    """JSON has lists where our records have tuples."""
    return tuple(value) if isinstance(value, list) else value


def _hybrid(fields: Document | None, arrays: Arrays) -> Hybrid | None:
    if fields is None:
        return None
    network = Network(Architecture(**{name: _tuples(value) for name, value in fields.items()}))
    count = sum(name.startswith("member.") for name in arrays)
    return Hybrid(network, tuple(_parameters(network, arrays[f"member.{i}"]) for i in range(count)))


def _parameters(network: Network, flat: NDArray[Any]) -> Parameters:
    parameters = Parameters(network.architecture.shapes(), DTYPE)
    parameters.flat[:] = flat
    return parameters


def _scaling_arrays(name: str, scaling: Scaling) -> Arrays:
    return {f"{name}.{part}": getattr(scaling, part) for part in ("center", "scale", "unit")}


def _scaling(name: str, transform: str, arrays: Arrays) -> Scaling:
    return Scaling(transform, *(arrays[f"{name}.{part}"] for part in ("center", "scale", "unit")))


def _check(model: Model) -> None:
    """Sizes that would otherwise be found wrong in the middle of a forecast."""
    contract, series = model.contract, len(model.contract.ids)
    wanted = {
        "highway": (model.highway.weight.shape, (contract.horizon, contract.lookback)),
        "bias": (model.highway.bias.shape, (contract.horizon,)),
        "scaling": (model.preparation.scaling.center.shape, (series,)),
        "covariates": (model.preparation.covariates.center.shape, (len(contract.columns) - 1,)),
    }
    wanted |= {f"interval.{k}": (w.shape, (contract.horizon,)) for k, w in model.intervals.widths.items()}
    for name, (found, expected) in wanted.items():
        if found != expected:
            raise ModelFileError(f"its {name} has shape {found} where the contract asks for {expected}")
    if not (model.preparation.scaling.scale > 0).all() or not (model.preparation.scaling.unit > 0).all():
        raise ModelFileError("a scale in it is not positive")
