"""A model trained on with new rows: no leak, never worse on the judging rows, and no moment without a whole file."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast import persistence
from lstmcast.core.errors import DataError, OutputError
from lstmcast.core.panel import Panel
from lstmcast.data.calendar_regression import CalendarRegression
from lstmcast.data.preprocessing import refit_stage
from lstmcast.data.view import View
from lstmcast.forecasters.base import NewRows
from lstmcast.forecasters.ensemble import leaves, noise
from lstmcast.model.model import Model
from lstmcast.nn.parameters import Parameters
from lstmcast.persistence import rotation
from lstmcast.persistence.models import from_record, to_record
from lstmcast.pipeline.refresh import Outcome, RefreshPlan, _blocks, refreshing
from lstmcast.pipeline.teaching import Teaching, _members, _restaged
from tests.command_line import lstmcast
from tests.conftest import QUICK, hourly_rows, write_csv
from tests.panels import (
    cut,
    hourly,
    rooms,
    single_threaded,
    small,
    stacked,
    trained,
    two_views,
    weather,
    with_target,
)

LONGER = hourly(420 + 120)


def refreshed(model: Model, panel: Panel, **options: Any) -> tuple[RefreshPlan, Outcome]:
    """The plan and the outcome of one refresh."""
    plan, *_, outcome = refreshing(model, panel, threads=1, **options)
    assert isinstance(plan, RefreshPlan)
    assert isinstance(outcome, Outcome)
    return plan, outcome


def challenger_of(model: Model, panel: Panel) -> Model:
    """The model that is judged: taught by the rows before the judging ones."""
    series = model.contract.check(panel)
    steps = Teaching(model, panel, series, _blocks(model, panel, series), threads=1).by("training")
    while True:
        try:
            next(steps)
        except StopIteration as ended:
            return ended.value


def same_arrays(one: Model, other: Model) -> bool:
    """Whether two models hold the same numbers."""
    (_, left), (_, right) = (to_record(model) for model in (one, other))
    return left.keys() == right.keys() and all(np.array_equal(left[name], right[name]) for name in left)


def test_a_model_says_which_rows_it_has_seen() -> None:
    for final, rows in ((True, 420), (False, 357)):
        model = trained(final=final, safeguard="network")
        until = hourly().clock.write(hourly().times[[rows - 1]])[0]
        assert model.report["learned"] == {"rows": rows, "until": until}


def test_the_newest_half_of_the_unseen_rows_judges_and_the_rest_teaches() -> None:
    plan, _ = refreshed(trained(safeguard="network"), LONGER)
    stamps = LONGER.clock.write(LONGER.times)
    assert plan.new == 120
    assert plan.blocks == {"teach": (stamps[420], stamps[479]), "judge": (stamps[480], stamps[539])}


@pytest.mark.parametrize(
    "changes", [{"safeguard": "network"}, {"safeguard": "linear"}, {"calendar": "calendar"}]
)
def test_the_judging_rows_teach_the_challenger_nothing(changes: dict[str, Any]) -> None:
    model, other = trained(**changes), LONGER.target.copy()
    other[480:] = 3 * other[480:][::-1]
    assert same_arrays(challenger_of(model, LONGER), challenger_of(model, with_target(LONGER, other)))


def test_the_rows_before_them_do_teach_it() -> None:
    model, other = trained(safeguard="network"), LONGER.target.copy()
    other[420:480] *= 2
    one, two = challenger_of(model, LONGER), challenger_of(model, with_target(LONGER, other))
    assert not same_arrays(one, two)
    assert not same_arrays(one, model)
    assert one.seen_until[0] == LONGER.times[479]


def test_what_ships_has_seen_every_row_and_keeps_its_shape() -> None:
    model = trained(safeguard="network")
    _, outcome = refreshed(model, LONGER, always=True)
    assert outcome.model.seen_until[0] == LONGER.times[-1]
    assert outcome.model.report["learned"]["rows"] == 540
    assert outcome.model.contract == model.contract
    assert np.array_equal(outcome.model.preparation.scaling.scale, model.preparation.scaling.scale)
    document, arrays = to_record(outcome.model)
    assert same_arrays(from_record(document, arrays), outcome.model)
    assert refreshed(model, LONGER, always=True)[1].model.report == outcome.model.report


def test_a_model_without_a_last_step_stays_without_one() -> None:
    model = trained(safeguard="network", final=False)
    _, outcome = refreshed(model, LONGER, always=True)
    assert outcome.model.seen_until[0] == challenger_of(model, LONGER).seen_until[0] < LONGER.times[-1]


def test_both_are_judged_on_the_same_windows_and_a_tie_is_the_newer_ones() -> None:
    _, outcome = refreshed(trained(safeguard="network"), LONGER)
    one, other = outcome.champion, outcome.challenger
    assert {key: one[key] for key in ("windows", "first", "last")} == {
        key: other[key] for key in ("windows", "first", "last")
    }
    assert one["test"]["seasonal_naive_24"] == other["test"]["seasonal_naive_24"]
    errors = [report["test"]["model"][outcome.measure] for report in (one, other)]
    assert outcome.is_better == (errors[1] <= errors[0] * (1 + noise(one["windows"] / 6)))
    steady = single_threaded(hourly(), small(safeguard="network", steps=0, final=True, highway=False))
    _, tie = refreshed(steady, LONGER)
    assert tie.is_better


def test_a_changed_world_is_learned() -> None:
    changed = LONGER.target.copy()
    changed[420:] += 25 * np.sin(2 * np.pi * np.arange(120) / 8)
    _, outcome = refreshed(trained(safeguard="linear"), with_target(LONGER, changed))
    assert outcome.is_better
    entry = outcome.model.report["refreshes"][-1]
    assert entry["challenger"]["mase"] < entry["champion"]["mase"]
    assert outcome.model.report["test"] == outcome.challenger["test"]


def test_every_refresh_is_remembered() -> None:
    model = trained(safeguard="linear")
    _, first = refreshed(model, LONGER, always=True)
    _, second = refreshed(first.model, hourly(640), always=True)
    assert len(second.model.report["refreshes"]) == 2
    assert second.model.report["choices"] == model.report["choices"]


def test_the_band_follows_the_judging_rows() -> None:
    noisy = LONGER.target.copy()
    noisy[480:] += np.random.default_rng(0).normal(size=60, scale=40)
    model = trained(safeguard="linear")
    calm, wild = (
        refreshed(model, panel, always=True)[1].model for panel in (LONGER, with_target(LONGER, noisy))
    )
    assert (wild.output.intervals.widths > calm.output.intervals.widths).all()


def test_a_refresh_keeps_how_bands_follow_volatility_and_the_factor_that_was_asked_for() -> None:
    plain = trained(safeguard="linear", band_volatility=0.4)
    wide = trained(safeguard="linear", band_volatility=0.4, band_factor=3.0)
    new, wider = (refreshed(model, LONGER, always=True)[1].model.output.intervals for model in (plain, wide))
    assert (new.power, new.reference) == (0.4, plain.output.intervals.reference)
    assert new.reference != 1
    assert (new.widths != plain.output.intervals.widths).any()
    assert wider.widths == pytest.approx(3 * new.widths)


@pytest.mark.parametrize(("rows", "missing"), [(420, 12), (425, 7)])
def test_too_few_new_rows_are_refused_with_how_many_are_missing(rows: int, missing: int) -> None:
    with pytest.raises(DataError, match=f"{12 - missing} are there, {missing} are missing"):
        refreshed(trained(safeguard="network"), cut(LONGER, rows))


def test_what_a_short_file_lacks_still_counts() -> None:
    model = trained(safeguard="linear")
    tail = LONGER.take(np.array([300]), np.array([540]))
    old, near, far = (
        m.linear.weight for m in (model, challenger_of(model, tail), challenger_of(model, LONGER))
    )
    assert refreshed(model, tail, always=True)[1].model.report["learned"]["rows"] == 540
    forgetful = dataclasses.replace(model, report=dataclasses.replace(model.report, learned=None))
    half = challenger_of(forgetful, tail).linear.weight
    assert np.allclose(half - old, (near - old) / (180 / 480) * 0.5)
    assert np.abs(far - old).max() > 0


def test_the_linear_map_estimated_again_from_the_same_rows_is_the_same() -> None:
    model = trained(safeguard="linear", linear_lookbacks=(24,), final=False)
    blocks, _, windows, _ = rooms(hourly())
    origins = windows.usable(blocks.origins("training", 24, 6))
    again = model.linear.refitted(NewRows((windows,), origins, 1.0, np.random.default_rng(0)))
    assert np.allclose(again.weight, model.linear.weight)
    assert np.allclose(again.bias, model.linear.bias)


def stage_and_rooms() -> tuple[Panel, Any, Any, CalendarRegression]:
    """Two series with a known column, what prepares them, and a calendar stage of their first half."""
    panel = stacked(*(weather(400, seed)[0] for seed in (0, 1)))
    model = single_threaded(panel, small(calendar="covariates", known=("known_0",)))
    blocks = _blocks(dataclasses.replace(model, seen_until=panel.times[[99, 99]]), panel, np.arange(2))
    stage = model.views[0].regression
    assert stage is not None
    return panel, blocks, model.preparation, stage


def test_a_calendar_stage_moves_by_its_share_and_only_for_the_series_at_hand() -> None:
    panel, blocks, preparation, stage = stage_and_rooms()
    series = np.arange(2)
    known = preparation.others(panel)

    def level(one: CalendarRegression) -> Any:
        return one.level(panel.times, known, panel.offsets, series)

    whole, _ = refit_stage(preparation, stage, panel, series, blocks, 1.0)
    none, _ = refit_stage(preparation, stage, panel, series, blocks, 0.0)
    assert np.allclose(level(none), level(stage))
    assert not np.allclose(level(whole), level(stage), atol=1e-3)
    half, _ = refit_stage(preparation, stage, panel, series, blocks, 0.5)
    assert np.allclose(level(half), (level(whole) + level(stage)) / 2)
    second = dataclasses.replace(
        panel,
        ids=("b",),
        offsets=np.array([0, 400]),
        times=panel.times[400:],
        values=panel.values[400:],
    )
    own = _blocks(
        dataclasses.replace(trained(), seen_until=panel.times[[99]], contract=trained().contract),
        second,
        np.array([0]),
    )
    alone, _ = refit_stage(preparation, stage, second, np.array([1]), own, 1.0)
    assert np.allclose(level(alone)[:400], level(stage)[:400])
    apart = np.abs(level(alone) - level(whole))[400:].mean()
    assert apart < 0.25 * np.abs(level(stage) - level(whole))[400:].mean()


def test_a_network_with_its_own_view_of_the_calendar_is_taught_in_that_view() -> None:
    panel, _ = weather(600)
    model = single_threaded(
        cut(panel, 480),
        small(calendar="covariates", known=("known_0",), safeguard="mean", linear_pair="no"),
    )
    plain = dataclasses.replace(model, views=(View(None), model.views[0]))
    series = plain.contract.check(panel)
    blocks = _blocks(plain, panel, series)
    restaged, views = _restaged(plain, panel, series, blocks, 1.0)
    assert restaged.views[0].regression is None
    assert restaged.views[1].regression not in (None, plain.views[1].regression)
    assert not views[0].table.level.any()
    assert views[1].table.level.any()


def test_the_second_of_two_linear_forecasters_is_taught_in_its_own_view() -> None:
    panel, _ = weather(600)
    options = small(calendar="auto", known=("known_0",), linear_pair="yes", safeguard="linear")
    model = single_threaded(cut(panel, 480), options)
    series = model.contract.check(panel)
    blocks = _blocks(model, panel, series)
    restaged, views = _restaged(model, panel, series, blocks, 1.0)
    old, new = model.views[-1].regression, restaged.views[-1].regression
    assert (old is new) == (old is None)
    origins = views[0].usable(blocks.origins("training", views[0].lookback, views[0].horizon))
    again = model.ensemble.refitted(NewRows(views, origins, 1.0, np.random.default_rng(0)))
    (_, before), (_, after) = leaves(model.ensemble), leaves(again)
    assert before.view == after.view == len(views) - 1
    assert np.abs(after.weight - before.weight).max() > 1e-6  # type: ignore[attr-defined]


def test_both_of_two_networks_are_taught() -> None:
    panel, _ = weather(600)
    champion = two_views(cut(panel, 480))
    _, outcome = refreshed(champion, panel, always=True)
    before, after = champion.networks, outcome.model.networks
    assert len(after) == 2
    for old, new in zip(before, after, strict=True):
        assert old.architecture == new.architecture
        assert (new.weights[0] != old.weights[0]).mean() > 0.5


def test_each_networks_own_linear_map_starts_where_that_of_its_view_has_moved_to() -> None:
    panel, _ = weather(600)
    model = two_views(cut(panel, 480))
    views, moves = model.windows(panel, model.contract.check(panel)), iter([(0.25, 0.0), (0.0, 0.5)])

    def moved(part: Any) -> Any:
        if part.name != "linear":
            return part
        weight, bias = next(moves)
        return dataclasses.replace(part, weight=part.weight + weight, bias=part.bias - bias)

    linear = [part for part in leaves(model.ensemble) if part.name == "linear"]
    assert [part.view for part in linear] == [network.view for network in model.networks]
    first, second = _members(
        model, model.ensemble.mapped(moved), NewRows(views, np.array([300]), 1.0, np.random.default_rng(0))
    )
    by = [(first, "weight", 0.25), (first, "bias", 0.0), (second, "weight", 0.0), (second, "bias", -0.5)]
    for member, part, difference in by:
        network = model.networks[member is second]
        begun = Parameters.of(network.architecture.shapes(), member.weights)  # type: ignore[arg-type]
        change = begun[f"highway.{part}"] - network.members[0][f"highway.{part}"]
        np.testing.assert_allclose(change, difference, atol=1e-6)
    assert [first.windows, second.windows] == [views[0], views[-1]]


# --- the command


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the first 21 days, the file with a week more, and one whose week has another rhythm."""
    folder = tmp_path_factory.mktemp("refresh")
    rows = hourly_rows(28 * 24)
    write_csv(folder / "old.csv", rows[: 21 * 24])
    write_csv(folder / "new.csv", rows)
    other = [f"{row[:20]}{float(row[20:]) + 40 * (i % 6 < 3):.3f}" for i, row in enumerate(rows)]
    write_csv(folder / "changed.csv", rows[: 21 * 24] + other[21 * 24 :])
    half = 21 * 24 + 84
    absurd = [f"{row[:20]}{i * i % 1000:.3f}" for i, row in enumerate(rows)]
    mixed = rows[: 21 * 24] + absurd[21 * 24 : half] + rows[half:]
    write_csv(folder / "spoiled.csv", mixed)
    said = lstmcast("train", folder / "old.csv", *QUICK, "--safeguard", "mean", "-o", folder / "m.pkl")
    assert (said.code, said.err) == (0, "")
    return folder


