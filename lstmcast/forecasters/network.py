"""The network with its linear highway, as a forecaster of windows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import Floats, Integers
from lstmcast.data.windows import Batch, Windows
from lstmcast.forecasters.intervals import QUANTILES
from lstmcast.nn.network import Architecture, Inputs, Network
from lstmcast.nn.parameters import Parameters

Numbers = NDArray[np.float64]
MOST_EMBEDDED_SERIES = 64
LOSS = "pinball"
DTYPE = np.dtype("float32")


@dataclass(frozen=True)
class Hybrid:
    """One network and the weights of each member; the forecast is the members' median."""

    network: Network
    members: tuple[Parameters, ...]

    def quantiles(self, windows: Windows, origins: Integers) -> Numbers:
        """(K, Q, B) in the table's scaled units; Q = 1 for losses that have no quantiles."""
        parts = [self._quantiles(windows, chunk) for chunk in windows.chunks(origins)]
        return np.concatenate(parts, axis=2)

    def point(self, windows: Windows, origins: Integers) -> Numbers:
        """(K, B) the median, or the only output."""
        quantiles = self.quantiles(windows, origins)
        return quantiles[:, quantiles.shape[1] // 2]

    def _quantiles(self, windows: Windows, origins: Integers) -> Numbers:
        inputs = inputs_of(windows.batch(origins))
        workspace = self.network.workspace(len(origins), DTYPE, inference=True)
        outputs = [self.network.forward(member, inputs, workspace)[0].copy() for member in self.members]
        return windows.restore(np.median(np.stack(outputs), axis=0), origins)


def hybrid_of(architecture: Architecture, weights: Iterable[Floats]) -> Hybrid:
    """The network with these weights (P,) of each member."""
    return Hybrid(
        Network(architecture), tuple(Parameters.of(architecture.shapes(), flat) for flat in weights)
    )


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
