"""Which setting the network learns with: decided by what would ship, not by the linear forecaster alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np

from lstmcast.blend import Blended, choose_blend
from lstmcast.hybrid import Hybrid, architecture_of, schedule_of
from lstmcast.members import Member, Trained, seconds_each, train_members
from lstmcast.nn.network import Network
from lstmcast.options import Options, seconds
from lstmcast.training import Step
from lstmcast.trials import Choice
from lstmcast.windows import Windows

GAIN = 0.01
Begin = Callable[[Choice, list[Member]], list[Member]]


@dataclass(frozen=True)
class Entry:
    """A setting, the members trained on it, and what would ship: blended with the best linear forecaster.

    windows: as the network sees them and, in `linear`, as the best linear forecaster does;
    errors: on validation rows (MASE), of each forecaster and, under `model`, of what would ship.
    """

    choice: Choice
    windows: Windows
    members: list[Member]
    trained: tuple[Trained, ...]
    forecaster: Blended
    errors: dict[str, float]


def train_networks(
    choices: list[Choice],
    series: int,
    seasons: tuple[int, ...],
    horizons: int,
    options: Options,
    seeds: list[np.random.SeedSequence],
    begin: Begin | None = None,
) -> Generator[Step, None, list[Entry]]:
    """Train the members of each candidate setting; the winner first.

    series: S, how many the panel has; seasons: of the seasonal naives; horizons: disjoint ones in the validation
    block; seeds: one for each member; begin: gives members of a setting the weights to start from.
    """
    candidates = _candidates(choices, options)
    budget = None if options.budget is None else seconds(options.budget)
    each = seconds_each(budget, len(candidates) * len(seeds), options.threads)
    groups = [[_member(choice, series, options, seed, each) for seed in seeds] for choice in candidates]
    if begin is not None:
        groups = [begin(choice, members) for choice, members in zip(candidates, groups, strict=True)]
    trained = yield from train_members([m for members in groups for m in members], options.threads)
    entries = []
    for number, (choice, members) in enumerate(zip(candidates, groups, strict=True)):
        own = trained[number * len(seeds) : (number + 1) * len(seeds)]
        entries.append(_entry(choice, choices[0], members, own, seasons, horizons, options.safeguard))
    return _ranked(entries)


def _candidates(choices: list[Choice], options: Options) -> list[Choice]:
    """The chosen setting; and where covariates won, the best calendar stage without them as well, because a network
    that has the covariates to itself often makes more of them than the regression does, and errs differently."""
    chosen, *others = choices
    if chosen.setting.stage != "covariates" or options.calendar != "auto":
        return [chosen]
    alike = dataclasses.replace(chosen.setting, stage="calendar", is_anchored=True)
    alone = [c for c in others if dataclasses.replace(c.setting, is_anchored=True) == alike]
    return [chosen, *sorted(alone, key=lambda choice: choice.error)[:1]]


def _member(
    choice: Choice, series: int, options: Options, seed: np.random.SeedSequence, limit: float | None
) -> Member:
    return Member(
        windows=choice.windows,
        training=choice.training,
        validation=choice.validation,
        highway=choice.highway,
        architecture=architecture_of(choice.windows, series, options),
        options=options,
        schedule=schedule_of(choice.training, options, limit),
        seed=seed,
    )


def _entry(
    choice: Choice,
    linear: Choice,
    members: list[Member],
    trained: tuple[Trained, ...],
    seasons: tuple[int, ...],
    horizons: int,
    safeguard: str,
) -> Entry:
    """What would ship of a setting's network and the best linear forecaster."""
    same = choice is linear
    windows = choice.windows if same else dataclasses.replace(choice.windows, linear=linear.windows)
    hybrid = Hybrid(Network(members[0].architecture), tuple(result.parameters for result in trained))
    forecaster, errors = choose_blend(
        windows, choice.validation, hybrid, linear.highway, seasons, horizons, safeguard
    )
    point = forecaster.point(windows, choice.validation.origins)
    return Entry(
        choice, windows, members, trained, forecaster, errors | {"model": choice.validation.error(point)}
    )


def _ranked(entries: list[Entry]) -> list[Entry]:
    """The first entry first, unless what would ship of another is better by GAIN."""
    limit = (1 - GAIN) * entries[0].errors["model"]
    better = [entry for entry in entries[1:] if entry.errors["model"] < limit]
    winner = min(better, key=lambda entry: entry.errors["model"], default=entries[0])
    return [winner] + [entry for entry in entries if entry is not winner]
