"""Printed tables: what databases, spreadsheets and instruments write for eyes, as lines that a delimiter cuts."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from functools import partial

from lstmcast.ingest.table.dialect import DELIMITERS
from lstmcast.ingest.text.context import ReadContext

_LOOK = 50  # lines looked at
_RULE = re.compile(rb"^(?=[^\n]*---)[-|+: \t]+$", re.MULTILINE)
_FORMULA = re.compile(rb'(?:(?<=[,;\t|\n])|\A)(?:="([^"\n]*)"|"=""([^"\n]*)""")(?=[,;\t|\n]|\Z)')
_FEWEST_CELLS, _WIDE = 2, re.compile(rb" {2,}")
_SIGNS = [delimiter.encode() for delimiter in DELIMITERS]

Blocks = Iterator[tuple[int, bytes]]


def unprinted(blocks: Blocks, context: ReadContext) -> Blocks:
    """The blocks with ruled lines emptied, cells such as `="5"` as `5`, and blanks between cells as tabs.

    Blocks are (number of the first line, whole lines), and lines keep their numbers. The first block tells which of it
    is needed; a file that needs nothing passes.
    """
    first = next(blocks, None)
    if first is None:
        return
    changes = _needed(first[1], context)
    for line, block in itertools.chain([first], blocks):
        for change in changes:
            block = change(block)
        yield line, block


def _needed(block: bytes, context: ReadContext) -> list[Callable[[bytes], bytes]]:
    """The changes that the first lines ask for."""
    changes: list[Callable[[bytes], bytes]] = []
    lines = [line for line in block.split(b"\n", _LOOK)[:_LOOK] if line.strip()]
    if any(map(_RULE.match, lines)):
        changes.append(partial(_RULE.sub, b""))
    if b'="' in block[: 1 << 16] or b'"=""' in block[: 1 << 16]:
        changes.append(partial(_FORMULA.sub, rb'"\1\2"'))
    gap = _gap([line for line in lines if not _RULE.match(line)])
    if gap is not None:
        context.info("blanks", "cells stand apart by blanks")
        changes.append(partial(_tabbed, gap))
    return changes


def _gap(lines: list[bytes]) -> re.Pattern[bytes] | None:
    """The blanks that cut all lines into equally many cells: of two or more, else of any number; None otherwise."""
    lines = [line for line in lines if not line.startswith(b"#")]
    if len(lines) < _FEWEST_CELLS or any(sign in line.strip() for line in lines for sign in _SIGNS):
        return None
    whole = lines[:-1] if len(lines) > _FEWEST_CELLS else lines  # the last may be cut off
    for gap in (_WIDE, re.compile(rb" +")):
        widths = {len(gap.split(line.strip())) for line in whole}
        if len(widths) == 1 and min(widths) >= _FEWEST_CELLS:
            return gap
    return None


def _tabbed(gap: re.Pattern[bytes], block: bytes) -> bytes:
    return b"\n".join(gap.sub(b"\t", line.strip()) for line in block.split(b"\n"))
