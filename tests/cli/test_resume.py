"""A training that is stopped, wherever that is, leaves a checkpoint; what goes on from it ends in the same bits."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lstmcast import persistence
from lstmcast.cli.sessions import checkpoint_writer
from lstmcast.core.errors import ModelFileError, OutputError
from lstmcast.core.options import Options
from lstmcast.core.panel import Holidays, Panel
from lstmcast.model.model import Model
from lstmcast.nn.optimizers import OPTIMIZERS
from lstmcast.persistence import models
from lstmcast.persistence.checkpoints import from_record, to_record
from lstmcast.persistence.record import decode, encode
from lstmcast.pipeline import candidates as contest
from lstmcast.pipeline.fit import fitting
from lstmcast.training import workers as members
from lstmcast.training.checkpoint import Checkpoint, Progress, Trained, fingerprint
from lstmcast.training.loop import Schedule, Step, Training, TrainingSetup
from tests.command_line import PROJECT, Said, lstmcast
from tests.conftest import QUICK
from tests.panels import hourly, small, weather
from tests.training.test_loop import small_setup

STOPPED = {signal.SIGINT: 130, signal.SIGTERM: 143}


@pytest.fixture
def at_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state is kept after each step, not after each half second."""
    monkeypatch.setattr(members, "STATE_EVERY", 0.0)
    monkeypatch.setattr(members, "SLICE", 0.0)


def through_a_file(checkpoint: Checkpoint) -> Checkpoint:
    """What a later run reads of it."""
    return from_record(*decode(encode(*to_record(checkpoint), "checkpoint"), "checkpoint"))


def student(**changes: Any) -> TrainingSetup:
    """A small setup with the generator that members have."""
    given = small_setup(**changes)
    given.rng = np.random.Generator(np.random.SFC64(3))
    return given


def ending(training: Training, given: TrainingSetup) -> tuple[bytes, int, list[Step]]:
    steps = [replace(step, seconds=0.0) for step in training]
    return given.parameters.flat.tobytes(), given.best_step, steps


@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_a_training_left_after_any_of_20_steps_goes_on_to_the_same_bits(optimizer: str) -> None:
    """All 20 for the default, a few for the others."""
    schedule = Schedule(20, 0.05, 1.0, patience=9, kind="plateau")
    whole = student(optimizer=optimizer, dropout=0.4)
    weights, best_step, steps = ending(Training(whole, schedule), whole)
    for left in range(20) if optimizer == "adamw" else (0, 7, 19):
        first, second = (student(optimizer=optimizer, dropout=0.4) for _ in range(2))
        training = Training(first, schedule)
        before = [replace(step, seconds=0.0) for _, step in zip(range(left + 1), training, strict=False)]
        kept = through_a_file(Checkpoint(networks=Progress(underway={0: training.state()})))
        after = ending(Training(second, schedule, kept.networks.underway[0]), second)
        assert after[:2] == (weights, best_step)
        assert str(before + after[2]) == str(steps)  # as text, since NaN is not NaN


def test_a_training_that_had_diverged_goes_on_with_the_lower_rate() -> None:
    def spoiled(skipped: int) -> TrainingSetup:
        given, count, loss = student(), [skipped], student().loss

        def broken(*arrays: Any) -> Any:
            count[0] += 1
            value, slope = loss(*arrays)
            return (math.inf if count[0] in (3, 6) else value), slope

        given.loss = broken
        return given

    schedule, whole, first = Schedule(9, 0.01, 1.0), spoiled(0), spoiled(0)
    expected = ending(Training(whole, schedule), whole)
    training = Training(first, schedule)
    for step in training:
        if step.number == 4:
            break
    state = through_a_file(Checkpoint(final=Progress(underway={2: training.state()}))).final.underway[2]
    assert (state.slower, state.restarts) == (0.5, 1)
    second = spoiled(4)
    assert ending(Training(second, schedule, state), second)[:2] == expected[:2]


def events_of(panel: Panel, options: Options, start: Checkpoint | None = None) -> tuple[list[Any], bytes]:
    """Everything a fit reports but its model, and the bytes of that."""
    *events, model = fitting(panel, options, start=start)
    assert isinstance(model, Model)
    return events, encode(*models.to_record(model))


def check_resumed(panel: Panel, options: Options, points: int) -> None:
    """Stop a fit at so many of its checkpoints: each ends in the same file, and repeats no step that is in it."""
    events, expected = events_of(panel, options)
    places = [place for place, event in enumerate(events) if isinstance(event, Checkpoint)]
    assert len(places) > points
    for place in [places[i] for i in np.linspace(0, len(places) - 1, points).astype(int)]:
        again, found = events_of(panel, options, through_a_file(events[place]))
        assert found == expected
        left = [event for event in events[place:] if isinstance(event, Step)]
        assert len([event for event in again if isinstance(event, Step)]) == len(left)


