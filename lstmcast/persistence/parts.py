"""The parts that records of all models have: contract, preparation, calendar stage, weights of members."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import Clock
from lstmcast.data.calendar_regression import CalendarRegression, Covariate, Design
from lstmcast.data.day_effects import DayEffects, kinds_of, names_of
from lstmcast.data.preprocessing import Preparation
from lstmcast.data.scaling import Scaling
from lstmcast.forecasters.base import Part
from lstmcast.forecasters.ensemble import Ensemble
from lstmcast.forecasters.network import DTYPE, NetworkForecaster
from lstmcast.forecasters.parts import PARTS, kind_of
from lstmcast.model.model import Model
from lstmcast.model.reference import ColumnRanges, SeriesStatistics
from lstmcast.model.schema import Contract
from lstmcast.nn.network import Architecture
from lstmcast.persistence.fields import record, value
from lstmcast.persistence.limits import check_contract

Document = Mapping[str, Any]
Arrays = Mapping[str, NDArray[Any]]

_STAGE_ARRAYS = ("mean", "spread", "weight", "intercept")


def contract_document(contract: Contract) -> Document:
    """The contract as a record; its unit, which is younger than the format, only where there is one."""
    fields = dataclasses.asdict(contract)
    if contract.holidays is not None:
        later = {name for name in ("names", "half") if not getattr(contract.holidays, name)}
        fields["holidays"] = {n: told for n, told in fields["holidays"].items() if n not in later}
    return fields if contract.unit else {name: fields[name] for name in fields if name != "unit"}


def contract_from(fields: Document) -> Contract:
    """The contract of a record."""
    contract = record(Contract, fields)
    check_contract(contract)
    if contract.holidays is not None:
        epoch = np.zeros(1, "datetime64[us]")
        contract.holidays.on(epoch), contract.holidays.beyond(epoch)  # ValueError where they are no dates
        (
            kinds_of(epoch.astype(np.int64), contract.holidays),
            names_of(epoch.astype(np.int64), contract.holidays),
        )
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


def preparation_document(preparation: Preparation, stage: CalendarRegression | None) -> Document:
    """Return the part of a preparation, and of the first view's calendar stage, that is no array."""
    return {
        "transform": preparation.scaling.transform,
        "with_year": preparation.with_year,
        "masked": preparation.masked,
        "stage": stage_document(stage),
        **({} if preparation.days is None else {"days_off": preparation.days.names}),
    }


def preparation_arrays(preparation: Preparation, stage: CalendarRegression | None) -> Arrays:
    """The arrays of a preparation, and of the first view's calendar stage, by name."""
    return {
        **_scaling_arrays("scaling", preparation.scaling),
        **_scaling_arrays("covariates", preparation.covariates),
        **stage_arrays("stage", stage),
        "change": preparation.change,
        **({} if preparation.days is None else day_arrays(preparation.days)),
    }


def day_arrays(days: DayEffects) -> Arrays:
    """The arrays of what days off are apart from usual days, by name."""
    return {"days_off.kinds": days.kinds, "days_off.own": days.own}


def preparation_from(fields: Document, arrays: Arrays) -> Preparation:
    """The preparation of a record."""
    return Preparation(
        scaling=_scaling("scaling", fields["transform"], arrays),
        covariates=_scaling("covariates", "none", arrays),
        with_year=value(bool, fields["with_year"], "with_year"),
        masked=value(bool, fields["masked"], "masked"),
        change=arrays["change"],
        days=_days_from(fields.get("days_off"), arrays),
    )


def _days_from(names: Any, arrays: Arrays) -> DayEffects | None:
    """The effects of days off, where a record knows them; ValueError where its sizes do not fit."""
    if names is None:
        return None
    found = DayEffects(
        arrays["days_off.kinds"], value(tuple[str, ...], names, "days_off"), arrays["days_off.own"]
    )
    found.check()
    return found


