"""One way to prepare the rows and to look back at them: what is tried, and what a model keeps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Setting:
    """One way to prepare the rows and to look back at them."""

    transform: str
    lookback: int
    stage: str = "none"
    is_anchored: bool = True
    is_sized: bool = False
