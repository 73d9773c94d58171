"""A forecaster that this file alone knows becomes part of an ensemble by one row of one table."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast.core.errors import ModelFileError, UsageError
from lstmcast.core.options import Options
from lstmcast.core.panel import Integers, Panel
from lstmcast.forecasters.base import FitData, Stateless, Views
from lstmcast.forecasters.naive import seasonal_naive
from lstmcast.forecasters.parts import PARTS, PartKind
from lstmcast.persistence import decode, encode, load, read, save
from lstmcast.persistence.exchange.onnx import export_onnx
from lstmcast.persistence.models import from_record, to_record
from lstmcast.pipeline.refresh import Outcome, refreshing
from tests.panels import cut, panel_of, single_threaded, small
from tests.panels import load as hourly_load

LAG = 7


@dataclass(frozen=True, eq=False)
class Beat(Stateless):
    """The value one beat ago; it learns the beat, and by how much each series drifts in it, from training rows.

    drift: (S,) scaled; until: (S,) stamp of the last row that it has seen.
    """

    lag: int
    drift: np.ndarray[Any, np.dtype[np.float64]]
    until: np.ndarray[Any, np.dtype[np.datetime64]]
    notes: tuple[str, ...] = ("toy",)
    view: int = 0
    name = "beat"

    def predict(self, views: Views, origins: Integers) -> Any:
        table = views[self.view].table
        assert table.times is not None
        first = table.times[table.firsts(origins)]
        until = self.until[table.series[origins - 1]]
        assert (first <= until + np.timedelta64(1, "h")).all(), "rows after its stamp are not all there"
        drift = self.drift[table.series[origins - 1]]
        return (seasonal_naive(views[self.view], origins, self.lag) + drift)[:, None]

    def reach(self) -> int:
        return self.lag

    def answers(self, views: Views, origins: Integers) -> Any:
        table = views[self.view].table
        return origins - table.firsts(origins) >= 10 * self.lag

    def since(self) -> Any:
        return self.until

    def moved_on(self, views: Views, stops: Integers) -> Beat:
        table = views[self.view].table
        assert table.times is not None
        until = self.until.copy()
        until[table.series[stops - 1]] = table.times[stops - 1]
        return dataclasses.replace(self, until=until)

    def check(self, views: Views, options: Options) -> None:
        if self.lag < 1 or self.drift.shape != self.until.shape:
            raise ValueError("this is no beat")


def fit_beat(data: FitData) -> list[Beat]:
    """The lag of 2 to 12 rows at which training rows repeat themselves best."""
    table = data.views[0].table
    assert table.times is not None
    rows = data.split.slices("training")[0]
    z = table.scaled[rows]
    lag = min(range(2, 13), key=lambda lag: float(np.abs(z[lag:] - z[:-lag]).mean()))
    return [Beat(lag, np.array([np.mean(z[lag:] - z[:-lag])]), table.times[[rows.stop - 1]])]


@pytest.fixture
def beat(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one row."""
    monkeypatch.setitem(PARTS, "beat", PartKind(Beat, fit_beat, lambda options: options.safeguard == "auto"))


