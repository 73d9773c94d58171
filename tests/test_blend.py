"""The safeguard: each of its branches, and that what ships is what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lstmcast import blend
from lstmcast.baselines import seasonal_naive
from lstmcast.blend import Blend, Blended, choose_blend
from lstmcast.linear.highway import fit_highway
from tests.panels import hourly, rooms


class Shifted:
    """Stands for a hybrid: the truth of the validation rows, off by a share of the linear forecaster's error."""

    def __init__(self, truth: np.ndarray, linear: np.ndarray, share: float) -> None:
        self._quantiles = (truth + share * (linear - truth))[:, None] + np.linspace(-1, 1, 11)[:, None]

    def quantiles(self, windows: Any, origins: np.ndarray) -> np.ndarray:
        return self._quantiles

    def point(self, windows: Any, origins: np.ndarray) -> np.ndarray:
        return self._quantiles[:, 5]


@pytest.fixture
def scene() -> Any:
    """Windows, validation and highway of the hourly panel, and a maker of hybrids of a given error."""
    blocks, _, windows, validation = rooms(hourly())
    origins = windows.usable(blocks.origins("training", 24, 6))
    highway, _ = fit_highway(windows, origins, validation, np.random.default_rng(0))
    truth = windows.ahead(windows.table.scaled, validation.origins)
    linear = highway.point(windows, validation.origins)
    return windows, validation, highway, lambda share: Shifted(truth, linear, share)


@pytest.mark.parametrize(
    ("share", "horizons", "expected"),
    [
        (1.2, 20, Blend(0.0, 1.0)),
        (1.001, 20, Blend(0.0, 1.0)),
        (0.995, 20, Blend(0.0, 1.0)),
        (0.985, 20, Blend(0.5, 0.5)),
        (0.985, 2, Blend(0.5, 0.5)),
        (0.9, 3, Blend(1.0, 0.0)),
        (0.5, 20, Blend(1.0, 0.0)),
        (-0.9, 3, Blend(1.0, 0.0)),  # its errors and the linear one's cancel, but who knows
        (-0.9, 20, Blend(0.5, 0.5)),
    ],
)
def test_what_ships_depends_on_what_the_network_is_worth(
    scene: Any, share: float, horizons: int, expected: Blend
) -> None:
    windows, validation, highway, hybrid = scene
    shipped, errors = choose_blend(windows, validation, hybrid(share), highway, (24,), horizons, "auto")
    assert shipped.blend == expected
    assert errors["network"] == pytest.approx(abs(share) * errors["linear"])
    assert shipped.source == ("linear" if expected.network == 0 else "model")
    assert (shipped.hybrid is None) == (expected.network == 0)


def test_a_naive_that_beats_the_linear_forecaster_has_half_of_what_ships(scene: Any) -> None:
    windows, validation, highway, hybrid = scene
    origins = validation.origins
    useless = replace(highway, bias=highway.bias + 5.0)
    shipped, errors = choose_blend(windows, validation, hybrid(1000.0), useless, (24,), 20, "auto")
    assert errors["seasonal_naive_24"] < errors["linear"]
    assert (shipped.blend, shipped.source) == (Blend(0.0, 0.5, 0.5, 24), "blend")
    both = 0.5 * useless.point(windows, origins) + 0.5 * seasonal_naive(windows, origins, 24)
    np.testing.assert_allclose(shipped.point(windows, origins), both)


def test_a_network_that_cannot_be_judged_does_not_ship(scene: Any) -> None:
    windows, validation, highway, hybrid = scene
    broken = hybrid(0.5)
    broken._quantiles = np.full_like(broken._quantiles, np.nan)
    with np.errstate(invalid="ignore"), pytest.warns(RuntimeWarning, match="Mean of empty slice"):
        shipped, _ = choose_blend(windows, validation, broken, highway, (24,), 20, "auto")
    assert shipped.blend == Blend(0.0, 1.0)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("network", Blend(1.0, 0.0)), ("linear", Blend(0.0, 1.0)), ("mean", Blend(0.5, 0.5))],
)
def test_what_is_wanted_ships_whatever_validation_says(scene: Any, wanted: str, expected: Blend) -> None:
    windows, validation, highway, hybrid = scene
    for share in (0.5, 2.0):
        shipped, _ = choose_blend(windows, validation, hybrid(share), highway, (24,), 20, wanted)
        assert shipped.blend == expected


