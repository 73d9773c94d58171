"""Starting a network of classes from another model of classes: what is taken, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lstmcast.core.errors import UsageError
from lstmcast.model.model import Model
from lstmcast.persistence import save
from lstmcast.persistence.models import from_record, to_record
from lstmcast.pipeline.fit import fit
from tests.class_panels import class_fit, class_panel, class_trained, daily, small, weather_codes
from tests.panels import hourly
from tests.panels import small as small_numbers
from tests.panels import trained as trained_numbers

NETWORK = {"safeguard": "network", "final": False}


def started(source: Model, panel: object = None, **changes: object) -> Model:
    """A model of classes that starts from another one."""
    return fit(panel or daily(), small(**NETWORK | changes), pretrained=source)  # type: ignore[arg-type]


def test_without_steps_it_is_the_other_network_on_its_own_regression() -> None:
    source = class_trained(**NETWORK)
    model = started(source, steps=0)
    for own, other in zip(model.networks[0].weights, source.networks[0].weights, strict=True):
        np.testing.assert_array_equal(own, other)
    start = model.report.choices.start
    assert start is not None
    assert not start.new
    assert from_record(*to_record(model)).report == model.report


def test_other_classes_have_an_output_of_their_own() -> None:
    source = class_trained(**NETWORK)
    renamed = class_panel(weather_codes(300), classes=("dry", "hail", "wet"))
    start = started(source, renamed, steps=0).report.choices.start
    assert start is not None
    assert "output" in start.new
    assert any(name.startswith("past") for name in (*start.partly, *start.taken, *start.new))


def test_frozen_layers_stay_as_they_are() -> None:
    source = class_trained(**NETWORK)
    model = started(source, freeze="recurrent", steps=4)
    old, new = source.networks[0].members[0], model.networks[0].members[0]
    np.testing.assert_array_equal(new["recurrent.0.weight"], old["recurrent.0.weight"])


def test_a_model_of_the_other_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the model to start from is of numbers, and the target is classes"):
        started(trained_numbers(safeguard="network"))
    save(class_fit(daily(), **NETWORK), tmp_path / "classes.pkl")
    with pytest.raises(UsageError, match="the model to start from is of classes, and the target is numbers"):
        fit(hourly(), small_numbers(from_=str(tmp_path / "classes.pkl")))
    begun = fit(daily(), small(**NETWORK | {"from_": str(tmp_path / "classes.pkl"), "steps": 2}))
    assert begun.report.choices.start is not None