@pytest.fixture
def model(folder: Path, tmp_path: Path) -> Path:
    """A model file that may be changed."""
    path = tmp_path / "model.pkl"
    path.write_bytes((folder / "m.pkl").read_bytes())
    return path


def test_a_better_model_replaces_the_old_one_which_is_kept(folder: Path, model: Path) -> None:
    old = model.read_bytes()
    said = lstmcast("refresh", model, folder / "changed.csv")
    assert (said.code, said.err) == (0, "")
    assert f"{model} is replaced; the old one is {model}.1" in said.out
    assert "168 new rows of load" in said.out
    assert {"as it was", "trained on", "last value"} <= {
        line.split("  ")[0] for line in said.out.splitlines()
    }
    assert model.read_bytes() != old
    assert Path(f"{model}.1").read_bytes() == old
    assert lstmcast("predict", model, folder / "changed.csv").code == 0
    assert "Refreshed" in lstmcast("info", model).out


def test_a_model_that_is_no_better_replaces_nothing(folder: Path, model: Path) -> None:
    old = model.read_bytes()
    said = lstmcast("refresh", model, folder / "spoiled.csv")
    assert said.code == 0
    assert "no better" in said.out
    assert f"{model} stays as it is" in said.out
    assert model.read_bytes() == old
    assert os.listdir(model.parent) == [model.name]
    document = json.loads(lstmcast("refresh", model, folder / "spoiled.csv", "--json").out)
    assert (document["replaced"], document["is_better"]) == (False, False)
    assert lstmcast("refresh", model, folder / "spoiled.csv", "--always").code == 0
    assert model.read_bytes() != old


