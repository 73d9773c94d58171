"""The ensemble: the weighted sum of forecasters, and how validation rows choose the weights.

Which mixture is best is never known well: many are nearly as good on validation rows, and the mean of all these is
steadier than the best of them (in the spirit of the model confidence set of Hansen, Lunde and Nason 2011).
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lstmcast.core.options import Options
from lstmcast.core.panel import Floats, Integers, Times
from lstmcast.evaluation.names import naive_name
from lstmcast.evaluation.report import ClassShares, Shares
from lstmcast.forecasters.base import Mask, NewRows, Numbers, Part, Stateless, Views, point
from lstmcast.forecasters.local import Local
from lstmcast.forecasters.logistic import Logistic
from lstmcast.forecasters.naive import LAST_VALUE
from lstmcast.forecasters.network import NetworkForecaster

if TYPE_CHECKING:
    from lstmcast.evaluation.validation import ClassValidation, Validation

NEARLY_BEST, KNOWN_FROM = 0.02, 60  # up to so many windows; what more of them say is believed more closely
# A forecaster this many times as bad as the linear one helps by chance only: one bias against another.
FAR_WORSE = 2.0
LEAST_SHARE = 0.05
# The last value ships alone where a mixture is better by less: what a random walk leaves to learn is luck.
AS_GOOD_AS_A_WALK = 0.01
CLASS_GAIN = 0.005
FEWEST_HORIZONS = 4
_TENTHS = 10


@dataclass(frozen=True, eq=False)
class Ensemble(Stateless):
    """The weighted sum of what its parts answer; weights add up to one.

    A part without weight is not asked, but kept and taught: others start from it, or it stands in for them.
    """

    parts: tuple[tuple[float, Part], ...]
    name: str = "model"
    view: int = 0

    @property
    def asked(self) -> list[tuple[float, Part]]:
        """The parts that have weight."""
        return [(weight, part) for weight, part in self.parts if weight]

    @property
    def source(self) -> str:
        """The maker of a forecast's rows: `model` with a network, else the part that is alone, or `blend`. A naive
        forecaster that is alone has always been known as `blend` too."""
        alike = {leaf.name: leaf for _, part in self.asked for leaf in leaves(part)}
        if "network" in alike:
            return "model"
        name, part = alike.popitem()
        return "blend" if alike or part.family else name

    def predict(self, views: Views, origins: Integers) -> Numbers:
        """(K, Q, B): all that its parts say, or the point alone where one of them says no more."""
        answers = self._answers(views, origins)
        whole = len({answer.shape[1] for _, answer in answers}) == 1
        return _summed([(weight, answer if whole else point(answer)[:, None]) for weight, answer in answers])

    def point_and_quantiles(self, views: Views, origins: Integers) -> tuple[Numbers, Numbers | None]:
        """(K, B), and the quantiles (K, Q, B) of the first part that knows any."""
        answers = self._answers(views, origins)
        quantiles = (answer for _, answer in answers if answer.shape[1] > 1)
        return _summed([(weight, point(answer)) for weight, answer in answers]), next(quantiles, None)

    def reach(self) -> int:
        """The furthest that one of its parts reaches."""
        return max(part.reach() for _, part in self.parts)

    def answers(self, views: Views, origins: Integers) -> Mask:
        """(B,) where at least one part does."""
        return np.asarray(np.any([part.answers(views, origins) for _, part in self.asked], axis=0))

    def silent(self, views: Views, origins: Integers) -> list[tuple[float, Part, Mask]]:
        """Weight and part where one cannot answer everywhere, and (B,) the windows in which it cannot."""
        found = [(weight, part, ~part.answers(views, origins)) for weight, part in self.asked]
        return [each for each in found if each[2].any()]

    def since(self) -> Times | None:
        """(S,) the earliest of its parts' stamps."""
        stamps = [since for _, part in self.parts if (since := part.since()) is not None]
        return np.min(stamps, axis=0) if stamps else None

    def moved_on(self, views: Views, stops: Integers) -> Ensemble:
        """The ensemble with each part moved on."""
        return self.mapped(lambda part: part.moved_on(views, stops))

    def refitted(self, rows: NewRows) -> Ensemble:
        """The ensemble with each part refitted."""
        return self.mapped(lambda part: part.refitted(rows))

    def mapped(self, change: Callable[[Part], Part]) -> Ensemble:
        """The ensemble with each part, also of ensembles within it, as `change` makes it."""

        def changed(part: Part) -> Part:
            return part.mapped(change) if isinstance(part, Ensemble) else change(part)

        return dataclasses.replace(self, parts=tuple((weight, changed(part)) for weight, part in self.parts))

    def check(self, views: Views, options: Options) -> None:
        """Raise ValueError for weights that are none, or for what a part refuses."""
        weights = [weight for weight, _ in self.parts]
        if not all(0 <= weight <= 1 for weight in weights) or not math.isclose(sum(weights), 1, abs_tol=1e-6):
            raise ValueError("the shares of the forecasters do not add up to one")
        for _, part in self.parts:
            part.check(views, options)

    def _answers(self, views: Views, origins: Integers) -> list[tuple[float | Numbers, Numbers]]:
        """Weight and answer of each part that is asked; the weight of one that cannot answer goes to the others."""
        can = [part.answers(views, origins) for _, part in self.asked]
        if np.all(can):
            return [(weight, part.predict(views, origins)) for weight, part in self.asked]
        whole = np.sum([weight * mask for (weight, _), mask in zip(self.asked, can, strict=True)], axis=0)
        with np.errstate(invalid="ignore"):  # nobody answers: not a number
            return [
                (weight * mask / whole, _where(part, mask, views, origins))
                for (weight, part), mask in zip(self.asked, can, strict=True)
            ]


