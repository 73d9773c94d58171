"""What each cell can remember, and for how long: python tests/benchmarks/memory.py [quick] [workers]

1. The adding problem (Hochreiter and Schmidhuber 1997, as in Le et al. 2015): of T numbers in [0, 1] two are marked,
   and the answer after the last is their sum; who always answers 1 has a mean squared error of 0.167.
2. Delayed recall: one of eight symbols, a gap of nothing, then the question which it was.
3. The norm of the loss's derivative at the state (h, and c where there is one) t steps into the adding problem, at the
   start and after training, and what clipping does to a gradient that explodes.

Every line names its start. `uniform`: all weights within 1 / sqrt(H), no gate open. `orthogonal`: the recurrent ones
orthogonal, the gate that keeps at a bias of 1; `orthogonal, gain 1.5`: those times 1.5; `orthogonal, bias 0`: that gate
at 0, half open. `chrono`: orthogonal, that gate at the logarithm of a number drawn from 1 to T (Tallec and Ollivier
2018). What is done is stored as it is done.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from lstmcast.nn.cells import CELLS
from lstmcast.nn.optimizers import Adam, Momentum, Optimizer, clip_norm
from lstmcast.nn.parameters import Parameters

RESULTS = Path(__file__).parent / "results"
HIDDEN, BATCH, RATE, CLIP, SYMBOLS = 32, 64, 3e-3, 1.0, 8
SOLVED = {"adding": 0.01, "recall": 0.01}  # mean squared error; share of wrong answers
LOOK_EVERY, JUDGED = 100, 512
WILD_RATE, WILD_STEPS = 0.02, 500  # of momentum, because Adam divides an explosion away
FULL = {"adding": (50, 100, 200), "recall": (10, 20, 50, 100, 200), "steps": 6000, "seeds": 2, "curve": 100}
QUICK = {"adding": (20,), "recall": (10,), "steps": 400, "seeds": 1, "curve": 40}


@dataclass(frozen=True)
class Case:
    """One cell with its start that learns one task of T steps from one seed; it stops when it has solved it."""

    task: str
    length: int
    cell: str
    start: str
    seed: int
    most_steps: int


def sample(task: str, length: int, batch: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """x (T, D, B) and the answer: (B,) sums, or (B,) symbols."""
    columns = np.arange(batch)
    if task == "adding":
        x = np.zeros((length, 2, batch), np.float32)
        x[:, 0] = rng.uniform(size=(length, batch))
        half = length // 2
        marked = rng.integers(half, size=batch), half + rng.integers(length - half, size=batch)
        for rows in marked:
            x[rows, 1, columns] = 1
        return x, x[marked[0], 0, columns] + x[marked[1], 0, columns]
    x = np.zeros((length + 2, SYMBOLS + 1, batch), np.float32)
    symbols = rng.integers(SYMBOLS, size=batch)
    x[0, symbols, columns] = 1
    x[-1, SYMBOLS] = 1
    return x, symbols


def slope_of(task: str, output: Any, answer: Any) -> tuple[float, float, Any]:
    """The loss, the error that is judged, and the loss's derivative at the output (O, B)."""
    batch = len(answer)
    if task == "adding":
        error = output[0] - answer
        squared = float(np.mean(error**2))
        return squared, squared, (2 / batch) * error[None]
    share = np.exp(output - output.max(axis=0))
    share /= share.sum(axis=0)
    wrong = float(np.mean(output.argmax(axis=0) != answer))
    loss = -float(np.mean(np.log(share[answer, np.arange(batch)] + 1e-30)))
    share[answer, np.arange(batch)] -= 1
    return loss, wrong, share / batch


