"""The ensemble: each branch of the rule that chooses it, and that what ships is what it says."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest

from lstmcast.evaluation.report import Shares
from lstmcast.forecasters import ensemble as room
from lstmcast.forecasters.base import Stateless, point
from lstmcast.forecasters.ensemble import (
    FAR_WORSE,
    KNOWN_FROM,
    LEAST_SHARE,
    NEARLY_BEST,
    Ensemble,
    choose,
    mean_of,
    shares_of,
    tolerance,
)
from lstmcast.forecasters.naive import naives_of, seasonal_naive
from lstmcast.forecasters.ridge import fit_ridge
from tests.panels import hourly, rooms


@dataclass(frozen=True, eq=False)
class Fixed(Stateless):
    """Stands for a network: it says what it was given, (K, Q, B)."""

    quantiles: np.ndarray
    view: int = 0
    name = "network"

    def predict(self, views: Any, origins: np.ndarray) -> np.ndarray:
        return self.quantiles

    def reach(self) -> int:
        return 24


def shifted(truth: np.ndarray, linear: np.ndarray, share: float) -> Fixed:
    """The truth of the validation rows, off by a share of the linear forecaster's error."""
    return Fixed((truth + share * (linear - truth))[:, None] + np.linspace(-1, 1, 11)[:, None])


@pytest.fixture
def scene() -> Any:
    """Windows, validation and ridge map of the hourly panel, and a maker of networks of a given error."""
    blocks, _, windows, validation = rooms(hourly())
    origins = windows.usable(blocks.origins("training", 24, 6))
    ridge, _ = fit_ridge(windows, origins, validation, np.random.default_rng(0))
    truth = windows.ahead(windows.table.scaled, validation.origins)
    linear = ridge.point(windows, validation.origins)
    return windows, validation, ridge, lambda share: shifted(truth, linear, share)


def chosen(scene: Any, network: Any, requested: str = "auto", seasons: tuple[int, ...] = (24,)) -> Any:
    """What ships with this network, and the errors."""
    windows, validation, ridge, _ = scene
    return choose(ridge, network, naives_of(seasons), (windows,), validation, requested)


def parts_of(ensemble: Ensemble) -> list[Any]:
    """The parts that have weight."""
    return [part for _, part in ensemble.asked]


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
    windows, validation, ridge, network_of = scene
    origins, network = validation.origins, network_of(share)
    shipped, errors = chosen(scene, network)
    naives = {season: seasonal_naive(windows, origins, season) for season in (1, 24)}
    season = min(naives, key=lambda season: validation.error(naives[season]))
    parts = [point(network.quantiles), ridge.point(windows, origins)]
    if validation.error(naives[season]) < FAR_WORSE * errors["linear"]:
        parts.append(naives[season])
    means = nearly_best(validation, parts)
    means = np.where(means < LEAST_SHARE, 0, means) / means[means >= LEAST_SHARE].sum()
    shares = shares_of(shipped)
    found = [shares.network, shares.linear, shares.naive]
    assert found[: len(parts)] == pytest.approx(means, abs=0.0101)
    assert sum(found) == pytest.approx(1.0, abs=1e-12)
    assert shipped.source == "model"
    assert network in parts_of(shipped)
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
    assert shares_of(shipped).network == 0
    assert all(part.name != "network" for _, part in shipped.parts)
    assert shipped.source == ("blend" if shares_of(shipped).naive else "linear")


def test_a_naive_that_beats_the_linear_forecaster_has_its_part(scene: Any) -> None:
    windows, validation, ridge, network_of = scene
    origins = validation.origins
    useless = replace(ridge, bias=ridge.bias + 5.0)
    shipped, errors = chosen((windows, validation, useless, network_of), network_of(1000.0))
    assert errors["seasonal_naive_24"] < errors["linear"]
    shares = shares_of(shipped)
    assert (shares.season, shipped.source) == (24, "blend")
    assert shares.naive > 0.8
    naive = seasonal_naive(windows, origins, 24)
    both = shares.linear * useless.point(windows, origins) + shares.naive * naive
    np.testing.assert_allclose(point(shipped.predict((windows,), origins)), both)


def test_a_naive_that_is_far_worse_has_no_part_even_where_it_would_help(scene: Any) -> None:
    windows, validation, ridge, _ = scene
    origins = validation.origins
    naive = seasonal_naive(windows, origins, 1)
    truth = windows.ahead(windows.table.scaled, origins)
    network = Fixed(((truth - 0.1 * naive) / 0.9)[:, None] + np.zeros((1, 11, 1)))
    assert validation.error(naive) > FAR_WORSE * validation.error(ridge.point(windows, origins))
    assert shares_of(chosen(scene, network, seasons=())[0]).naive == 0


def test_a_network_that_cannot_be_judged_does_not_ship(scene: Any) -> None:
    broken = Fixed(np.full_like(scene[3](0.5).quantiles, np.nan))
    with np.errstate(invalid="ignore"), pytest.warns(RuntimeWarning, match="Mean of empty slice"):
        shipped, _ = chosen(scene, broken)
    assert shares_of(shipped).network == 0


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [("network", (1.0, 0.0)), ("linear", (0.0, 1.0)), ("mean", (0.5, 0.5))],
)
def test_what_is_wanted_ships_whatever_validation_says(
    scene: Any, wanted: str, expected: tuple[float, float]
) -> None:
    for share in (0.5, 2.0):
        shares = shares_of(chosen(scene, scene[3](share), wanted)[0])
        assert (shares.network, shares.linear) == expected


