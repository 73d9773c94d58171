"""Settings to try: options that matter, at values drawn at random; a longer list begins with the shorter one."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstmcast.core.options import CLASSES, NUMBERS, Options, kinds_of
from lstmcast.core.panel import KNOWN, Panel
from lstmcast.data.defaults import horizon_of, segment_and_lookbacks

Changes = dict[str, Any]


def draw_settings(panel: Panel, options: Options, trials: int) -> list[Changes]:
    """The default setting, then different ones at random: they depend on the seed, and not on their number."""
    from sklearn.model_selection import ParameterSampler

    space = {name: _Choices(values) for name, values in search_space(panel, options).items()}
    found: list[Changes] = [{}]
    for drawn in ParameterSampler(space, 20 * trials, random_state=options.seed):
        if len(found) == trials:
            break
        changes = {name: value for name, value in drawn.items() if value != getattr(options, name)}
        if changes not in found:
            found.append(changes)
    return found


@dataclass(frozen=True)
class _Choices:
    """Values of an option, of which the first, its default, comes up every second time."""

    values: tuple[Any, ...]

    def rvs(self, random_state: np.random.RandomState) -> Any:
        """A value."""
        others = self.values[1:]
        if not others or random_state.rand() < 0.5:
            return self.values[0]
        return others[random_state.randint(len(others))]


def search_space(panel: Panel, options: Options) -> dict[str, tuple[Any, ...]]:
    """Option -> its default and other values, of those that nobody has set and the target has a use for."""
    kind, defaults = CLASSES if panel.classes else NUMBERS, Options()
    _, lookbacks = segment_and_lookbacks(panel.clock, horizon_of(panel, options), options)
    has_known = any(column.role == KNOWN for column in panel.columns)
    can_log = not panel.classes and np.nanmin(panel.target, initial=np.inf) >= 0
    space: dict[str, tuple[Any, ...]] = {
        "lookback": (None, *lookbacks),
        "hidden": (64, 16, 32, 96, 128),
        "layers": (1, 2),
        "cell": ("lstm", "gru", "lstm-peephole", "lstm-coupled"),
        "dropout": (0.2, 0.0, 0.1, 0.3, 0.4),
        "lr": (None, 5e-4, 1e-3, 2e-3, 8e-3),
        "members": (1, 2, 3),
        "batch": (128, 32, 64, 256),
        "transform": ("auto", "none", *(("log1p",) if can_log else ())),
        "calendar": ("auto", "none", "calendar", *(("covariates",) if has_known else ())),
        "anchor": ("auto", "yes", "no"),
        "scaler": ("standard", "robust"),
    }
    fields = {field.name: field for field in dataclasses.fields(Options)}
    return {
        name: tuple(value for value in values if kind in kinds_of(fields[name], value))
        for name, values in space.items()
        if getattr(options, name) == getattr(defaults, name) and kind in fields[name].metadata["kinds"]
    }
