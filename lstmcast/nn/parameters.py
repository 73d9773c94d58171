"""All weights of a network in one flat vector, with a named view of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import DTypeLike

from lstmcast.nn.buffers import Array, aligned


class Parameters:
    """Named arrays that share one flat vector, so that clipping, an update or a copy is one line.

    flat: (P,), aligned, zeros at first; shapes: name -> shape, in the order of the vector.
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...]], dtype: DTypeLike) -> None:
        self.shapes = dict(shapes)
        self.slices = _slices(self.shapes)
        self.flat = aligned((sum(int(np.prod(shape)) for shape in self.shapes.values()),), dtype)
        self._views = {name: self.flat[self.slices[name]].reshape(self.shapes[name]) for name in self.shapes}

    @classmethod
    def of(cls, shapes: Mapping[str, tuple[int, ...]], flat: Array) -> Parameters:
        """A copy of weights (P,), by name."""
        parameters = cls(shapes, flat.dtype)
        parameters.flat[:] = flat
        return parameters

    def __getitem__(self, name: str) -> Array:
        """The view of one array; writing to it writes to `flat`."""
        return self._views[name]

    def __iter__(self) -> Iterator[str]:
        """The names, in the order of the vector."""
        return iter(self._views)

    def like(self) -> Parameters:
        """Zeros with the same names, shapes and dtype."""
        return Parameters(self.shapes, self.flat.dtype)


def _slices(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, slice]:
    """Return where each array stands in the flat vector."""
    slices, start = {}, 0
    for name, shape in shapes.items():
        stop = start + int(np.prod(shape))
        slices[name] = slice(start, stop)
        start = stop
    return slices
