"""What a user would pick instead, each as a whole process: python -m tests.benchmarks.peer_models FOLDER PEER STEP

A folder holds `rows.csv` (id, time, y and known columns, every row) and `task.json` (see `Task`). STEP is one of
`train` (choose and fit on rows before the test block, keep it in the folder), `night` (forecast once, from the first
origin on, with what was kept) and `answer` (the same from every origin, written to PEER.npz as point, low and high,
each (K, n)). Settings of a peer are chosen on validation rows, which are never test rows.

MSTL with AutoETS, AutoTheta and Prophet have nothing to keep: they are fitted anew each night. The boosted trees step
on recursively (mlforecast), as they are or on seasonal differences, with 100 or 500 trees; what is better on validation
rows is fitted again on all rows before the test block. Whether to difference is not chosen: on Victoria, validation
rows choose wrongly, so that both stand in the table. Their bands are split conformal: as wide at each step as
validation errors were.
"""

from __future__ import annotations

import json
import logging
import pickle
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
LEVEL = 80
VALIDATION_ORIGINS = 10
LONGEST = 4_000  # rows that those fitted every night look at
LONGEST_OF_THETA = 700  # which looks at its only season, and takes minutes a night with more
_CALENDAR = ["hour", "dayofweek", "month"]
_EACH = {"unique_id": str}


@dataclass(frozen=True)
class Task:
    """Rows of a set, the folder that its processes share, and what is asked.

    validation, test: first rows of these blocks; origins: rows of the first targets, the same in every series; seasons:
    in rows, rising; freq: as pandas writes it; known: columns known ahead.
    """

    folder: Path
    rows: pd.DataFrame
    horizon: int
    validation: int
    test: int
    origins: tuple[int, ...]
    seasons: tuple[int, ...]
    freq: str
    known: tuple[str, ...]

    @classmethod
    def read(cls, folder: Path) -> Task:
        """The task of a folder."""
        told = json.loads((folder / "task.json").read_text())
        told |= {name: tuple(told[name]) for name in ("origins", "seasons", "known")}
        rows = pd.read_csv(folder / "rows.csv", parse_dates=["ds"], dtype=_EACH)
        known = list(told["known"])
        rows[known] = rows.groupby("unique_id", sort=False)[known].ffill()
        return cls(folder=folder, rows=rows, **told)

    @property
    def ids(self) -> list[str]:
        """The series in their order."""
        return list(dict.fromkeys(self.rows.unique_id))

    @property
    def longest(self) -> int:
        """Rows of the longest season."""
        return self.seasons[-1] if self.seasons else 1

    def before(self, row: int, most: int | None = None) -> pd.DataFrame:
        """The rows of each series before one, gaps in the target filled from a season before."""
        first = 0 if most is None else max(row - most, 0)
        kept = self.rows.groupby("unique_id", sort=False).nth(slice(first, row)).copy()
        season = self.seasons[0] if self.seasons else 1
        by_series = kept.groupby("unique_id", sort=False).y
        kept["y"] = by_series.transform(lambda y: y.fillna(y.shift(season)).ffill().bfill())
        return kept

    def ahead(self, row: int) -> pd.DataFrame:
        """What is known of the next rows of each series."""
        kept = self.rows.groupby("unique_id", sort=False).nth(slice(row, row + self.horizon))
        return kept[["unique_id", "ds", *self.known]]

    def actual(self, row: int) -> Numbers:
        """(K, S) what came."""
        kept = self.rows.groupby("unique_id", sort=False).nth(slice(row, row + self.horizon))
        return kept.y.to_numpy().reshape(len(self.ids), self.horizon).T

    def laid_out(self, frame: pd.DataFrame, column: str) -> Numbers:
        """(K, S) a column of a long forecast."""
        told = (frame.reset_index() if "unique_id" not in frame else frame).sort_values("ds")
        return np.stack([told[column][told.unique_id == one].to_numpy() for one in self.ids], axis=1)


