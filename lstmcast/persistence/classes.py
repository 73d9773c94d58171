"""A ClassModel as plain data, a document and named arrays, and back."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.panel import Panel
from lstmcast.data.category_frequencies import Frequencies, Transitions, season_count, season_kind
from lstmcast.data.category_preprocessing import ClassPreparation
from lstmcast.data.category_windows import ClassWindows
from lstmcast.evaluation.report import ClassReport
from lstmcast.forecasters.category_ensemble import Mixed, Mixture
from lstmcast.forecasters.category_network import ClassNetwork, class_architecture_of
from lstmcast.forecasters.logistic import Logistic
from lstmcast.model.category_model import ClassModel
from lstmcast.model.schema import Contract
from lstmcast.persistence.fields import record, value
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
)
from lstmcast.persistence.reports import report_from

Shape = tuple[int, ...]


def class_record(model: ClassModel) -> tuple[Document, Arrays]:
    """What is written: a JSON-able document, whose `task` says that it is about classes, and the arrays by name."""
    forecaster, frequencies = model.forecaster, model.preparation.frequencies
    document: dict[str, Any] = {
        "task": "classes",
        "contract": dataclasses.asdict(model.contract),
        "options": options_document(model.options),
        "preparation": preparation_document(model.preparation.rows),
        "frequencies": frequencies.kind,
        "logistic": {
            "with_calendar": forecaster.logistic.with_calendar,
            "penalty": forecaster.logistic.penalty,
        },
        "mixture": dataclasses.asdict(forecaster.mixture),
        "architecture": None,
        "report": model.report.as_document(),
    }
    arrays: dict[str, NDArray[Any]] = {
        **preparation_arrays(model.preparation.rows),
        "frequencies": frequencies.shares,
        "overall": frequencies.overall,
        "logistic": forecaster.logistic.weight,
        "persistence": forecaster.persistence.shares,
        "seen_until": microseconds(model.seen_until),
    }
    if forecaster.network is not None:
        document["architecture"] = dataclasses.asdict(forecaster.network.network.architecture)
        arrays |= {f"member.{i}": member.flat for i, member in enumerate(forecaster.network.members)}
    return document, arrays


def class_model(document: Document, arrays: Arrays) -> ClassModel:
    """The ClassModel of a record; raises ValueError and its like where its parts do not fit together."""
    contract, overall = contract_from(document["contract"]), arrays["overall"]
    options, logistic = options_from(document["options"]), _logistic(document["logistic"], arrays)
    found = members_from(document["architecture"], options.members, arrays)
    model = ClassModel(
        contract=contract,
        options=options,
        preparation=ClassPreparation(
            preparation_from(document["preparation"], contract.clock, arrays),
            Frequencies(document["frequencies"], arrays["frequencies"], overall),
        ),
        forecaster=Mixed(
            record(Mixture, document["mixture"]),
            logistic,
            Transitions(arrays["persistence"]),
            None if found is None else ClassNetwork(*found, logistic),
        ),
        seen_until=arrays["seen_until"].astype("datetime64[us]"),
        report=report_from(ClassReport, document["report"], contract),
    )
    _check(model)
    return model


def _logistic(fields: Document, arrays: Arrays) -> Logistic:
    with_calendar = value(bool, fields["with_calendar"], "with_calendar")
    return Logistic(
        arrays["logistic"], arrays["overall"], with_calendar, value(float, fields["penalty"], "penalty")
    )


def _check(model: ClassModel) -> None:
    """Sizes and signs that would otherwise be found wrong in the middle of a forecast."""
    contract, frequencies, logistic = model.contract, model.preparation.frequencies, model.forecaster.logistic
    persistence = model.forecaster.persistence
    classes, series, windows = len(contract.classes), len(contract.ids), _shown(model)
    origin = np.array([contract.lookback])
    features = logistic.features(windows, origin)
    steps = len(persistence.shares)
    seasons = season_count(frequencies.kind, contract.clock)
    wanted: dict[str, tuple[Shape, Shape]] = {
        "overall": (frequencies.overall.shape, (classes,)),
        "frequency table": (frequencies.shares.shape, (series, seasons, classes)),
        "logistic regression": (logistic.weight.shape, (contract.horizon, classes, features)),
        "persistence": (persistence.shares.shape, (steps, classes, classes)),
        "end of training": (model.seen_until.shape, (series,)),
    }
    for name, (found, expected) in wanted.items():
        if found != expected:
            raise ValueError(f"{name} has shape {found} where the contract asks for {expected}")
    if frequencies.kind != season_kind(contract.clock, with_year=model.preparation.rows.with_year):
        raise ValueError(f"the frequency table is by {frequencies.kind}, which the clock does not ask for")
    if classes < 2 or not steps or not all((p > 0).all() for p in (frequencies.overall, frequencies.shares)):
        raise ValueError("a class is missing, or a frequency is not positive")
    network = model.forecaster.network
    asked = class_architecture_of(windows, series, model.options)
    if network is not None and network.network.architecture != asked:
        raise ValueError("the network is not the one that its options ask for")
    if (network is not None) != (model.forecaster.mixture.network > 0):
        raise ValueError("the network has a share but no weights, or weights but no share")


def _shown(model: ClassModel) -> ClassWindows:
    """The windows of rows without any value, as many as one window has: they show every size."""
    return model.windows(empty_panel(model.contract), np.zeros(1, dtype=np.int64))


def empty_panel(contract: Contract) -> Panel:
    """A panel of the contract's columns: one series, a window long, of which nothing is known."""
    count = contract.lookback + contract.horizon
    values = np.full((count, len(contract.columns)), np.nan)
    times = contract.clock.grid(np.datetime64("2000-01-01", "us"), count)
    ids, offsets = contract.ids[:1], np.array([0, count])
    return Panel(ids, offsets, times, values, contract.columns, contract.clock, classes=contract.classes)
