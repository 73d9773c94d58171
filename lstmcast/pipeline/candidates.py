"""The choice of the networks' setting, decided by what would ship and not by the linear forecaster alone."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lstmcast.core.options import Options
from lstmcast.core.panel import Panel
from lstmcast.data.split import Split
from lstmcast.forecasters.base import FitData, Part, point
from lstmcast.forecasters.ensemble import Ensemble, choose
from lstmcast.forecasters.network import NetworkForecaster
from lstmcast.forecasters.parts import fit_parts
from lstmcast.pipeline.attempt import build_member
from lstmcast.pipeline.search import Candidate
from lstmcast.pipeline.views import LinearViews, Seen, seen_by
from lstmcast.training.checkpoint import Trained
from lstmcast.training.trainable import Trainable

GAIN = 0.01
_OF_PARTS = 1  # what tells their randomness from that of the search and the networks
Begin = Callable[[Candidate, list[Trainable]], list[Trainable]]


@dataclass(frozen=True, eq=False)
class TrainedCandidate:
    """A setting, the members trained on it, and what would ship: blended with the best linear forecaster.

    seen: the views; second: the setting of a second network, whose members come after the first's;
    errors: on validation rows (MASE), of each forecaster and, under `model`, of what would ship; parts: the network and
    those that stood for election beside it and the linear forecaster.
    """

    choice: Candidate
    seen: Seen
    members: list[Trainable]
    trained: tuple[Trained, ...]
    ensemble: Ensemble
    errors: dict[str, float]
    second: Candidate | None = None
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True, eq=False)
class NetworkCandidate:
    """A setting to be tried, and the networks to be trained on it."""

    choice: Candidate
    members: list[Trainable]


def build_candidates(
    choices: list[Candidate],
    linear: LinearViews,
    series: int,
    options: Options,
    seeds: list[np.random.SeedSequence],
    begin: Begin | None = None,
) -> list[NetworkCandidate]:
    """The settings worth a network.

    linear: the best linear forecasters; series: S, how many the panel has; seeds: one for each member; begin: gives
    members of a setting the weights to start from.
    """
    candidates = []
    for choice in views_of(choices, linear, options):
        members = [build_member(choice, series, options, seed) for seed in seeds]
        candidates.append(NetworkCandidate(choice, members if begin is None else begin(choice, members)))
    return candidates


def assemble_candidates(
    candidates: list[NetworkCandidate],
    trained: Sequence[Trained],
    linear: LinearViews,
    panel: Panel,
    blocks: Split,
    options: Options,
) -> list[TrainedCandidate]:
    """Return the candidates, and two of them together, each as it would ship; the winner first.

    trained: of the members of all candidates, one after the other; linear: the best linear forecasters.
    """
    left = iter(trained)
    results = [tuple(itertools.islice(left, len(candidate.members))) for candidate in candidates]
    taught = list(zip(candidates, results, strict=True))
    together = _seen(taught, linear)
    others = _others(together, panel, blocks, options)
    entries = [_entry([one], linear, others, together, options) for one in taught]
    if len(taught) > 1:
        entries.insert(0, _entry(taught, linear, others, together, options))
    return _ranked(entries)


def _seen(taught: Sequence[tuple[NetworkCandidate, tuple[Trained, ...]]], linear: LinearViews) -> Seen:
    """Return the views of an ensemble with these networks."""
    return seen_by(taught[0][0].choice, linear, taught[1][0].choice if len(taught) > 1 else None)


def views_of(choices: list[Candidate], linear: LinearViews, options: Options) -> list[Candidate]:
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


def _entry(
    taught: list[tuple[NetworkCandidate, tuple[Trained, ...]]],
    linear: LinearViews,
    others: list[Part],
    together: Seen,
    options: Options,
) -> TrainedCandidate:
    """Mix what would ship of the networks of a setting, or of two views, the best linear forecasters, and others.

    together: what the others saw when they were fitted.
    """
    first, second = taught[0][0].choice, taught[1][0].choice if len(taught) > 1 else None
    seen = _seen(taught, linear)
    network = seen.network_part([_network(*one) for one in taught])
    placed = list(_placed(others, together, seen))
    ensemble, errors = choose(
        seen.linear_part, network, placed, seen.views, first.validation, options.safeguard
    )
    shipped = point(ensemble.predict(seen.views, first.validation.origins))
    return TrainedCandidate(
        choice=first,
        seen=seen,
        members=[member for candidate, _ in taught for member in candidate.members],
        trained=tuple(result for _, results in taught for result in results),
        ensemble=ensemble,
        errors=errors | {"model": first.validation.error(shipped)},
        second=second,
        parts=(network, *placed),
    )


def _others(seen: Seen, panel: Panel, blocks: Split, options: Options) -> list[Part]:
    """The forecasters of the table that stand for election beside the network and the linear one."""
    choice, rng = seen.choices[0], np.random.default_rng([options.seed, _OF_PARTS])
    rows = choice.training, choice.validation
    return fit_parts(FitData(panel, blocks, seen.views, *rows, panel.clock.seasons, options, rng))


def _placed(parts: list[Part], fitted: Seen, seen: Seen) -> Iterator[Part]:
    """The parts as they read other views than those they were fitted on, without those whose own is not among them."""
    for part in parts:
        choice = fitted.choices[part.view]
        place = next((place for place, own in enumerate(seen.choices) if own is choice), None)
        if place is not None:
            yield part.reading(place)
        elif not part.is_bound:
            yield part.reading(0)


def _network(candidate: NetworkCandidate, trained: tuple[Trained, ...]) -> NetworkForecaster:
    return NetworkForecaster(candidate.members[0].architecture, tuple(result.weights for result in trained))


def _ranked(entries: list[TrainedCandidate]) -> list[TrainedCandidate]:
    """The first entry first, unless what would ship of another is better by GAIN."""
    limit = (1 - GAIN) * entries[0].errors["model"]
    better = [entry for entry in entries[1:] if entry.errors["model"] < limit]
    winner = min(better, key=lambda entry: entry.errors["model"], default=entries[0])
    return [winner] + [entry for entry in entries if entry is not winner]
