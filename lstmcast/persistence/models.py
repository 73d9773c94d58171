"""A Model as plain data, a document and named arrays, and back."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import ModelFileError, UsageError
from lstmcast.core.panel import Clock, Panel
from lstmcast.data.calendar_regression import CalendarStage
from lstmcast.data.view import Setting
from lstmcast.evaluation.report import NumberReport
from lstmcast.forecasters.ensemble import Blend, Blended
from lstmcast.forecasters.intervals import LEVELS, Intervals
from lstmcast.forecasters.network import Hybrid, architecture_of
from lstmcast.forecasters.ridge import Highway
from lstmcast.model.fallback import Ladder
from lstmcast.model.model import LinearView, Model
from lstmcast.model.reference import Habits, Ranges
from lstmcast.persistence.fields import record, value
from lstmcast.persistence.limits import check_blend, check_intervals
from lstmcast.persistence.parts import (
    Arrays,
    Document,
    contract_from,
    members_from,
    microseconds,
    options_document,
    options_from,
    preparation_arrays,
    preparation_document,
    preparation_from,
    stage_arrays,
    stage_document,
    stage_from,
)
from lstmcast.persistence.reports import report_from

if TYPE_CHECKING:
    from lstmcast.model.category_model import AnyModel

Shape = tuple[int, ...]
_HABITS = tuple(field.name for field in dataclasses.fields(Habits))
_RANGES = tuple(field.name for field in dataclasses.fields(Ranges))


def to_record(model: AnyModel) -> tuple[Document, Arrays]:
    """What is written: a JSON-able document and the arrays by name."""
    if not isinstance(model, Model):
        from lstmcast.persistence.classes import class_record

        return class_record(model)
    preparation, forecaster = model.preparation, model.forecaster
    document: dict[str, Any] = {
        "contract": dataclasses.asdict(model.contract),
        "options": options_document(model.options),
        "preparation": preparation_document(preparation),
        "setting": dataclasses.asdict(model.setting),
        "linear": _linear_document(model.linear),
        "second": _linear_document(model.second),
        "second_penalty": None if forecaster.second is None else forecaster.second.penalty,
        "penalty": forecaster.highway.penalty,
        "blend": dataclasses.asdict(forecaster.blend),
        "architecture": None,
        "second_architecture": None,
        "intervals": model.intervals.kind,
        "volatility": {"power": model.intervals.power, "reference": model.intervals.reference},
        "limits": [None if np.isnan(limit) else limit for limit in model.limits],
        "report": model.report.as_document(),
        "habits": model.habits is not None,
        "ranges": model.ranges is not None,
        "ladder": None if model.ladder is None else model.ladder.seasons,
    }
    arrays: dict[str, NDArray[Any]] = {
        **preparation_arrays(preparation),
        **stage_arrays("linear_stage", None if model.linear is None else model.linear.stage),
        **stage_arrays("second_stage", None if model.second is None else model.second.stage),
        **_highway_arrays("highway", forecaster.highway),
        **_highway_arrays("second", forecaster.second),
        "intervals": model.intervals.widths,
        "mase_scale": np.nan_to_num(model.mase_scale, nan=0.0),
        "seen_until": microseconds(model.seen_until),
    }
    if model.habits is not None:
        arrays |= {f"habits.{name}": getattr(model.habits, name) for name in _HABITS}
    if model.ranges is not None:
        arrays |= {f"ranges.{name}": getattr(model.ranges, name) for name in _RANGES}
    if model.ladder is not None:
        arrays["ladder"] = model.ladder.widths
    for prefix, hybrid in (("", forecaster.hybrid), ("second_", forecaster.second_hybrid)):
        if hybrid is not None:
            document[f"{prefix}architecture"] = dataclasses.asdict(hybrid.network.architecture)
            arrays |= {f"{prefix}member.{i}": member.flat for i, member in enumerate(hybrid.members)}
    return document, arrays


def from_record(document: Document, arrays: Arrays) -> AnyModel:
    """The model of a record; raises ModelFileError where its parts do not fit together."""
    try:
        if document.get("task") == "classes":
            from lstmcast.persistence.classes import class_model

            return class_model(document, arrays)
        model = _assemble(document, arrays)
        _check(model)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, UsageError) as error:
        raise ModelFileError(f"its contents do not fit together ({type(error).__name__}: {error})") from None
    return model


def _assemble(document: Document, arrays: Arrays) -> Model:
    contract, options = contract_from(document["contract"]), options_from(document["options"])
    blend = record(Blend, document["blend"])
    check_blend(blend, has_network=document["architecture"] is not None)
    limits = value(tuple[float | None, float | None], document["limits"], "limits")
    low, high = (np.nan if limit is None else limit for limit in limits)
    return Model(
        contract=contract,
        options=options,
        preparation=preparation_from(document["preparation"], contract.clock, arrays),
        setting=record(Setting, document["setting"]),
        forecaster=Blended(
            blend=blend,
            highway=_highway("highway", document["penalty"], arrays),
            hybrid=_hybrid("", document, options.members, arrays),
            second=_second(document, arrays),
            second_hybrid=_hybrid("second_", document, options.members, arrays),
        ),
        intervals=_intervals(document, arrays),
        limits=(low, high),
        mase_scale=np.where(arrays["mase_scale"] > 0, arrays["mase_scale"], np.nan),
        seen_until=arrays["seen_until"].astype("datetime64[us]"),
        report=report_from(NumberReport, document["report"], contract),
        linear=_view("linear_stage", document.get("linear"), contract.clock, arrays),
        second=_view("second_stage", document.get("second"), contract.clock, arrays),
        habits=Habits(*(arrays[f"habits.{name}"] for name in _HABITS)) if document.get("habits") else None,
        ranges=Ranges(*(arrays[f"ranges.{name}"] for name in _RANGES)) if document.get("ranges") else None,
        ladder=_ladder(document.get("ladder"), arrays),
    )


def _hybrid(prefix: str, document: Document, count: int, arrays: Arrays) -> Hybrid | None:
    found = members_from(document.get(f"{prefix}architecture"), count, arrays, f"{prefix}member")
    return None if found is None else Hybrid(*found)


def _linear_document(view: LinearView | None) -> Document | None:
    if view is None:
        return None
    return {"stage": stage_document(view.stage), "is_anchored": view.is_anchored}


def _view(prefix: str, fields: Document | None, clock: Clock, arrays: Arrays) -> LinearView | None:
    if fields is None:
        return None
    return LinearView(
        stage_from(prefix, fields["stage"], clock, arrays), value(bool, fields["is_anchored"], "is_anchored")
    )


def _highway_arrays(prefix: str, highway: Highway | None) -> Arrays:
    return {} if highway is None else {f"{prefix}.weight": highway.weight, f"{prefix}.bias": highway.bias}


def _second(document: Document, arrays: Arrays) -> Highway | None:
    penalty = document.get("second_penalty")
    return None if penalty is None else _highway("second", penalty, arrays)


def _highway(prefix: str, penalty: Any, arrays: Arrays) -> Highway:
    return Highway(arrays[f"{prefix}.weight"], arrays[f"{prefix}.bias"], value(float, penalty, "penalty"))


def _intervals(document: Document, arrays: Arrays) -> Intervals:
    """The bands; those of an older file do not follow volatility."""
    intervals = Intervals(document["intervals"], arrays["intervals"])
    if (told := document.get("volatility")) is not None:
        numbers = {name: value(float, told[name], name) for name in ("power", "reference")}
        intervals = dataclasses.replace(intervals, **numbers)
    check_intervals(intervals, has_network=document["architecture"] is not None)
    return intervals


def _ladder(seasons: list[int] | None, arrays: Arrays) -> Ladder | None:
    return None if seasons is None else Ladder(value(tuple[int, ...], seasons, "ladder"), arrays["ladder"])


def _check(model: Model) -> None:
    """Sizes and signs that would otherwise be found wrong in the middle of a forecast."""
    contract, preparation, highway = model.contract, model.preparation, model.forecaster.highway
    horizon, series, others = contract.horizon, (len(contract.ids),), (len(contract.columns) - 1,)
    steps = (len(LEVELS), horizon) if model.intervals.kind == "split" else (len(LEVELS),)
    wanted = {
        "highway": (highway.weight.shape, (horizon, contract.lookback)),
        "highway's bias": (highway.bias.shape, (horizon,)),
        "scaling": (preparation.scaling.center.shape, series),
        "scale": (preparation.scaling.scale.shape, series),
        "unit": (preparation.scaling.unit.shape, series),
        "seasonal change": (preparation.change.shape, series),
        "covariates": (preparation.covariates.center.shape, others),
        "covariates' scale": (preparation.covariates.scale.shape, others),
        "covariates' unit": (preparation.covariates.unit.shape, others),
        "intervals": (model.intervals.widths.shape, steps),
        "error scale": (model.mase_scale.shape, series),
        "end of training": (model.seen_until.shape, series),
    }
    wanted |= _stage_shapes("stage", preparation.stage, series)
    wanted |= _stage_shapes("linear stage", None if model.linear is None else model.linear.stage, series)
    wanted |= _stage_shapes("second stage", None if model.second is None else model.second.stage, series)
    if (second := model.forecaster.second) is not None:
        wanted["second map"] = (second.weight.shape, (horizon, contract.lookback))
        wanted["second map's bias"] = (second.bias.shape, (horizon,))
    if model.habits is not None:
        wanted |= {f"habits' {name}": (getattr(model.habits, name).shape, series) for name in _HABITS}
    if model.ranges is not None:
        wanted |= {f"{name} values": (getattr(model.ranges, name).shape, others) for name in _RANGES}
    if model.ladder is not None:
        rungs = (1 + len(model.ladder.seasons), len(LEVELS), horizon)
        wanted["ladder"] = (model.ladder.widths.shape, rungs)
    for name, (found, expected) in wanted.items():
        if found != expected:
            raise ValueError(f"{name} has shape {found} where the contract asks for {expected}")
    positive = (preparation.scaling.scale, preparation.scaling.unit, preparation.change)
    if not all((array > 0).all() for array in positive):
        raise ValueError("a scale is not positive")
    _check_network(model)


def _stage_shapes(name: str, stage: CalendarStage | None, series: Shape) -> dict[str, tuple[Shape, Shape]]:
    """Found and expected shape of each array of a calendar stage."""
    if stage is None:
        return {}
    width = (stage.mean.size,)
    return {
        f"{name}'s mean": (stage.mean.shape, width),
        f"{name}'s spread": (stage.spread.shape, width),
        f"{name}'s weight": (stage.weight.shape, series + width),
        f"{name}'s intercept": (stage.intercept.shape, series),
    }


def _check_network(model: Model) -> None:
    """The network, and the stage, are what this model's windows and options ask for: a row a series shows it."""
    contract, count = model.contract, len(model.contract.ids)
    times, values = np.zeros(count, "datetime64[us]"), np.zeros((count, len(contract.columns)))
    panel = Panel(contract.ids, np.arange(count + 1), times, values, contract.columns, contract.clock)
    windows = model.windows(panel, np.arange(count))
    forecaster = model.forecaster
    if forecaster.second_hybrid is not None and forecaster.hybrid is None:
        raise ValueError("there is a second network without a first")
    if forecaster.second is not None and windows.second is None:
        raise ValueError("there is a second linear forecaster without a view of its own")
    for hybrid, seen in (
        (forecaster.hybrid, windows),
        (forecaster.second_hybrid, windows.second),
    ):
        if hybrid is None:
            continue
        if seen is None or hybrid.network.architecture != architecture_of(seen, count, model.options):
            raise ValueError("the network is not the one that its options ask for")
    if (forecaster.second is not None) != (model.report.choices.second is not None):
        raise ValueError("its report and its linear forecasters are of different views")
