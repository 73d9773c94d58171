"""The network with its highway, as a forecaster of windows of numbers or of classes."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import Floats, Integers
from lstmcast.data.category_windows import ClassWindows, of_classes
from lstmcast.data.windows import Batch, Windows
from lstmcast.forecasters.base import Stateless, Views
from lstmcast.forecasters.intervals import QUANTILES
from lstmcast.forecasters.logistic import Logistic
from lstmcast.nn.losses import softmax
from lstmcast.nn.network import Architecture, Inputs, Network
from lstmcast.nn.parameters import Parameters
from lstmcast.nn.workspace import NetworkWorkspace

Numbers = NDArray[np.float64]
MOST_EMBEDDED_SERIES = 64
LOSS = "pinball"
_FEW, _MOST_IDLE = 16, 8  # windows of a workspace that is kept, and how many are
_IDLE: dict[tuple[Architecture, int], NetworkWorkspace] = {}  # nobody else has one that was taken out
_ARCHITECTURES = 64  # whose sizes are remembered: models of a folder mostly share one
DTYPE = np.dtype("float32")


@dataclass(frozen=True, eq=False)
class NetworkForecaster(Stateless):
    """One network and the weights (P,) of each member.

    The forecast is the median of the members' answers; of classes, whose logits are added to those of `base`, the mean
    of their probabilities.
    """

    architecture: Architecture
    weights: tuple[Floats, ...]
    view: int = 0
    base: Logistic | None = None
    name = "network"

    @cached_property
    def network(self) -> Network:
        """The network without any weights."""
        return Network(self.architecture)

    @cached_property
    def members(self) -> tuple[Parameters, ...]:
        """The weights of each member by name."""
        return tuple(Parameters.of(self.architecture.shapes(), flat) for flat in self.weights)

    def predict(self, views: Views, origins: Integers) -> Numbers:
        """(K, Q, B) scaled, Q = 1 for losses that have no quantiles; of classes (K, C, B) probabilities."""
        windows = views[self.view]
        return np.concatenate([self._answer(windows, chunk) for chunk in windows.chunks(origins)], axis=2)

    def reach(self) -> int:
        """The whole look-back."""
        return self.architecture.lookback

    def taught(self, weights: Iterable[Floats]) -> NetworkForecaster:
        """The network with other weights (P,) of each member."""
        return dataclasses.replace(self, weights=tuple(weights))

    def check(self, views: Views, options: Options) -> None:
        """Raise ValueError or UsageError where it is not the network that the options ask for."""
        check_weights(self.architecture, self.weights, options)
        windows = views[self.view]
        if self.architecture != build_architecture(windows, len(windows.table.change), options):
            raise ValueError("the network is not the one that its options ask for")
        if self.base is not None:
            self.base.check(views, options)

    def _answer(self, windows: Windows, origins: Integers) -> Numbers:
        logits = None if self.base is None else self.base.logits(of_classes(windows), origins)
        inputs = inputs_of(windows.batch(origins, with_targets=False), logits)
        with _workspace(self.network, len(origins)) as workspace:
            outputs = [self.network.forward(member, inputs, workspace)[0].copy() for member in self.members]
        if self.architecture.is_classifier:
            return np.asarray(np.mean([softmax(logits.astype(np.float64)) for logits in outputs], axis=0))
        return windows.restore(np.median(np.stack(outputs), axis=0), origins)


@contextmanager
def _workspace(network: Network, batch: int) -> Iterator[NetworkWorkspace]:
    """Lend the buffers of an inference: those of a few windows are kept for the next network of equal sizes."""
    key = (network.architecture, batch)
    space = _IDLE.pop(key, None) or network.workspace(batch, DTYPE, inference=True)
    yield space
    if batch <= _FEW:
        for oldest in list(_IDLE)[: len(_IDLE) + 1 - _MOST_IDLE]:
            _IDLE.pop(oldest, None)
        _IDLE[key] = space


def check_weights(architecture: Architecture, weights: Sequence[Floats], options: Options) -> None:
    """Raise UsageError or ValueError for sizes that no options give, or that the members' weights do not fit."""
    wanted = _weights_of(architecture)
    if len(weights) != options.members:
        raise ValueError(
            f"the network has {len(weights)} members where the options ask for {options.members}"
        )
    for flat in weights:
        if flat.shape != (wanted,):
            raise ValueError(f"a member has {flat.size} weights where its network has {wanted}")


@lru_cache(maxsize=_ARCHITECTURES)
def _weights_of(architecture: Architecture) -> int:
    """Return how many weights a member has; raises as `check_weights` does for sizes that no options give."""
    shared = {field.name for field in dataclasses.fields(Options)} & set(vars(architecture))
    dataclasses.replace(Options(), **{name: getattr(architecture, name) for name in shared}).check()
    if min(architecture.past_size, architecture.future_size, architecture.series) < 0:
        raise ValueError("a size is negative")
    return sum(math.prod(shape) for shape in architecture.shapes().values())


def inputs_of(batch: Batch, logits: Numbers | None = None) -> Inputs:
    """Return the network's inputs from a batch; the highway's is the window, or the logits (K, C, B) of another
    forecaster."""
    window = batch.window
    if logits is not None:
        window = np.ascontiguousarray(logits.reshape(-1, logits.shape[2]).T, dtype=DTYPE)
    return Inputs(past=batch.past, future=batch.future, window=window, series=batch.series)


def build_architecture(windows: Windows, series: int, options: Options) -> Architecture:
    """The sizes of the network for these windows, of numbers or of classes, and options."""
    table = windows.table
    calendar, quantiles = (
        table.calendar.shape[1],
        len(QUANTILES) if (options.loss or LOSS) == "pinball" else 1,
    )
    return Architecture(
        lookback=windows.lookback,
        horizon=windows.horizon,
        segment=windows.segment,
        past_size=windows.segment * table.past.shape[1] + calendar,
        future_size=windows.segment * table.known.shape[1] + calendar,
        hidden=options.hidden,
        layers=options.layers,
        dense=options.dense,
        activation=options.activation,
        dropout=options.dropout,
        quantiles=windows.classes if isinstance(windows, ClassWindows) else quantiles,
        is_classifier=isinstance(windows, ClassWindows),
        series=series if 2 <= series <= MOST_EMBEDDED_SERIES else 0,
        decoder=options.decoder,
        highway=options.highway,
        cell=options.cell,
        between=options.between,
        input_dropout=options.input_dropout,
        recurrent_dropout=options.recurrent_dropout,
    )