def started(cell: str, start: str, inputs: int, length: int, rng: np.random.Generator) -> Any:
    """Recurrent weights by the name of their start."""
    drawn = CELLS[cell].start(rng, start if start == "uniform" else "orthogonal", inputs, HIDDEN)
    keeps = drawn == 1  # biases of the gate that keeps are the only ones that are 1
    if start == "chrono":
        drawn[keeps] = np.log(rng.uniform(1, length, size=int(keeps.sum())))
    if start.endswith("bias 0"):
        drawn[keeps] = 0
    if start.endswith("1.5"):
        drawn[:, inputs:-1] *= 1.5  # the plain cell alone has this layout and this start
    return drawn


class Learner:
    """A recurrent layer whose last h a dense layer reads."""

    def __init__(self, case: Case, optimizer: type[Optimizer] = Adam, rate: float = RATE) -> None:
        self.case, self.cell = case, CELLS[case.cell]
        self.rng = np.random.default_rng(case.seed)
        steps, inputs, outputs = (case.length, 2, 1)
        if case.task == "recall":
            steps, inputs, outputs = case.length + 2, SYMBOLS + 1, SYMBOLS
        shapes = {"recurrent": self.cell.shape(inputs, HIDDEN), "output": (outputs, HIDDEN + 1)}
        self.parameters = Parameters(shapes, np.float32)
        self.parameters["recurrent"][...] = started(case.cell, case.start, inputs, steps, self.rng)
        self.parameters["output"][:, :-1] = self.rng.normal(size=(outputs, HIDDEN)) / math.sqrt(HIDDEN)
        self.gradient = self.parameters.like()
        sizes = steps, BATCH, inputs, HIDDEN, np.float32
        self.workspace = self.cell.workspace(*sizes, inputs_are_data=True)
        self.judging = self.cell.workspace(steps, JUDGED, *sizes[2:], keep=False)
        self.judged = sample(case.task, case.length, JUDGED, np.random.default_rng(10_000 + case.seed))
        self.optimizer, self.rate = optimizer(self.parameters.flat), rate

    def answer(self, workspace: Any, x: Any) -> tuple[Any, Any]:
        """The outputs (O, B) and what the dense layer read (H+1, B)."""
        np.copyto(workspace.x, x)
        outputs, _ = self.cell.forward(self.parameters["recurrent"], workspace)
        h = np.concatenate([outputs[-1] * workspace.unit, np.ones_like(x[0, :1])])
        return self.parameters["output"] @ h, h

    def gradient_norm(self) -> float:
        """Compute the gradient of a new batch; its norm."""
        x, answer = sample(self.case.task, self.case.length, BATCH, self.rng)
        output, h = self.answer(self.workspace, x)
        _, _, slope = slope_of(self.case.task, output, answer)
        slope = slope.astype(np.float32)
        np.matmul(slope, h.T, out=self.gradient["output"])
        d_h = (self.parameters["output"][:, :-1].T @ slope)[None]
        weights = self.parameters["recurrent"], self.workspace, d_h, self.gradient["recurrent"]
        self.cell.backward(*weights)
        return math.sqrt(float(np.vdot(self.gradient.flat, self.gradient.flat)))

    def learn(self, clip: float = CLIP) -> float:
        """One batch; the norm of its gradient before clipping."""
        norm = self.gradient_norm()
        if math.isfinite(norm):
            clip_norm(self.gradient.flat, clip)
            self.optimizer.step(self.gradient.flat, self.rate)
        return norm

    def error(self) -> float:
        """Of the rows that nobody learns from."""
        x, answer = self.judged
        return slope_of(self.case.task, self.answer(self.judging, x)[0], answer)[1]

    def train(self) -> tuple[float, int | None]:
        """The error at the end, and the step at which it was solved."""
        error = self.error()
        for number in range(1, self.case.most_steps + 1):
            self.learn()
            if number % LOOK_EVERY == 0 or number == self.case.most_steps:
                error = self.error()
                if error < SOLVED[self.case.task]:
                    return error, number
        return error, None

    def curve(self) -> dict[str, list[float]]:
        """The norm of the loss's derivative at h, and at all of the state, before each step (mean over windows).

        The derivative at the state before step t is that at the first state of a run that begins there.
        """
        x, answer = sample(self.case.task, self.case.length, BATCH, np.random.default_rng(99))
        weight = self.parameters["recurrent"]
        states = [tuple(np.zeros((HIDDEN, BATCH), np.float32) for _ in self.workspace.state)]
        for column in x:
            states.append(self.cell.step(weight, column, *states[-1]))
        output = self.parameters["output"] @ np.concatenate([states[-1][0], np.ones_like(x[0, :1])])
        _, _, slope = slope_of(self.case.task, output, answer)
        d_h = (self.parameters["output"][:, :-1].T @ slope.astype(np.float32))[None]
        found: dict[str, list[float]] = {"h": [], "state": []}
        for t in range(len(x)):
            space = self.cell.workspace(len(x) - t, BATCH, x.shape[1], HIDDEN, np.float32)
            np.copyto(space.x, x[t:])
            for buffer, values in zip(space.state, states[t], strict=True):
                np.copyto(buffer, values)
            _, cache = self.cell.forward(weight, space)
            gradient = self.cell.backward(weight, cache, d_h, self.gradient["recurrent"], flush_below=0)
            squares = [np.sum(part.astype(float) ** 2, axis=0) for part in gradient.d_state]
            found["h"].append(float(np.sqrt(squares[0]).mean() * BATCH))
            found["state"].append(float(np.sqrt(sum(squares)).mean() * BATCH))
        return found