def test_where_a_naive_forecast_beats_both_it_says_to_train_anew(folder: Path, model: Path) -> None:
    rows = hourly_rows(28 * 24 + 10 * 24)
    for place in range(28 * 24, len(rows)):  # from here on another shape, the same every day
        stamp, _ = rows[place].split(",")
        rows[place] = f"{stamp},{300.25 + 90 * (place % 24 in (3, 4, 11, 17)) - 60 * (place % 24 in (8, 20))}"
    data, old = write_csv(folder / "other.csv", rows), model.read_bytes()
    said = lstmcast("refresh", model, data, "--require-skill", "0")
    assert said.code == 5
    assert "train anew" in said.err
    assert model.read_bytes() == old
    said = lstmcast("refresh", model, data)
    assert said.code == 0
    assert "train anew" in said.err


def test_the_same_refresh_writes_the_same_file(folder: Path, model: Path, tmp_path: Path) -> None:
    again = tmp_path / "again.pkl"
    again.write_bytes(model.read_bytes())
    for path in (model, again):
        assert lstmcast("refresh", path, folder / "changed.csv", "-q").code == 0
    assert again.read_bytes() == model.read_bytes()


def test_without_new_rows_a_refresh_says_how_many_are_missing(folder: Path, model: Path) -> None:
    old = model.read_bytes()
    said = lstmcast("refresh", model, folder / "old.csv")
    assert (said.code, said.err) == (0, "")
    assert "Nothing to do yet" in said.out
    assert "0 are there, 48 are missing" in said.out
    forced = lstmcast("refresh", model, folder / "old.csv", "--always")
    assert (forced.code, forced.out) == (3, "")
    assert "0 are there, 48 are missing" in forced.err
    assert model.read_bytes() == old


