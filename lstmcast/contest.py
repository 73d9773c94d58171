"""Which setting the network learns with: decided by its own validation error, not by the linear forecaster's."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from lstmcast.hybrid import Hybrid, architecture_of, schedule_of
from lstmcast.members import Member, Trained, seconds_each, train_members
from lstmcast.nn.network import Network
from lstmcast.options import Options, seconds
from lstmcast.training import Step
from lstmcast.trials import Choice

GAIN = 0.01


@dataclass(frozen=True)
class Entry:
    """A setting with the network trained on it, and that network's validation error (MASE)."""

    choice: Choice
    members: list[Member]
    trained: tuple[Trained, ...]
    hybrid: Hybrid
    error: float


def train_networks(
    choices: list[Choice], series: int, options: Options, seeds: list[np.random.SeedSequence]
) -> Generator[Step, None, list[Entry]]:
    """Train the members of each candidate setting; the winner first.

    The linear forecaster's choice wins unless another setting's network is better by GAIN than both its network and
    the linear forecaster itself. series: S, how many the panel has; seeds: one for each member.
    """
    candidates = _candidates(choices, options)
    budget = None if options.budget is None else seconds(options.budget)
    each = seconds_each(budget, len(candidates) * len(seeds), options.threads)
    groups = [[_member(choice, series, options, seed, each) for seed in seeds] for choice in candidates]
    flat = [member for members in groups for member in members]
    trained = yield from train_members(flat, options.threads)
    entries = [
        _entry(choice, members, trained[number * len(seeds) : (number + 1) * len(seeds)])
        for number, (choice, members) in enumerate(zip(candidates, groups, strict=True))
    ]
    first, *others = entries
    limit = (1 - GAIN) * min(first.error, choices[0].errors[0])
    winner = min((entry for entry in others if entry.error < limit), key=lambda e: e.error, default=first)
    return [winner] + [entry for entry in entries if entry is not winner]


def _candidates(choices: list[Choice], options: Options) -> list[Choice]:
    """The chosen setting; and where covariates won, the best calendar stage without them as well, because a network
    that has the covariates to itself often makes more of them than the regression does."""
    chosen, *others = choices
    if chosen.setting.stage != "covariates" or options.calendar != "auto":
        return [chosen]
    alone = [
        choice
        for choice in others
        if (choice.setting.stage, choice.setting.transform, choice.setting.is_sized)
        == ("calendar", chosen.setting.transform, chosen.setting.is_sized)
    ]
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


def _entry(choice: Choice, members: list[Member], trained: tuple[Trained, ...]) -> Entry:
    hybrid = Hybrid(Network(members[0].architecture), tuple(result.parameters for result in trained))
    error = choice.validation.error(hybrid.point(choice.windows, choice.validation.origins))
    return Entry(choice, members, trained, hybrid, error)
