"""The sizes of a forecasting network, and the shapes that follow from them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from lstmcast.nn.cells import CELLS


@dataclass(frozen=True)
class Architecture:
    """The sizes of a network; two networks of one architecture can exchange weights.

    lookback L (rows), horizon K (rows), segment w (rows a recurrent step takes; L is a multiple of it);
    past_size: features of a past segment; future_size: known features of a future segment, 0 = none;
    series: S of a panel whose series the network tells apart, 0 = it does not; cell: a name of cells.CELLS;
    between: sizes of the dense layers between two recurrent ones, each followed by the activation;
    is_classifier: whether the Q outputs of a step are the logits of so many classes.
    Shares dropped in training: dropout of the embedded past, of h between layers and of the last h; input_dropout of
    what the network sees of each row; recurrent_dropout of the h that goes into the next step's products. All but
    those of the embedded past and of the last h are the same at every step of a window (Gal and Ghahramani 2016).
    """

    lookback: int
    horizon: int
    segment: int
    past_size: int
    future_size: int
    hidden: int = 64
    layers: int = 1
    dense: tuple[int, ...] = ()
    activation: str = "relu"
    dropout: float = 0.2
    quantiles: int = 11
    series: int = 0
    decoder: str = "segments"
    highway: bool = True
    cell: str = "lstm"
    between: tuple[int, ...] = ()
    is_classifier: bool = False
    input_dropout: float = 0.0
    recurrent_dropout: float = 0.0

    @property
    def past_steps(self) -> int:
        """T_p: recurrent steps over the past."""
        return self.lookback // self.segment

    @property
    def future_steps(self) -> int:
        """T_f: segments that cover the horizon."""
        return -(-self.horizon // self.segment)

    @property
    def is_direct(self) -> bool:
        """True when the whole horizon comes from the last h of the past."""
        return self.decoder == "direct"

    @property
    def is_embedded(self) -> bool:
        """True when a dense layer stands before the cells."""
        return not (self.is_direct and self.segment == 1)

    @property
    def recurrent_steps(self) -> int:
        """T: steps of the recurrence, past and future."""
        return self.past_steps + (0 if self.is_direct else self.future_steps)

    @property
    def head_size(self) -> int:
        """Features that enter the dense layers on top."""
        beside = self.future_steps * self.future_size + self.series
        return self.hidden + (beside if self.is_direct else 0)

    @property
    def head_steps(self) -> int:
        """The number of times the dense layers on top are applied: once a future segment, or once."""
        return 1 if self.is_direct else self.future_steps

    @property
    def has_linear_highway(self) -> bool:
        """True when the highway is a map of the window with weights of its own, not logits that come with a batch."""
        return self.highway and not self.is_classifier

    @property
    def output_rows(self) -> int:
        """Steps of the horizon that one application of the output layer gives."""
        return self.horizon if self.is_direct else self.segment

    def input_size(self, layer: int) -> int:
        """Features that enter a recurrent layer."""
        if layer:
            return self.between[-1] if self.between else self.hidden
        return self.hidden if self.is_embedded else self.past_size

    def between_shapes(self, layer: int) -> dict[str, tuple[int, int]]:
        """Name and shape (M, N) of the weights of the dense layers before a recurrent layer, from the bottom up."""
        sizes = [self.hidden, *self.between] if layer else []
        return {
            f"between.{layer}.{i}": (size, below) for i, (below, size) in enumerate(itertools.pairwise(sizes))
        }

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Name and shape of every parameter."""
        shapes: dict[str, tuple[int, ...]] = {}
        if self.is_embedded:
            shapes |= {"past.weight": (self.hidden, self.past_size), "past.bias": (self.hidden,)}
        if not self.is_direct:
            shapes["future.position"] = (self.hidden, self.future_steps)
            if self.future_size:
                shapes["future.weight"] = (self.hidden, self.future_size)
            if self.series:
                shapes["future.series"] = (self.hidden, self.series)
        for layer in range(self.layers):
            for name, (size, below) in self.between_shapes(layer).items():
                shapes |= {f"{name}.weight": (size, below), f"{name}.bias": (size,)}
            shapes[f"recurrent.{layer}.weight"] = CELLS[self.cell].shape(self.input_size(layer), self.hidden)
        size = self.head_size
        for layer, units in enumerate(self.dense):
            shapes |= {f"dense.{layer}.weight": (units, size), f"dense.{layer}.bias": (units,)}
            size = units
        rows = self.output_rows * self.quantiles
        shapes |= {"output.weight": (rows, size), "output.bias": (rows,)}
        if self.has_linear_highway:
            shapes |= {"highway.weight": (self.horizon, self.lookback), "highway.bias": (self.horizon,)}
        return shapes
