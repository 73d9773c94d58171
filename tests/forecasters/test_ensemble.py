"""The safeguard: each of its branches, and that what ships is what it says."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from lstmcast.forecasters import ensemble as blend
from lstmcast.forecasters.ensemble import (
    FAR_WORSE,
    KNOWN_FROM,
    LEAST_SHARE,
    NEARLY_BEST,
    Blend,
    Blended,
    choose_blend,
    tolerance,
)
from lstmcast.forecasters.naive import seasonal_naive
from lstmcast.forecasters.ridge import fit_highway
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


def chosen(scene: Any, hybrid: Any, wanted: str = "auto", seasons: tuple[int, ...] = (24,)) -> Any:
    """What ships with this network, and the errors."""
    windows, validation, highway, _ = scene
    return choose_blend(windows, validation, Blended(Blend(1.0, 0.0), highway, hybrid), seasons, wanted)


def nearly_best(validation: Any, parts: list[np.ndarray]) -> np.ndarray:
    """Slow twin: the mean of all mixtures in tenths within the tolerance of the best."""
    errors = {}
    for weights in itertools.product(range(11), repeat=len(parts)):
        if sum(weights) == 10:
            point = sum(weight / 10 * part for weight, part in zip(weights, parts, strict=True))
            errors[weights] = validation.error(point)
    limit = (1 + tolerance(validation)) * min(errors.values())
    return np.mean([weights for weights, error in errors.items() if error <= limit], axis=0) / 10


@pytest.mark.parametrize("share", [-0.9, 0.3, 0.9, 0.985])
def test_what_ships_is_the_mean_of_all_mixtures_that_are_nearly_the_best(scene: Any, share: float) -> None:
    windows, validation, highway, hybrid = scene
    origins, network = validation.origins, hybrid(share)
    shipped, errors = chosen(scene, network)
    naives = {season: seasonal_naive(windows, origins, season) for season in (1, 24)}
    season = min(naives, key=lambda season: validation.error(naives[season]))
    parts = [network.point(windows, origins), highway.point(windows, origins)]
    if validation.error(naives[season]) < FAR_WORSE * errors["linear"]:
        parts.append(naives[season])
    means = nearly_best(validation, parts)
    means = np.where(means < LEAST_SHARE, 0, means) / means[means >= LEAST_SHARE].sum()
    found = [shipped.blend.network, shipped.blend.linear, shipped.blend.naive]
    assert found[: len(parts)] == pytest.approx(means, abs=0.0101)
    assert sum(found) == pytest.approx(1.0, abs=1e-12)
    assert (shipped.source, shipped.hybrid) == ("model", network)
    assert errors["network"] == pytest.approx(abs(share) * errors["linear"])


@pytest.mark.parametrize("count", [1, KNOWN_FROM, 4 * KNOWN_FROM])
def test_the_more_windows_lie_apart_the_closer_they_are_believed(scene: Any, count: int) -> None:
    _, validation, *_ = scene
    horizon = len(validation.actual)
    origins, rows = 100 + horizon * np.arange(count), np.zeros((horizon, count))
    apart = replace(validation, origins=origins, series=np.zeros(count, dtype=int), actual=rows)
    assert apart.apart == count
    assert tolerance(apart) == pytest.approx(NEARLY_BEST * (0.5 if count > KNOWN_FROM else 1.0))
    overlapping = replace(apart, origins=100 + np.arange(count))
    assert overlapping.apart == (count - 1) // horizon + 1
    each_its_own = replace(overlapping, series=np.arange(count))
    assert each_its_own.apart == count


@pytest.mark.parametrize("share", [0.995, 1.001, 1.2, 1000.0])
def test_a_network_that_is_hardly_better_than_the_linear_forecaster_has_no_part(
    scene: Any, share: float
) -> None:
    shipped, _ = chosen(scene, scene[3](share))
    assert shipped.blend.network == 0
    assert shipped.hybrid is None
    assert shipped.source == ("blend" if shipped.blend.naive else "linear")


def test_a_naive_that_beats_the_linear_forecaster_has_its_part(scene: Any) -> None:
    windows, validation, highway, hybrid = scene
    origins = validation.origins
    useless = replace(highway, bias=highway.bias + 5.0)
    shipped, errors = chosen((windows, validation, useless, hybrid), hybrid(1000.0))
    assert errors["seasonal_naive_24"] < errors["linear"]
    assert (shipped.blend.season, shipped.source) == (24, "blend")
    assert shipped.blend.naive > 0.8
    naive = seasonal_naive(windows, origins, 24)
    both = shipped.blend.linear * useless.point(windows, origins) + shipped.blend.naive * naive
    np.testing.assert_allclose(shipped.point(windows, origins), both)


def test_a_naive_that_is_far_worse_has_no_part_even_where_it_would_help(scene: Any) -> None:
    windows, validation, highway, hybrid = scene
    origins = validation.origins
    naive = seasonal_naive(windows, origins, 1)
    truth = windows.ahead(windows.table.scaled, origins)
    network = hybrid(0.5)
    network._quantiles = ((truth - 0.1 * naive) / 0.9)[:, None] + np.zeros((1, 11, 1))
    assert validation.error(naive) > FAR_WORSE * validation.error(highway.point(windows, origins))
    assert chosen(scene, network, seasons=())[0].blend.naive == 0


def test_a_network_that_cannot_be_judged_does_not_ship(scene: Any) -> None:
    broken = scene[3](0.5)
    broken._quantiles = np.full_like(broken._quantiles, np.nan)
    with np.errstate(invalid="ignore"), pytest.warns(RuntimeWarning, match="Mean of empty slice"):
        shipped, _ = chosen(scene, broken)
    assert (shipped.blend.network, shipped.hybrid) == (0.0, None)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("network", Blend(1.0, 0.0)), ("linear", Blend(0.0, 1.0)), ("mean", Blend(0.5, 0.5))],
)
def test_what_is_wanted_ships_whatever_validation_says(scene: Any, wanted: str, expected: Blend) -> None:
    for share in (0.5, 2.0):
        assert chosen(scene, scene[3](share), wanted)[0].blend == expected


def test_where_one_mixture_alone_is_right_it_ships(scene: Any) -> None:
    windows, validation, highway, _ = scene
    origins = validation.origins
    linear, naive = highway.point(windows, origins), seasonal_naive(windows, origins, 24)
    truth = windows.ahead(windows.table.scaled, origins)
    network = (truth - 0.2 * linear - 0.2 * naive) / 0.6
    parts = {"linear": linear, "network": network, "naive": naive}
    assert blend._mixture(validation, parts, 24) == Blend(0.6, 0.2, 0.2, 24)


def test_without_a_season_there_is_no_seasonal_naive_in_the_mixture(scene: Any) -> None:
    shipped, errors = chosen(scene, scene[3](0.5), seasons=())
    assert shipped.blend.season <= 1
    assert not any(name.startswith("seasonal") for name in errors)


def test_the_best_of_several_seasons_has_the_part_of_the_naive(scene: Any) -> None:
    windows, validation, highway, hybrid = scene
    useless = replace(highway, bias=highway.bias + 5.0)
    shipped, errors = chosen((windows, validation, useless, hybrid), hybrid(1000.0), seasons=(5, 24))
    assert errors["seasonal_naive_24"] < errors["seasonal_naive_5"]
    assert shipped.blend.season == 24


def test_two_views_ship_their_means(scene: Any) -> None:
    windows, validation, highway, hybrid = scene
    origins, networks = validation.origins, (hybrid(0.4), hybrid(-0.2))
    other = replace(highway, bias=highway.bias + 0.1)
    both = Blended(Blend(0.5, 0.5), highway, networks[0], other, networks[1])
    seen = replace(windows, second=windows)
    point, quantiles = both.point_and_quantiles(seen, origins)
    network = (networks[0]._quantiles + networks[1]._quantiles) / 2
    linear = (highway.point(windows, origins) + other.point(windows, origins)) / 2
    np.testing.assert_allclose(quantiles, network)
    np.testing.assert_allclose(point, 0.5 * network[:, 5] + 0.5 * linear)
    shipped, errors = choose_blend(seen, validation, both, (24,), "auto")
    assert shipped.second_hybrid is networks[1]
    assert errors["network"] == pytest.approx(0.1 * errors["linear"])
    assert choose_blend(seen, validation, both, (24,), "linear")[0].second_hybrid is None


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