def test_a_mixture_has_the_lowest_validation_error_of_all_tenths(scene: Any) -> None:
    windows, validation, highway, hybrid = scene
    origins = validation.origins
    network = hybrid(0.0)
    linear, naive = highway.point(windows, origins), seasonal_naive(windows, origins, 24)
    truth = network.point(windows, origins)
    # a network that lacks what naive and linear know: only the mixture is right
    network._quantiles = ((truth - 0.2 * linear - 0.2 * naive) / 0.6)[:, None] + np.linspace(-1, 1, 11)[
        :, None
    ]
    forced = blend._best_mixture(validation, network.point(windows, origins), linear, naive, 24)
    assert forced == Blend(0.6, 0.2, 0.2, 24)
    shipped = Blended(forced, highway, network)
    assert shipped.point(windows, origins) == pytest.approx(truth, abs=1e-9)
    best = validation.error(shipped.point(windows, origins))
    for other in (Blend(0.7, 0.2, 0.1, 24), Blend(0.6, 0.3, 0.1, 24), Blend(0.6, 0.4)):
        assert validation.error(Blended(other, highway, network).point(windows, origins)) > best


def test_without_a_season_there_is_no_seasonal_naive_in_the_mixture(scene: Any) -> None:
    windows, validation, highway, hybrid = scene
    shipped, errors = choose_blend(windows, validation, hybrid(0.5), highway, (), 20, "auto")
    assert shipped.blend.season <= 1
    assert not any(name.startswith("seasonal") for name in errors)


def test_the_best_of_several_seasons_has_the_part_of_the_naive(scene: Any) -> None:
    windows, validation, highway, hybrid = scene
    _, errors = choose_blend(windows, validation, hybrid(0.5), highway, (5, 24), 20, "auto")
    assert errors["seasonal_naive_24"] < errors["seasonal_naive_5"]
    network, origins = hybrid(0.5), validation.origins
    naive = seasonal_naive(windows, origins, 24)
    truth = windows.ahead(windows.table.scaled, origins)
    network._quantiles = ((truth - 0.5 * naive) / 0.5)[:, None] + np.zeros((1, 11, 1))
    shipped, _ = choose_blend(windows, validation, network, highway, (5, 24), 20, "auto")
    if shipped.blend.naive:
        assert shipped.blend.season == 24
    forced = blend._best_mixture(validation, network.point(windows, origins), truth, naive, 24)
    assert forced.network + forced.linear + forced.naive == pytest.approx(1.0)


@pytest.mark.parametrize("weights", [(1.0, 0.0, 0.0), (0.5, 0.5, 0.0), (0.3, 0.3, 0.4), (0.0, 1.0, 0.0)])
def test_what_ships_is_what_the_blend_says(scene: Any, weights: tuple[float, float, float]) -> None:
    windows, validation, highway, hybrid = scene
    origins, network = validation.origins, hybrid(0.4)
    made = Blend(*weights, season=24 if weights[2] else 0)
    shipped = Blended(made, highway, network if weights[0] else None)
    parts = (
        network.point(windows, origins),
        highway.point(windows, origins),
        seasonal_naive(windows, origins, 24),
    )
    expected = sum(weight * part for weight, part in zip(weights, parts, strict=True))
    point, quantiles = shipped.point_and_quantiles(windows, origins)
    assert point == pytest.approx(expected, abs=1e-12)
    assert (quantiles is None) == (not weights[0])
