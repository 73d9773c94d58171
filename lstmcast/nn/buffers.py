"""Memory that is taken once and aligned to cache lines."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Array = NDArray[Any]

_LINE = 64
_BUFFER = 1024


def aligned(shape: tuple[int, ...], dtype: DTypeLike) -> Array:
    """Zeros of this shape whose first byte starts a cache line (2 to 6 % of a recurrent step)."""
    size = math.prod(shape) * np.dtype(dtype).itemsize
    raw = np.zeros(size + _LINE, dtype=np.uint8)
    start = -raw.ctypes.data % _LINE
    return raw[start : start + size].view(dtype).reshape(shape)


@contextmanager
def small_buffer() -> Iterator[None]:
    """NumPy's ufunc buffer at 1,024 elements inside, as it was outside.

    NumPy 2.3 and later copy operands with gaps through that buffer (8,192 elements) when their contiguous runs
    are shorter than it, which takes up to three times as long as the operation; a gate of a step is such a run.
    """
    before = np.setbufsize(_BUFFER)
    try:
        yield
    finally:
        np.setbufsize(before)