def test_rollback_undoes_and_undoes_again(folder: Path, model: Path) -> None:
    versions = [model.read_bytes()]
    for name in ("changed.csv", "new.csv"):
        source = folder / name
        if versions[1:]:
            rows = [*source.read_text().splitlines()[1:], *hourly_rows(7 * 24, 28 * 24)]
            source = write_csv(model.parent / "longer.csv", rows)
        assert lstmcast("refresh", model, source, "--always", "-q").code == 0
        versions.append(model.read_bytes())
    for version in (versions[1], versions[0]):
        said = lstmcast("refresh", model, "--rollback")
        assert (said.code, said.err) == (0, "")
        assert f"{model} is again what {model}.1 was" in said.out
        assert model.read_bytes() == version
    said = lstmcast("refresh", model, "--rollback")
    assert said.code == 8
    assert "nothing to go back to" in said.err
    assert model.read_bytes() == versions[0]


def test_rollback_never_puts_a_damaged_file_in_place(model: Path) -> None:
    old = model.read_bytes()
    Path(f"{model}.1").write_bytes(b"cut short")
    assert lstmcast("refresh", model, "--rollback").code == 4
    assert model.read_bytes() == old


@pytest.mark.parametrize(
    "arguments",
    [(), ("data.csv", "--rollback"), ("data.csv", "--keep", "-1"), ("data.csv", "--budget", "soon")],
)
def test_a_refresh_that_makes_no_sense_is_a_usage_error(model: Path, arguments: tuple[str, ...]) -> None:
    said = lstmcast("refresh", model, *arguments)
    assert (said.code, said.err.count("\n")) == (2, 1)


