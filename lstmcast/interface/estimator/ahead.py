"""Each row of a panel forecast from what was known a horizon of rows before it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import FILL
from lstmcast.core.panel import Integers, Panel
from lstmcast.evaluation.naive_rows import naive_rows
from lstmcast.model.model import Model

Numbers = NDArray[np.float64]


def forecast_rows(model: Model, panel: Panel, places: Integers) -> Numbers:
    """(n,) the forecast of each of these rows, made from the targets that were known `horizon` rows before it.

    Rows further than that from the last known target are forecast from there. Where there is no history for the model,
    the seasonal naive stands in, and the mean of the target where there is none for that.
    """
    horizon, last = model.contract.horizon, int(panel.known_until()[0]) - 1
    found = np.full(len(panel.times), np.nan)
    rolling = places[places - horizon <= last]
    if len(rolling):
        found[rolling] = _rolled(model, panel, rolling)
    if (places - horizon > last).any():
        ahead = int(places.max()) - last
        found[last + 1 + horizon :] = model.predict(panel, ahead, short_future=FILL).point[horizon:]
    found = found[places]
    naive = seasonal_naive(panel, places, horizon)
    found = np.where(np.isfinite(found), found, naive)
    return np.where(np.isfinite(found), found, np.nanmean(panel.target))


def _rolled(model: Model, panel: Panel, places: Integers) -> Numbers:
    """(n,) the last row of the forecast that ends at each of these rows; NaN where the history is too short."""
    panel = model.contract.marked(panel)
    views = model.windows(panel, model.contract.check(panel))
    origins = places - model.contract.horizon + 1
    found = np.full(len(panel.times) + 1, np.nan)
    enough = views[0].usable(np.unique(origins[origins >= views[0].lookback]), with_targets=False)
    for chunk in views[0].chunks(enough):
        found[chunk] = model.answer(views, chunk, ()).values[-1, 0]
    return np.where(origins >= 0, found[origins], np.nan)


def seasonal_naive(panel: Panel, places: Integers, horizon: int) -> Numbers:
    """(n,) the target whole seasons before each row, the newest of those known `horizon` rows before; or NaN."""
    last, season = int(panel.known_until()[0]) - 1, panel.clock.season
    newest = np.minimum(places - horizon, last)
    sources = naive_rows(places, newest, season)
    return np.where(sources >= 0, panel.target[np.maximum(sources, 0)], np.nan)
