"""The recurrent kernels beside torch's, one thread each: python tests/benchmarks/kernel.py [seconds a figure]"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from beside_torch import in_both_modes, page_faults, ratio, write

SHAPES = (
    (24, 32, 1, 32),
    (168, 32, 8, 64),
    (168, 64, 8, 64),
    (168, 128, 8, 64),
    (168, 256, 8, 128),
    (336, 64, 8, 32),
    (48, 1024, 8, 64),
)
CELL_SHAPES = SHAPES[:2] + SHAPES[3:5]
TORCHS = {"lstm": "LSTM", "gru": "GRU", "rnn": "RNN"}
WITHOUT_TORCH = ("lstm-peephole", "lstm-coupled")


class Ours:
    """A training step and a forward of a cell of lstmcast.nn; gradient enters at every step."""

    def __init__(self, shape: tuple[int, int, int, int], cell: str = "lstm", last_only: bool = False):
        from lstmcast.nn.cells import CELLS

        steps, batch, inputs, hidden = shape
        rng = np.random.default_rng(0)
        self.name, self.cell = cell, CELLS[cell]
        self.weight = self.cell.start(rng, "uniform", inputs, hidden).astype(np.float32)
        self.x = rng.normal(size=(steps, inputs, batch)).astype(np.float32)
        rows = 1 if last_only else steps
        self.d_h = (rng.normal(size=(rows, hidden, batch)) / batch).astype(np.float32)
        self.workspace = self.cell.workspace(steps, batch, inputs, hidden, np.float32, inputs_are_data=True)
        self.light = self.cell.workspace(steps, batch, inputs, hidden, np.float32, keep=False)
        self.d_weight = np.zeros_like(self.weight)

    def step(self) -> None:
        np.copyto(self.workspace.x, self.x)
        _, cache = self.cell.forward(self.weight, self.workspace)
        self.cell.backward(self.weight, cache, self.d_h, self.d_weight)

    def forward(self) -> None:
        np.copyto(self.light.x, self.x)
        self.cell.forward(self.weight, self.light)

    def of_torch(self, array: Any) -> list[Any]:
        """Weights, or their gradient, as torch has them: of x, of h, and the bias beside x."""
        _, _, inputs, hidden = self.workspace.sizes
        if self.name == "gru":
            return [array[:, :inputs], array[:, inputs + 2 :], array[:, inputs]]
        if self.name == "lstm":
            array = array.reshape(4, hidden, -1)[[1, 2, 3, 0]].reshape(4 * hidden, -1)
        return [array[:, :inputs], array[:, inputs:-1], array[:, -1]]


class Theirs:
    """The same with torch's layer and the same weights."""

    def __init__(self, ours: Ours, shape: tuple[int, int, int, int]):
        import torch

        _, _, inputs, hidden = shape
        self.torch, self.layer = torch, getattr(torch.nn, TORCHS[ours.name])(inputs, hidden)
        parts = self.layer.weight_ih_l0, self.layer.weight_hh_l0, self.layer.bias_ih_l0
        with torch.no_grad():
            for part, values in zip(parts, ours.of_torch(ours.weight), strict=True):
                part.copy_(torch.from_numpy(values.copy()))
            self.layer.bias_hh_l0.zero_()
        self.x = torch.from_numpy(ours.x.transpose(0, 2, 1).copy())
        self.d_h = torch.from_numpy(ours.d_h.transpose(0, 2, 1).copy())

    def step(self) -> None:
        self.layer.zero_grad(set_to_none=True)
        output, _ = self.layer(self.x)
        output.backward(self.d_h)

    def forward(self) -> None:
        with self.torch.no_grad():
            self.layer(self.x)


def agree(ours: Ours, theirs: Theirs) -> None:
    """The two compute the same gradient, or there is nothing to time."""
    ours.step()
    theirs.step()
    mine = ours.of_torch(ours.d_weight)[1]
    other = theirs.layer.weight_hh_l0.grad.numpy()
    assert np.abs(mine - other).max() < 1e-4 * np.abs(other).max(), np.abs(mine - other).max()


