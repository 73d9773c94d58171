"""The forecasters everybody has for nothing: the last value, and the same step one season ago."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.options import Options
from lstmcast.core.panel import Integers
from lstmcast.data.windows import Windows
from lstmcast.evaluation.names import naive_name
from lstmcast.forecasters.base import FitData, Stateless, Views

LAST_VALUE = 1  # its season: a naive forecaster of season one is the last value
_LONGEST = 1_000_000_000


@dataclass(frozen=True)
class SeasonalNaive(Stateless):
    """The value one season (in rows) before, or as many seasons as are needed to be before the origin."""

    season: int
    view: int = 0
    family = "naive"

    @property
    def name(self) -> str:
        """`naive` for the last value, else `seasonal_naive_` and the season."""
        return naive_name(self.season)

    def predict(self, views: Views, origins: Integers) -> NDArray[np.float64]:
        """(K, 1, B) scaled."""
        return seasonal_naive(views[self.view], origins, self.season)[:, None]

    def reach(self) -> int:
        """A season."""
        return self.season

    def check(self, views: Views, options: Options) -> None:
        """Raise ValueError for a season that is none."""
        if not 0 < self.season <= _LONGEST:
            raise ValueError("a season is shorter than a row, or longer than any")


def fit_naives(data: FitData) -> list[SeasonalNaive]:
    """The last value, and the seasonal naive of each season."""
    return naives_of(data.seasons)


def naives_of(seasons: tuple[int, ...]) -> list[SeasonalNaive]:
    """The last value, and the seasonal naive of each season."""
    return [SeasonalNaive(season) for season in (LAST_VALUE, *seasons)]


def seasonal_naive(windows: Windows, origins: Integers, season: int) -> NDArray[np.float64]:
    """(K, B) the value one season before, or as many seasons as are needed to be before the origin.

    A season of whole days goes by the wall clock: after a day of 23 or 25 hours, eight o'clock is still compared with
    eight o'clock. Where a series is younger than a season, its first rows stand in.
    """
    table, ahead = windows.table, np.arange(windows.horizon)
    back = season * (1 + ahead // season)
    if table.ahead is not None and season % table.day == 0:
        rows = _same_wall_clock(
            origins[None, :] + ahead[:, None], origins, season, back[:, None], table.ahead
        )
    else:
        rows = origins[None, :] + (ahead - back)[:, None]
    return table.scaled[np.maximum(rows, table.firsts(origins)[None, :])]


def _same_wall_clock(
    targets: Integers, origins: Integers, season: int, back: Integers, ahead: NDArray[np.float32]
) -> Integers:
    """(K, B) the last row before the origin that shows the same time as the target, whole seasons before it.

    back: (K, 1) how many rows that is without a change of the clock; a change may put the row of a season less before
    the origin, or that of these seasons behind it. An hour that the clock skipped is stood for by a neighbour.
    """
    fewest = np.maximum(back - season, season)
    rows = _shifted(targets, fewest, ahead)
    for more in (season, 2 * season):
        rows = np.where(rows < origins, rows, _shifted(targets, fewest + more, ahead))
    return rows


def _shifted(targets: Integers, back: Integers, ahead: NDArray[np.float32]) -> Integers:
    """(K, B) the row so many rows before, moved by what the wall clock was changed between the two."""
    rows: Integers = np.maximum(targets - back, 0)
    moved: Integers = np.rint(ahead[targets] - ahead[rows]).astype(np.int64)
    return rows + moved