@pytest.mark.usefixtures("at_every_step")
def test_a_fit_stopped_at_any_of_20_points_ends_in_the_same_file() -> None:
    check_resumed(hourly(), small(members=2, steps=9, threads=1, safeguard="network", lr=0.02), 20)


@pytest.mark.usefixtures("at_every_step")
def test_so_does_one_that_tries_two_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    panel, _ = weather(600)
    monkeypatch.setattr(contest, "views_of", lambda choices, linear, options: choices[:2])
    options = small(calendar="covariates", steps=3, threads=1, safeguard="network", lr=0.02)
    assert {len(e.networks.finished) for e in events_of(panel, options)[0] if isinstance(e, Checkpoint)} == {
        0,
        1,
        2,
    }
    check_resumed(panel, options, 3)


@pytest.mark.usefixtures("at_every_step")
def test_members_side_by_side_go_in_slices_to_the_bits_of_one_by_one() -> None:
    options = small(members=3, steps=3, safeguard="network")
    events, one_by_one = events_of(hourly(), replace(options, threads=1))
    start = next(e for e in events if isinstance(e, Checkpoint) and e.networks.underway)
    sliced, side_by_side = events_of(hourly(), replace(options, threads=2), through_a_file(start))
    assert side_by_side == one_by_one
    assert any(len(e.networks.underway) == 2 for e in sliced if isinstance(e, Checkpoint))


def test_a_checkpoint_whose_parts_do_not_fit_together_is_refused() -> None:
    training = Training(student(), Schedule(3, 0.01, 1.0))
    next(iter(training))
    state = training.state()
    whole = Checkpoint("f", Progress({0: Trained(state.weights, 3)}, {1: state}))
    for spoil in (
        lambda document, arrays: document.pop("final"),
        lambda document, arrays: arrays.pop("networks.1.best"),
        lambda document, arrays: arrays.update({"networks.1.generator": np.zeros(5, np.uint64)}),
        lambda document, arrays: arrays.update({"networks.1.optimizer.first": np.zeros(3, np.float32)}),
        lambda document, arrays: arrays.update({"networks.0": np.zeros((2, 2), np.float32)}),
        lambda document, arrays: document["networks"]["underway"]["1"].update(step=-1),
        lambda document, arrays: document["networks"]["underway"]["1"]["best"].update(error="low"),
        lambda document, arrays: document.update(fingerprint=5),
    ):
        document, arrays = decode(encode(*to_record(whole), "checkpoint"), "checkpoint")
        from_record(document, arrays)
        spoil(document, arrays)
        with pytest.raises(ModelFileError, match="do not fit together"):
            from_record(document, arrays)


def test_the_fingerprint_is_of_data_and_options_but_not_of_workers_and_time() -> None:
    panel, options = hourly(300), small()
    own = fingerprint(panel, options)
    assert own == fingerprint(hourly(300), small(threads=4, budget="10m"))
    values = panel.values.copy()
    values[7] += 1e-9
    others = [(replace(panel, values=values), options), (replace(panel, times=panel.times + 1), options)]
    others += [(panel, small(seed=1)), (hourly(301), options), (replace(panel, ids=("b",)), options)]
    others.append(
        (replace(panel, holidays=Holidays("off.csv", ("2024-01-01",), "2024-01-01", "2024-02-01")), options)
    )
    assert own not in {fingerprint(*other) for other in others}


