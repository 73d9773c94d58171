"""A Model as plain data, a document and named arrays, and back."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Panel
from lstmcast.data.category_frequencies import Frequencies, season_count, season_kind
from lstmcast.data.category_preprocessing import PLAIN, ClassPreparation
from lstmcast.data.view import class_setting
from lstmcast.evaluation.report import ClassReport, ClassShares
from lstmcast.forecasters.base import Part, Views
from lstmcast.forecasters.category_naive import FrequencyTable, Transitions
from lstmcast.forecasters.ensemble import Ensemble, class_shares_of, leaves, logistic_of
from lstmcast.forecasters.logistic import Logistic
from lstmcast.forecasters.network import NetworkForecaster
from lstmcast.model.fallback import class_chain
from lstmcast.model.model import Model
from lstmcast.model.output import ClassOutput
from lstmcast.model.reference import ClassStatistics
from lstmcast.model.schema import Contract
from lstmcast.persistence.fields import record, value
from lstmcast.persistence.limits import check_scales
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
)
from lstmcast.persistence.reports import report_from

Shape = tuple[int, ...]


def class_record(model: Model) -> tuple[Document, Arrays]:
    """Return what is written: a JSON-able document, whose `task` says that it is about classes, and the arrays by
    name."""
    frequencies = _frequencies(model)
    is_sayable = _is_sayable(model.ensemble)
    words, parts = _said(model) if is_sayable else _told(model)
    document: dict[str, Any] = {
        "task": "classes",
        "contract": contract_document(model.contract),
        "options": options_document(model.options),
        "preparation": preparation_document(model.preparation.rows, None),
        "frequencies": frequencies.kind,
        **words,
        "report": model.report.as_document(),
        "habits": model.habits is not None,
        "ranges": model.ranges is not None,
    }
    arrays: dict[str, NDArray[Any]] = {
        **preparation_arrays(model.preparation.rows, None),
        "frequencies": frequencies.shares,
        "overall": frequencies.overall,
        **parts,
        "seen_until": microseconds(model.seen_until),
        **reference_arrays(model),
    }
    for network in model.networks if is_sayable else ():
        arrays |= {f"member.{number}": flat for number, flat in enumerate(network.weights)}
    return document, arrays


def _frequencies(model: Model) -> Frequencies:
    assert isinstance(model.preparation, ClassPreparation)
    return model.preparation.frequencies


def _persistence(ensemble: Ensemble) -> Transitions:
    return next(part for part in leaves(ensemble) if isinstance(part, Transitions))


def _is_sayable(ensemble: Ensemble) -> bool:
    """Return whether format 1 has words for all parts: a network or none, and the three simpler forecasters."""
    kinds = [type(part) for _, part in ensemble.parts]
    simple = [Logistic, FrequencyTable, Transitions]
    return kinds in (simple, [NetworkForecaster, *simple])


def _said(model: Model) -> tuple[Document, Arrays]:
    """The ensemble in the words of format 1."""
    logistic, architectures = logistic_of(model.ensemble), [n.architecture for n in model.networks]
    words = {
        "logistic": {"with_calendar": logistic.with_calendar, "penalty": logistic.penalty},
        "mixture": class_shares_of(model.ensemble).as_document(),
        "architecture": dataclasses.asdict(architectures[0]) if architectures else None,
    }
    return words, {"logistic": logistic.weight, "persistence": _persistence(model.ensemble).shares}


def _told(model: Model) -> tuple[Document, Arrays]:
    """The ensemble as it is: format 2."""
    told, arrays = part_record(model.ensemble, "ensemble")
    return {"ensemble": told}, arrays


def class_model(document: Document, arrays: Arrays) -> Model:
    """The model of a record; raises ValueError and its like where its parts do not fit together."""
    contract, overall = contract_from(document["contract"]), arrays["overall"]
    options = options_from(document["options"])
    ensemble = (
        part_from(document["ensemble"], arrays, "ensemble")
        if "ensemble" in document
        else _ensemble_said(document, options.members, arrays)
    )
    kinds = {type(part) for part in leaves(ensemble)}
    if not isinstance(ensemble, Ensemble) or not {Logistic, Transitions} <= kinds:
        raise ValueError("there is no ensemble, or no logistic regression or persistence in it")
    habits, ranges = reference_from(document, arrays, ClassStatistics)
    model = Model(
        contract=contract,
        options=options,
        preparation=ClassPreparation(
            preparation_from(document["preparation"], arrays),
            Frequencies(document["frequencies"], arrays["frequencies"], overall),
        ),
        views=(PLAIN,),
        setting=class_setting(contract.lookback, with_calendar=logistic_of(ensemble).with_calendar),
        ensemble=ensemble,
        output=ClassOutput(contract.classes),
        seen_until=arrays["seen_until"].astype("datetime64[us]"),
        report=report_from(ClassReport, document["report"], contract),
        habits=habits,
        ranges=ranges,
        chain=class_chain(_persistence(ensemble), contract.horizon),
    )
    _check(model)
    return model


def _ensemble_said(document: Document, members: int, arrays: Arrays) -> Ensemble:
    """The ensemble in the words of format 1."""
    shares, fields = record(ClassShares, document["mixture"]), document["logistic"]
    with_calendar = value(bool, fields["with_calendar"], "with_calendar")
    penalty = value(float, fields["penalty"], "penalty")
    logistic = Logistic(arrays["logistic"], arrays["overall"], with_calendar, penalty)
    simple = (shares.logistic, shares.frequency, shares.persistence or 0.0)
    forecasters = (logistic, FrequencyTable(), Transitions(arrays["persistence"]))
    parts: list[tuple[float, Part]] = list(zip(simple, forecasters, strict=True))
    if (architecture := document["architecture"]) is not None:
        network = network_from(architecture, members, arrays, "member")
        parts.insert(0, (shares.network, dataclasses.replace(network, base=logistic)))
    if (architecture is not None) != (shares.network > 0):
        raise ValueError("the network has a share but no weights, or weights but no share")
    return Ensemble(tuple(parts))


def _check(model: Model) -> None:
    """Sizes and signs that would otherwise be found wrong in the middle of a forecast."""
    contract, frequencies, rows = model.contract, _frequencies(model), model.preparation.rows
    classes, series = len(contract.classes), len(contract.ids)
    wanted: dict[str, tuple[Shape, Shape]] = {
        "overall": (frequencies.overall.shape, (classes,)),
        "frequency table": (
            frequencies.shares.shape,
            (series, season_count(frequencies.kind, contract.clock), classes),
        ),
        "end of training": (model.seen_until.shape, (series,)),
        "seasonal change": (rows.change.shape, (series,)),
    }
    wanted |= reference_shapes(model)
    for name, (found, expected) in wanted.items():
        if found != expected:
            raise ValueError(f"{name} has shape {found} where the contract asks for {expected}")
    if frequencies.kind != season_kind(contract.clock, with_year=rows.with_year):
        raise ValueError(f"the frequency table is by {frequencies.kind}, which the clock does not ask for")
    check_scales(change=rows.change, columns=rows.covariates.scale, columns_unit=rows.covariates.unit)
    if classes < 2 or not all((shares > 0).all() for shares in (frequencies.overall, frequencies.shares)):
        raise ValueError("a class is missing, or a frequency is not positive")
    if any(part.view for part in leaves(model.ensemble)):
        raise ValueError("a part sees what the model has no view of")
    model.ensemble.check(_shown(model), model.options)


def _shown(model: Model) -> Views:
    """The windows of rows without any value, as many as one window has: they show every size."""
    return model.windows(empty_panel(model.contract), np.zeros(1, dtype=np.int64))


def empty_panel(contract: Contract) -> Panel:
    """A panel of the contract's columns: one series, a window long, of which nothing is known."""
    count = contract.lookback + contract.horizon
    values = np.full((count, len(contract.columns)), np.nan)
    times = contract.clock.grid(np.datetime64("2000-01-01", "us"), count)
    ids, offsets = contract.ids[:1], np.array([0, count])
    return Panel(ids, offsets, times, values, contract.columns, contract.clock, classes=contract.classes)