def solve(case: Case) -> dict[str, Any]:
    """Train one case to its end."""
    began = time.process_time()
    error, steps = Learner(case).train()
    return {**asdict(case), "error": error, "solved_at": steps, "seconds": time.process_time() - began}


def curves(case: Case) -> dict[str, Any]:
    """The gradient's way through time at the start and after training."""
    learner = Learner(case)
    before = learner.curve()
    learner.train()
    return {**asdict(case), "start_curve": before, "trained_curve": learner.curve()}


def explosion(case: Case) -> dict[str, Any]:
    """The largest norm of the gradient in training with momentum, and the error after it, clipped and not."""
    found: dict[str, Any] = asdict(case)
    for name, clip in (("clipped", CLIP), ("unclipped", math.inf)):
        learner = Learner(case, Momentum, WILD_RATE)
        norms = [learner.learn(clip) for _ in range(case.most_steps)]
        finite = [norm for norm in norms if math.isfinite(norm)]
        found[name] = {"largest": max(finite), "broken": len(norms) - len(finite), "error": learner.error()}
    return found


STARTS = {"rnn": ("uniform", "orthogonal")}
GATED = ("orthogonal", "chrono")
CURVES = (
    ("rnn", "uniform"),
    ("rnn", "orthogonal"),
    ("rnn", "orthogonal, gain 1.5"),
    ("gru", "chrono"),
    ("lstm", "uniform"),
    ("lstm", "orthogonal"),
    ("lstm", "orthogonal, bias 0"),
    ("lstm", "chrono"),
    ("lstm-peephole", "chrono"),
    ("lstm-coupled", "chrono"),
)


def cases(plan: dict[str, Any]) -> list[Case]:
    """Every task, length, cell, start and seed; the longest first, so that no core waits at the end."""
    found = [
        Case(task, length, cell, start, seed, plan["steps"])
        for task in SOLVED
        for length in plan[task]
        for cell in CELLS
        for start in STARTS.get(cell, GATED)
        for seed in range(plan["seeds"])
    ]
    return sorted(found, key=lambda case: -case.length)


