"""A report that was changed under a right checksum is refused in one line, or harms neither the model nor its user."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast import persistence
from lstmcast.core.errors import ModelFileError
from lstmcast.persistence import reports
from lstmcast.persistence.models import from_record
from tests import hostile_models
from tests.command_line import lstmcast

GOLDEN = hostile_models.GOLDEN.parent
MODELS = {
    "format_1_panel": "format_1_panel.csv",
    "format_1_views": "format_1_panel.csv",
    "format_1_classes": "format_1_classes.csv",
}
SAMPLE = 120  # changes of each golden model
SHOWN = 6  # of those that are read, as nearly as can be
Change = tuple[tuple[Any, ...], dict[str, Any]]


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The golden panel with two days that its models have not seen, each as the day before it was."""
    header, *lines = (GOLDEN / "format_1_panel.csv").read_text(encoding="utf-8").splitlines()
    rows, written = [line.split(",") for line in lines], [header]
    for zone in ("north", "south"):
        own = [row for row in rows if row[1] == zone]
        for place in range(len(own) - 24, len(own)):
            own[place][2:] = own[place - 24][2:]
        stamps = np.datetime64(own[-1][0]) + np.arange(1, 25).astype("m8[h]")
        own += [[str(stamp), *row[1:]] for stamp, row in zip(stamps.astype("M8[m]"), own[-24:], strict=True)]
        written += [",".join(row) for row in own]
    path = tmp_path_factory.mktemp("newer") / "newer.csv"
    path.write_text("\n".join(written) + "\n", encoding="utf-8")
    return path


def sampled(name: str) -> tuple[list[Change], Any]:
    """Some changes of a golden model's report, the same ones each time, and the model's arrays."""
    document, arrays = persistence.read(GOLDEN / f"{name}.pkl")
    changes = list(hostile_models.forged_reports(document, random.Random(13), SAMPLE))
    return changes, arrays


def read_of(changes: list[Change], arrays: Any) -> Iterator[dict[str, Any]]:
    """The changed documents that are models; of the others each reason has one line."""
    for path, document in changes:
        reason = ""
        try:
            from_record(document, arrays)
        except ModelFileError as error:
            reason = str(error)
        assert reason.isprintable(), path
        if not reason:
            yield document


