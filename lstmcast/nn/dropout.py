"""Dropout masks, drawn from the raw words of a generator."""

from __future__ import annotations

import numpy as np

from lstmcast.nn.buffers import Array, aligned

_LEVELS = 1 << 16
_WORDS = 500
_BITS_PER_UNIT = 16


class Dropout:
    """An inverted-dropout mask (Srivastava et al. 2014) for arrays of one shape.

    A unit is kept when its 16 random bits reach `rate`, so a rate is exact to 1 / 65,536. The bits come
    from the generator's raw 64-bit words (a sixth of the time of uniform floats), fewer than a page at a time.
    """

    def __init__(self, shape: tuple[int, ...], rate: float, dtype: np.dtype) -> None:
        self.mask = aligned(shape, dtype)
        self._threshold = np.uint16(min(round(rate * _LEVELS), _LEVELS - 1))
        self._scale = self.mask.dtype.type(_LEVELS / (_LEVELS - int(self._threshold)))
        units = self.mask.size
        self._words = np.zeros(-(-units * _BITS_PER_UNIT // 64), dtype=np.uint64)
        self._bits = self._words.view(np.uint16)[:units].reshape(shape)

    def draw(self, rng: np.random.Generator) -> Array:
        """A new mask: 0 with probability rate, else 1 / (1 - rate); borrowed until the next draw."""
        raw, words = rng.bit_generator.random_raw, self._words
        for start in range(0, len(words), _WORDS):
            piece = words[start : start + _WORDS]
            piece[:] = raw(len(piece))
        np.greater_equal(self._bits, self._threshold, out=self.mask)
        np.multiply(self.mask, self._scale, out=self.mask)
        return self.mask
