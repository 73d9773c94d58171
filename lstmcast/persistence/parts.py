"""The parts that records of all models have: contract, preparation, calendar stage, weights of members."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import Clock
from lstmcast.data.calendar_regression import CalendarStage, Covariate, Design
from lstmcast.data.preprocessing import Preparation
from lstmcast.data.scaling import Scaling
from lstmcast.forecasters.network import DTYPE
from lstmcast.model.schema import Contract
from lstmcast.nn.network import Architecture, Network
from lstmcast.nn.parameters import Parameters
from lstmcast.persistence.fields import record, value
from lstmcast.persistence.limits import check_architecture, check_contract

Document = Mapping[str, Any]
Arrays = Mapping[str, NDArray[Any]]

_STAGE_ARRAYS = ("mean", "spread", "weight", "intercept")


def contract_from(fields: Document) -> Contract:
    """The contract of a record."""
    contract = record(Contract, fields)
    check_contract(contract)
    if contract.holidays is not None:
        epoch = np.zeros(1, "datetime64[us]")
        contract.holidays.on(epoch), contract.holidays.beyond(epoch)  # ValueError where they are no dates
    return contract


def options_document(options: Options) -> Document:
    """The options as a record; those younger than the format only where they are set, so that older readers and
    files of equal bytes do without them."""
    return {
        field.name: getattr(options, field.name)
        for field in dataclasses.fields(options)
        if not field.metadata["later"] or getattr(options, field.name) != field.default
    }


def options_from(fields: Document) -> Options:
    """The options of a record; raises UsageError where no training would take them."""
    options = record(Options, fields)
    options.check()
    return options


def microseconds(times: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """(n,) whole microseconds since 1970, which is how stamps are stored."""
    return np.asarray(times).astype("datetime64[us]").astype(np.int64)


def preparation_document(preparation: Preparation) -> Document:
    """What of a preparation is no array."""
    return {
        "transform": preparation.scaling.transform,
        "with_year": preparation.with_year,
        "masked": preparation.masked,
        "stage": stage_document(preparation.stage),
    }


def preparation_arrays(preparation: Preparation) -> Arrays:
    """The arrays of a preparation by name."""
    return {
        **_scaling_arrays("scaling", preparation.scaling),
        **_scaling_arrays("covariates", preparation.covariates),
        **stage_arrays("stage", preparation.stage),
        "change": preparation.change,
    }


def preparation_from(fields: Document, clock: Clock, arrays: Arrays) -> Preparation:
    """The preparation of a record."""
    return Preparation(
        scaling=_scaling("scaling", fields["transform"], arrays),
        covariates=_scaling("covariates", "none", arrays),
        with_year=value(bool, fields["with_year"], "with_year"),
        masked=value(bool, fields["masked"], "masked"),
        change=arrays["change"],
        stage=stage_from("stage", fields["stage"], clock, arrays),
    )


def stage_document(stage: CalendarStage | None) -> Document | None:
    """What of a calendar stage is no array."""
    if stage is None:
        return None
    design = stage.design
    return {
        "with_year": design.with_year,
        "covariates": [dataclasses.asdict(covariate) for covariate in design.covariates],
        "first": int(microseconds(np.array([design.first]))[0]),
    }


def stage_arrays(prefix: str, stage: CalendarStage | None) -> Arrays:
    """The arrays of a calendar stage by name."""
    return {} if stage is None else {f"{prefix}.{name}": getattr(stage, name) for name in _STAGE_ARRAYS}


def stage_from(prefix: str, fields: Document | None, clock: Clock, arrays: Arrays) -> CalendarStage | None:
    """The calendar stage of a record, if there is one."""
    if fields is None:
        return None
    covariates = value(tuple[Covariate, ...], fields["covariates"], "covariates")
    first = np.datetime64(value(int, fields["first"], "first"), "us")
    design = Design(clock, value(bool, fields["with_year"], "with_year"), covariates, first)
    return CalendarStage(design, *(arrays[f"{prefix}.{name}"] for name in _STAGE_ARRAYS))


def members_from(
    fields: Document | None, count: int, arrays: Arrays, name: str = "member"
) -> tuple[Network, tuple[Parameters, ...]] | None:
    """A network and the weights of its members; None where no network ships."""
    if fields is None:
        return None
    network = Network(record(Architecture, fields))
    return network, tuple(_parameters(network, arrays[f"{name}.{i}"]) for i in range(count))


def _parameters(network: Network, flat: NDArray[Any]) -> Parameters:
    check_architecture(network.architecture, flat.size)
    return Parameters.of(network.architecture.shapes(), flat.astype(DTYPE))


def _scaling_arrays(name: str, scaling: Scaling) -> Arrays:
    return {f"{name}.{part}": getattr(scaling, part) for part in ("center", "scale", "unit")}


def _scaling(name: str, transform: str, arrays: Arrays) -> Scaling:
    return Scaling(transform, *(arrays[f"{name}.{part}"] for part in ("center", "scale", "unit")))
