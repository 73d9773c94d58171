"""A ledger of classes: written, read back, and compared with what came."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast.core.errors import DataError, UsageError
from lstmcast.core.panel import Panel
from lstmcast.evaluation.category_scoring import baselines
from lstmcast.evaluation.ledger import Ledger, entries, header
from lstmcast.evaluation.said import beside_outcomes
from lstmcast.evaluation.scoring import score
from lstmcast.ingest import ledger_shape, read_ledger
from tests.class_panels import CLASSES, class_panel, class_trained, daily, weather_codes
from tests.command_line import lstmcast
from tests.conftest import write_csv
from tests.panels import cut, hourly

RNG = np.random.default_rng(5)


def ledger_of(panel: Panel, origins: Any, horizon: int) -> Ledger:
    """Random probabilities at some origins of a panel of one series."""
    at = (np.asarray(origins)[:, None] + np.arange(horizon)).reshape(-1)
    chances = RNG.dirichlet(np.ones(len(panel.classes)), len(at))
    nothing, zeros = np.full(len(at), np.nan), np.zeros(len(at), np.int64)
    return Ledger(
        issued=np.repeat(panel.times[np.asarray(origins) - 1], horizon),
        time=panel.times[at],
        point=chances.argmax(axis=1).astype(float),
        lower=nothing,
        upper=nothing,
        series=zeros,
        ids=("",),
        model=zeros,
        models=("cafe",),
        source=zeros,
        sources=("model",),
        classes=panel.classes,
        probabilities=chances,
    )


def test_the_figures_are_those_made_by_hand() -> None:
    panel = class_panel(weather_codes(120))
    ledger = ledger_of(panel, [60, 80], 3)
    report = score(ledger, panel)
    codes = panel.target[[60, 61, 62, 80, 81, 82]].astype(int)
    given = ledger.probabilities
    assert given is not None
    came = given[np.arange(6), codes]
    mine = report["test"]["model"]
    assert report["rows"] == 6
    assert mine["log_loss"] == pytest.approx(-np.log(came).mean())
    assert mine["accuracy"] == pytest.approx((given.argmax(axis=1) == codes).mean())
    assert mine["brier"] == pytest.approx(
        ((given - np.eye(len(panel.classes))[codes]) ** 2).sum(axis=1).mean()
    )
    assert list(report["test"]) == ["model", "persistence", "frequency"]
    assert [group["name"] for group in report["by_step"]] == [1, 2, 3]
    assert sum(part["rows"] for part in report["calibration"]) == given.size
    hits = sum(part["rows"] * part["came"] for part in report["calibration"])
    assert hits == pytest.approx(6)  # one class came in each row


def test_baselines_know_the_outcomes_up_to_the_origin_alone_and_are_those_of_a_slow_twin() -> None:
    outcomes = RNG.integers(0, 3, 80).astype(float)
    outcomes[[10, 11, 40]] = np.nan
    origin, step = np.array([30, 40, 79, 30]), np.array([1, 2, 5, 7])
    found = baselines(outcomes, origin, step, 3)
    for row, (last, ahead) in enumerate(zip(origin, step, strict=True)):
        known = outcomes[: last + 1]
        counts = np.array([(known == code).sum() for code in range(3)])
        overall = (counts + 1) / (counts.sum() + 3)
        latest = known[np.isfinite(known)][-1]
        pairs = [b for a, b in zip(known[:-ahead], known[ahead:], strict=True) if a == latest]
        after = np.array([pairs.count(float(code)) for code in range(3)])
        np.testing.assert_allclose(found["frequency"][row], overall)
        np.testing.assert_allclose(found["persistence"][row], (after + 3 * overall) / (after.sum() + 3))
    later = np.where(np.arange(80) > 40, 0.0, outcomes)
    again = baselines(later, origin[:2], step[:2], 3)
    np.testing.assert_array_equal(again["persistence"], found["persistence"][:2])
    assert np.isnan(baselines(np.full(5, np.nan), np.array([3]), np.array([1]), 3)["frequency"]).all()


def test_a_class_that_only_came_was_given_no_probability() -> None:
    panel = class_panel(weather_codes(120))
    few = dataclasses.replace(ledger_of(panel, [60], 3), classes=("hail", *panel.classes[1:]))
    report = score(few, panel)
    assert math.isfinite(report["test"]["model"]["log_loss"])


def test_numbers_and_classes_are_not_compared_with_each_other() -> None:
    panel = class_panel(weather_codes(120))
    ledger = ledger_of(panel, [60], 3)
    with pytest.raises(
        DataError, match="the ledger is of classes, and the outcomes in column 'load' are numbers"
    ):
        score(ledger, hourly(200))
    numbers = dataclasses.replace(ledger, classes=(), probabilities=None)
    with pytest.raises(DataError, match="the ledger is of numbers"):
        score(numbers, panel)
    with pytest.raises(UsageError, match="lstmcast score compares it"):
        list(beside_outcomes(ledger, panel))


def test_the_header_keeps_the_id_apart_from_a_class_of_its_name() -> None:
    assert header("p_wet", ("dry", "wet"))[3] == "id"
    assert header("site", ("dry", "wet"))[3:] == ["site", "forecast", "p_dry", "p_wet", "source"]


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    model, panel = class_trained(), daily()
    forecast = model.predict(panel)
    rows = entries(forecast, panel.times[panel.known_until() - 1], "beef")
    with open(tmp_path / "l.csv", "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(rows)
        writer.writerows(zip(*rows.values(), strict=True))
    assert ledger_shape(tmp_path / "l.csv").classes == CLASSES
    ledger, findings = read_ledger(tmp_path / "l.csv", panel.clock)
    assert not findings
    assert ledger.point.tolist() == forecast.point.tolist()
    assert ledger.probabilities is not None
    np.testing.assert_allclose(ledger.probabilities, np.stack(list(forecast.probabilities.values()), axis=1))
    text = (tmp_path / "l.csv").read_text(encoding="utf-8").splitlines()
    cells = text[1].split(",")
    for wrong, message in (
        ([*cells[:4], "0.9", *cells[5:]], "line 2, column 'p_.*': expected probabilities that sum to one"),
        ([*cells[:3], "hail", *cells[4:]], "line 2, column 'forecast': expected a class that has a column"),
    ):
        (tmp_path / "wrong.csv").write_text("\n".join([text[0], ",".join(wrong)]) + "\n", encoding="utf-8")
        with pytest.raises(DataError, match=message):
            read_ledger(tmp_path / "wrong.csv", panel.clock)


def test_predict_logs_classes_and_score_compares_them(tmp_path: Path) -> None:
    skies = [("dry", "wet")[(i // 3) % 2] for i in range(260)]
    rows = [f"{i},{sky}" for i, sky in enumerate(skies)]
    whole = write_csv(tmp_path / "whole.csv", rows, "n,sky")
    model, ledger = tmp_path / "m.pkl", tmp_path / "l.csv"
    quick = ("--hidden", 4, "--members", 1, "--steps", 5, "--horizon", 5)
    first = write_csv(tmp_path / "first.csv", rows[:200], "n,sky")
    assert lstmcast("train", first, "--target", "sky", *quick, "-o", model).code == 0
    for count in (200, 220, 240, 240):
        history = write_csv(tmp_path / "history.csv", rows[:count], "n,sky")
        said = lstmcast("predict", model, history, "--log", ledger)
        assert (said.code, said.err) == (0, "")
    said = lstmcast("score", ledger, whole)
    assert said.code == 0
    for words in ("log loss", "Brier score", "persistence", "probability", "log loss of"):
        assert words in said.out
    assert "MAE" not in said.out
    report = json.loads(lstmcast("score", ledger, whole, "--json").out)["score"]
    assert (report["rows"], report["repeated"]) == (15, 5)
    assert lstmcast("score", ledger, whole, "--require-skill", 0.99).code == 5
    said = lstmcast("score", ledger, whole, "--require-coverage", 0.5)
    assert said.code == 2
    assert "--require-coverage is about the bands of numbers" in said.err


def test_a_ledger_of_coded_classes_reads_its_outcomes_as_classes(tmp_path: Path) -> None:
    rows = [f"{i},{(i // 3) % 2}" for i in range(120)]
    data = write_csv(tmp_path / "codes.csv", rows, "n,state")
    lines = ["issued,model,time,forecast,p_0,p_1,source", "99,cafe,100,1,0.3,0.7,model"]
    (tmp_path / "l.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    said = lstmcast("score", tmp_path / "l.csv", data, "--json")
    assert said.code == 0
    assert json.loads(said.out)["score"]["test"]["model"]["accuracy"] == 1.0


def test_what_was_said_before_the_end_is_enough(tmp_path: Path) -> None:
    panel = class_panel(weather_codes(120))
    ledger = ledger_of(panel, [60, 80], 3)
    assert score(ledger, cut(panel, 82))["to_come"] == 1