def test_a_busy_model_is_left_alone(folder: Path, model: Path) -> None:
    with persistence.lock(model):
        assert lstmcast("refresh", model, folder / "changed.csv").code == 9


# --- the files


def versions_of(path: Path) -> dict[str, bytes]:
    """Every file of the folder that has a name of ours."""
    names = sorted(name for name in os.listdir(path.parent) if not name.startswith("."))
    return {name: (path.parent / name).read_bytes() for name in names}


def turn(path: Path, data: bytes, count: int) -> None:
    """One replacement with rotation, as `save_keeping_old` does it."""
    rotation.keep_old(path)
    persistence.replace_file(path, data)
    rotation.forget_old(path, count)


def test_the_last_few_files_are_kept_in_order(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(b"0")
    for number in range(1, 6):
        turn(path, str(number).encode(), 3)
    assert versions_of(path) == {"m": b"5", "m.1": b"4", "m.2": b"3", "m.3": b"2"}
    turn(path, b"6", 1)
    assert versions_of(path) == {"m": b"6", "m.1": b"5"}


def test_a_disk_without_links_gets_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*names: str) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "m"
    path.write_bytes(b"0")
    path.chmod(0o640)
    turn(path, b"1", 3)
    assert versions_of(path) == {"m": b"1", "m.1": b"0"}
    assert (tmp_path / "m.1").stat().st_mode & 0o777 == 0o640