def denormal_guard() -> float:
    """A step whose gates are near one half over a step with forget bias 3, the loss at the end of a long window."""
    shape = (336, 64, 8, 64)
    near_half, open_gates = Ours(shape, last_only=True), Ours(shape, last_only=True)
    open_gates.weight.reshape(4, shape[3], -1)[2, :, -1] = 3.0
    return ratio(near_half.step, open_gates.step, 2.0)["ratio"]


def measure() -> dict[str, Any]:
    """All numbers of one mode."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    found: dict[str, Any] = {}
    for shape in SHAPES:
        ours = Ours(shape)
        theirs = Theirs(ours, shape)
        found[str(shape)] = beside_torchs("lstm", shape, seconds) | {
            "faults": page_faults(ours.step),
            "torch_faults": page_faults(theirs.step),
        }
    found["denormal guard"] = denormal_guard()
    for name in ("gru", "rnn"):
        found[name] = {str(shape): beside_torchs(name, shape, seconds) for shape in CELL_SHAPES}
    for name in WITHOUT_TORCH:
        found[name] = {
            str(shape): ratio(Ours(shape, name).step, Ours(shape).step, seconds) for shape in CELL_SHAPES
        }
    return found


def beside_torchs(name: str, shape: tuple[int, int, int, int], seconds: float) -> dict[str, Any]:
    """A training step and a forward of one cell beside torch's."""
    ours = Ours(shape, name)
    theirs = Theirs(ours, shape)
    agree(ours, theirs)
    return {
        "step": ratio(ours.step, theirs.step, seconds),
        "forward": ratio(ours.forward, theirs.forward, seconds),
    }


def main() -> None:
    """Print the table and write results/kernel.json."""
    found = in_both_modes(__file__, measure)
    if found is None:
        return
    print("(T, B, D, H)         step ms   / torch  strict | forward / torch  strict | faults, torch's")
    for shape in map(str, SHAPES):
        usual, strict = (found[mode][shape] for mode in ("installed", "strict"))
        print(
            f"{shape:20} {usual['step']['lstmcast_ms']:8.2f} {usual['step']['ratio']:9.2f} "
            f"{strict['step']['ratio']:7.2f} | {usual['forward']['lstmcast_ms']:7.2f} "
            f"{usual['forward']['ratio']:7.2f} {strict['forward']['ratio']:7.2f} | "
            f"{usual['faults']:.0f}, {usual['torch_faults']:.0f}"
        )
    guard = found["installed"]["denormal guard"]  # strict flushes denormals in hardware, for both
    print(f"denormal guard: a step with gates near one half / with forget bias 3 = {guard:.2f}")
    show_cells(found)
    write("kernel", found)


def show_cells(found: dict[str, Any]) -> None:
    """The other cells: beside torch's, and those that torch has not beside our LSTM."""
    print("cell           (T, B, D, H)         step ms   / torch  strict | forward / torch  strict")
    for name in ("gru", "rnn"):
        for shape in map(str, CELL_SHAPES):
            usual, strict = (found[mode][name][shape] for mode in ("installed", "strict"))
            print(
                f"{name:14} {shape:20} {usual['step']['lstmcast_ms']:7.2f} {usual['step']['ratio']:9.2f} "
                f"{strict['step']['ratio']:7.2f} | {usual['forward']['lstmcast_ms']:7.2f} "
                f"{usual['forward']['ratio']:7.2f} {strict['forward']['ratio']:7.2f}"
            )
    print("cell           (T, B, D, H)         step ms   / our LSTM")
    for name in WITHOUT_TORCH:
        for shape in map(str, CELL_SHAPES):
            one = found["installed"][name][shape]
            print(f"{name:14} {shape:20} {one['lstmcast_ms']:7.2f} {one['ratio']:9.2f}")


if __name__ == "__main__":
    main()
