"""The network with its linear highway, as a forecaster of windows."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import Floats, Integers
from lstmcast.data.windows import Batch, Windows
from lstmcast.forecasters.base import Stateless, Views
from lstmcast.forecasters.intervals import QUANTILES
from lstmcast.nn.network import Architecture, Inputs, Network
from lstmcast.nn.parameters import Parameters

Numbers = NDArray[np.float64]
MOST_EMBEDDED_SERIES = 64
LOSS = "pinball"
DTYPE = np.dtype("float32")


@dataclass(frozen=True, eq=False)
class NetworkForecaster(Stateless):
    """One network and the weights (P,) of each member; the forecast is the members' median."""

    architecture: Architecture
    weights: tuple[Floats, ...]
    view: int = 0
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
        """(K, Q, B) in the table's scaled units; Q = 1 for losses that have no quantiles."""
        windows = views[self.view]
        return np.concatenate([self._quantiles(windows, chunk) for chunk in windows.chunks(origins)], axis=2)

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
        series = len(windows.table.change)
        if self.architecture != architecture_of(windows, series, options):
            raise ValueError("the network is not the one that its options ask for")

    def _quantiles(self, windows: Windows, origins: Integers) -> Numbers:
        inputs = inputs_of(windows.batch(origins))
        workspace = self.network.workspace(len(origins), DTYPE, inference=True)
        outputs = [self.network.forward(member, inputs, workspace)[0].copy() for member in self.members]
        return windows.restore(np.median(np.stack(outputs), axis=0), origins)


def check_weights(architecture: Architecture, weights: Sequence[Floats], options: Options) -> None:
    """Raise UsageError or ValueError for sizes that no options give, or that the members' weights do not fit."""
    shared = {field.name for field in dataclasses.fields(Options)} & set(vars(architecture))
    dataclasses.replace(Options(), **{name: getattr(architecture, name) for name in shared}).check()
    if min(architecture.past_size, architecture.future_size, architecture.series) < 0:
        raise ValueError("a size is negative")
    wanted = sum(math.prod(shape) for shape in architecture.shapes().values())
    if len(weights) != options.members:
        raise ValueError(
            f"the network has {len(weights)} members where the options ask for {options.members}"
        )
    for flat in weights:
        if flat.shape != (wanted,):
            raise ValueError(f"a member has {flat.size} weights where its network has {wanted}")


def inputs_of(batch: Batch) -> Inputs:
    """What the network reads of a batch."""
    return Inputs(past=batch.past, future=batch.future, window=batch.window, series=batch.series)


def architecture_of(windows: Windows, series: int, options: Options) -> Architecture:
    """The sizes of the network for these windows and options."""
    table = windows.table
    calendar = table.calendar.shape[1]
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
        quantiles=len(QUANTILES) if (options.loss or LOSS) == "pinball" else 1,
        series=series if 2 <= series <= MOST_EMBEDDED_SERIES else 0,
        decoder=options.decoder,
        highway=options.highway,
        cell=options.cell,
        between=options.between,
        input_dropout=options.input_dropout,
        recurrent_dropout=options.recurrent_dropout,
    )
