"""A picture of a series in a terminal: dots of Braille letters, two across and four down in each."""

from __future__ import annotations

from collections.abc import Sequence

Bins = Sequence[tuple[float, float] | None]

_ACROSS, _DOWN = 2, 4
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # of each half of a letter, from the top down
_BLANK = 0x2800


def bins_for(width: int) -> int:
    """How many stretches a picture of so many letters across shows."""
    return _ACROSS * width


def draw(bins: Bins, height: int) -> list[str]:
    """Lines of a picture, the highest and the lowest value before the first and the last; a gap stays blank.

    bins: lowest and highest value of each stretch, or None where none is known; nothing is drawn where none is at all.
    """
    known = [pair for pair in bins if pair is not None]
    if not known:
        return []
    low, high = min(pair[0] for pair in known), max(pair[1] for pair in known)
    letters = [[_BLANK] * -(-len(bins) // _ACROSS) for _ in range(height)]
    for place, pair in enumerate(_joined(bins)):
        if pair is not None:
            top, bottom = (_dot(value, low, high, height * _DOWN) for value in (pair[1], pair[0]))
            for dot in range(top, bottom + 1):
                letters[dot // _DOWN][place // _ACROSS] |= _DOTS[place % _ACROSS][dot % _DOWN]
    labels = [f"{high:.4g}", *[""] * (height - 2), f"{low:.4g}"] if height > 1 else [f"{high:.4g}"]
    width = max(map(len, labels))
    return [
        f"{label:>{width}} {''.join(map(chr, row))}".rstrip(chr(_BLANK) + " ")
        for label, row in zip(labels, letters, strict=True)
    ]


def _joined(bins: Bins) -> list[tuple[float, float] | None]:
    """Each stretch reaches as far as the one before it, so that a steep line has no holes."""
    joined: list[tuple[float, float] | None] = []
    before: tuple[float, float] | None = None
    for pair in bins:
        if pair is None or before is None:
            joined.append(pair)
        else:
            joined.append((min(pair[0], before[1]), max(pair[1], before[0])))
        before = pair
    return joined


def _dot(value: float, low: float, high: float, dots: int) -> int:
    """Which dot from the top a value is; the middle one where all are equal."""
    share = 0.5 if high <= low else (value / 2 - low / 2) / (high / 2 - low / 2)  # halves cannot overflow
    return round((1 - share) * (dots - 1))