def leaves(part: Part) -> Iterator[Part]:
    """A part, or the parts of an ensemble, those of ensembles within it one by one."""
    if not isinstance(part, Ensemble):
        yield part
        return
    for _, inner in part.parts:
        yield from leaves(inner)


def linear_of(ensemble: Ensemble) -> Part:
    """The linear forecaster, the first where there are two; without one, the first part of all."""
    parts = list(leaves(ensemble))
    return next((part for part in parts if part.name == "linear"), parts[0])


def says_own_edges(ensemble: Ensemble) -> bool:
    """Return whether bands come from a part's own spread: where it has weight and there is no network."""
    own = (part for _, part in ensemble.asked if isinstance(part, Local))
    return not networks_of(ensemble) and any(part.bands is not None for part in own)


def is_fitted_anew(ensemble: Ensemble) -> bool:
    """Return whether a part is fitted at every forecast, so that each one takes long."""
    return any(isinstance(part, Local) for _, part in ensemble.asked)


def looks_on(ensemble: Ensemble) -> bool:
    """Return whether every part that is asked can be asked for any horizon, as one that is fitted when it forecasts."""
    return all(isinstance(part, Local) for _, part in ensemble.asked)


def looking_on(ensemble: Ensemble) -> Ensemble:
    """The ensemble without what a model keeps for its own horizon alone: the ridge map of a panel."""
    return ensemble.mapped(
        lambda part: dataclasses.replace(part, pooled=None) if isinstance(part, Local) else part
    )


def linear_entry(ensemble: Ensemble) -> Part:
    """The part of an ensemble that is linear as a whole: the linear forecaster, or the mean of two; else the first."""
    parts = [part for _, part in ensemble.parts]
    return next((part for part in parts if all(leaf.name == "linear" for leaf in leaves(part))), parts[0])


def weights_at(ensemble: Ensemble, views: Views, origins: Integers) -> Iterator[tuple[Numbers, Part]]:
    """The weight (B,) of each part that is asked in each window: that of one that cannot answer goes to the others."""
    can = [(weight * part.answers(views, origins), part) for weight, part in ensemble.asked]
    whole = np.sum([weight for weight, _ in can], axis=0)
    with np.errstate(invalid="ignore"):  # nobody answers
        yield from ((weight / whole, part) for weight, part in can)


def part_named(ensemble: Ensemble, name: str) -> Part:
    """The first part, also of ensembles within it, of this name; every ensemble keeps those that stand in for it."""
    return next(part for part in leaves(ensemble) if part.name == name)


def logistic_of(ensemble: Ensemble) -> Logistic:
    """The logistic regression of an ensemble of classes."""
    return next(part for part in leaves(ensemble) if isinstance(part, Logistic))


def networks_of(ensemble: Ensemble) -> list[NetworkForecaster]:
    """The networks that there are, the first view's first."""
    return [part for part in leaves(ensemble) if isinstance(part, NetworkForecaster)]


