"""The report of a model: how good it was on rows it had not seen, what was chosen for it, and from which figures."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from lstmcast.evaluation.verdict import TOO_SHORT, verdict

if TYPE_CHECKING:
    from lstmcast.core.panel import Integers, Panel, Times
    from lstmcast.evaluation.backtest import Backtest

MOST_STEPS_REPORTED = 2_000
MOST_ROUNDS = 3  # a training goes on to so many times the steps that were planned
Figures = dict[str, float | None]
Scores = dict[str, Figures]  # forecaster -> metric -> figure, None where it is not defined


# Of a field that is null in the document where it is None; others with a default of None are then left out.
NULLABLE = {"nullable": True}


class Document(Mapping[str, Any]):
    """A record that is read like the JSON object that it is written as: `report["test"]` is plain data.

    What is None and has None for a default is left out: versions of lstmcast that did not know a field wrote none.
    Two are equal where their documents are.
    """

    def as_document(self) -> dict[str, Any]:
        """Every field as plain data, in the order in which the fields are declared."""
        return {name: self[name] for name in self}

    def __getitem__(self, name: str) -> Any:
        if name not in self._names():
            raise KeyError(name)
        return _plain(getattr(self, name))

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.as_document()})"

    def _names(self) -> list[str]:
        return [each.name for each in dataclasses.fields(self) if not self._lacks(each)]  # type: ignore[arg-type]

    def _lacks(self, each: dataclasses.Field[Any]) -> bool:
        is_optional = each.default is None and "nullable" not in each.metadata
        return is_optional and getattr(self, each.name) is None


def _plain(value: Any) -> Any:
    """A record, dict or tuple as JSON has it."""
    if isinstance(value, Document):
        return value.as_document()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple | list) else value


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Judgement(Document):
    """The figures of each forecaster over all steps, at each step ahead, and within groups of target rows.

    windows: how many were judged; first, last: stamps of the first and last target row; in_sample: whether the model
    was trained on these rows; verdict: one sentence.
    """

    test: Scores
    by_horizon: tuple[Scores, ...]
    by_hour: dict[str, Scores] | None = None
    by_weekday: dict[str, Scores] | None = None
    by_series: dict[str, Scores] | None = None
    windows: int
    first: str
    last: str
    in_sample: bool
    verdict: str


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Evaluation(Judgement):
    """A judgement of a file's windows, every `stride` rows; seen: of those that the model was trained on, if any."""

    stride: int
    seen: Judgement | None = None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Tried(Document):
    """A setting that was tried, and the linear forecaster's errors (MASE) with it, None where not defined.

    lookbacks: of the ridge maps whose mean the linear forecaster is; validation_mase: on the validation block and on
    those before it; aged_mase: on the validation block when trained a block earlier.
    """

    transform: str
    lookback: int
    stage: str
    is_anchored: bool
    is_sized: bool
    penalty: float
    lookbacks: tuple[int, ...] | None = None
    validation_mase: tuple[float | None, ...]
    aged_mase: float | None = field(default=None, metadata=NULLABLE)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Search(Document):
    """The setting that was chosen before training, the others that were tried, and ridge penalty -> error."""

    chosen: Tried
    others: tuple[Tried, ...]
    penalties: Figures | None = None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Shares(Document):
    """The shares of what ships, which sum to one; season: the lag of the naive forecaster, 0 where it has no part.

    others: name of each further part -> its share; None where there is none.
    """

    network: float
    linear: float
    naive: float = 0.0
    season: int = 0
    others: dict[str, float] | None = None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SecondView(Document):
    """The setting of the second linear forecaster's view; validation_mase: of its mean with the first."""

    stage: str
    is_anchored: bool
    lookbacks: tuple[int, ...]
    validation_mase: float | None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class TriedNetwork(Document):
    """A setting that networks were trained in, second_stage: that of a second one whose forecasts are averaged with it.

    validation_mase: forecaster -> error, `model` being what would have shipped; in the oldest files that error alone.
    """

    transform: str
    lookback: int
    stage: str
    is_anchored: bool
    is_sized: bool
    second_stage: str | None = None
    validation_mase: Figures | float | None

    @property
    def shipped(self) -> float | None:
        """The error of what would have shipped; None where it is not defined."""
        errors = self.validation_mase
        return errors["model"] if isinstance(errors, dict) else errors


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Limits(Document):
    """The lowest and highest forecast; is_found: whether the lower one was found in the data."""

    min: float | None
    max: float | None
    is_found: bool


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Start(Document):
    """Layers of another model that training started from, whole and in part, new ones, frozen ones; what differs."""

    taken: tuple[str, ...]
    partly: tuple[str, ...]
    new: tuple[str, ...]
    frozen: tuple[str, ...]
    differs: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Volatility(Document):
    """The power by which bands follow how restless a window is; winkler: power -> score of the 80 % band, scaled."""

    power: float
    winkler: Figures


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class FewHorizons(Document):
    """The mixture where there are too few horizons to choose by.

    folds: horizons before which members were fitted anew, and on which weights and bands rest; weights: member ->
    its share where it can answer; deviations: level in percent -> half-width of the band in standard deviations;
    horizons: of the test block, on which the verdict rests; season: that of the members; rows: of the history that
    they look at, at most.
    """

    folds: int
    horizons: int
    weights: dict[str, float]
    deviations: dict[str, float]
    season: int
    rows: int


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Shipped(Document):
    """The shares of what ships once the test rows have judged it, its parts taught by every row.

    mase: forecaster -> error on validation and test rows together, before it learned from these.
    """

    blend: Shares
    mase: Figures


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Choices(Search):
    """Everything that was chosen for a model of numbers, with the figures that decided it.

    validation_mase: forecaster -> error; blend: of the model that was judged; best_steps: of each network, where it was
    best on validation rows; interval_widths: level in percent -> factor on the network's half-width, or mean half-width
    of all steps, scaled; shipped: where what ships was decided again with the rows that judged.
    """

    validation_mase: Figures
    blend: Shares
    steps: int | None = None
    best_steps: tuple[int, ...]
    second: SecondView | None = field(default=None, metadata=NULLABLE)
    networks: tuple[TriedNetwork, ...] | None = None
    intervals: str
    interval_widths: dict[str, float] | None = None
    limits: Limits | None = None
    start: Start | None = None
    band_volatility: Volatility | None = None
    few: FewHorizons | None = None
    shipped: Shipped | None = None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ClassTried(Document):
    """A way to look back that was tried, and the log loss of the logistic regression that it gives."""

    lookback: int
    calendar: bool
    penalty: float
    validation_log_loss: float


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ClassSearch(Document):
    """The setting chosen before training, the others that were tried, and ridge penalty -> log loss."""

    chosen: ClassTried
    others: tuple[ClassTried, ...]
    penalties: dict[str, float]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ClassShares(Document):
    """The shares of what ships, which sum to one; persistence: None in older files, where it had none.

    others: name of each further part -> its share; None where there is none.
    """

    network: float
    logistic: float
    frequency: float
    persistence: float | None = None
    others: dict[str, float] | None = None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ClassChoices(ClassSearch):
    """Everything that was chosen for a model of classes, with the figures that decided it.

    class_weights: class -> what it counts in training; frequencies: what the frequency table goes by.
    """

    validation_log_loss: dict[str, float]
    mixture: ClassShares
    class_weights: dict[str, float]
    frequencies: str
    steps: int
    best_steps: tuple[int, ...]
    start: Start | None = None


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Learned(Document):
    """The number of rows with a known target that a model has learned from, and the stamp of the last of them."""

    rows: int
    until: str


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Refresh(Document):
    """One refresh: stamps of the rows that judged it, and the metrics of both models on them."""

    first: str
    last: str
    champion: Figures
    challenger: Figures


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Report(Judgement):
    """The judgement of a model on its test rows, its choices, every refresh since then, and what it has learned from.

    learned: None where the model does not say.
    """

    choices: Choices | ClassChoices
    refreshes: tuple[Refresh, ...] | None = None
    learned: Learned | None = None

    def judged(self, found: Judgement) -> Self:
        """Return the report with another judgement, of the first MOST_STEPS_REPORTED steps ahead."""
        parts = _parts(found) | {"by_horizon": found.by_horizon[:MOST_STEPS_REPORTED]}
        return dataclasses.replace(self, **parts)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class NumberReport(Report):
    """The report of a model of numbers."""

    choices: Choices


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ClassReport(Report):
    """The report of a model of classes."""

    choices: ClassChoices


