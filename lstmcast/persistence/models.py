"""A Model as plain data, a document and named arrays, and back.

Format 1 has words for what a model could be when it was made: one or two networks and linear forecasters, a naive one,
three views. A model that is more is written as format 2, in which ensemble and views are told as they are.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import ModelFileError, UsageError
from lstmcast.core.panel import Panel
from lstmcast.data.calendar_regression import CalendarRegression
from lstmcast.data.view import View, ViewConfig
from lstmcast.evaluation.report import NumberReport, Shares
from lstmcast.forecasters.base import Part
from lstmcast.forecasters.ensemble import Ensemble, leaves, linear_of, mean_of, networks_of, shares_of
from lstmcast.forecasters.intervals import LEVELS, Intervals
from lstmcast.forecasters.local import Local
from lstmcast.forecasters.naive import SeasonalNaive
from lstmcast.forecasters.network import NetworkForecaster
from lstmcast.forecasters.paths import MOST_SERIES, MOST_TEMPLATES, Templates
from lstmcast.forecasters.ridge import RidgeForecaster
from lstmcast.model.fallback import FallbackChain
from lstmcast.model.means import MEDIAN, OF_BANDS, OF_COUNTS, Means
from lstmcast.model.model import Model
from lstmcast.model.output import NumberOutput, of_numbers
from lstmcast.model.reference import SeriesStatistics
from lstmcast.model.schema import Contract
from lstmcast.model.short_future import QUARTERS
from lstmcast.persistence.fields import record, value
from lstmcast.persistence.limits import check_intervals, check_limits, check_scales
from lstmcast.persistence.parts import (
    Arrays,
    Document,
    contract_document,
    contract_from,
    microseconds,
    network_from,
    options_document,
    options_from,
    part_from,
    part_record,
    preparation_arrays,
    preparation_document,
    preparation_from,
    reference_arrays,
    reference_from,
    reference_shapes,
    stage_arrays,
    stage_document,
    stage_from,
)
from lstmcast.persistence.reports import report_from

if TYPE_CHECKING:
    from lstmcast.model.model import Model

Shape = tuple[int, ...]
_SHOWN = 8  # series
_MOST_PARTS = 200
_PATHS = ("horizons", "total", "peak", "across")
_WIDEST = 10.0  # factor of a band
_MOST_HORIZONS = 10_000_000


def to_record(model: Model) -> tuple[Document, Arrays]:
    """Return what is written: a JSON-able document and the arrays by name."""
    if not isinstance(model.output, NumberOutput):
        from lstmcast.persistence.classes import class_record

        return class_record(model)
    intervals = model.output.intervals
    words = _words_of(model)
    middle = _told(model) if words is None else _said(model, words)
    document: dict[str, Any] = {
        "contract": contract_document(model.contract),
        "options": options_document(model.options),
        "preparation": preparation_document(model.preparation.rows, model.views[0].regression),
        "setting": dataclasses.asdict(model.setting),
        **middle[0],
        "intervals": intervals.kind,
        "volatility": {"power": intervals.power, "reference": intervals.reference},
        "limits": [None if np.isnan(limit) else limit for limit in model.output.limits],
        "report": model.report.as_document(),
        "habits": model.habits is not None,
        "ranges": model.ranges is not None,
        "ladder": None if model.chain is None else [f.reach() for f in model.chain.forecasters[1:]],
    }
    arrays: dict[str, NDArray[Any]] = {
        **preparation_arrays(model.preparation.rows, model.views[0].regression),
        **middle[1],
        "intervals": intervals.widths,
        "mase_scale": np.nan_to_num(model.output.mase_scale, nan=0.0),
        "seen_until": microseconds(model.seen_until),
    }
    arrays |= reference_arrays(model)
    if model.chain is not None:
        arrays["ladder"] = model.chain.widths
    if model.output.means is not None:
        arrays["means"] = model.output.means.kinds
    if model.filling is not None:  # an older file does not speak of it
        document["filling"], arrays["filling"] = True, model.filling
    if model.templates is not None:
        document["paths"] = {name: getattr(model.templates, name) for name in _PATHS}
        arrays["paths"] = model.templates.errors.astype("<i2")[..., None].view(np.uint8)
    if words is not None:
        arrays |= _member_arrays(words.networks)
    return document, arrays


def from_record(document: Document, arrays: Arrays) -> Model:
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


@dataclass(frozen=True, eq=False)
class _Words:
    """The parts that format 1 has words for."""

    networks: list[NetworkForecaster]
    ridges: list[RidgeForecaster]
    shares: Shares

    def ensemble(self) -> Ensemble:
        """The ensemble of these parts."""
        parts: list[tuple[float, Part]] = [(self.shares.linear, mean_of(self.ridges, "linear_pair"))]
        if self.networks:
            parts.insert(0, (self.shares.network, mean_of(self.networks, "network")))
        if self.shares.naive:
            parts.append((self.shares.naive, SeasonalNaive(self.shares.season)))
        return Ensemble(tuple(parts))

    @property
    def has_second(self) -> bool:
        """True where there is a second view."""
        return max(len(self.networks), len(self.ridges)) == 2

    @property
    def views(self) -> list[int]:
        """The view of each part as format 1 has it: the network's, the linear forecaster's if it is another, the
        second."""
        first, last = min(self.ridges[0].view, 1), min(self.ridges[0].view, 1) + 1
        return [*(0, last)[: len(self.networks)], *(first, last)[: len(self.ridges)]]


def _words_of(model: Model) -> _Words | None:
    """The parts of a model in words of format 1; None where it has not enough of them."""
    if of_numbers(model.output).means is not None:
        return None
    parts = list(leaves(model.ensemble))
    ridges = [part for part in parts if isinstance(part, RidgeForecaster)]
    words = _Words(networks_of(model.ensemble), ridges, shares_of(model.ensemble))
    if not 1 <= len(ridges) <= 2 or len(words.networks) > 2 or words.shares.others is not None:
        return None
    sized = {view.is_normalised for view in model.views} | {model.setting.is_sized}
    is_sayable = (
        _outline(model.ensemble) == _outline(words.ensemble())
        and [*(part.view for part in words.networks), *(part.view for part in ridges)] == words.views
        and len(model.views) == 1 + min(ridges[0].view, 1) + words.has_second
        and len(sized) == 1
        and model.views[0].subtracts_last == model.setting.is_anchored
        and [ridge.lookbacks for ridge in ridges]
        == _lookbacks(number_report(model), len(ridges), ridges[0].reach())
    )
    return words if is_sayable else None


def number_report(model: Model) -> NumberReport:
    """The report of a model that is known to be of numbers."""
    assert isinstance(model.report, NumberReport)
    return model.report


def _outline(part: Part) -> object:
    """Weights and parts of an ensemble, to be compared."""
    if isinstance(part, Ensemble):
        return part.name, tuple((weight, _outline(inner)) for weight, inner in part.parts)
    return part


def _lookbacks(report: NumberReport, count: int, whole: int) -> list[tuple[int, ...]]:
    """The lookbacks of each of so many linear forecasters, which format 1 keeps in the report."""
    second = report.choices.second
    told = (report.choices.chosen.lookbacks, None if second is None else second.lookbacks)
    return [lookbacks or (whole,) for lookbacks in told[:count]]


def _said(model: Model, words: _Words) -> tuple[Document, Arrays]:
    """Views and ensemble in the words of format 1."""
    ridges, networks = words.ridges, words.networks
    linear = model.views[1] if ridges[0].view else None
    second = model.views[-1] if words.has_second else None
    architectures = [dataclasses.asdict(network.architecture) for network in networks]
    document = {
        "linear": _view_document(linear),
        "second": _view_document(second),
        "second_penalty": ridges[1].penalty if len(ridges) == 2 else None,
        "penalty": ridges[0].penalty,
        **_own_penalties(ridges),
        "blend": words.shares.as_document(),
        "architecture": architectures[0] if architectures else None,
        "second_architecture": architectures[1] if len(architectures) == 2 else None,
    }
    arrays = {
        **stage_arrays("linear_stage", None if linear is None else linear.regression),
        **stage_arrays("second_stage", None if second is None else second.regression),
    }
    for prefix, ridge in zip(("highway", "second"), ridges, strict=False):
        arrays |= {f"{prefix}.weight": ridge.weight, f"{prefix}.bias": ridge.bias}
    return document, arrays


def _own_penalties(ridges: Sequence[RidgeForecaster]) -> Document:
    """The ridge of each map of a mean, by linear forecaster; nothing where each has a single one, as files of old."""
    return {"penalties": [ridge.penalties for ridge in ridges]} if any(r.penalties for r in ridges) else {}


def _member_arrays(networks: Sequence[NetworkForecaster]) -> Arrays:
    return {
        f"{prefix}member.{number}": flat
        for prefix, network in zip(("", "second_"), networks, strict=False)
        for number, flat in enumerate(network.weights)
    }


def _view_document(view: View | None) -> Document | None:
    if view is None:
        return None
    return {"stage": stage_document(view.regression), "is_anchored": view.subtracts_last}


def _told(model: Model) -> tuple[Document, Arrays]:
    """Views and ensemble as they are: format 2."""
    told, arrays = part_record(model.ensemble, "ensemble")
    views = []
    for number, view in enumerate(model.views):
        flags = {"subtracts_last": view.subtracts_last, "is_normalised": view.is_normalised}
        views.append({"regression": stage_document(view.regression), **flags})
        arrays |= stage_arrays(f"view.{number}", view.regression)
    return {"views": views, "ensemble": told}, arrays


def _assemble(document: Document, arrays: Arrays) -> Model:
    contract, options = contract_from(document["contract"]), options_from(document["options"])
    report, setting = (
        report_from(NumberReport, document["report"], contract),
        record(ViewConfig, document["setting"]),
    )
    limits = value(tuple[float | None, float | None], document["limits"], "limits")
    low, high = (np.nan if limit is None else limit for limit in limits)
    check_limits(low, high)
    preparation = preparation_from(document["preparation"], arrays)
    if "ensemble" in document:
        ensemble = part_from(document["ensemble"], arrays, "ensemble")
        views = _views_told(document["views"], contract, arrays)
    else:
        ensemble = _ensemble_said(document, report, contract.lookback, options.members, arrays)
        views = _views_said(document, setting, contract, arrays)
    if not isinstance(ensemble, Ensemble) or linear_of(ensemble) is None:
        raise ValueError("there is no ensemble, or no forecaster in it that could stand in")
    habits, ranges = reference_from(document, arrays, SeriesStatistics)
    return Model(
        contract=contract,
        options=options,
        preparation=preparation,
        views=views,
        setting=setting,
        ensemble=ensemble,
        output=NumberOutput(
            scaling=preparation.scaling,
            intervals=_intervals(document, ensemble, arrays),
            limits=(low, high),
            mase_scale=np.where(arrays["mase_scale"] > 0, arrays["mase_scale"], np.nan),
            means=_means(arrays),
        ),
        seen_until=arrays["seen_until"].astype("datetime64[us]"),
        report=report,
        habits=habits,
        ranges=ranges,
        chain=_chain(document.get("ladder"), ensemble, arrays),
        filling=arrays["filling"] if document.get("filling") else None,
        templates=_templates(document.get("paths"), contract, arrays),
    )


def _views_said(
    document: Document, setting: ViewConfig, contract: Contract, arrays: Arrays
) -> tuple[View, ...]:
    """The views in the words of format 1."""
    regression = stage_from("stage", document["preparation"]["stage"], contract.clock, arrays)
    views = [View(regression, setting.is_anchored, setting.is_sized)]
    for name in ("linear", "second"):
        if (fields := document.get(name)) is not None:
            regression = stage_from(f"{name}_stage", fields["stage"], contract.clock, arrays)
            is_anchored = value(bool, fields["is_anchored"], "is_anchored")
            views.append(View(regression, is_anchored, setting.is_sized))
    return tuple(views)


def _views_told(fields: Sequence[Document], contract: Contract, arrays: Arrays) -> tuple[View, ...]:
    """The views of format 2."""
    return tuple(
        View(
            stage_from(f"view.{number}", view["regression"], contract.clock, arrays),
            value(bool, view["subtracts_last"], "subtracts_last"),
            value(bool, view["is_normalised"], "is_normalised"),
        )
        for number, view in enumerate(fields)
    )


def _ensemble_said(
    document: Document, report: NumberReport, lookback: int, members: int, arrays: Arrays
) -> Ensemble:
    """The ensemble in the words of format 1."""
    shares = record(Shares, document["blend"])
    has_two, has_second = document.get("second_penalty") is not None, document.get("second") is not None
    last = (document.get("linear") is not None) + has_second
    networks = [
        network_from(document[name], members, arrays, prefix, view)
        for name, prefix, view in (
            ("architecture", "member", 0),
            ("second_architecture", "second_member", last),
        )
        if document.get(name) is not None
    ]
    if document["architecture"] is None and networks:
        raise ValueError("there is a second network without a first")
    if bool(shares.network) != bool(networks) or shares.season < 0:
        raise ValueError("a forecaster has a share and is not there, or is there and has none")
    if has_two and not has_second:
        raise ValueError("there is a second linear forecaster without a view of its own")
    lookbacks = _lookbacks(report, 2, lookback)
    penalties = document.get("penalties") or ((),) * (1 + has_two)
    named = [("highway", "penalty", last - has_second)] + ([("second", "second_penalty", last)] * has_two)
    ridges = [
        RidgeForecaster(
            arrays[f"{name}.weight"],
            arrays[f"{name}.bias"],
            value(float, document[penalty], penalty),
            lookbacks[place],
            view,
            value(tuple[float, ...], penalties[place], "penalties"),
        )
        for place, (name, penalty, view) in enumerate(named)
    ]
    return _Words(networks, ridges, shares).ensemble()


def _intervals(document: Document, ensemble: Ensemble, arrays: Arrays) -> Intervals:
    """The bands; those of an older file do not follow volatility."""
    intervals = Intervals(document["intervals"], arrays["intervals"])
    if (told := document.get("volatility")) is not None:
        numbers = {name: value(float, told[name], name) for name in ("power", "reference")}
        intervals = dataclasses.replace(intervals, **numbers)
    has_spread = any(isinstance(part, Local) and part.bands is not None for part in leaves(ensemble))
    check_intervals(intervals, has_network=bool(networks_of(ensemble)), has_spread=has_spread)
    return intervals


def _means(arrays: Arrays) -> Means | None:
    """Return the series whose forecasts are means; a file without it has none."""
    if "means" not in arrays:
        return None
    kinds = arrays["means"]
    if kinds.dtype != np.int64 or not np.isin(kinds, (MEDIAN, OF_COUNTS, OF_BANDS)).all():
        raise ValueError("a series' forecast is neither a median nor a mean")
    return Means(kinds)


def _chain(seasons: list[int] | None, ensemble: Ensemble, arrays: Arrays) -> FallbackChain | None:
    """The chain of stand-ins; an older file has none."""
    if seasons is None:
        return None
    naives = [SeasonalNaive(season) for season in value(tuple[int, ...], seasons, "ladder")]
    if not naives or naives[0].season != 1 or not all(naive.season > 0 for naive in naives):
        raise ValueError("the last value is not the first of the naive forecasters")
    return FallbackChain((linear_of(ensemble), *naives), arrays["ladder"])


def _templates(told: Document | None, contract: Contract, arrays: Arrays) -> Templates | None:
    """The errors of whole horizons, two bytes each; an older file has none."""
    if told is None:
        return None
    count = min(len(contract.ids), MOST_SERIES)
    kept = arrays["paths"]
    if kept.dtype != np.uint8 or kept.ndim != 4 or not 1 <= kept.shape[1] <= MOST_TEMPLATES:
        raise ValueError("its templates are no bytes of windows")
    if (kept.shape[0], *kept.shape[2:]) != (count, contract.horizon, 2):
        raise ValueError(f"its templates have shape {kept.shape}")
    if not 1 <= value(int, told["horizons"], "horizons") <= _MOST_HORIZONS:
        raise ValueError("its templates span no horizon")
    errors = np.ascontiguousarray(kept).view("<i2")[..., 0].astype(np.int16)
    numbers = {name: value(float, told[name], name) for name in _PATHS[1:]}
    if not all(0 < number <= _WIDEST for number in numbers.values()):
        raise ValueError("a factor of totals is none")
    return Templates(errors, value(int, told["horizons"], "horizons"), **numbers)


def _check(model: Model) -> None:
    """Sizes and signs that would otherwise be found wrong in the middle of a forecast."""
    contract, preparation, output = model.contract, model.preparation.rows, of_numbers(model.output)
    horizon, series, others = contract.horizon, (len(contract.ids),), (len(contract.columns) - 1,)
    steps = (len(LEVELS), horizon) if output.intervals.kind == "split" else (len(LEVELS),)
    wanted: dict[str, tuple[Shape, Shape]] = {
        "scaling": (preparation.scaling.center.shape, series),
        "scale": (preparation.scaling.scale.shape, series),
        "unit": (preparation.scaling.unit.shape, series),
        "seasonal change": (preparation.change.shape, series),
        "covariates": (preparation.covariates.center.shape, others),
        "covariates' scale": (preparation.covariates.scale.shape, others),
        "covariates' unit": (preparation.covariates.unit.shape, others),
        "intervals": (output.intervals.widths.shape, steps),
        "error scale": (output.mase_scale.shape, series),
        "end of training": (model.seen_until.shape, series),
    }
    for number, view in enumerate(model.views):
        wanted |= _stage_shapes(f"stage of view {number}", view.regression, series)
    if preparation.days is not None:
        wanted["days off"] = (preparation.days.kinds.shape[:1], series)
    wanted |= reference_shapes(model)
    if output.means is not None:
        wanted["means"] = (output.means.kinds.shape, series)
    if model.chain is not None:
        wanted["ladder"] = (model.chain.widths.shape, (len(model.chain.forecasters), len(LEVELS), horizon))
    if model.filling is not None:
        wanted["filling"] = (model.filling.shape, (QUARTERS,))
        if not ((model.filling >= 1) & (model.filling <= _WIDEST)).all():
            raise ValueError("bands of filled rows are no wider than others, or far too wide")
    for name, (found, expected) in wanted.items():
        if found != expected:
            raise ValueError(f"{name} has shape {found} where the contract asks for {expected}")
    check_scales(scale=preparation.scaling.scale, unit=preparation.scaling.unit, change=preparation.change)
    check_scales(columns=preparation.covariates.scale, columns_unit=preparation.covariates.unit)
    if model.filling is not None:
        check_scales(filling=model.filling)
    _check_parts(model)


def _stage_shapes(
    name: str, stage: CalendarRegression | None, series: Shape
) -> dict[str, tuple[Shape, Shape]]:
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


def _check_parts(model: Model) -> None:
    """The parts, and the regressions, are what this model's windows and options ask for: a row of some series shows
    it, however many series and columns a file claims."""
    contract = model.contract
    count = min(len(contract.ids), _SHOWN)
    if sum(1 for _ in leaves(model.ensemble)) > _MOST_PARTS or len(model.views) > _MOST_PARTS:
        raise ValueError("it has more parts than any model")
    if not all(0 <= part.view < len(model.views) for part in leaves(model.ensemble)):
        raise ValueError("a part sees what the model has no view of")
    times, values = np.zeros(count, "datetime64[us]"), np.zeros((count, len(contract.columns)))
    panel = Panel(contract.ids[:count], np.arange(count + 1), times, values, contract.columns, contract.clock)
    model.ensemble.check(model.windows(panel, np.arange(count)), model.options)
    ridges = [part for part in leaves(model.ensemble) if isinstance(part, RidgeForecaster)]
    if (len(ridges) == 2) != (number_report(model).choices.second is not None):
        raise ValueError("its report and its linear forecasters are of different views")
