"""An ONNX graph as it is built: nodes, constants, and what goes in and comes out."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import UsageError

OPSET = 17
IR_VERSION = 8
Array = NDArray[Any]


class Graph:
    """Grows by one node at a time; every value goes by a name, and arrays become constants.

    Raises UsageError where the package onnx is not installed.
    """

    def __init__(self) -> None:
        try:
            import onnx
        except ImportError:
            raise UsageError("ONNX export needs the extra onnx (pip install 'lstmcast[onnx]')") from None
        self._onnx = onnx
        self._nodes: list[Any] = []
        self._constants: list[Any] = []
        self._inputs: list[Any] = []
        self._outputs: list[Any] = []

    def add(self, operator: str, *inputs: str | Array | None, spare: int = 0, **attributes: Any) -> str:
        """The name of a node's first output; inputs are names, constants, or None for one that is left out.

        spare: how many outputs more the operator must have, which nobody wants.
        """
        name = f"{operator.lower()}_{len(self._nodes)}"
        names = ["" if part is None else self._named(part) for part in inputs]
        outputs = [name, *(f"{name}_{number}" for number in range(spare))]
        self._nodes.append(self._onnx.helper.make_node(operator, names, outputs, **attributes))
        return name

    def enter(self, name: str, dtype: Any, shape: tuple[int | str, ...], meaning: str) -> str:
        """An input of the graph."""
        self._inputs.append(self._described(name, dtype, shape, meaning))
        return name

    def leave(self, name: str, value: str, dtype: Any, shape: tuple[int | str, ...], meaning: str) -> None:
        """An output of the graph."""
        self._nodes.append(self._onnx.helper.make_node("Identity", [value], [name]))
        self._outputs.append(self._described(name, dtype, shape, meaning))

    def slice(self, value: str, axis: int, start: int, stop: int) -> str:
        """value[…, start:stop, …] along an axis."""
        ends = (np.array([number], dtype=np.int64) for number in (start, stop, axis))
        return self.add("Slice", value, *ends)

    def described(self) -> dict[str, list[dict[str, Any]]]:
        """Name, shape and meaning of every input and output."""
        return {"inputs": list(map(_told, self._inputs)), "outputs": list(map(_told, self._outputs))}

    def packed(self, meaning: str, notes: dict[str, str]) -> bytes:
        """The file: the same graph gives the same bytes."""
        from lstmcast import __version__

        helper = self._onnx.helper
        graph = helper.make_graph(self._nodes, "lstmcast", self._inputs, self._outputs, self._constants)
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="lstmcast",
            producer_version=__version__,
            doc_string=meaning,
        )
        helper.set_model_props(model, notes)
        self._onnx.checker.check_model(model)
        packed: bytes = model.SerializeToString(deterministic=True)
        return packed

    def _named(self, part: str | Array) -> str:
        if isinstance(part, str):
            return part
        name = f"constant_{len(self._constants)}"
        self._constants.append(self._onnx.numpy_helper.from_array(np.asarray(part, order="C"), name))
        return name

    def _described(self, name: str, dtype: Any, shape: tuple[int | str, ...], meaning: str) -> Any:
        helper = self._onnx.helper
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return helper.make_tensor_value_info(name, kind, shape, doc_string=meaning)


def _told(value: Any) -> dict[str, Any]:
    shape = [dimension.dim_param or dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
    return {"name": value.name, "shape": shape, "meaning": value.doc_string}