def taught(ensemble: Ensemble, weights: Iterable[Floats]) -> Ensemble:
    """The ensemble with other weights (P,) of each member of its networks, one after the other."""
    left = iter(weights)

    def change(part: Part) -> Part:
        if not isinstance(part, NetworkForecaster):
            return part
        return part.taught(itertools.islice(left, len(part.weights)))

    return ensemble.mapped(change)


def _where(part: Part, mask: Mask, views: Views, origins: Integers) -> Numbers:
    """(K, Q, B) a part's answer, zero where it has none."""
    if not mask.any():
        return np.zeros((views[part.view].horizon, 1, len(origins)))
    said = part.predict(views, origins[mask])
    answer = np.zeros((*said.shape[:2], len(origins)))
    answer[:, :, mask] = said
    return answer


def _summed(answers: Sequence[tuple[float | Numbers, Numbers]]) -> Numbers:
    total = np.zeros(answers[0][1].shape)
    for weight, answer in answers:
        total += weight * answer
    return total


def mean_of(parts: Sequence[Part], name: str) -> Part:
    """The forecaster that answers with the mean of these, under this name; one alone is itself."""
    if len(parts) == 1:
        return parts[0]
    return Ensemble(tuple((1 / len(parts), part) for part in parts), name)


def choose(
    linear: Part,
    network: Part,
    others: Sequence[Part],
    views: Views,
    validation: Validation,
    requested: str,
) -> tuple[Ensemble, dict[str, float]]:
    """The ensemble that ships of forecasters of numbers, and the validation errors (MASE) that decided it.

    others: naive and further ones, of which the best naive alone is taken; requested: `auto`, or what ships. By itself:
    the mean of all mixtures, in tenths, whose errors are within the tolerance of the lowest: of the linear forecaster,
    the network if it is better by half of that, and the others unless they are FAR_WORSE.
    """
    first = next(leaves(linear))  # of two linear forecasters the first is judged alone as well
    judged = {part.name: part for part in (*others, first, network, linear)}
    answers = {name: point(part.predict(views, validation.origins)) for name, part in judged.items()}
    errors = {name: validation.error(answer) for name, answer in answers.items()}
    by_name = {part.name: part for part in (linear, network, *others)}
    if requested != "auto":
        weights = dict(zip((network.name, linear.name), _REQUESTED[requested], strict=True))
    else:
        shares = {name: answers[name] for name in _admitted(linear, network, others, errors, validation)}
        weights = _nearly_best(validation, shares, network.name, linear.name)
        weights = _alone(validation, answers, errors, weights) or weights
    order = (network.name, linear.name, *(part.name for part in others))
    parts = [(weights.get(name, 0.0), by_name[name]) for name in order]
    return Ensemble(tuple((w, part) for w, part in parts if w or part is linear)), errors


def _admitted(
    linear: Part, network: Part, others: Sequence[Part], errors: dict[str, float], validation: Validation
) -> Iterator[str]:
    """The names of those that may have a share, the linear forecaster's first."""
    to_beat = errors[linear.name]
    yield linear.name
    if errors[network.name] < (1 - tolerance(validation) / 2) * to_beat:
        yield network.name
    families: dict[str, list[str]] = {}
    for part in others:
        families.setdefault(part.family or part.name, []).append(part.name)
    best = [min(names, key=lambda name: errors[name]) for names in families.values()]
    yield from (name for name in best if errors[name] < FAR_WORSE * to_beat)


def shares_of(ensemble: Ensemble) -> Shares:
    """The weights of an ensemble of numbers as reports have them."""
    weights = {part.name: weight for weight, part in ensemble.asked}
    naives = [part for _, part in ensemble.asked if part.family == "naive"]
    return Shares(
        network=weights.pop("network", 0.0),
        linear=weights.pop("linear", 0.0) or weights.pop("linear_pair", 0.0),
        naive=sum(weights.pop(part.name) for part in naives) or 0.0,
        season=naives[0].reach() if naives else 0,
        others=weights or None,
    )


def class_shares_of(ensemble: Ensemble) -> ClassShares:
    """The weights of an ensemble of classes as reports have them."""
    weights = {"network": 0.0} | {part.name: weight for weight, part in ensemble.parts}
    named = {name: weights.pop(name) for name in ("network", "logistic", "frequency", "persistence")}
    return ClassShares(**named, others=weights or None)


def tolerance(validation: Validation) -> float:
    """The share of an error by which another is as good: the noise of a mean shrinks with the root of its number."""
    return noise(validation.apart)


