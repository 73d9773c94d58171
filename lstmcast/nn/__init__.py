"""Neural networks in NumPy: arrays in, arrays out."""

from __future__ import annotations

from lstmcast.nn.losses import LOSSES
from lstmcast.nn.network import Architecture, Inputs, Network
from lstmcast.nn.optimizers import OPTIMIZERS, Group, clip_norm, warmup_cosine
from lstmcast.nn.parameters import Parameters

__all__ = [
    "LOSSES",
    "OPTIMIZERS",
    "Architecture",
    "Group",
    "Inputs",
    "Network",
    "Parameters",
    "clip_norm",
    "warmup_cosine",
]
