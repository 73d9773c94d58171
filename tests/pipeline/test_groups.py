"""Many models: the same bits in one process, in several, and on a cluster, whatever happens to workers."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lstmcast.core.errors import DataError, UsageError
from lstmcast.core.panel import Panel
from lstmcast.pipeline.groups import GroupTask, TrainedGroup, failure_of, options_of, seed_of, yield_tasks
from lstmcast.pipeline.jobs import Environment, environment, refuse_other
from lstmcast.pipeline.pool import WorkerPool
from tests.panels import hourly, small

TINY = small(steps=3, hidden=4)
GROUPS = [("north", "1"), ("north", "2"), ("süd/..", "1")]


@dataclass(frozen=True)
class Rows:
    """A group that is made, not read."""

    number: int

    def __call__(self) -> Rows:
        """The reading is itself."""
        if self.number < 0:
            raise DataError("no such rows")
        return self

    @property
    def panel(self) -> Panel:
        """Some weeks of hours."""
        return hourly(seed=self.number)

    @property
    def shown(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    @property
    def time_column(self) -> str | None:
        """None."""
        return None


@dataclass(frozen=True)
class KilledOnce:
    """A task whose first worker is killed."""

    flag: str
    task: Callable[[], TrainedGroup]

    def __call__(self) -> TrainedGroup:
        """Kill this process where nobody was killed yet, else do the task."""
        try:
            os.close(os.open(self.flag, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return self.task()
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


def tasks() -> list[GroupTask]:
    """A task for each group."""
    readers: dict[Any, Any] = {group: Rows(number) for number, group in enumerate(GROUPS)}
    return list(yield_tasks(readers, TINY, {}, 1, 0.0))


def hashes(results: Any) -> dict[Any, str]:
    """The SHA-256 of each group's model."""
    found = {result.group: result for result in results}
    assert not [each.failure for each in found.values() if each.failure]
    return {group: hashlib.sha256(each.data).hexdigest() for group, each in sorted(found.items())}


@pytest.fixture(scope="module")
def serial() -> dict[Any, str]:
    """The hashes of a run in this process."""
    return hashes(WorkerPool().run(iter(tasks())))


def killing(folder: Path) -> list[Any]:
    """The tasks, of which the second kills its worker."""
    first, second, *rest = tasks()
    return [first, KilledOnce(str(folder / "killed"), second), *rest]


def test_a_killed_worker_of_this_machine_changes_no_bit(serial: dict[Any, str], tmp_path: Path) -> None:
    assert hashes(WorkerPool(jobs=2).run(iter(killing(tmp_path)))) == serial
    assert (tmp_path / "killed").exists()


def test_a_killed_worker_of_a_cluster_changes_no_bit(serial: dict[Any, str], tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="the extra cluster is not installed")
    assert hashes(WorkerPool(cluster="local:2").run(iter(killing(tmp_path)))) == serial
    assert (tmp_path / "killed").exists()


def test_a_seed_comes_from_the_name_and_not_from_the_place() -> None:
    seeds = {group: options_of(TINY, group).seed for group in GROUPS}
    assert len(set(seeds.values())) == len(GROUPS)
    assert seed_of(0, ("a", "b")) != seed_of(0, ("ab", "")) != seed_of(1, ("ab", ""))
    alone = [task.options.seed for task in yield_tasks({GROUPS[1]: Rows(0)}, TINY, {}, 1, 0.0)]
    assert alone == [seeds[GROUPS[1]]]


def test_a_finished_model_is_kept_and_a_failure_ends_nothing(serial: dict[Any, str]) -> None:
    first = tasks()[0]
    done = first()
    again = GroupTask(first.group, first.read, first.options, done.training)()
    assert again.data is None
    assert again.failure is None
    failed = GroupTask(("x",), Rows(-1), first.options)()
    assert failed.failure == ("E_DATA", "no such rows")
    assert failure_of(ZeroDivisionError("0"))[0] == "E_BUG"


def test_a_budget_is_shared_among_groups_that_are_left() -> None:
    import dataclasses
    import time

    readers: dict[Any, Any] = {(str(number),): Rows(number) for number in range(4)}
    options = dataclasses.replace(TINY, budget="100s")
    shares = [
        float(str(task.options.budget)[:-1])
        for task in yield_tasks(readers, options, {}, 2, time.monotonic())
    ]
    assert shares == pytest.approx([50, 50, 100, 100], rel=0.02)


def test_workers_of_another_environment_are_refused() -> None:
    here = environment()
    other = Environment(here.lstmcast, "1.0", here.blas)
    refuse_other(here, here, "worker a")
    with pytest.raises(UsageError, match=r"numpy 1\.0.*--allow-mixed"):
        refuse_other(here, other, "worker a")


@pytest.mark.parametrize("address", ["local:0", "local:x", "host:8786"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="--cluster"):
        WorkerPool(cluster=address).check()


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError, match="the extra cluster"):
        WorkerPool(cluster="local:2").check()
