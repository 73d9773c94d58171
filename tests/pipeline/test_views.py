"""The mean of two linear forecasters that see the calendar differently."""

from __future__ import annotations

import pytest

from lstmcast.pipeline.views import GAIN, choose_views
from tests.panels import small, weather
from tests.pipeline.test_selection import choices


def test_the_second_view_is_the_one_whose_mean_with_the_first_is_best() -> None:
    found = choices(weather(900)[0], small(calendar="auto"))
    chosen, *others = found
    origins = chosen.validation.origins
    errors = {
        other.setting: chosen.validation.error(
            (chosen.ridge.point(chosen.windows, origins) + other.ridge.point(other.windows, origins)) / 2
        )
        for other in others
    }
    best = min(errors, key=lambda setting: errors[setting])
    forced = choose_views(found, "yes")
    assert forced.second is not None
    assert (forced.second.setting, forced.error) == (best, pytest.approx(errors[best]))
    assert choose_views(found, "no").second is None
    gains = errors[best] < (1 - GAIN) * chosen.errors[0]
    assert (choose_views(found, "auto").second is not None) == gains


def test_a_second_view_looks_back_as_far_and_at_the_same_values() -> None:
    found = choices(weather(900)[0], small(calendar="auto", transform="auto"))
    strangers = [c for c in found[1:] if c.setting.transform != found[0].setting.transform]
    assert strangers
    assert choose_views([found[0], *strangers], "yes").second is None
