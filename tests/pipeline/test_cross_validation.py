"""Cross-validation: folds follow each other without overlap, and each is what `train` would have said at that time."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from lstmcast.core.errors import LstmcastError
from lstmcast.persistence import save
from lstmcast.pipeline.cross_validation import backtest, build_folds
from lstmcast.pipeline.fit import fit
from tests.command_line import lstmcast
from tests.conftest import QUICK
from tests.panels import cut, hourly, small, stacked, with_target


def test_judged_rows_follow_each_other_up_to_the_last() -> None:
    panel = hourly(400)
    for window in ("expanding", "sliding"):
        folds = build_folds(panel, small(test="30"), 4, window)
        judged = [fold.panel.times[-int(fold.judged[0]) :] for fold in folds]
        np.testing.assert_array_equal(np.concatenate(judged), panel.times[-120:])
        before = [len(fold.panel.times) - 30 for fold in folds]
        assert before == ([280] * 4 if window == "sliding" else [280, 310, 340, 370])


def test_by_default_the_first_fold_keeps_two_fifths_of_the_rows() -> None:
    folds = build_folds(hourly(400), small(), 5, "expanding")
    assert [int(fold.judged[0]) for fold in folds] == [48] * 5
    assert len(folds[0].panel.times) == 160 + 48


def test_a_date_is_where_the_first_fold_is_judged_from() -> None:
    panel = hourly(400)
    first = panel.clock.write(panel.times[300:301])[0]
    folds = build_folds(panel, small(test=first), 4, "expanding")
    assert [int(fold.judged[0]) for fold in folds] == [25] * 4
    assert len(folds[0].panel.times) == 325


def test_each_fold_is_the_verdict_of_a_training_on_its_rows() -> None:
    panel, options = hourly(300), small(test="24", threads=1)
    found = backtest(panel, options, folds=2)
    for fold, stop in zip(found.folds, (276, 300), strict=True):
        alone = fit(cut(panel, stop), dataclasses.replace(options, final=False))
        assert fold.report.as_document() == alone.report.as_document()
    errors = [fold.report.test["model"]["mase"] for fold in found.folds]
    assert found.means["model"]["mase"] == pytest.approx(np.mean(errors))  # type: ignore[arg-type]


def test_rows_after_a_fold_change_nothing_of_it() -> None:
    panel, options = hourly(300), small(test="24", threads=1)
    target = panel.target.copy()
    target[276:] += 50
    plain, changed = (backtest(one, options, folds=2).folds[0] for one in (panel, with_target(panel, target)))
    assert plain.report.as_document() == changed.report.as_document()


def test_series_of_different_lengths_are_each_cut_from_their_end() -> None:
    folds = build_folds(stacked(hourly(400), hourly(200, 1)), small(), 2, "expanding")
    assert [len(fold.panel.times) for fold in folds] == [510, 600]
    assert folds[0].options.test == f"{90 / 510:.6f}"


@pytest.mark.parametrize(
    ("changes", "folds", "window", "word"),
    [
        ({}, 0, "expanding", "--folds"),
        ({}, 2, "growing", "--window"),
        ({"val": "2024-01-05"}, 2, "expanding", "--val"),
        ({"test": "100"}, 5, "expanding", "fewer --folds"),
        ({}, 200, "expanding", "fewer --folds"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, str], folds: int, window: str, word: str) -> None:
    with pytest.raises(LstmcastError, match=word):
        build_folds(hourly(400), small(**changes), folds, window)


def test_the_command_shows_folds_and_writes_single_forecasts(history: Path, tmp_path: Path) -> None:
    output = tmp_path / "singles.csv"
    asked = ("backtest", history, *QUICK, "--folds", "2", "--test", "48", "-o", output)
    said = lstmcast(*asked, "--json")
    assert said.code == 0, said.err
    document = json.loads(said.out)
    assert [fold["fold"] for fold in document["folds"]] == [1, 2]
    assert document["means"]["model"]["mase"] > 0
    lines = output.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("origin,")
    assert len(lines) == 1 + 2 * 25 * 24
    failed = lstmcast(*asked, "--require-skill", "0.99")
    assert failed.code == 5
    assert "2 folds, expanding window" in failed.out
    assert "--require-skill" in failed.err


def test_classes_are_backtested_too(tmp_path: Path) -> None:
    rows = [
        f"2024-01-{1 + i // 24:02d} {i % 24:02d}:00,{'day' if 6 <= i % 24 < 20 else 'night'}"
        for i in range(720)
    ]
    file = tmp_path / "classes.csv"
    file.write_text("\n".join(["time,state", *rows]) + "\n", encoding="utf-8")
    asked = ("--target", "state", "--hidden", "4", "--steps", "3", "--lookback", "24", "--folds", "2")
    said = lstmcast("backtest", file, *asked, "--window", "sliding", "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["means"]["model"]["log_loss"] is not None


def test_a_model_to_start_from_must_not_have_seen_what_judges(tmp_path: Path) -> None:
    panel, options = hourly(400), small(test="24", safeguard="network")
    path = str(tmp_path / "old.pkl")
    save(fit(cut(panel, 300), options), path)
    folds = backtest(panel, dataclasses.replace(options, from_=path), folds=2).folds
    assert len(folds) == 2
    save(fit(cut(panel, 360), options), path)
    with pytest.raises(LstmcastError, match=r"has seen rows up to .* name an older model"):
        backtest(panel, dataclasses.replace(options, from_=path), folds=2)