Answer = tuple[Numbers, Numbers, Numbers]  # point, low and high, each (K, S)


@dataclass(frozen=True)
class Peer:
    """A way to forecast: fit gives what is kept, forecast answers from one row on."""

    fit: Callable[[Task], Any]
    forecast: Callable[[Task, Any, int], Answer]
    is_kept: bool = True


# --- seasonal naive --------------------------------------------------------------------------------------------------


def _fit_naive(task: Task) -> Any:
    """The season with the lowest validation error, and half-widths of each step."""
    origins = _validation_origins(task)
    tried = {season: [_repeated(task, season, row) for row in origins] for season in (task.seasons or (1,))}
    actual = [task.actual(row) for row in origins]
    errors = {season: _mean_error(answers, actual) for season, answers in tried.items()}
    best = min(errors, key=lambda season: errors[season])
    return best, _half_widths(tried[best], actual)


def _naive(task: Task, kept: Any, row: int) -> Answer:
    season, widths = kept
    return _with_widths(_repeated(task, season, row), widths)


def _repeated(task: Task, season: int, row: int) -> Numbers:
    last = task.before(row, season).y.to_numpy().reshape(len(task.ids), -1)[:, -season:]
    return np.tile(last, task.horizon // season + 1)[:, : task.horizon].T


# --- statsforecast ---------------------------------------------------------------------------------------------------


def _mstl(task: Task) -> Any:
    from statsforecast.models import MSTL, AutoETS

    return MSTL(season_length=list(task.seasons), trend_forecaster=AutoETS(model="ZZN"), alias="it")


def _theta(task: Task) -> Any:
    from statsforecast.models import AutoTheta

    return AutoTheta(season_length=task.seasons[0], alias="it")


def _nightly(model: Callable[[Task], Any], most: int) -> Callable[[Task, Any, int], Answer]:
    def forecast(task: Task, kept: Any, row: int) -> Answer:
        from statsforecast import StatsForecast

        rows = task.before(row, most)[["unique_id", "ds", "y"]]
        found = StatsForecast(models=[model(task)], freq=task.freq).forecast(
            df=rows, h=task.horizon, level=[LEVEL]
        )
        names = ("it", f"it-lo-{LEVEL}", f"it-hi-{LEVEL}")
        point, low, high = (task.laid_out(found, name) for name in names)
        return point, low, high

    return forecast


# --- boosted trees ---------------------------------------------------------------------------------------------------


def _lightgbm(trees: int) -> Any:
    import lightgbm

    return lightgbm.LGBMRegressor(n_estimators=trees, n_jobs=1, verbosity=-1, random_state=0)


def _histogram(trees: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(max_iter=trees, random_state=0)


def _boosted(make: Callable[[int], Any], *, is_differenced: bool) -> Peer:
    def fit(task: Task) -> Any:
        origins, tried = _validation_origins(task), []
        actual = [task.actual(row) for row in origins]
        differences = [task.seasons[0]] if is_differenced else []
        for trees in (100, 500):
            model = _taught(task, make(trees), differences, task.validation)
            answers = [_stepped(task, model, row) for row in origins]
            tried.append((_mean_error(answers, actual), trees, _half_widths(answers, actual)))
        _, trees, widths = min(tried, key=lambda each: each[0])
        return _taught(task, make(trees), differences, task.test), widths

    def forecast(task: Task, kept: Any, row: int) -> Answer:
        return _with_widths(_stepped(task, kept[0], row), kept[1])

    return Peer(fit, forecast)


def _taught(task: Task, regressor: Any, differences: list[int], stop: int) -> Any:
    from mlforecast import MLForecast
    from mlforecast.lag_transforms import RollingMean
    from mlforecast.target_transforms import Differences

    season, longest = task.seasons[0], task.seasons[-1]
    lags = sorted({1, 2, 3, season - 1, season, season + 1, 2 * season, longest - 1, longest, longest + 1})
    model = MLForecast(
        models={"it": regressor},
        freq=task.freq,
        lags=lags,
        lag_transforms={1: [RollingMean(season)], season: [RollingMean(season)]},
        date_features=_CALENDAR,
        target_transforms=[Differences(differences)] if differences else None,
    )
    model.fit(task.before(stop)[["unique_id", "ds", "y", *task.known]], static_features=[])
    return model


def _stepped(task: Task, model: Any, row: int) -> Numbers:
    # What lags, means and differences look back at; the rest of the history would change nothing.
    history = task.before(row, 4 * task.longest)[["unique_id", "ds", "y", *task.known]]
    known = task.ahead(row) if task.known else None
    return task.laid_out(model.predict(task.horizon, new_df=history, X_df=known), "it")


# --- prophet ---------------------------------------------------------------------------------------------------------


def _prophet(task: Task, kept: Any, row: int) -> Answer:
    from prophet import Prophet

    history, ahead, found = task.before(row, LONGEST), task.ahead(row), []
    for one in task.ids:
        model = Prophet(interval_width=LEVEL / 100, uncertainty_samples=300)
        for name in task.known:
            model.add_regressor(name)
        own = history[history.unique_id == one].dropna(subset=list(task.known))
        model.fit(own[["ds", "y", *task.known]])
        told = ahead[ahead.unique_id == one].ffill().bfill()
        found.append(model.predict(told)[["yhat", "yhat_lower", "yhat_upper"]].to_numpy())
    point, low, high = np.moveaxis(np.stack(found), (0, 1, 2), (2, 1, 0))
    return point, low, high


# --- what they share -------------------------------------------------------------------------------------------------


def _validation_origins(task: Task) -> list[int]:
    last = task.test - task.horizon
    return list(np.linspace(task.validation, last, VALIDATION_ORIGINS).round().astype(int))


def _mean_error(answers: list[Numbers], actual: list[Numbers]) -> float:
    return float(np.nanmean(np.abs(np.stack(answers) - np.stack(actual))))


def _half_widths(answers: list[Numbers], actual: list[Numbers]) -> Numbers:
    """(K, S) the share LEVEL of the sizes of validation errors at each step of each series."""
    sizes = np.abs(np.stack(answers) - np.stack(actual))
    return np.asarray(np.nanquantile(sizes, LEVEL / 100, axis=0, method="higher"))


def _with_widths(point: Numbers, widths: Numbers) -> Answer:
    return point, point - widths, point + widths


PEERS = {
    "seasonal naive": Peer(_fit_naive, _naive),
    "MSTL with AutoETS": Peer(lambda task: None, _nightly(_mstl, LONGEST), is_kept=False),
    "AutoTheta": Peer(lambda task: None, _nightly(_theta, LONGEST_OF_THETA), is_kept=False),
    "LightGBM": _boosted(_lightgbm, is_differenced=False),
    "LightGBM, differenced": _boosted(_lightgbm, is_differenced=True),
    "HistGradientBoosting, differenced": _boosted(_histogram, is_differenced=True),
    "Prophet": Peer(lambda task: None, _prophet, is_kept=False),
}


def main(folder: Path, name: str, step: str) -> None:
    """Carry out one step of one peer."""
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    task, peer, file = Task.read(folder), PEERS[name], folder / f"{name}.pickle"
    if step == "train":
        file.write_bytes(pickle.dumps(peer.fit(task)))
        return
    kept = pickle.loads(file.read_bytes()) if peer.is_kept else None
    if step == "night":
        peer.forecast(task, kept, task.origins[0])
        return
    answers = [peer.forecast(task, kept, row) for row in task.origins]
    point, low, high = (np.concatenate(part, axis=1) for part in zip(*answers, strict=True))
    np.savez(folder / f"{name}.npz", point=point, low=low, high=high)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