def test_where_one_mixture_alone_is_right_it_ships(scene: Any) -> None:
    windows, validation, ridge, _ = scene
    origins = validation.origins
    linear, naive = ridge.point(windows, origins), seasonal_naive(windows, origins, 24)
    truth = windows.ahead(windows.table.scaled, origins)
    network = (truth - 0.2 * linear - 0.2 * naive) / 0.6
    parts = {"linear": linear, "network": network, "naive": naive}
    found = room._nearly_best(validation, parts, "network", "linear")
    assert found == {"linear": 0.2, "network": 0.6, "naive": 0.2}


def test_without_a_season_there_is_no_seasonal_naive_in_the_mixture(scene: Any) -> None:
    shipped, errors = chosen(scene, scene[3](0.5), seasons=())
    assert shares_of(shipped).season <= 1
    assert not any(name.startswith("seasonal") for name in errors)


def test_the_best_of_several_seasons_has_the_part_of_the_naive(scene: Any) -> None:
    windows, validation, ridge, network_of = scene
    useless = replace(ridge, bias=ridge.bias + 5.0)
    shipped, errors = chosen((windows, validation, useless, network_of), network_of(1000.0), seasons=(5, 24))
    assert errors["seasonal_naive_24"] < errors["seasonal_naive_5"]
    assert shares_of(shipped).season == 24


def test_two_views_ship_their_means(scene: Any) -> None:
    windows, validation, ridge, network_of = scene
    origins, networks = validation.origins, (network_of(0.4), network_of(-0.2))
    other = replace(ridge, bias=ridge.bias + 0.1, view=1)
    network_part, linear_part = mean_of(networks, "network"), mean_of((ridge, other), "linear_pair")
    both = Ensemble(((0.5, network_part), (0.5, linear_part)))
    found, quantiles = both.point_and_quantiles((windows, windows), origins)
    network = (networks[0].quantiles + networks[1].quantiles) / 2
    linear = (ridge.point(windows, origins) + other.point(windows, origins)) / 2
    np.testing.assert_allclose(quantiles, network)
    np.testing.assert_allclose(found, 0.5 * point(network) + 0.5 * linear)
    views = (windows, windows)
    shipped, errors = choose(linear_part, network_part, naives_of((24,)), views, validation, "auto")
    assert network_part in parts_of(shipped)
    assert errors["network"] == pytest.approx(0.1 * errors["linear"])
    assert errors["linear_pair"] == pytest.approx(validation.error(linear))
    alone, _ = choose(linear_part, network_part, naives_of((24,)), views, validation, "linear")
    assert parts_of(alone) == [linear_part]
    assert alone.source == "linear"


@pytest.mark.parametrize("weights", [(1.0, 0.0, 0.0), (0.5, 0.5, 0.0), (0.3, 0.3, 0.4), (0.0, 1.0, 0.0)])
def test_what_ships_is_what_the_weights_say(scene: Any, weights: tuple[float, float, float]) -> None:
    windows, validation, ridge, network_of = scene
    origins, network = validation.origins, network_of(0.4)
    naive = naives_of((24,))[1]
    shipped = Ensemble(tuple(zip(weights, (network, ridge, naive), strict=True)))
    parts = (
        point(network.quantiles),
        ridge.point(windows, origins),
        seasonal_naive(windows, origins, 24),
    )
    expected = sum(weight * part for weight, part in zip(weights, parts, strict=True))
    found, quantiles = shipped.point_and_quantiles((windows,), origins)
    assert found == pytest.approx(expected, abs=1e-12)
    assert (quantiles is None) == (not weights[0])
    assert shares_of(shipped) == Shares(
        network=weights[0], linear=weights[1], naive=weights[2], season=24 if weights[2] else 0
    )


def test_where_a_part_cannot_answer_the_others_have_its_weight(scene: Any) -> None:
    windows, validation, ridge, _ = scene
    origins = validation.origins

    class Silent(Fixed):
        name = "silent"

        def answers(self, views: Any, origins: np.ndarray) -> np.ndarray:
            return origins % 2 == 0

        def predict(self, views: Any, origins: np.ndarray) -> np.ndarray:
            assert (origins % 2 == 0).all()
            return np.full((6, 1, len(origins)), 7.0)

    naive, silent = naives_of(())[0], Silent(np.zeros(0))
    ensemble = Ensemble(((0.5, ridge), (0.2, naive), (0.3, silent)))
    found = point(ensemble.predict((windows,), origins))
    parts = ridge.point(windows, origins), seasonal_naive(windows, origins, 1)
    whole = 0.5 * parts[0] + 0.2 * parts[1] + 0.3 * 7.0
    expected = np.where(origins % 2 == 0, whole, (0.5 * parts[0] + 0.2 * parts[1]) / 0.7)
    np.testing.assert_allclose(found, expected)
    ((weight, part, mask),) = ensemble.silent((windows,), origins)
    assert (weight, part) == (0.3, silent)
    np.testing.assert_array_equal(mask, origins % 2 == 1)
    assert not ensemble.silent((windows,), origins[origins % 2 == 0])
    alone = Ensemble(((1.0, silent),))
    assert np.isnan(point(alone.predict((windows,), origins))[:, origins % 2 == 1]).all()
