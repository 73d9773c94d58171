"""The choice between the linear forecaster and the bank by their errors, and that of their mean."""

from __future__ import annotations

import pytest

from lstmcast.pipeline.either import _weights


@pytest.mark.parametrize(
    ("linear", "bank", "mean", "weights"),
    [
        (0.90, 1.00, 0.80, (1.0, 0.0)),  # the linear forecaster is clearly better
        (1.00, 0.90, 0.80, (0.0, 1.0)),  # the bank is
        (1.00, 1.00, 0.98, (0.5, 0.5)),
        (0.97, 1.00, 0.98, (0.5, 0.5)),
        (1.00, 1.00, 0.995, (0.0, 1.0)),  # the mean gains too little: what follows a moved level is safer
        (0.97, 1.00, 0.995, (0.0, 1.0)),
    ],
)
def test_one_alone_or_the_mean(linear: float, bank: float, mean: float, weights: tuple[float, float]) -> None:
    assert _weights(linear, bank, mean) == weights