NOT_JUDGED: dict[str, Any] = {  # the fields of a judgement before there is one
    "test": {}, "by_horizon": (), "windows": 0, "first": "", "last": "", "in_sample": False, "verdict": "",
}  # fmt: skip


def judgement(
    found: Backtest,
    panel: Panel,
    origins: Integers,
    seasons: tuple[int, ...],
    *,
    in_sample: bool = False,
    horizons: int | None = None,
) -> Judgement:
    """Return the findings of a backtest, with its verdict.

    origins: (n,) what was judged, at least one; seasons: of the model; horizons: disjoint ones, where these are too few
    for the sentence to pass over them.
    """
    first, last, rows = _span(panel, origins, len(found.by_horizon))
    clock = dataclasses.replace(panel.clock, seasons=seasons)
    return Judgement(
        test=found.overall,
        by_horizon=tuple(found.by_horizon),
        **{f"by_{name}": groups for name, groups in found.groups.items()},
        windows=found.windows,
        first=panel.clock.write(first)[0],
        last=panel.clock.write(last)[0],
        in_sample=in_sample,
        verdict=verdict(found.overall, clock, rows, in_sample=in_sample, horizons=horizons),
    )


def not_judged(panel: Panel, names: Sequence[str]) -> Judgement:
    """The judgement of these forecasters where no horizon can be held back."""
    last = panel.clock.write(panel.times[-1:])[0]
    empty: Scores = {name: {"mae": None, "mase": None} for name in names}
    nothing = NOT_JUDGED | {"test": empty, "first": last, "last": last, "verdict": TOO_SHORT}
    return Judgement(**nothing)


def _span(panel: Panel, origins: Integers, horizon: int) -> tuple[Times, Times, int]:
    """First and last stamp, (1,) each, of all target rows, and how many rows the longest stretch of a series has."""
    series = np.searchsorted(panel.offsets, origins, side="right") - 1
    _, starts = np.unique(series, return_index=True)
    rows = np.maximum.reduceat(origins, starts) - np.minimum.reduceat(origins, starts) + horizon
    first, last = panel.times[origins].min(), panel.times[origins + horizon - 1].max()
    return np.array([first]), np.array([last]), int(rows.max())


def evaluation(found: Judgement, stride: int, seen: Judgement | None = None) -> Evaluation:
    """The judgement of a file; stride and seen: as an Evaluation has them."""
    return Evaluation(**_parts(found), stride=stride, seen=seen)


def _parts(found: Judgement) -> dict[str, Any]:
    """The fields of a judgement by name."""
    return {each.name: getattr(found, each.name) for each in dataclasses.fields(Judgement)}