def measure(plan: dict[str, Any], workers: int, keep: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """All of it; keep: is called with what there is whenever there is more."""
    length, steps = plan["curve"], plan["steps"]
    wild = [
        Case("adding", length, "rnn", start, 0, min(steps, WILD_STEPS)) for start in ("uniform", CURVES[2][1])
    ]
    lines = [Case("adding", length, *line, 0, steps) for line in CURVES]
    found: dict[str, Any] = {"solved": [], "curves": [], "explosion": []}
    with ProcessPoolExecutor(workers) as pool:
        parts = {"curves": pool.map(curves, lines), "explosion": pool.map(explosion, wild)}
        for name, rows in (parts | {"solved": pool.map(solve, cases(plan))}).items():
            for row in rows:
                found[name].append(row)
                keep(found)
    return found


def show(found: dict[str, Any]) -> None:
    """The tables."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in found["solved"]:
        groups.setdefault((row["task"], row["length"], row["cell"], row["start"]), []).append(row)
    print("task    length  cell           start        error (median)  solved by  steps to solve (median)")
    for (task, length, cell, start), rows in sorted(groups.items(), key=lambda item: item[0][:2]):
        steps = [row["solved_at"] for row in rows if row["solved_at"] is not None]
        median = f"{np.median(steps):,.0f}" if steps else "-"
        error = np.median([row["error"] for row in rows])
        print(
            f"{task:7} {length:6}  {cell:14} {start:12} {error:14.4f}  {len(steps)} of {len(rows)}  {median:>11}"
        )
    print(
        "\nnorm of dLoss/dstate at the first step over that at the last, and of dLoss/dh: start, after training"
    )
    for row in found["curves"]:
        pairs = [row[f"{when}_curve"][part] for part in ("state", "h") for when in ("start", "trained")]
        ratios = "".join(f"{curve[0] / max(curve[-1], 1e-300):11.1e}" for curve in pairs)
        print(f"{row['cell']:14} {row['start']:22}{ratios}")
    print("\nwith momentum: largest gradient norm in training, broken steps, error after it")
    for row in found["explosion"]:
        for name in ("clipped", "unclipped"):
            one = row[name]
            print(
                f"rnn {row['start']:22} {name:10} {one['largest']:10.2e} {one['broken']:5} {one['error']:9.4f}"
            )


def draw(found: dict[str, Any], path: Path) -> bool:
    """The curves as a picture; False where there is no matplotlib."""
    try:
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt
    except ImportError:
        return False
    figure, axes = plt.subplots(1, 2, figsize=(12, 5), sharey=True)
    for axis, when in zip(axes, ("start", "trained"), strict=True):
        for row in found["curves"]:
            line = np.maximum(row[f"{when}_curve"]["state"], 1e-12)
            axis.semilogy(line, label=f"{row['cell']}, {row['start']}")
        axis.set_title(f"norm of dLoss/dstate(t), {when}")
        axis.set_xlabel("t")
    axes[0].legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    return True


def main() -> None:
    """Measure, print, and write results/memory.json and memory.png (memory_quick in quick mode)."""
    is_quick = "quick" in sys.argv[1:]
    workers = next((int(word) for word in sys.argv[1:] if word.isdigit()), os.cpu_count() or 1)
    name = "memory_quick" if is_quick else "memory"
    RESULTS.mkdir(exist_ok=True)
    began = time.monotonic()

    def keep(found: dict[str, Any]) -> None:
        (RESULTS / f"{name}.json").write_text(json.dumps(_short(found), indent=1) + "\n")
        print(f"{sum(map(len, found.values()))} done, {time.monotonic() - began:.0f} s", file=sys.stderr)

    found = measure(QUICK if is_quick else FULL, workers, keep)
    show(found)
    drawn = draw(found, RESULTS / f"{name}.png")
    print(
        f"\n{time.monotonic() - began:.0f} s; "
        + ("with" if drawn else "no matplotlib: without")
        + " a figure"
    )


def _short(found: Any) -> Any:
    """Numbers with four digits that count."""
    if isinstance(found, dict):
        return {name: _short(part) for name, part in found.items()}
    if isinstance(found, list):
        return [_short(part) for part in found]
    return float(f"{found:.4g}") if isinstance(found, float) else found


if __name__ == "__main__":
    main()