def stage_document(stage: CalendarRegression | None) -> Document | None:
    """Return the part of a calendar stage that is no array."""
    if stage is None:
        return None
    design = stage.design
    return {
        "with_year": design.with_year,
        "covariates": [dataclasses.asdict(covariate) for covariate in design.covariates],
        "first": int(microseconds(np.array([design.first]))[0]),
    }


def stage_arrays(prefix: str, stage: CalendarRegression | None) -> Arrays:
    """The arrays of a calendar stage by name."""
    return {} if stage is None else {f"{prefix}.{name}": getattr(stage, name) for name in _STAGE_ARRAYS}


def stage_from(
    prefix: str, fields: Document | None, clock: Clock, arrays: Arrays
) -> CalendarRegression | None:
    """The calendar stage of a record, if there is one."""
    if fields is None:
        return None
    covariates = value(tuple[Covariate, ...], fields["covariates"], "covariates")
    first = np.datetime64(value(int, fields["first"], "first"), "us")
    design = Design(clock, value(bool, fields["with_year"], "with_year"), covariates, first)
    return CalendarRegression(design, *(arrays[f"{prefix}.{name}"] for name in _STAGE_ARRAYS))


def network_from(fields: Document, count: int, arrays: Arrays, name: str, view: int = 0) -> NetworkForecaster:
    """A network of numbers and the weights of so many members."""
    weights = tuple(arrays[f"{name}.{number}"].astype(DTYPE) for number in range(count))
    return NetworkForecaster(record(Architecture, fields), weights, view)


def reference_arrays(model: Model) -> Arrays:
    """Return the arrays that fresh rows are compared with, by name; none where the model does not know them."""
    known = {"habits": model.habits, "ranges": model.ranges}
    return {
        f"{name}.{field.name}": getattr(found, field.name)
        for name, found in known.items()
        if found is not None
        for field in dataclasses.fields(found)
    }


def reference_from(
    document: Document, arrays: Arrays, habits: type[SeriesStatistics]
) -> tuple[SeriesStatistics | None, ColumnRanges | None]:
    """Return what fresh rows are compared with, as far as the record holds it; habits: of numbers or of classes."""
    kinds: dict[str, type[Any]] = {"habits": habits, "ranges": ColumnRanges}
    found = {
        name: kind(*(arrays[f"{name}.{field.name}"] for field in dataclasses.fields(kind)))
        if document.get(name)
        else None
        for name, kind in kinds.items()
    }
    return found["habits"], found["ranges"]


def reference_shapes(model: Model) -> dict[str, tuple[tuple[int, ...], tuple[int, ...]]]:
    """The shapes of what fresh rows are compared with, and those that the contract asks for."""
    contract = model.contract
    series, others = (len(contract.ids),), (len(contract.columns) - 1,)
    wanted: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {}
    for field in () if model.habits is None else dataclasses.fields(model.habits):
        expected = (*series, len(contract.classes)) if field.name.endswith("_shares") else series
        wanted[f"habits' {field.name}"] = getattr(model.habits, field.name).shape, expected
    for field in () if model.ranges is None else dataclasses.fields(model.ranges):
        wanted[f"{field.name} values"] = getattr(model.ranges, field.name).shape, others
    return wanted