def noise(apart: float) -> float:
    """Return the tolerated share of an error, for so many windows that do not overlap."""
    return NEARLY_BEST * min(1.0, math.sqrt(KNOWN_FROM / max(apart, 1.0)))


def _alone(
    validation: Validation, answers: dict[str, Numbers], errors: dict[str, float], weights: dict[str, float]
) -> dict[str, float]:
    """All for the last value where the mixture is hardly better; else nothing."""
    last = naive_name(LAST_VALUE)
    if last not in answers:
        return {}
    mixed = np.sum([weight * answers[name] for name, weight in weights.items()], axis=0)
    is_as_good = errors[last] <= (1 + AS_GOOD_AS_A_WALK) * validation.error(mixed)
    return {last: 1.0} if is_as_good else {}


_REQUESTED = {"linear": (0.0, 1.0), "mean": (0.5, 0.5), "network": (1.0, 0.0)}


def mixtures(parts: int, total: int) -> Iterator[tuple[int, ...]]:
    """Every way to share a total among so many parts, in the order of itertools.product."""
    if parts == 1:
        yield (total,)
        return
    for first in range(total + 1):
        yield from ((first, *rest) for rest in mixtures(parts - 1, total - first))


def _nearly_best(
    validation: Validation, parts: dict[str, Numbers], network: str, linear: str
) -> dict[str, float]:
    """The mean of the mixtures of parts (K, n) that have nearly the lowest error, without shares below LEAST_SHARE."""
    tried = np.array(list(mixtures(len(parts), _TENTHS)))
    points = np.stack(list(parts.values()))
    errors = np.array([validation.error(np.tensordot(w / _TENTHS, points, axes=1)) for w in tried])
    means = tried[~(errors > (1 + tolerance(validation)) * errors.min())].mean(axis=0)
    means[means < LEAST_SHARE * _TENTHS] = 0.0
    shares = dict(zip(parts, (means / means.sum()).round(2).tolist(), strict=True))
    others = sum(share for name, share in shares.items() if name not in (network, linear))
    if shares.get(network):
        shares[network] = round(1 - shares[linear] - others, 2)
    shares[linear] = round(1 - shares.get(network, 0.0) - others, 2)
    return shares


def choose_of_classes(
    network: Part,
    others: Sequence[Part],
    views: Views,
    validation: ClassValidation,
    horizons: int,
    requested: str,
) -> tuple[Ensemble, dict[str, float]]:
    """The ensemble that ships of forecasters of classes, and the validation errors (log loss) that decided it.

    others: the logistic regression first; horizons: disjoint ones in the validation block: where they are few, only
    single forecasters and halves are compared; requested: `auto`, or what ships (`linear` is the logistic regression).
    By itself the mixture with the lowest error, in which the network has a share only where that gains CLASS_GAIN.
    """
    parts = (network, *others)
    chances = [validation.chances(part.predict(views, validation.origins)) for part in parts]
    errors = {part.name: validation.loss(own) for part, own in zip(parts, chances, strict=True)}
    fractions = _TENTHS if horizons >= FEWEST_HORIZONS else 2
    weights = (*_REQUESTED.get(requested, ()), *(0.0 for _ in parts[2:]))
    if requested not in _REQUESTED:
        weights = _best(validation, chances, fractions)
    shipped = _mixed(weights, chances)
    pairs = tuple(
        (weight, part) for weight, part in zip(weights, parts, strict=True) if weight or part is not network
    )
    return Ensemble(pairs), errors | {"model": validation.loss(shipped)}


def _best(validation: ClassValidation, chances: list[Numbers], fractions: int) -> tuple[float, ...]:
    """The weights with the lowest error; of those without the network, the first, unless it gains enough."""
    tried = [tuple(count / fractions for count in counts) for counts in mixtures(len(chances), fractions)]
    errors = np.array([validation.loss(_mixed(weights, chances)) for weights in tried])
    without = np.where([weights[0] == 0 for weights in tried], errors, np.inf)
    best = int(np.argmin(errors))
    return tried[best if errors[best] < (1 - CLASS_GAIN) * without.min() else int(np.argmin(without))]


def _mixed(weights: tuple[float, ...], chances: list[Numbers]) -> Numbers:
    """Return the probability that the mixture gives each class that came."""
    return np.asarray(sum(share * part for share, part in zip(weights, chances, strict=True) if share))
