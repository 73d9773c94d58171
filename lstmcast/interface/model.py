"""A model as people in Python hold it: it takes DataFrames and paths where the model itself takes panels."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from lstmcast.core import panel as nouns
from lstmcast.core.errors import UsageError
from lstmcast.core.options import FAIL, FILL
from lstmcast.evaluation.verdict import seasonal_skill
from lstmcast.interface.forecast import Forecast
from lstmcast.interface.reading import future_for_model, panel_for_model, warn_of
from lstmcast.model import model as rooms

if TYPE_CHECKING:
    from lstmcast.evaluation.report import Evaluation
    from lstmcast.interface.frames import Data
    from lstmcast.model.explain import Explanation


@dataclass(frozen=True, eq=False, repr=False)
class Model(rooms.Model):
    """A trained model whose methods take a path, a DataFrame, a Series or a Panel."""

    @classmethod
    def of(cls, model: rooms.Model) -> Model:
        """The model with these methods."""
        if isinstance(model, cls):
            return model
        return cls(**{field.name: getattr(model, field.name) for field in dataclasses.fields(rooms.Model)})

    def predict(
        self,
        data: Data,
        horizon: int | str | None = None,
        levels: Sequence[int] | None = None,
        quantiles: Sequence[float] = (),
        *,
        future: Data | None = None,
        paths: int | None = None,
        fallback: bool = True,
        short_future: str | None = None,
    ) -> Forecast:
        """Forecast each series from its last known target on, as `lstmcast predict` does.

        horizon: rows, or a time such as `2d`; levels: bands in percent; future: rows to come, with the columns known
        ahead; paths: so many sample paths besides, see Forecast.paths; short_future: `fill`, `hold` or `fail`, where
        these columns end early (None: a Panel fails, other data are filled). Raises DataError and UsageError.
        """
        from lstmcast.core.ahead import rows_ahead
        from lstmcast.model.freshness import without_closed
        from lstmcast.model.newcomers import forecast_with_new

        short = short_future or (FAIL if isinstance(data, nouns.Panel) else FILL)
        history = panel_for_model(data, self, keeps_new=True)
        ahead = None if horizon is None else rows_ahead(horizon, self.contract.clock)
        panel = history if future is None else future_for_model(future, self, history)
        if not isinstance(data, nouns.Panel):
            panel, closed = without_closed(panel, max(ahead or 0, self.contract.horizon))
            warn_of([] if closed is None else [closed])
        found = forecast_with_new(
            self, panel, ahead, levels, quantiles, fallback=fallback, short_future=short
        )
        drawn = None if paths is None else self._drawn(panel, found, paths, short, fallback)
        return Forecast.of(found, history, drawn)

    def _drawn(
        self, panel: nouns.Panel, forecast: nouns.Forecast, count: int, short: str, fallback: bool
    ) -> pd.DataFrame:
        """Draw sample paths, one row a path and time."""
        from lstmcast.cli.sessions.summing import MOST_PATHS, Summing, summed_columns
        from lstmcast.model.totals import outlook

        if self.contract.classes:
            raise UsageError("paths= is for models of numbers, and this one is of classes")
        if not 1 <= count <= MOST_PATHS:
            raise UsageError(f"paths= goes from 1 to {MOST_PATHS:,}; got {count}")
        found = outlook(self, panel, forecast, short, fallback=fallback)
        return pd.DataFrame(dict(summed_columns(Summing(paths=count), (), found, ())))

    def evaluate(self, data: Data, stride: int = 1) -> Evaluation:
        """Judge the model on data with a rolling origin, as `lstmcast evaluate` does."""
        return super().evaluate(panel_for_model(data, self), stride)

    def score(self, data: Data) -> float:
        """Return the skill with a rolling origin: the share by which the error is below the seasonal naive's."""
        panel = panel_for_model(data, self)
        found = seasonal_skill(self.evaluate(panel)["test"], panel.clock)
        return float("nan") if found is None else float(found)

    def refresh(self, data: Data, *, budget: float | None = None, always: bool = False) -> Model:
        """Return the model trained on with new rows, or this one where the new one is no better (`always` aside).

        budget: longest time in seconds. Raises DataError where too few rows are new.
        """
        from lstmcast.pipeline.refresh import Outcome, refreshing

        panel = panel_for_model(data, self)
        *_, outcome = refreshing(self, panel, budget=budget, always=always)
        assert isinstance(outcome, Outcome)
        return Model.of(outcome.model) if outcome.is_better or always else self

    def explain(self, data: Data, series: str | None = None, horizon: int | None = None) -> Explanation:
        """Explain the forecast of a series (by name; None is the first) in parts that sum to it."""
        from lstmcast.model.explanations import explain_series

        panel = panel_for_model(data, self)
        if series is not None and series not in panel.ids:
            raise UsageError(f"no series {series!r}; there are {', '.join(panel.ids[:20])}")
        return explain_series(self, panel, 0 if series is None else panel.ids.index(series), horizon)

    def save(self, path: str) -> None:
        """Write the model into a file, replaced whole; raises OutputError."""
        from lstmcast.persistence import save

        save(self, path)

    def __repr__(self) -> str:
        """The model in a line: what it forecasts, how far, from what, and its verdict."""
        return f"Model({', '.join(f'{name}={value!r}' for name, value in self._facts().items())})"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{name}</th><td>{escape(str(value))}</td></tr>" for name, value in self._facts().items()
        )
        return f"<table><caption>lstmcast model</caption>{rows}</table>"

    def _facts(self) -> dict[str, Any]:
        contract = self.contract
        facts = {"target": contract.target, "horizon": contract.horizon, "lookback": contract.lookback}
        facts |= {"freq": contract.clock.freq, "series": len(contract.ids), "source": self.source}
        return facts | {"verdict": self.report["verdict"]}
