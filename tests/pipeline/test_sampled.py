"""Settings of very many windows are chosen on a sample, fitted to all rows, and that is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast.core.options import Options
from lstmcast.core.panel import Panel
from lstmcast.pipeline import sampled
from lstmcast.pipeline.sampled import chosen_settings
from lstmcast.pipeline.search import Candidate
from lstmcast.pipeline.task import build_task
from tests.command_line import lstmcast
from tests.conftest import write_csv
from tests.panels import hourly

OPTIONS = Options(horizon=6, lookback=12, segment=6, transform="none", linear_pair="no", penalty=1.0)


def panel(series: int, rows: int) -> Panel:
    """Hours of several series that go up and down by day."""
    one = hourly(seed=1)
    values = np.concatenate(
        [np.resize(hourly(seed=n).values, (rows, one.values.shape[1])) for n in range(series)]
    )
    times = np.datetime64("2024-01-01", "us") + np.arange(rows) * np.timedelta64(1, "h")
    ids = tuple(f"s{number:02d}" for number in range(series))
    return Panel(
        ids, rows * np.arange(series + 1), np.tile(times, series), values, one.columns, one.clock, "id"
    )


@pytest.mark.parametrize(
    ("series", "rows", "most", "words"),
    [
        (3, 150, 10_000, ""),
        (8, 150, 250, "of 8 series drawn at random)"),
        (3, 900, 500, "(the latest)"),
    ],
)
def test_the_choice_is_made_on_some_windows_and_fitted_to_all(
    monkeypatch: pytest.MonkeyPatch, series: int, rows: int, most: int, words: str
) -> None:
    monkeypatch.setattr(sampled, "MOST_WINDOWS", most)
    monkeypatch.setattr(sampled, "FEWEST_SERIES", 3)
    monkeypatch.setattr(sampled, "_FEWEST_SPANS", 3)
    task = build_task(panel(series, rows), OPTIONS, None, "time")
    looked_at = []
    choose = sampled.choose
    monkeypatch.setattr(sampled, "choose", lambda part, *rest: looked_at.append(part) or choose(part, *rest))
    found = chosen_settings(task, np.inf)
    again = chosen_settings(task, np.inf)
    assert found.words == again.words
    assert words in found.words
    assert bool(words) == bool(found.words)
    assert found.tried[: len(found.choices)] == found.choices
    (part, _) = looked_at
    if words:
        assert len(part.times) < len(task.panel.times) / 1.5
        assert set(part.ids) <= set(task.panel.ids)
        assert np.isfinite(found.choices[0].errors[0])
    last = task.blocks.validation.max()
    for choice in found.choices:
        assert len(choice.windows.table.scaled) == len(task.panel.times)
        assert choice.training.max() >= last - OPTIONS.horizon
    np.testing.assert_array_equal(found.choices[0].ridge.weight, again.choices[0].ridge.weight)


def test_errors_on_earlier_blocks_stay_those_of_the_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampled, "MOST_WINDOWS", 250)
    monkeypatch.setattr(sampled, "FEWEST_SERIES", 3)
    choose = sampled.choose

    def with_earlier(*arguments: Any) -> list[Candidate]:
        return [replace(each, errors=(each.errors[0], 0.25), aged=0.5) for each in choose(*arguments)]

    monkeypatch.setattr(sampled, "choose", with_earlier)
    (chosen, *_) = chosen_settings(build_task(panel(8, 150), OPTIONS, None, "time"), np.inf).choices
    assert (chosen.errors[1:], chosen.aged) == ((0.25,), 0.5)
    assert chosen.errors[0] != 0.25


def test_rows_are_not_cut_where_few_look_backs_would_be_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampled, "MOST_WINDOWS", 500)
    monkeypatch.setattr(sampled, "FEWEST_SERIES", 3)
    task = build_task(panel(3, 900), OPTIONS, None, "time")
    for spans, is_cut in ((500 // 3 // (12 + 6), True), (1 + 500 // 3 // (12 + 6), False)):
        monkeypatch.setattr(sampled, "_FEWEST_SPANS", spans)
        sample = sampled._sample(task.panel, task.blocks, task.horizon, task.options)
        assert (sample is not None) == is_cut


def test_the_sample_knows_nothing_of_test_rows() -> None:
    task = build_task(panel(4, 300), OPTIONS, None, "time")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sampled, "MOST_WINDOWS", 200)
        patch.setattr(sampled, "FEWEST_SERIES", 2)
        patch.setattr(sampled, "_FEWEST_SPANS", 1)
        sample = sampled._sample(task.panel, task.blocks, task.horizon, task.options)
    assert sample is not None
    for place, number in enumerate(sample.series):
        own = sample.panel.rows(place)
        assert sample.panel.times[own][-1] == task.panel.times[task.blocks.test[number] - 1]
        width = sample.blocks.test[place] - sample.blocks.validation[place]
        assert width == task.blocks.test[number] - task.blocks.validation[number]


def test_train_says_on_what_it_chose(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sampled, "MOST_WINDOWS", 400)
    monkeypatch.setattr(sampled, "FEWEST_SERIES", 2)
    found = panel(6, 200)
    stamps = found.clock.write(found.times)
    rows = [f"{found.ids[n // 200]},{stamps[n]},{found.target[n]:.3f}" for n in range(len(stamps))]
    data, model = write_csv(tmp_path / "d.csv", rows, "shop,time,load"), tmp_path / "m.pkl"
    words = (
        "--id",
        "shop",
        "--target",
        "load",
        "--horizon",
        6,
        "--lookback",
        12,
        "--steps",
        3,
        "--hidden",
        4,
    )
    said = lstmcast("train", data, *words, "-o", model)
    assert said.code == 0, said.err
    assert "Chosen on" in said.out
    assert "of 6 series drawn at random" in " ".join(said.out.split())
    assert lstmcast("predict", model, data).code == 0
