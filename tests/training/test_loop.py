"""The loop: the best weights stay, patience and budget stop it, divergence is undone and then told."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lstmcast.core.errors import TrainingError
from lstmcast.forecasters.network import build_architecture
from lstmcast.forecasters.ridge import fit_ridge
from lstmcast.nn.optimizers import OPTIMIZERS
from lstmcast.training import loop as training
from lstmcast.training.heads import NumberHead
from lstmcast.training.loop import Schedule, Step, Training, TrainingSetup
from lstmcast.training.setup import build_schedule, build_setup
from tests.panels import hourly, rooms, small


def small_setup(seed: int = 0, **changes: object) -> TrainingSetup:
    """What a small network trains with on the hourly panel."""
    options = small(**changes)
    blocks, _, windows, validation = rooms(hourly())
    origins = windows.usable(blocks.origins("training", 24, 6))
    ridge, _ = fit_ridge(windows, origins, validation, np.random.default_rng(0))
    architecture = build_architecture(windows, 1, options)
    rng = np.random.default_rng(seed)
    return build_setup(architecture, windows, origins, validation, NumberHead(ridge), options, rng)


def judged(student: TrainingSetup, errors: list[float]) -> list[np.ndarray]:
    """Let the judge say these errors, one after the other; returns the weights it was shown."""
    shown: list[np.ndarray] = []

    def judge(parameters) -> float:  # type: ignore[no-untyped-def]
        shown.append(parameters.flat.copy())
        return errors[len(shown) - 1]

    student.validate = judge
    return shown


def test_the_weights_left_behind_are_the_best_and_not_the_last() -> None:
    student = small_setup()
    shown = judged(student, [5.0, 4.0, 2.0, 3.0, 2.0, 6.0])
    steps = list(Training(student, Schedule(5, 0.01, 1.0)))
    assert student.parameters.flat.tobytes() == shown[2].tobytes() != shown[-1].tobytes()
    assert student.best_step == 2
    assert [step.is_best for step in steps] == [True, True, True, False, False, False]
    assert [step.validation_loss for step in steps] == [5.0, 4.0, 2.0, 3.0, 2.0, 6.0]


def test_where_nothing_is_better_the_start_is_left_behind() -> None:
    student = small_setup()
    start = student.parameters.flat.copy()
    judged(student, [1.0] + 9 * [2.0])
    list(Training(student, Schedule(9, 0.01, 1.0)))
    assert student.parameters.flat.tobytes() == start.tobytes()
    assert student.best_step == 0


def test_patience_counts_validations_without_a_gain() -> None:
    student = small_setup()
    judged(student, [5.0, 4.0, 4.5, 3.0, 3.5, 3.1, 9.0, 1.0])
    assert [step.number for step in Training(student, Schedule(20, 0.01, 1.0, patience=2))][-1] == 5
    judged(student, [5.0, 4.0, 4.5, 3.0, 3.5, 3.1, 9.0, 1.0])
    assert [step.number for step in Training(student, Schedule(7, 0.01, 1.0, patience=9))][-1] == 7


def test_a_budget_stops_training_and_judges_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(1000))
    monkeypatch.setattr(training.time, "monotonic", lambda: float(next(clock)))
    student = small_setup()
    steps = list(Training(student, Schedule(200, 0.01, 1.0, seconds=4.5)))
    assert steps[-1].number == 5
    assert math.isfinite(steps[-1].validation_loss)


def test_validation_is_looked_at_about_fourteen_times_and_at_the_end() -> None:
    student = small_setup()
    steps = list(Training(student, Schedule(59, 0.01, 1.0)))
    looks = [step.number for step in steps if math.isfinite(step.validation_loss)]
    assert looks == [0, *range(4, 57, 4), 59]


def test_without_a_judge_the_last_weights_stay() -> None:
    student = small_setup()
    student.validate = None
    start = student.parameters.flat.copy()
    steps = list(Training(student, Schedule(5, 0.01, 1.0)))
    assert all(math.isnan(step.validation_loss) for step in steps)
    assert student.parameters.flat.tobytes() != start.tobytes()


def spoil(student: TrainingSetup, at: set[int]) -> list[float]:
    """Make the loss of these steps infinite; returns the rates that the optimizer was given."""
    rates, count, loss, step = [], [0], student.loss, student.optimizer.step

    def broken(*arrays):  # type: ignore[no-untyped-def]
        count[0] += 1
        value, slope = loss(*arrays)
        return (math.inf if count[0] in at else value), slope

    student.loss = broken
    student.optimizer.step = lambda gradient, rate: (rates.append(rate), step(gradient, rate))[1]  # type: ignore
    return rates


def test_a_loss_that_is_not_finite_goes_back_to_the_best_weights_at_half_the_rate() -> None:
    student, schedule = small_setup(), Schedule(6, 0.01, 1.0)
    shown = judged(student, [5.0, 4.0, 6.0, 5.0, 7.0, 8.0, 9.0])
    rates = spoil(student, {3})
    steps = list(Training(student, schedule))
    assert math.isnan(steps[3].train_loss)
    assert shown[3].tobytes() == shown[1].tobytes()  # what was best stood at step 1
    expected = [schedule.rate_at(n) * (1.0 if n < 3 else 0.5) for n in (1, 2, 4, 5, 6)]
    assert rates == pytest.approx(expected)


def test_after_a_few_tries_it_is_a_training_error_in_one_line() -> None:
    student = small_setup()
    spoil(student, {2, 3, 4})
    list(Training(student, Schedule(8, 0.01, 1.0)))
    spoil(student, {2, 3, 4, 5})
    with pytest.raises(TrainingError, match=r"diverged 4 times.*--lr") as caught:
        list(Training(student, Schedule(8, 0.01, 1.0)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("optimizer", list(OPTIMIZERS))
def test_a_restart_forgets_the_momentum_that_led_away(optimizer: str) -> None:
    student = small_setup(optimizer=optimizer)
    judged(student, [1.0] + 9 * [2.0])
    start, learn, count = student.parameters.flat.copy(), student.learn, [0]

    def derailed(rate: float, schedule: Schedule) -> float:
        count[0] += 1
        if count[0] <= 3:
            student.optimizer.step(np.full_like(start, 1e6), rate)
            return 1.0
        if count[0] == 4:
            return math.nan
        student.optimizer.step(np.zeros_like(start), rate)
        return 1.0

    assert learn is not derailed
    student.learn = derailed  # type: ignore[method-assign]
    seen = [student.parameters.flat.copy() for _ in Training(student, Schedule(5, 0.01, 1.0))]
    assert seen[4].tobytes() == start.tobytes()
    assert np.abs(seen[5] - start).max() < 1e-3


def test_training_lowers_the_training_loss() -> None:
    student = small_setup(hidden=16)
    losses = [step.train_loss for step in Training(student, Schedule(120, 4e-3, 1.0))]
    assert np.mean(losses[-20:]) < 0.9 * np.mean(losses[1:21])


def test_the_same_seed_gives_the_same_weights_and_another_does_not() -> None:
    students = [small_setup(seed) for seed in (1, 1, 2)]
    for student in students:
        list(Training(student, Schedule(6, 0.01, 1.0)))
    flat = [student.parameters.flat.tobytes() for student in students]
    assert flat[0] == flat[1] != flat[2]


def test_the_rate_rises_over_the_warm_up_and_falls_to_a_fiftieth() -> None:
    schedule = Schedule(400, 0.01, 1.0)
    rates = [schedule.rate_at(number) for number in range(1, 401)]
    assert rates[0] == pytest.approx(0.01 / 50)
    assert max(rates) == rates[49] == pytest.approx(0.01)
    assert rates[-1] == pytest.approx(0.01 / 50)
    assert np.all(np.diff(rates[49:]) <= 0)


def test_a_plateau_lowers_the_rate_after_two_validations_without_a_gain() -> None:
    student, errors = small_setup(), [5.0, 4.0, 4.5, 4.4, 4.3, 4.2, 1.0, 3.0, 3.0, 3.0]
    judged(student, errors)
    schedule = Schedule(9, 0.01, 1.0, kind="plateau")
    rates = spoil(student, set())
    list(Training(student, schedule))
    falls = [1, 1, 1, 0.3, 0.3, 0.09, 0.09, 0.09, 0.027]
    assert rates == pytest.approx([0.01 * min(1, (n + 1) / 2) * fall for n, fall in enumerate(falls)])


def test_other_schedules_do_not_see_a_plateau() -> None:
    student, schedule = small_setup(), Schedule(9, 0.01, 1.0, kind="constant")
    judged(student, 10 * [5.0])
    rates = spoil(student, set())
    list(Training(student, schedule))
    assert rates == pytest.approx([0.005] + 8 * [0.01])


def test_the_gradient_is_clipped_by_value_and_then_by_norm() -> None:
    gradient = np.array([3.0, -0.5, 0.0, -8.0], np.float32)
    assert Schedule(1, 0.1, 1.0, clip_value=1.0).clipped(gradient) == pytest.approx(1.5)
    np.testing.assert_allclose(gradient, np.array([1, -0.5, 0, -1]) / 1.5, rtol=1e-6)
    assert math.isnan(Schedule(1, 0.1, 1.0, clip_value=1.0).clipped(np.array([math.nan], np.float32)))


def test_steps_epochs_and_rates_become_a_schedule() -> None:
    origins = np.arange(1600)
    assert build_schedule(origins, small(steps=None)).steps == 300
    assert build_schedule(origins[:999], small(steps=None)).steps == 200
    assert build_schedule(origins, small(steps=77)).steps == 77
    assert build_schedule(origins, small(steps=None, epochs=2.5, batch=16)).steps == 250
    assert build_schedule(origins, small()).rate != build_schedule(origins, small(optimizer="sgd")).rate
    assert build_schedule(origins, small(lr=0.5, clip=0.25, patience=3)) == Schedule(8, 0.5, 0.25, 3)
    other = build_schedule(origins, small(schedule="one-cycle", clip_value=0.5))
    assert (other.kind, other.clip_value) == ("one-cycle", 0.5)


def test_a_step_is_plain_data() -> None:
    assert Step(1, 2, 0.5, math.nan, False, 0.1).members == 1


def adaptive(steps: int) -> Schedule:
    """A schedule that goes on or stops by what validation says."""
    return Schedule(steps, 0.01, 1.0, is_adaptive=True)


@pytest.mark.parametrize(
    ("errors", "last"),
    [
        ([9.0 - i / 10 for i in range(31)], 30),  # ever better: three rounds, and no more
        ([9.0 - i / 10 for i in range(11)] + 10 * [9.0], 20),  # the last of the first round was the best
        ([1.0] + 30 * [2.0], 5),  # never better than the start
        ([3.0, 2.0, 1.0] + 30 * [2.0], 10),  # the best came second: it may take as long again and more
    ],
)
def test_training_goes_on_where_the_last_step_was_the_best_and_ends_where_nothing_is_gained(
    errors: list[float], last: int
) -> None:
    student = small_setup()
    judged(student, errors)
    steps = list(Training(student, adaptive(10)))
    assert steps[-1].number == last
    assert student.best_step == int(np.argmin(errors[: last + 1]))
    assert [step.total for step in steps if step.number == 10] == [20 if last > 10 else 10] * (last >= 10)


def test_a_training_that_goes_on_can_be_left_between_its_rounds() -> None:
    errors = [9.0 - i / 10 for i in range(13)]
    whole, parts, again = small_setup(), small_setup(), small_setup()
    for student in (whole, parts, again):
        student.rng = np.random.Generator(np.random.SFC64(1))
    judged(whole, errors)
    list(Training(whole, adaptive(4)))
    shown = judged(parts, errors)
    first, schedule = Training(parts, adaptive(4)), adaptive(4)
    for step in first:
        if step.number == 4:
            break
    judged(again, errors[len(shown) :])
    list(Training(again, schedule, first.state()))
    assert again.parameters.flat.tobytes() == whole.parameters.flat.tobytes()
    assert again.best_step == whole.best_step == 12


def test_only_a_training_of_the_default_length_adapts_it() -> None:
    origins = np.arange(500)
    assert build_schedule(origins, small(steps=None)).is_adaptive
    for given in ({"steps": 50}, {"steps": None, "epochs": 2.0}, {"steps": None, "patience": 3}):
        assert not build_schedule(origins, small(**given)).is_adaptive
    assert adaptive(10).rate_at(11) == pytest.approx(0.5 * 0.01)