def part_record(part: Part, prefix: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """A part of an ensemble by its declared fields: its kind and what of it is no array; and the arrays by name."""
    fields, arrays = _record(part, prefix)
    return {"kind": kind_of(part), "fields": fields}, arrays


def part_from(document: Document, arrays: Arrays, prefix: str) -> Part:
    """The part of a record; raises LookupError, TypeError or ValueError where it is none."""
    kind = PARTS[value(str, document["kind"], "kind")].make
    return cast(Part, _from_record(kind, document["fields"], arrays, prefix))


def _record(item: Any, prefix: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The fields of a dataclass, those that are arrays, or hold some, apart."""
    fields: dict[str, Any] = {}
    arrays: dict[str, NDArray[Any]] = {}
    for field in dataclasses.fields(item):
        found, place = getattr(item, field.name), f"{prefix}.{field.name}"
        if isinstance(found, np.ndarray):
            arrays[place] = microseconds(found) if found.dtype.kind == "M" else found
        elif isinstance(item, Ensemble) and field.name == "parts":
            fields["parts"] = []
            for number, (weight, part) in enumerate(item.parts):
                told, own = part_record(part, f"{place}.{number}")
                fields["parts"].append([weight, told])
                arrays |= own
        elif isinstance(found, tuple) and found and isinstance(found[0], np.ndarray):
            fields[field.name] = len(found)
            arrays |= {f"{place}.{number}": array for number, array in enumerate(found)}
        elif dataclasses.is_dataclass(found):
            fields[field.name], own = _record(found, place)
            arrays |= own
        elif isinstance(found, tuple) and found and dataclasses.is_dataclass(found[0]):
            fields[field.name] = [dataclasses.asdict(one) for one in found]
        else:
            fields[field.name] = found
    return fields, arrays


def _from_record(kind: type[Any], fields: Document, arrays: Arrays, prefix: str) -> Any:
    """The dataclass `kind` with these fields."""
    hints = typing.get_type_hints(kind)
    made = {
        field.name: _field(kind, field.name, hints[field.name], fields, arrays, f"{prefix}.{field.name}")
        for field in dataclasses.fields(kind)
        if not _is_left_out(field, fields, arrays, prefix)
    }
    unknown = [name for name in fields if name not in made]
    if unknown:
        raise TypeError(f"{kind.__name__} has no field {unknown[0]!r}")
    return kind(**made)


def _is_left_out(field: dataclasses.Field[Any], fields: Document, arrays: Arrays, prefix: str) -> bool:
    """Return whether an older file has not the field, and it has a default."""
    is_there = field.name in fields or f"{prefix}.{field.name}" in arrays
    return not is_there and field.default is not dataclasses.MISSING


def _field(kind: type[Any], name: str, hint: Any, fields: Document, arrays: Arrays, place: str) -> Any:
    """One field of a dataclass, as it is declared."""
    if kind is Ensemble and name == "parts":
        return tuple(
            (value(float, weight, "weight"), part_from(told, arrays, f"{place}.{number}"))
            for number, (weight, told) in enumerate(fields[name])
        )
    kinds = [one for one in typing.get_args(hint) if one is not type(None)]
    if type(None) in typing.get_args(hint) and len(kinds) == 1:
        if name in fields and fields[name] is None:
            return None
        hint = kinds[0]
    if _is_array(hint):
        return _array(arrays[place], hint)
    if typing.get_origin(hint) is tuple and _is_array(kinds[0]):
        count = value(int, fields[name], name)
        return tuple(_array(arrays[f"{place}.{number}"], kinds[0]) for number in range(count))
    if dataclasses.is_dataclass(hint):
        return _from_record(cast(type[Any], hint), fields[name], arrays, place)
    return value(hint, fields[name], name)


def _is_array(hint: Any) -> bool:
    return typing.get_origin(hint) is np.ndarray


def _array(array: NDArray[Any], hint: Any) -> NDArray[Any]:
    """An array of the declared kind of numbers; stamps are kept as whole microseconds."""
    (kind,) = typing.get_args(typing.get_args(hint)[1])
    if kind is np.datetime64 and array.dtype == np.int64:
        return array.astype("datetime64[us]")
    if not np.issubdtype(array.dtype, kind):
        raise TypeError(f"an array holds {array.dtype} where {kind.__name__} is declared")
    return array


def _scaling_arrays(name: str, scaling: Scaling) -> Arrays:
    return {f"{name}.{part}": getattr(scaling, part) for part in ("center", "scale", "unit")}


def _scaling(name: str, transform: str, arrays: Arrays) -> Scaling:
    return Scaling(transform, *(arrays[f"{name}.{part}"] for part in ("center", "scale", "unit")))
