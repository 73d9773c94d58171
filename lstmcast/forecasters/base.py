"""The interface of forecasters: each reads one of a model's views of the rows, and answers windows in one shape.

A new part of ensembles is one file of this package, one row in `parts.PARTS`, and nothing else:

1. A frozen dataclass (`eq=False` where it holds arrays) that inherits `Stateless` and has `name`, `view` (0 is the
   network's own), `predict` and `reach`. Its declared fields are its record in a model file: arrays are kept as arrays;
   numbers, texts, tuples and dataclasses of these as JSON. `check` refuses what no training gives, when a file is read.
2. A function `fit(data: FitData) -> list[Part]` that learns from training rows alone: of `data.panel` and of the views
   it may look at no row from `data.split.validation` on, except to judge alternatives by `data.validation`.
   An empty list where the data have nothing for it.
3. The row `"name": PartKind(TheClass, fit, is_requested)` in `parts.PARTS`; `is_requested(options)` says whether the
   options ask for it. What was fitted stands beside the linear forecaster, the network and the naive ones when the
   ensemble is chosen; a model that holds it is written as format 2.

What a part may do besides is in `Stateless`, each with what it does by default: `answers` (in which windows it can;
its weight goes to the others elsewhere), `since` (from which stamp on `predict` must show it every row), `moved_on`
(its state after the rows up to a stop) and `refitted` (taught on with newer rows). The tables of its view (`times`,
`scaled`, `level`, `observed`) hold the whole history that was handed in, not only the look-back.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import Integers, Panel, Times
from lstmcast.data.split import Split
from lstmcast.data.windows import Windows

if TYPE_CHECKING:
    from lstmcast.evaluation.validation import Validation

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]
Views = Sequence[Windows]  # one a view of the model, all of the same rows


class Forecaster(Protocol):
    """Whatever answers windows."""

    @property
    def name(self) -> str:
        """The name that reports know it by: linear, seasonal_naive_168, network, logistic."""

    @property
    def view(self) -> int:
        """The place, among the views, of the one that it reads."""

    def predict(self, views: Views, origins: Integers) -> Numbers:
        """(K, Q, B) scaled: Q is 1 for a point alone, a network's quantiles (the median in the middle), or classes."""

    def reach(self) -> int:
        """Rows before an origin that it needs."""

    def after(self, steps: int) -> Forecaster:
        """The forecaster for origins that are so many steps after the last known target, where forecasts stand in."""


class Part(Forecaster, Protocol):
    """A forecaster that ensembles are made of; `Stateless` says what each of these does."""

    @property
    def family(self) -> str:
        """The parts of which only the best has a share in an ensemble; empty: it stands for itself."""

    @property
    def is_bound(self) -> bool:
        """True where its answers depend on its view: on a calendar regression, or on how windows are normalised."""

    def reading(self, view: int) -> Self:
        """The part as it reads another place among the views."""

    def answers(self, views: Views, origins: Integers) -> Mask:
        """(B,) the windows that it can answer."""

    def since(self) -> Times | None:
        """(S,) the stamp after which it must see every row of each of the model's series; None: no such stamp."""

    def moved_on(self, views: Views, stops: Integers) -> Self:
        """The part once it has seen the rows before stops (S',) of each of the panel's series."""

    def refitted(self, rows: NewRows) -> Self:
        """The part taught on with newer rows."""

    def check(self, views: Views, options: Options) -> None:
        """Raise ValueError or UsageError where it is not one that training gives with these options."""


class Stateless:
    """The defaults of a part that keeps no state: inherit it, and write anew what differs."""

    family = ""

    def after(self, steps: int) -> Forecaster:
        """It takes forecasts for history."""
        this: Any = self
        return cast(Forecaster, this)

    @property
    def is_bound(self) -> bool:
        """False: it answers alike in every view."""
        return False

    def reading(self, view: int) -> Self:
        """Return the part with another `view`, which is a field of every part."""
        changed: Any = self
        return cast(Self, dataclasses.replace(changed, view=view))

    def answers(self, views: Views, origins: Integers) -> Mask:
        """(B,) all of them."""
        return np.ones(len(origins), dtype=bool)

    def since(self) -> Times | None:
        """It looks at no more than `reach`."""
        return None

    def moved_on(self, views: Views, stops: Integers) -> Self:
        """Unmoved."""
        return self

    def refitted(self, rows: NewRows) -> Self:
        """Return the part as it is."""
        return self

    def check(self, views: Views, options: Options) -> None:
        """Nothing to refuse."""


@dataclass(frozen=True, eq=False)
class FitData:
    """The data that a part is fitted on.

    split: which rows teach and choose; views: one Windows a view of the model, the network's first; training: (n,)
    origins; validation: by which everything is judged; seasons: lengths in rows, rising.
    """

    panel: Panel
    split: Split
    views: Views
    training: Integers
    validation: Validation
    seasons: tuple[int, ...]
    options: Options
    rng: np.random.Generator


@dataclass(frozen=True, eq=False)
class NewRows:
    """The rows that a model is taught on with.

    views: levels of a calendar regression cross-fitted; training: (n,) origins; share: what these rows count for,
    beside those that the model has learned from; class_weights: (C,) what each class counts, None for one each.
    """

    views: Views
    training: Integers
    share: float
    rng: np.random.Generator
    class_weights: Numbers | None = None


def point(answer: Numbers) -> Numbers:
    """(K, B) the point of an answer (K, Q, B): its only number, or its median."""
    return answer[:, answer.shape[1] // 2]
