"""The LSTM kernel beside torch.nn.LSTM, one thread each: python tests/benchmarks/kernel.py"""

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


class Ours:
    """A training step and a forward of lstmcast.nn.lstm; gradient enters at every step."""

    def __init__(self, shape: tuple[int, int, int, int], last_only: bool = False, forget: float = 0.0):
        from lstmcast.nn import lstm
        from lstmcast.nn.start import recurrent_start

        steps, batch, inputs, hidden = shape
        rng = np.random.default_rng(0)
        self.lstm = lstm
        self.weight = recurrent_start(rng, "uniform", inputs, hidden).astype(np.float32)
        self.weight.reshape(4, hidden, -1)[2, :, -1] = forget
        self.x = rng.normal(size=(steps, inputs, batch)).astype(np.float32)
        rows = 1 if last_only else steps
        self.d_h = (rng.normal(size=(rows, hidden, batch)) / batch).astype(np.float32)
        self.workspace = lstm.Workspace(steps, batch, inputs, hidden, np.float32, inputs_are_data=True)
        self.light = lstm.Workspace(steps, batch, inputs, hidden, np.float32, keep=False)
        self.d_weight = np.zeros_like(self.weight)

    def step(self) -> None:
        np.copyto(self.workspace.x, self.x)
        _, cache = self.lstm.forward(self.weight, self.workspace)
        self.lstm.backward(self.weight, cache, self.d_h, self.d_weight)

    def forward(self) -> None:
        np.copyto(self.light.x, self.x)
        self.lstm.forward(self.weight, self.light)


class Theirs:
    """The same with torch.nn.LSTM and the same weights."""

    def __init__(self, ours: Ours, shape: tuple[int, int, int, int]):
        import torch

        _, _, inputs, hidden = shape
        self.torch, self.layer = torch, torch.nn.LSTM(inputs, hidden)
        gates = ours.weight.reshape(4, hidden, -1)[[1, 2, 3, 0]].reshape(4 * hidden, -1)
        with torch.no_grad():
            self.layer.weight_ih_l0.copy_(torch.from_numpy(gates[:, :inputs].copy()))
            self.layer.weight_hh_l0.copy_(torch.from_numpy(gates[:, inputs:-1].copy()))
            self.layer.bias_ih_l0.copy_(torch.from_numpy(gates[:, -1].copy()))
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
    inputs, hidden = ours.x.shape[1], ours.d_h.shape[1]
    mine = ours.d_weight.reshape(4, hidden, -1)[[1, 2, 3, 0]].reshape(4 * hidden, -1)[:, inputs:-1]
    other = theirs.layer.weight_hh_l0.grad.numpy()
    assert np.abs(mine - other).max() < 1e-4 * np.abs(other).max(), np.abs(mine - other).max()


def denormal_guard() -> float:
    """A step whose gates are near one half over a step with forget bias 3, the loss at the end of a long window."""
    shape = (336, 64, 8, 64)
    near_half, open_gates = Ours(shape, last_only=True), Ours(shape, last_only=True, forget=3.0)
    return ratio(near_half.step, open_gates.step, 2.0)["ratio"]


def measure() -> dict[str, Any]:
    """All numbers of one mode."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    found: dict[str, Any] = {}
    for shape in SHAPES:
        ours = Ours(shape)
        theirs = Theirs(ours, shape)
        agree(ours, theirs)
        found[str(shape)] = {
            "step": ratio(ours.step, theirs.step, seconds),
            "forward": ratio(ours.forward, theirs.forward, seconds),
            "faults": page_faults(ours.step),
            "torch_faults": page_faults(theirs.step),
        }
    found["denormal guard"] = denormal_guard()
    return found


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
    write("kernel", found)


if __name__ == "__main__":
    main()
