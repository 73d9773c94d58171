"""What the rule for rare covariates is worth: rain in 5 or 12 showers of 2,500 hours, with and without the shrinkage.

    python -m tests.benchmarks.rare

The calendar regression is fitted on rows with showers at night or at any hour, and asked for rain at every hour. The
figures are the mean and the largest error of the effect that it then states, beside noise of 0.2: without the rule
(prior 0) and with a prior of so many stretches without effect.
"""

from __future__ import annotations

import sys
from unittest.mock import patch

import numpy as np

from lstmcast.core.panel import Clock
from lstmcast.data import calendar_regression as regression

PRIORS = (0.0, 1.0, regression.PRIOR_STRETCHES, 20.0)
ROWS, ASKED, NOISE = 2500, 240, 0.2


def errors(seed: int, effect: float, where: str, showers: int, kind: str) -> np.ndarray:
    """Absolute errors of the effect of rain, stated for rain at all hours."""
    rng, hours = np.random.default_rng(seed), np.arange(ROWS + ASKED)
    times = np.datetime64("2023-01-01", "us") + hours * np.timedelta64(1, "h")
    day = np.maximum(0, np.sin(2 * np.pi * ((hours % 24) - 6) / 24))
    rain = np.zeros(ROWS)
    begins = np.flatnonzero(hours[: ROWS - 5] % 24 < (5 if where == "night" else 24))
    for first in rng.choice(begins, showers, replace=False):
        rain[first : first + rng.integers(1, 5)] = rng.gamma(1, 3) + 0.2
    amounts = np.quantile(rain[rain > 0], (0.0, 0.5, 1.0)) / rain.max()
    known = ((rain > 0) * 1.0 if kind == "switch" else rain / rain.max())[:, None]
    target = 2 * day[:ROWS] + rng.normal(0, NOISE, ROWS) - effect * (rain > 0)
    covariates = regression.describe_covariates(known, Clock("h", seasons=(24, 168)))
    design = regression.Design(Clock("h", seasons=(24, 168)), False, covariates, times[0])
    fitted = regression.fit_calendar_regression(
        design, times[:ROWS], known, target, np.array([0, ROWS]), [slice(0, ROWS)], np.ones(ROWS, dtype=bool)
    )
    assert fitted is not None
    one, ends = np.array([0]), np.array([0, ASKED])
    is_wet = np.roll((np.arange(ASKED) // 6) % 4 == 0, int(rng.integers(24)))
    dry = fitted[0].level(times[ROWS:], np.zeros((ASKED, 1)), ends, one)
    found = []
    for amount in amounts if kind == "amount" else (1.0,):
        wet = fitted[0].level(times[ROWS:], (amount * is_wet)[:, None], ends, one)
        found.append(np.abs(wet - dry + effect)[is_wet])
    return np.concatenate(found)


def main(seeds: int = 4) -> None:
    """Print the table."""
    print("| column | showers | effect | " + " | ".join(f"prior {prior:g}" for prior in PRIORS) + " |")
    print("|---" * (3 + len(PRIORS)) + "|")
    for kind in ("amount", "switch"):
        for where, showers, effect in (
            (where, showers, effect)
            for where in ("night", "any hour")
            for showers in (5, 12)
            for effect in (0.0, 0.5)
        ):
            cells = []
            for prior in PRIORS:
                with patch.object(regression, "PRIOR_STRETCHES", prior):
                    own = [errors(seed, effect, where, showers, kind) for seed in range(seeds)]
                cells.append(f"{np.concatenate(own).mean():.2f}, {np.concatenate(own).max():.1f}")
            print(f"| {kind} | {showers}, {where} | {effect:g} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 4)