def stop_at(step: int, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The signal comes in the middle of this training step."""
    learn, count = TrainingSetup.learn, [0]

    def stopping(self: TrainingSetup, rate: float, schedule: Schedule) -> float:
        count[0] += 1
        loss = learn(self, rate, schedule)
        if count[0] == step:
            signal.raise_signal(number)
        return loss

    monkeypatch.setattr(TrainingSetup, "learn", stopping)


@pytest.fixture
def answered() -> Iterator[None]:
    """Neither signal is ignored, as a shell may have it."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in STOPPED}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def train(history: Path, path: Path, *more: object) -> Said:
    return lstmcast("train", history, *QUICK, "-o", path, *more)


LEARNING = ("--safeguard", "network", "--no-highway")  # with a last round over all rows


@pytest.fixture(scope="module")
def whole(history: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The model file of a run that nothing stops."""
    path = tmp_path_factory.mktemp("whole") / "model.pkl"
    assert train(history, path, *LEARNING).code == 0
    assert persistence.load(path).report["choices"]["best_steps"] == [20]
    return path.read_bytes()


@pytest.mark.usefixtures("at_every_step", "answered")
@pytest.mark.parametrize(("number", "step"), [(signal.SIGTERM, 2), (signal.SIGINT, 13), (signal.SIGTERM, 23)])
def test_a_signal_in_training_leaves_a_checkpoint_that_resume_goes_on_from(
    number: int, step: int, history: Path, whole: bytes, tmp_path: Path
) -> None:
    path, old = tmp_path / "model.pkl", b"the model of yesterday"
    path.write_bytes(old)
    with pytest.MonkeyPatch.context() as patch:
        stop_at(step, number, patch)
        said = train(history, path, *LEARNING)
    assert said.code == STOPPED[signal.Signals(number)]
    assert said.err.startswith(f"lstmcast: E_STOPPED: stopped by {signal.Signals(number).name}; ")
    assert said.err.count("\n") == 1
    assert path.read_bytes() == old
    assert f"{path}.ckpt; run the same command with --resume" in said.err
    assert sorted(os.listdir(tmp_path)) == ["model.pkl", "model.pkl.ckpt"]
    resumed = train(history, path, *LEARNING, "--resume")
    assert (resumed.code, resumed.err) == (0, "")
    assert path.read_bytes() == whole
    assert os.listdir(tmp_path) == ["model.pkl"]


@pytest.mark.usefixtures("at_every_step", "answered")
def test_json_says_where_the_checkpoint_is(
    history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_at(9, signal.SIGTERM, monkeypatch)
    said = train(history, tmp_path / "model.pkl", "--json")
    error = json.loads(said.out)["error"]
    assert (error["name"], error["exit_code"]) == ("E_STOPPED", 143)
    assert "model.pkl.ckpt" in error["message"]


@pytest.mark.usefixtures("answered")
@pytest.mark.parametrize(
    "place",
    ["lstmcast.cli.commands.train.read_for_training", "lstmcast.pipeline.number_target.chosen_settings"],
)
def test_a_signal_before_training_ends_the_run_and_writes_nothing(
    place: str, history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, lambda *_: signal.raise_signal(signal.SIGTERM))
    said = train(history, tmp_path / "model.pkl")
    assert said.code == 143
    assert "nothing was changed, and there is nothing yet to go on from" in said.err
    assert os.listdir(tmp_path) == []
    (tmp_path / "model.pkl.ckpt").write_bytes(b"of the run before")
    assert "model.pkl.ckpt is as it was" in train(history, tmp_path / "model.pkl", "--resume").err
    assert (tmp_path / "model.pkl.ckpt").read_bytes() == b"of the run before"


@pytest.mark.usefixtures("at_every_step", "answered")
def test_a_second_signal_does_not_spoil_the_checkpoint(
    history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = persistence.save_checkpoint

    def impatient(*arguments: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        save(*arguments)

    monkeypatch.setattr(persistence, "save_checkpoint", impatient)
    stop_at(9, signal.SIGTERM, monkeypatch)
    assert train(history, tmp_path / "model.pkl").code == 143
    assert persistence.load_checkpoint(tmp_path / "model.pkl.ckpt") is not None


@pytest.fixture(scope="module")
def left(history: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkpoint of a run that was stopped in its ninth step."""
    folder = tmp_path_factory.mktemp("left")
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(members, "STATE_EVERY", 0.0)
        stop_at(9, signal.SIGTERM, patch)
        assert train(history, folder / "model.pkl").code == 143
    signal.signal(signal.SIGTERM, before)
    return folder / "model.pkl.ckpt"


def test_a_checkpoint_of_other_options_is_said_to_be_so_and_ignored(
    history: Path, left: Path, tmp_path: Path
) -> None:
    (tmp_path / "model.pkl.ckpt").write_bytes(left.read_bytes())
    said = train(history, tmp_path / "model.pkl", "--resume", "--hidden", 4)
    assert said.code == 0
    assert said.err.count("\n") == 1
    assert "is of other data, options or versions; training starts from the beginning" in said.err
    assert train(history, tmp_path / "anew.pkl", "--hidden", 4).code == 0
    assert (tmp_path / "anew.pkl").read_bytes() == (tmp_path / "model.pkl").read_bytes()
    assert sorted(os.listdir(tmp_path)) == ["anew.pkl", "model.pkl"]


def test_a_damaged_checkpoint_is_told_and_ignored(
    history: Path, left: Path, model_file: Path, tmp_path: Path
) -> None:
    (tmp_path / "model.pkl.ckpt").write_bytes(left.read_bytes()[:-7])
    said = train(history, tmp_path / "model.pkl", "--resume")
    assert said.code == 0
    assert said.err.count("\n") == 1
    assert "model.pkl.ckpt" in said.err
    assert (tmp_path / "model.pkl").read_bytes() == model_file.read_bytes()


def test_a_model_is_no_checkpoint_and_a_checkpoint_no_model(left: Path, model_file: Path) -> None:
    with pytest.raises(ModelFileError, match="is a model, not a checkpoint"):
        persistence.load_checkpoint(model_file)
    with pytest.raises(ModelFileError, match="is a checkpoint, not a model"):
        persistence.load(left)


def test_behind_a_symlink_the_checkpoint_stands_beside_the_real_file(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "model.pkl").symlink_to(tmp_path / "there" / "one.pkl")
    assert persistence.checkpoint_name(tmp_path / "model.pkl") == str(tmp_path / "there" / "one.pkl.ckpt")
    assert persistence.checkpoint_name("model.pkl") == "model.pkl.ckpt"


@pytest.mark.usefixtures("at_every_step")
def test_a_checkpoint_is_written_while_training_goes_on(
    history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint_writer, "WRITE_EVERY", 0.0)
    found, learn = [], TrainingSetup.learn

    def looking(*arguments: Any) -> float:
        found.append(persistence.load_checkpoint(tmp_path / "model.pkl.ckpt"))
        return learn(*arguments)

    monkeypatch.setattr(TrainingSetup, "learn", looking)
    assert train(history, tmp_path / "model.pkl").code == 0
    steps = [seen.networks.underway[0].step for seen in found if seen is not None and seen.networks.underway]
    assert steps[:5] == [0, 1, 2, 3, 4]
    assert os.listdir(tmp_path) == ["model.pkl"]


@pytest.mark.usefixtures("at_every_step")
def test_a_checkpoint_that_cannot_be_written_is_told_once_and_stops_nothing(
    history: Path, model_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OutputError("the disk is full")

    monkeypatch.setattr(checkpoint_writer, "WRITE_EVERY", 0.0)
    monkeypatch.setattr(persistence, "save_checkpoint", full)
    said = train(history, tmp_path / "model.pkl")
    assert (said.code, said.err) == (0, "lstmcast: warning: no checkpoint: the disk is full\n")
    assert (tmp_path / "model.pkl").read_bytes() == model_file.read_bytes()


def started(*arguments: object) -> subprocess.Popen[bytes]:
    """A training in a process of its own, once it has begun to train."""
    command = [sys.executable, "-m", "lstmcast", "train", *map(str, arguments), "-v", "--steps", "100000"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=PROJECT)
    assert process.stderr is not None
    while b"validation loss" not in process.stderr.readline():
        assert process.poll() is None
    return process


def wait_until(is_so: Callable[[], bool]) -> None:
    """Wait for what comes about by itself, soon."""
    deadline = time.monotonic() + 30
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def children(parent: int) -> list[int]:
    """The living processes that this one has started."""
    found = subprocess.run(["ps", "-eo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True)
    rows = [line.split() for line in found.stdout.splitlines()]
    return [int(pid) for pid, ppid, state in rows if int(ppid) == parent and not state.startswith("Z")]


def is_alive(pid: int) -> bool:
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True
    ).stdout.strip()
    return bool(state) and not state.startswith("Z")


def test_a_process_that_is_terminated_leaves_its_checkpoint_and_no_worker(
    history: Path, tmp_path: Path
) -> None:
    path = tmp_path / "model.pkl"
    process = started(history, *QUICK[:-4], "-o", path, "--members", 2, "--threads", 2)
    workers = children(process.pid)
    assert len(workers) >= 2
    process.terminate()
    _, err = process.communicate()
    assert process.returncode == 143
    assert b"model.pkl.ckpt; run the same command with --resume" in err.splitlines()[-1]
    wait_until(lambda: not any(map(is_alive, workers)))
    kept = persistence.load_checkpoint(f"{path}.ckpt")
    assert kept is not None
    assert sorted(kept.networks.underway) == [0, 1]
    assert os.listdir(tmp_path) == ["model.pkl.ckpt"]


def test_no_worker_outlives_a_process_that_is_killed(history: Path, tmp_path: Path) -> None:
    process = started(history, *QUICK[:-4], "-o", tmp_path / "model.pkl", "--members", 2, "--threads", 2)
    workers = children(process.pid)
    process.kill()
    process.communicate()
    wait_until(lambda: not any(map(is_alive, workers)))


def test_wait_waits_for_the_lock_and_no_longer_than_it_says(
    history: Path, model_file: Path, tmp_path: Path
) -> None:
    path = tmp_path / "model.pkl"
    with persistence.lock(path):
        assert train(history, path, "--wait", "0.2").code == 9
        assert train(history, path, "--wait", "soon").code == 2
        assert lstmcast("refresh", path, "--rollback", "--wait", "0.2").code == 9
    held, free = threading.Event(), threading.Event()

    def hold() -> None:
        with persistence.lock(path):
            held.set()
            free.wait(30)

    other = threading.Thread(target=hold)
    other.start()
    held.wait(30)
    threading.Timer(0.5, free.set).start()
    waited = train(history, path, "--wait", "10m")
    assert (waited.code, waited.err) == (0, "")
    other.join()
    assert path.read_bytes() == model_file.read_bytes()
