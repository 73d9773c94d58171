"""Which setting the network learns with: decided by what would ship, not by the linear forecaster alone."""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np

from lstmcast.core.options import Options
from lstmcast.data.windows import Windows
from lstmcast.forecasters.ensemble import Blend, Blended, choose_blend
from lstmcast.forecasters.network import Hybrid, architecture_of, hybrid_of
from lstmcast.pipeline.search import Choice
from lstmcast.pipeline.views import LinearPair
from lstmcast.training.checkpoint import Progress, Trained
from lstmcast.training.loop import Step
from lstmcast.training.setup import schedule_of
from lstmcast.training.trainable import Member
from lstmcast.training.workers import train_members

GAIN = 0.01
Begin = Callable[[Choice, list[Member]], list[Member]]


@dataclass(frozen=True, eq=False)
class Entry:
    """A setting, the members trained on it, and what would ship: blended with the best linear forecaster.

    windows: as the network sees them and, in `linear` and `second`, as the linear forecasters and the second network
    do; second: the setting of that network, whose members come after the first's;
    errors: on validation rows (MASE), of each forecaster and, under `model`, of what would ship.
    """

    choice: Choice
    windows: Windows
    members: list[Member]
    trained: tuple[Trained, ...]
    forecaster: Blended
    errors: dict[str, float]
    second: Choice | None = None


@dataclass(frozen=True, eq=False)
class Candidate:
    """A setting to be tried, and the networks to be trained on it."""

    choice: Choice
    members: list[Member]


def candidates_of(
    choices: list[Choice],
    linear: LinearPair,
    series: int,
    options: Options,
    seeds: list[np.random.SeedSequence],
    begin: Begin | None = None,
) -> list[Candidate]:
    """The settings worth a network.

    linear: the best linear forecasters; series: S, how many the panel has; seeds: one for each member; begin: gives
    members of a setting the weights to start from.
    """
    candidates = []
    for choice in _views(choices, linear, options):
        members = [_member(choice, series, options, seed) for seed in seeds]
        candidates.append(Candidate(choice, members if begin is None else begin(choice, members)))
    return candidates


def train_networks(
    candidates: list[Candidate],
    linear: LinearPair,
    seasons: tuple[int, ...],
    options: Options,
    start: Progress | None = None,
    until: float = math.inf,
) -> Generator[Step | Progress, None, list[Entry]]:
    """Train the members of each candidate; the winner first.

    linear: the best linear forecasters; seasons: of the seasonal naives; start and until: as in `train_members`.
    """
    members = [member for candidate in candidates for member in candidate.members]
    trained = iter((yield from train_members(members, options.threads, start, until)))
    results = [tuple(itertools.islice(trained, len(candidate.members))) for candidate in candidates]
    taught = list(zip(candidates, results, strict=True))
    entries = [_entry([one], linear, seasons, options.safeguard) for one in taught]
    if len(taught) > 1:
        entries.insert(0, _entry(taught, linear, seasons, options.safeguard))
    return _ranked(entries)


def _views(choices: list[Choice], linear: LinearPair, options: Options) -> list[Choice]:
    """The chosen setting, and the second view if there is one: that of the linear pair or, where covariates won, the
    best calendar stage without them, because a network that has the covariates to itself often makes more of them than
    the regression does, and errs differently."""
    chosen, *others = choices
    if linear.second is not None:
        return [chosen, linear.second]
    if chosen.setting.stage != "covariates" or options.calendar != "auto" or options.linear_pair == "no":
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
    taught: list[tuple[Candidate, tuple[Trained, ...]]],
    linear: LinearPair,
    seasons: tuple[int, ...],
    safeguard: str,
) -> Entry:
    """What would ship of the networks of a setting, or of two views, and the best linear forecasters."""
    first, second = taught[0][0].choice, taught[1][0].choice if len(taught) > 1 else None
    windows, hybrids = linear.seen_beside(first, second), [_hybrid(*one) for one in taught]
    forecaster, errors = choose_blend(
        windows,
        first.validation,
        Blended(Blend(1.0, 0.0), linear.first.highway, hybrids[0], linear.second_map, *hybrids[1:]),
        seasons,
        safeguard,
    )
    point = forecaster.point(windows, first.validation.origins)
    return Entry(
        choice=first,
        windows=windows,
        members=[member for candidate, _ in taught for member in candidate.members],
        trained=tuple(result for _, results in taught for result in results),
        forecaster=forecaster,
        errors=errors | {"model": first.validation.error(point)},
        second=second,
    )


def _hybrid(candidate: Candidate, trained: tuple[Trained, ...]) -> Hybrid:
    return hybrid_of(candidate.members[0].architecture, [result.weights for result in trained])


def _ranked(entries: list[Entry]) -> list[Entry]:
    """The first entry first, unless what would ship of another is better by GAIN."""
    limit = (1 - GAIN) * entries[0].errors["model"]
    better = [entry for entry in entries[1:] if entry.errors["model"] < limit]
    winner = min(better, key=lambda entry: entry.errors["model"], default=entries[0])
    return [winner] + [entry for entry in entries if entry is not winner]