@pytest.mark.parametrize("name", MODELS)
def test_a_changed_report_is_refused_or_can_be_shown(name: str, tmp_path: Path) -> None:
    changes, arrays = sampled(name)
    kept = list(read_of(changes, arrays))
    assert SHOWN < len(kept) < SAMPLE / 2
    for document in kept[:: len(kept) // SHOWN]:
        persistence.write(tmp_path / "model.pkl", document, arrays)
        for more in ((), ("--json",)):
            said = lstmcast("info", tmp_path / "model.pkl", *more)
            assert (said.code, said.err) == (0, "")
        assert json.loads(said.out)["report"].keys() == document["report"].keys()
    said = lstmcast("evaluate", tmp_path / "model.pkl", GOLDEN / MODELS[name], "--stride", "100")
    assert (said.code, said.err) == (0, "")


@pytest.mark.parametrize("name", ["format_1_panel", "format_1_views"])
def test_a_changed_report_that_is_read_can_be_refreshed(name: str, tmp_path: Path, newer: Path) -> None:
    changes, arrays = sampled(name)
    path = tmp_path / "model.pkl"
    persistence.write(path, next(read_of(changes, arrays)), arrays)
    said = lstmcast("refresh", path, newer, "--json")
    assert said.code == 0, said.err
    outcome = json.loads(said.out)
    new, old = (outcome[who]["test"]["model"]["mase"] for who in ("challenger", "champion"))
    assert outcome["replaced"] == (new < old)
    assert lstmcast("info", path).code == 0


FORGED: dict[str, dict[str, Any]] = {
    "no choices": {"choices": None},
    "text for a lookback": {"choices.chosen.lookbacks": ["a"]},
    "text for lookbacks": {"choices.chosen.lookbacks": "24"},
    "no lookback": {"choices.chosen.lookbacks": [0]},
    "a lookback too long": {"choices.chosen.lookbacks": [24, 49]},
    "many lookbacks": {"choices.chosen.lookbacks": [24] * 2_000},
    "text for the second view's": {"choices.second.lookbacks": ["a"]},
    "no second view": {"choices.second": None},
    "text for rows": {"learned": {"rows": "many"}},
    "text for learned": {"learned": "many"},
    "no number of rows": {"learned.rows": -1},
    "half a row": {"learned.rows": 0.5},
    "text for a metric": {"test.model.mase": "0.5"},
    "nothing for a model": {"test.model": None},
    "no model": {"test": {"naive": {"mae": 1.0}}},
    "a negative error": {"test.model.mae": -1.0},
    "more than all": {"test.model.coverage_80": 1.5},
    "fewer steps": {"by_horizon": []},
    "a step of others": {"by_horizon.3": {"model": {"mae": 1.0}}},
    "junk": {"choices.chosen.lookbacks": {"a": [{"b": [[]]}]}},
    "another stage": {"choices.chosen.stage": "moon"},
    "a truth for a number": {"windows": True},
    "a refresh of nothing": {"refreshes": [{"first": "", "last": "", "champion": {}, "challenger": {}}]},
    "a field of ours": {"as_document": 1},
}


@pytest.mark.parametrize(
    ("case", "command"),
    [
        *((case, "refresh") for case in FORGED),
        *(("no choices", name) for name in ("info", "evaluate", "predict")),
    ],
)
def test_a_forged_report_is_refused_when_it_is_read(
    case: str, command: str, tmp_path: Path, newer: Path
) -> None:
    document, arrays = persistence.read(GOLDEN / "format_1_views.pkl")
    for path, other in FORGED[case].items():
        *way, last = path.split(".")
        parent: Any = document["report"]
        for key in way:
            parent = parent[int(key) if isinstance(parent, list) else key]
        parent[int(last) if isinstance(parent, list) else last] = other
    model = tmp_path / "model.pkl"
    persistence.write(model, document, arrays)
    before = model.read_bytes()
    said = lstmcast(command, model, *([] if command == "info" else [newer]))
    assert (said.code, said.out, said.err.count("\n")) == (4, "", 1), said
    assert said.err.startswith(f"lstmcast: E_MODEL: {model}: its contents do not fit together")
    assert (model.read_bytes(), list(tmp_path.glob("model.pkl.*"))) == (before, [])


def test_a_report_reads_like_the_json_that_it_was_written_as() -> None:
    for name in MODELS:
        document, arrays = persistence.read(GOLDEN / f"{name}.pkl")
        report = from_record(document, arrays).report
        assert report == document["report"] | {"choices": report["choices"]}
        later = {"second": None} if name == "format_1_panel" else {}
        assert document["report"]["choices"].items() <= _without_aged(report["choices"] | later).items()
        with pytest.raises(KeyError):
            report["as_document"]


def _without_aged(choices: dict[str, Any]) -> dict[str, Any]:
    """Choices without what the first golden model was too old to know."""
    rows = [choices["chosen"], *choices["others"]]
    for row in rows:
        if row.get("aged_mase", 0) is None and "lookbacks" not in row:
            del row["aged_mase"]
    return choices


def test_forecasts_may_add_up_to_less_than_zero_and_no_error_does() -> None:
    for name in ("total", "pooled_total"):
        reports._check_figures({name: -1e-16, "mae": 1.0})
        reports._check_figures({name: -0.25})
    for figures in ({"mae": -1e-16}, {"pooled_mae": -1.0}, {"coverage_80": 1.5}):
        with pytest.raises(ValueError, match="does not fit"):
            reports._check_figures(figures)
