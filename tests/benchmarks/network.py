"""A whole training step beside the same network in torch, one thread each: python tests/benchmarks/network.py"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from beside_torch import in_both_modes, page_faults, ratio, write

QUANTILES = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95], np.float32)
SHAPES = (
    (336, 24, 24, 9, 64, 128),
    (672, 48, 48, 11, 64, 128),
    (168, 24, 24, 0, 32, 64),
    (720, 96, 48, 0, 128, 256),
    (168, 24, 1, 9, 64, 64),
)
RATE, DECAY, HIGHWAY_FACTOR, CLIP = 1e-4, 0.01, 0.05, 1.0


class Ours:
    """A training step of lstmcast.nn: forward, pinball loss, backward, clipping, AdamW."""

    def __init__(self, shape: tuple[int, ...]):
        from lstmcast.nn import losses, network, optimizers

        lookback, horizon, segment, features, hidden, batch = shape
        textbook = segment == 1
        self.architecture = network.Architecture(
            lookback=lookback,
            horizon=horizon,
            segment=segment,
            past_size=segment + features,
            future_size=0 if textbook else features,
            hidden=hidden,
            decoder="direct" if textbook else "segments",
            highway=not textbook,
        )
        a, rng = self.architecture, np.random.Generator(np.random.SFC64(0))
        self.network, self.rng = network.Network(a), rng
        self.parameters = self.network.start(rng, np.float32)
        spread = np.tile(np.linspace(-1, 1, 11), len(self.parameters["output.bias"]) // 11)
        self.parameters["output.bias"][...] = spread
        sizes = [
            (batch, a.past_steps, a.past_size),
            (batch, a.future_steps, a.future_size),
            (batch, lookback),
        ]
        arrays = [rng.normal(size=size).astype(np.float32) for size in sizes]
        self.inputs = network.Inputs(*arrays, np.zeros(batch, int))
        self.target = rng.normal(size=(horizon, batch)).astype(np.float32)
        self.weight = np.ones_like(self.target)
        self.workspace = self.network.workspace(batch, np.float32)
        self.workspace = losses.LossWorkspace((horizon, 11, batch), np.float32)
        self.pinball, self.clip = losses.pinball, optimizers.clip_norm
        groups = [optimizers.ParameterGroup(slice(None), 1.0, DECAY)]
        if a.highway:
            start = self.parameters.slices["highway.weight"].start
            groups = [
                optimizers.ParameterGroup(slice(0, start), 1.0, DECAY),
                optimizers.ParameterGroup(slice(start, None), HIGHWAY_FACTOR),
            ]
        self.optimizer = optimizers.AdamW(self.parameters.flat, groups)

    def gradient(self, rng: np.random.Generator | None) -> tuple[float, Any]:
        output, cache = self.network.forward(self.parameters, self.inputs, self.workspace, rng)
        loss, slope = self.pinball(output, self.target, self.weight, QUANTILES, self.workspace)
        return loss, self.network.backward(self.parameters, cache, slope)

    def step(self) -> None:
        _, gradient = self.gradient(self.rng)
        self.clip(gradient.flat, CLIP)
        self.optimizer.step(gradient.flat, RATE)


def torch_network(ours: Ours) -> Any:
    """The same network as a torch module, with the same weights."""
    import torch
    from torch import nn

    a, given = ours.architecture, ours.parameters

    class Twin(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            if a.is_embedded:
                self.past = nn.Linear(a.past_size, a.hidden)
                self.position = nn.Parameter(torch.zeros(a.future_steps, a.hidden))
                if a.future_size:
                    self.future = nn.Linear(a.future_size, a.hidden, bias=False)
            self.lstm = nn.LSTM(a.input_size(0), a.hidden, batch_first=True)
            self.drop = nn.Dropout(a.dropout)
            self.head = nn.Linear(a.hidden, a.output_rows * a.quantiles)
            if a.highway:
                self.highway = nn.Linear(a.lookback, a.horizon)

        def forward(self, past: Any, future: Any, window: Any) -> Any:
            x = past
            if a.is_embedded:
                x = self.drop(torch.relu(self.past(past)))
                ahead = self.position.expand(len(past), -1, -1)
                if a.future_size:
                    ahead = ahead + self.future(future)
                x = torch.cat([x, torch.relu(ahead)], dim=1)
            h = self.lstm(x)[0][:, -a.head_steps :]
            output = self.head(self.drop(h)).reshape(len(past), -1, a.quantiles)[:, : a.horizon]
            if a.highway:
                output = output + self.highway(window)[..., None]
            return output.sort(dim=2).values

    twin, hidden = Twin(), a.hidden
    weight = given["recurrent.0.weight"].reshape(4, hidden, -1)[[1, 2, 3, 0]].reshape(4 * hidden, -1)
    values = {
        "lstm.weight_ih_l0": weight[:, : a.input_size(0)],
        "lstm.weight_hh_l0": weight[:, a.input_size(0) : -1],
        "lstm.bias_ih_l0": weight[:, -1],
        "lstm.bias_hh_l0": np.zeros(4 * hidden, np.float32),
        "head.weight": given["output.weight"],
        "head.bias": given["output.bias"],
    }
    if a.is_embedded:
        values |= {"past.weight": given["past.weight"], "past.bias": given["past.bias"]}
        values["position"] = given["future.position"].T
        if a.future_size:
            values["future.weight"] = given["future.weight"]
    if a.highway:
        values |= {"highway.weight": given["highway.weight"], "highway.bias": given["highway.bias"]}
    twin.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in values.items()})
    return twin


class Theirs:
    """A training step of the torch module with fused AdamW."""

    def __init__(self, ours: Ours):
        import torch

        self.torch, self.module = torch, torch_network(ours)
        inputs = ours.inputs
        self.inputs = [
            torch.from_numpy(array.copy()) for array in (inputs.past, inputs.future, inputs.window)
        ]
        self.target = torch.from_numpy(ours.target.T.copy())[..., None]
        self.quantiles = torch.from_numpy(QUANTILES)
        named = list(self.module.named_parameters())
        groups = [{"params": [p for name, p in named if "highway" not in name], "weight_decay": DECAY}]
        if ours.architecture.highway:
            highway = [p for name, p in named if "highway" in name]
            groups.append({"params": highway, "lr": RATE * HIGHWAY_FACTOR, "weight_decay": 0.0})
        self.optimizer = torch.optim.AdamW(groups, lr=RATE, fused=True)

    def gradient(self) -> float:
        self.optimizer.zero_grad(set_to_none=True)
        error = self.target - self.module(*self.inputs)
        loss = self.torch.maximum(self.quantiles * error, (self.quantiles - 1) * error).mean()
        loss.backward()
        return loss

    def step(self) -> None:
        self.gradient()
        self.torch.nn.utils.clip_grad_norm_(self.module.parameters(), CLIP)
        self.optimizer.step()


def agree(ours: Ours, theirs: Theirs) -> None:
    """Loss and gradients are the same with dropout off, or there is nothing to time."""
    theirs.module.eval()
    loss, gradient = ours.gradient(None)
    other = float(theirs.gradient().detach())
    theirs.module.train()
    assert abs(loss - other) < 1e-5 * abs(other), (loss, other)
    a, found = ours.architecture, dict(theirs.module.named_parameters())
    pairs = [(gradient["output.weight"], found["head.weight"]), (gradient["output.bias"], found["head.bias"])]
    gates = gradient["recurrent.0.weight"].reshape(4, a.hidden, -1)[[1, 2, 3, 0]].reshape(4 * a.hidden, -1)
    pairs.append((gates[:, a.input_size(0) : -1], found["lstm.weight_hh_l0"]))
    pairs.append((gates[:, : a.input_size(0)], found["lstm.weight_ih_l0"]))
    pairs.append((gates[:, -1], found["lstm.bias_ih_l0"]))
    if a.is_embedded:
        pairs += [
            (gradient["past.weight"], found["past.weight"]),
            (gradient["past.bias"], found["past.bias"]),
        ]
        pairs.append((gradient["future.position"].T, found["position"]))
    if a.highway:
        pairs.append((gradient["highway.weight"], found["highway.weight"]))
    for mine, parameter in pairs:
        theirs_now = parameter.grad.numpy()
        assert np.abs(mine - theirs_now).max() < 1e-3 * np.abs(theirs_now).max(), mine.shape


def flops(a: Any, batch: int) -> float:
    """Multiplications and additions in the matrix products of a training step."""
    size = a.input_size(0)
    recurrence = 3 * a.recurrent_steps * 4 * a.hidden * (size + a.hidden + 1)
    head = 3 * a.head_steps * a.head_size * a.output_rows * a.quantiles
    straight = 2 * a.lookback * a.horizon if a.highway else 0
    embedding = 0
    if a.is_embedded:
        embedding = 2 * a.hidden * (a.past_steps * a.past_size + a.future_steps * a.future_size)
    return 2.0 * batch * (recurrence + head + straight + embedding)


def sgemm_rate() -> float:
    """Operations a second of a large float32 matrix product on this machine."""
    square = np.ones((1536, 1536), np.float32)
    times = []
    for _ in range(8):
        start = time.process_time()
        np.matmul(square, square)
        times.append(time.process_time() - start)
    return float(2 * 1536**3 / min(times))


def gathering(ours: Ours) -> float:
    """Seconds to gather a batch of windows and targets by index from a million rows."""
    a, rng = ours.architecture, np.random.default_rng(0)
    series = rng.normal(size=1_000_000).astype(np.float32)
    rows = np.lib.stride_tricks.sliding_window_view(series, a.lookback + a.horizon)
    batch, times = ours.target.shape[1], []
    for _ in range(50):
        start = time.process_time()
        np.ascontiguousarray(rows[rng.integers(len(rows), size=batch)])
        times.append(time.process_time() - start)
    return statistics.median(times)


def measure() -> dict[str, Any]:
    """All numbers of one mode."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 4.0
    found: dict[str, Any] = {}
    for shape in SHAPES:
        ours = Ours(shape)
        theirs = Theirs(ours)
        agree(ours, theirs)
        timed: dict[str, Any] = dict(ratio(ours.step, theirs.step, seconds))
        timed["gflops"] = flops(ours.architecture, shape[-1]) / timed["lstmcast_ms"] / 1e6
        timed["sgemm_gflops"] = sgemm_rate() / 1e9
        timed["sgemm_share"] = timed["gflops"] / timed["sgemm_gflops"]
        timed["gathering_share"] = 1e3 * gathering(ours) / timed["lstmcast_ms"]
        timed["faults"] = page_faults(ours.step)
        found[str(shape)] = timed
    return found


def main(script: str = __file__, run: Callable[[], dict[str, Any]] = measure) -> None:
    """Print the table and write results/network.json."""
    found = in_both_modes(script, run)
    if found is None:
        return
    print("(L, K, w, features, d, B)     step ms  / torch  strict   GFLOP/s  of sgemm  gathering  faults")
    for shape in map(str, SHAPES):
        usual, strict = (found[mode][shape] for mode in ("installed", "strict"))
        print(
            f"{shape:28} {usual['lstmcast_ms']:8.2f} {usual['ratio']:8.2f} {strict['ratio']:7.2f} "
            f"{usual['gflops']:9.0f} {usual['sgemm_share']:8.0%} {usual['gathering_share']:9.1%} "
            f"{usual['faults']:8.1f}"
        )
    write("network", found)


if __name__ == "__main__":
    main()
