"""Which setting the network learns with: decided by what would ship, not by the linear forecaster alone."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np

from lstmcast.blend import Blended, choose_blend
from lstmcast.checkpoint import Progress, Trained
from lstmcast.hybrid import Hybrid, architecture_of
from lstmcast.lesson import schedule_of
from lstmcast.members import Member, train_members
from lstmcast.nn.network import Network
from lstmcast.options import Options
from lstmcast.pair import LinearPair
from lstmcast.training import Step
from lstmcast.trials import Choice
from lstmcast.windows import Windows

GAIN = 0.01
Begin = Callable[[Choice, list[Member]], list[Member]]


@dataclass(frozen=True, eq=False)
class Entry:
    """A setting, the members trained on it, and what would ship: blended with the best linear forecaster.

    windows: as the network sees them and, in `linear` and `second`, as the linear forecasters do;
    errors: on validation rows (MASE), of each forecaster and, under `model`, of what would ship.
    """

    choice: Choice
    windows: Windows
    members: list[Member]
    trained: tuple[Trained, ...]
    forecaster: Blended
    errors: dict[str, float]


@dataclass(frozen=True)
class Candidate:
    """A setting to be tried, and the networks to be trained on it."""

    choice: Choice
    members: list[Member]


def candidates_of(
    choices: list[Choice],
    series: int,
    options: Options,
    seeds: list[np.random.SeedSequence],
    begin: Begin | None = None,
) -> list[Candidate]:
    """The settings worth a network.

    series: S, how many the panel has; seeds: one for each member; begin: gives members of a setting the weights to
    start from.
    """
    candidates = []
    for choice in _candidates(choices, options):
        members = [_member(choice, series, options, seed) for seed in seeds]
        candidates.append(Candidate(choice, members if begin is None else begin(choice, members)))
    return candidates


def train_networks(
    candidates: list[Candidate],
    linear: LinearPair,
    seasons: tuple[int, ...],
    horizons: int,
    options: Options,
    start: Progress | None = None,
    until: float = math.inf,
) -> Generator[Step | Progress, None, list[Entry]]:
    """Train the members of each candidate; the winner first.

    linear: the best linear forecasters; seasons: of the seasonal naives; horizons: disjoint ones in the validation
    block; start and until: as in `train_members`.
    """
    members = [member for candidate in candidates for member in candidate.members]
    trained = iter((yield from train_members(members, options.threads, start, until)))
    entries = []
    for candidate in candidates:
        own = tuple(itertools.islice(trained, len(candidate.members)))
        entries.append(_entry(candidate, linear, own, seasons, horizons, options.safeguard))
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


def _member(choice: Choice, series: int, options: Options, seed: np.random.SeedSequence) -> Member:
    return Member(
        windows=choice.windows,
        training=choice.training,
        validation=choice.validation,
        highway=choice.highway,
        architecture=architecture_of(choice.windows, series, options),
        options=options,
        schedule=schedule_of(choice.training, options),
        seed=seed,
    )


def _entry(
    candidate: Candidate,
    linear: LinearPair,
    trained: tuple[Trained, ...],
    seasons: tuple[int, ...],
    horizons: int,
    safeguard: str,
) -> Entry:
    """What would ship of a setting's network and the best linear forecaster."""
    choice, members = candidate.choice, candidate.members
    windows = linear.seen_beside(choice)
    architecture = members[0].architecture
    hybrid = Hybrid(Network(architecture), tuple(result.parameters(architecture) for result in trained))
    forecaster, errors = choose_blend(
        windows,
        choice.validation,
        hybrid,
        linear.first.highway,
        seasons,
        horizons,
        safeguard,
        second=linear.second_map,
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