def beating(rows: int) -> Panel:
    """Every seventh row is alike, to which no day and no linear map of two values comes near."""
    rng = np.random.default_rng(0)
    return panel_of(100 + 10 * np.tile(rng.normal(size=LAG), rows // LAG + 1)[:rows] + hourly_load(rows) / 50)


OPTIONS = {"lookback": 6, "segment": 6, "horizon": 6}


@pytest.mark.usefixtures("beat")
def test_it_is_fitted_judged_chosen_saved_and_loaded(tmp_path: Path) -> None:
    panel = beating(420)
    model = single_threaded(panel, small(**OPTIONS))
    choices = model.report.choices
    assert choices.validation_mase["beat"] < choices.validation_mase["linear"]  # type: ignore[operator]
    assert choices.blend.others is not None
    assert choices.blend.others["beat"] > 0.5
    assert model.report.test["model"]["mase"] < 0.5  # type: ignore[operator]
    save(model, tmp_path / "m.pkl")
    document, _ = read(tmp_path / "m.pkl")
    assert document["ensemble"]["fields"]["parts"][-1][1]["kind"] == "beat"
    again = load(tmp_path / "m.pkl")
    assert again.predict(panel).point.tobytes() == model.predict(panel).point.tobytes()
    save(again, tmp_path / "again.pkl")
    assert (tmp_path / "again.pkl").read_bytes() == (tmp_path / "m.pkl").read_bytes()
    assert model.evaluate(panel).as_document() == again.evaluate(panel).as_document()


@pytest.mark.usefixtures("beat")
def test_its_state_moves_on_and_predict_shows_it_every_row_since() -> None:
    long = beating(6000)
    model = single_threaded(cut(long, 420), small(**OPTIONS))
    (part,) = [part for _, part in model.ensemble.parts if isinstance(part, Beat)]
    assert part.until[0] == long.times[419]  # the last round has moved it on
    held = single_threaded(cut(long, 420), small(**OPTIONS, final=False))
    (own,) = [part for _, part in held.ensemble.parts if isinstance(part, Beat)]
    assert own.until[0] < long.times[400]  # nothing of the test block
    assert held.contract.history < 5000
    assert set(held.predict(long).source) == set(
        model.predict(long).source
    )  # the toy looks whether all are there
    *_, outcome = refreshing(model, cut(long, 600), always=True)
    assert isinstance(outcome, Outcome)
    (moved,) = [part for _, part in outcome.model.ensemble.parts if isinstance(part, Beat)]
    assert moved.until[0] == long.times[599]


@pytest.mark.usefixtures("beat")
def test_where_it_cannot_answer_that_is_said() -> None:
    panel = beating(420)
    model = single_threaded(panel, small(**OPTIONS))
    assert not model.predict(panel).findings
    part = next(part for _, part in model.ensemble.parts if isinstance(part, Beat))
    start = panel.offsets[1:] - 30
    late = dataclasses.replace(part, until=panel.times[start])
    pairs = tuple((weight, late if one is part else one) for weight, one in model.ensemble.parts)
    model = dataclasses.replace(model, ensemble=dataclasses.replace(model.ensemble, parts=pairs))
    forecast = model.predict(panel.take(start, panel.offsets[1:]))
    assert np.isfinite(forecast.point).all()
    assert [(f.code, "beat" in f.message) for f in forecast.findings] == [("beat_stale", True)]


@pytest.mark.usefixtures("beat")
def test_a_forged_part_is_refused_when_the_file_is_read() -> None:
    model = single_threaded(beating(420), small(**OPTIONS))
    document, arrays = to_record(model)
    weight, told = document["ensemble"]["fields"]["parts"][-1]
    prefix = f"ensemble.parts.{len(document['ensemble']['fields']['parts']) - 1}"
    assert sum(name.startswith(prefix) for name in arrays) == 2

    def forged(own: Any, **changes: Any) -> Any:
        parts = [*document["ensemble"]["fields"]["parts"][:-1], own]
        fields = {**document["ensemble"]["fields"], "parts": parts}
        return {**document, "ensemble": {"kind": "ensemble", "fields": fields} | changes}

    assert from_record(forged([weight, told]), arrays)
    wrong: list[Any] = [
        forged([weight, told | {"kind": "tune"}]),
        forged([2 * weight, told]),
        forged(["x", told]),
        forged([weight, told | {"fields": told["fields"] | {"lag": "7"}}]),
        forged([weight, told | {"fields": told["fields"] | {"lag": 0}}]),
        forged([weight, told | {"fields": told["fields"] | {"more": 0}}]),
        forged([weight, told | {"fields": told["fields"] | {"view": 3}}]),
        forged([weight, told | {"fields": []}]),
        forged([weight, told], kind="ridge"),
        forged([weight, told], kind="beat"),
    ]
    for other in wrong:
        with pytest.raises(ModelFileError, match="its contents do not fit together"):
            from_record(other, arrays)
    for name in arrays:
        if name.startswith(prefix):
            for array in (arrays[name][:0], arrays[name].astype("<f4"), arrays[name][None]):
                with pytest.raises(ModelFileError, match="its contents do not fit together"):
                    from_record(document, {**arrays, name: array})


@pytest.mark.usefixtures("beat")
def test_what_it_cannot_do_is_told() -> None:
    model = single_threaded(beating(420), small(**OPTIONS))
    with pytest.raises(UsageError, match="'beat'"):
        export_onnx(model)


def test_without_the_row_nobody_knows_it_and_all_is_format_1(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = single_threaded(beating(420), small(**OPTIONS))
    assert "ensemble" not in to_record(plain)[0]
    with monkeypatch.context() as patch:
        patch.setitem(PARTS, "beat", PartKind(Beat, fit_beat))
        record = to_record(single_threaded(beating(420), small(**OPTIONS)))
    with pytest.raises(ModelFileError):
        from_record(*record)


def test_the_number_of_a_format_is_that_of_its_document() -> None:
    one, two = encode({"blend": {}}, {}), encode({"ensemble": {}}, {})
    assert decode(one) == ({"blend": {}}, {})
    assert decode(two) == ({"ensemble": {}}, {})
    assert one.replace(b"blend", b"other") != one