class KilledError(Exception):
    """Stands for the end of a process."""


def killed_at(moment: int, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Lets the process die before the `moment`-th change of a name; what is returned lets it live again."""
    left = [moment]
    originals = {name: getattr(os, name) for name in ("replace", "link", "unlink")}

    def dying(name: str) -> Callable[..., None]:
        def call(*names: str) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise KilledError
            originals[name](*names)

        return call

    for name in originals:
        monkeypatch.setattr(os, name, dying(name))

    def live() -> None:
        for name, original in originals.items():
            monkeypatch.setattr(os, name, original)

    return live


@pytest.mark.parametrize("moment", range(7))
def test_killed_at_any_moment_the_file_is_whole_and_no_version_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    path = tmp_path / "m"
    path.write_bytes(b"0")
    for number in (1, 2):
        turn(path, str(number).encode(), 3)
    live = killed_at(moment, monkeypatch)
    with pytest.raises(KilledError):
        [turn(path, data, 3) for data in (b"3", b"4")]
    live()
    persistence.sweep(tmp_path)
    seen = versions_of(path)
    assert seen["m"] in (b"2", b"3", b"4")
    assert {b"0", b"1", b"2"} <= set(seen.values())
    turn(path, b"5", 9)
    kept = list(versions_of(path).values())
    assert kept[0] == b"5"
    assert sorted(set(kept), reverse=True) == list(dict.fromkeys(kept))


@pytest.mark.parametrize("moment", range(3))
def test_killed_while_it_rolls_back_the_file_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    path = tmp_path / "m"
    path.write_bytes(b"0")
    for number in (1, 2, 3):
        turn(path, str(number).encode(), 3)
    live = killed_at(moment, monkeypatch)
    with pytest.raises(KilledError):
        rotation.roll_back(path)
    live()
    assert path.read_bytes() == (b"3" if moment == 0 else b"2")
    rotation.roll_back(path)
    assert path.read_bytes() == (b"2" if moment == 0 else b"1")
    while True:
        try:
            rotation.roll_back(path)
        except OutputError:
            break
    assert versions_of(path) == {"m": b"0"}


def test_a_bad_period_among_the_new_rows_is_named_and_stays_in_the_model(folder: Path, model: Path) -> None:
    bad = "2024-01-22..2024-01-25T11"
    said = lstmcast("refresh", model, folder / "spoiled.csv", "--exclude", bad, "--always")
    assert said.code == 0
    assert "84 new rows of load" in said.out
    assert persistence.load(model).options.exclude == (bad,)
