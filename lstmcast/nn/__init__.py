"""Neural networks in NumPy: arrays in, arrays out."""

from __future__ import annotations

from lstmcast.nn.cells import CELLS
from lstmcast.nn.losses import LOSSES
from lstmcast.nn.network import Architecture, Inputs, Network
from lstmcast.nn.optimizers import OPTIMIZERS, Group, clip_norm, clip_value
from lstmcast.nn.parameters import Parameters
from lstmcast.nn.schedules import SCHEDULES

__all__ = [
    "CELLS",
    "LOSSES",
    "OPTIMIZERS",
    "SCHEDULES",
    "Architecture",
    "Group",
    "Inputs",
    "Network",
    "Parameters",
    "clip_norm",
    "clip_value",
]
