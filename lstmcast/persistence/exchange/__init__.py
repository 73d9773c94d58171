"""Doors to other programs: weights in torch's layout, and a whole model as an ONNX graph."""

from __future__ import annotations
