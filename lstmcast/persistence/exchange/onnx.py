"""A model as an ONNX graph, from a window in the units of the CSV to its forecast and bands in the same units.

In the graph are the transform and the scaling of each series, the frame of each window, the network with all its
members, the linear forecaster, their blend, the bands and the limits: float64 but for the network. Not in it is what
knows of stamps and of other columns: calendar, covariates and calendar stage come as arrays, which `onnx_inputs` makes
of a panel. Nor does it look whether a window is fit to be forecast.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstmcast.core.errors import UsageError
from lstmcast.core.panel import Panel
from lstmcast.data.category_windows import of_classes
from lstmcast.data.windows import Windows
from lstmcast.forecasters.base import Part, Views
from lstmcast.forecasters.ensemble import leaves
from lstmcast.forecasters.intervals import CALMEST, LEVELS, QUANTILES, WILDEST, pair
from lstmcast.forecasters.naive import SeasonalNaive
from lstmcast.forecasters.network import NetworkForecaster
from lstmcast.forecasters.ridge import RidgeForecaster
from lstmcast.model.model import Model
from lstmcast.model.output import of_numbers
from lstmcast.model.recursion import at_origin
from lstmcast.model.reference import compare, without_spikes
from lstmcast.persistence.exchange.classes import class_inputs, write_classes
from lstmcast.persistence.exchange.graph import Graph
from lstmcast.persistence.exchange.network import Shown, quantiles, rising

Array = NDArray[Any]
# It goes on from a state, row by row, and a graph sees one window: its weight to others would be another forecast.
_WITHOUT = dict.fromkeys(("smoothing", "bank"), "; for a graph, train with --smoothing no")
MEANING = (
    "target: the last {lookback} values before the forecast, gaps filled; forecast: the {horizon} after them"
)
MEANING_OF_CLASSES = (
    "features: of the last {lookback} rows before the forecast; "
    "probabilities: of the {horizon} rows after them"
)
_LARGEST = 1e300
_ORDINALS = ("second", "third", "fourth", "fifth")  # views beyond the first and the linear forecaster's
_FLOAT32, _FLOAT64 = 1, 11  # of the standard's element types


@dataclass(frozen=True)
class Exported:
    """An ONNX file, and name, shape and meaning of what goes into its graph and comes out."""

    data: bytes
    inputs: list[dict[str, Any]]
    outputs: list[dict[str, Any]]


def export_onnx(model: Model, levels: Sequence[int] | None = None) -> Exported:
    """The model as an ONNX file; levels: of the bands, in percent, None for the usual one.

    Raises UsageError where the package onnx is not installed, or the operator set has not what the model needs, and for
    levels of classes, which have no bands.
    """
    shown, contract = model.output.levels(levels, ()), model.contract
    if contract.classes:
        graph = write_classes(model, of_classes(_Plan.of(model).windows))
    else:
        writer = _Writer(model)
        writer.write(shown)
        graph = writer.graph
    meaning = MEANING_OF_CLASSES if contract.classes else MEANING
    meaning = meaning.format(lookback=contract.lookback, horizon=contract.horizon)
    notes = {
        "target": contract.target,
        "freq": contract.clock.freq,
        "series": json.dumps(contract.ids),
        "known": json.dumps(contract.known),
        "past": json.dumps(contract.past),
    }
    notes |= {"classes": json.dumps(contract.classes)} if contract.classes else {}
    return Exported(graph.packed(meaning, notes), **graph.described())


def onnx_inputs(model: Model, panel: Panel) -> dict[str, Array]:
    """Return the inputs with which a model's graph forecasts each of B series from its last known target on.

    Raises DataError where the panel does not fit the contract, or is too short.
    """
    series = model.contract.check(panel)
    panel, origins = at_origin(panel, model.contract, model.contract.horizon)
    panel = without_spikes(panel, compare(model.habits, panel, origins, series, model.contract))
    views = model.windows(panel, series)
    if model.contract.classes:
        return class_inputs(model, views, origins)
    windows, table = views[0], views[0].table
    past = (origins - windows.lookback)[:, None] + np.arange(windows.lookback)
    scaled = table.scaled[past]
    undo, numbers = model.preparation.rows.scaling.undo, table.series[origins - 1]
    given: dict[str, Array] = {
        "target": undo(scaled.T, numbers).T,
        "series": numbers,
    }
    plan = _Plan.of(model)
    for prefix, seen in zip(plan.prefixes, views, strict=True):
        batch = seen.batch(origins)
        given[f"{prefix}past"], given[f"{prefix}future"] = batch.past[:, :, _columns(seen)[1]], batch.future
        given[f"{prefix}level"] = seen.table.level[past]
        given[f"{prefix}level_ahead"] = seen.ahead(seen.table.level, origins).T
    for naive in plan.naives:
        given["naive"] = undo(naive.predict(views, origins)[:, 0], numbers).T
    return {name: np.ascontiguousarray(given[name]) for name in plan.inputs()}


def _columns(windows: Windows) -> tuple[Array, Array]:
    """Return which features of a past segment are the target's, and which are others."""
    width = windows.segment * windows.table.past.shape[1]
    target = np.arange(0, width, windows.table.past.shape[1])
    others = np.setdiff1d(np.arange(width + windows.table.calendar.shape[1]), target)
    return target, others


@dataclass(frozen=True, eq=False)
class _Plan:
    """The inputs of a model's graph; sizes are those of a window."""

    model: Model
    views: Views

    @classmethod
    def of(cls, model: Model) -> _Plan:
        """A row a series shows it."""
        contract, count = model.contract, len(model.contract.ids)
        times, values = np.zeros(count, "datetime64[us]"), np.zeros((count, len(contract.columns)))
        panel = Panel(contract.ids, np.arange(count + 1), times, values, contract.columns, contract.clock)
        return cls(model, model.windows(panel, np.arange(count)))

    @property
    def windows(self) -> Windows:
        """The first view's."""
        return self.views[0]

    @property
    def prefixes(self) -> list[str]:
        """The prefixes of the inputs of each view: none for the first, `linear_` for the linear forecaster's own, then
        `second_` and on."""
        own = ["linear_"] if self.model.linear.view else []
        later = [f"{_ORDINALS[number]}_" for number in range(len(self.views) - len(own) - 1)]
        return ["", *own, *later]

    @property
    def naives(self) -> list[SeasonalNaive]:
        """The naive forecaster that has a share, if there is one."""
        return [part for _, part in self.model.ensemble.asked if isinstance(part, SeasonalNaive)]

    def inputs(self) -> dict[str, tuple[Any, tuple[int | str, ...], str]]:
        """Name -> dtype, shape and meaning."""
        model, windows = self.model, self.windows
        lookback, horizon = windows.lookback, windows.horizon
        found: dict[str, tuple[Any, tuple[int | str, ...], str]] = {
            "target": (np.float64, ("B", lookback), "last values of the target, as in the file, gaps filled")
        }
        if len(model.contract.ids) > 1:
            found["series"] = (
                np.int64,
                ("B",),
                "number of the series, by the order of `series` in the notes",
            )
        for network in model.networks:
            a, prefix = network.architecture, self.prefixes[network.view]
            others = _columns(self.views[network.view])[1]
            past, future = (a.past_steps, len(others)), (a.future_steps, a.future_size)
            meaning = "scaled features of {} segments: columns row by row, then the calendar"
            if past[1]:
                found[f"{prefix}past"] = (np.float32, ("B", *past), meaning.format("past"))
            if future[1]:
                found[f"{prefix}future"] = (np.float32, ("B", *future), meaning.format("future"))
        for prefix, view in zip(self.prefixes, model.views, strict=True):
            if view.regression is not None:
                meaning = "what the calendar stage expects of {}, scaled"
                found[f"{prefix}level"] = (np.float64, ("B", lookback), meaning.format("each past row"))
                found[f"{prefix}level_ahead"] = (np.float64, ("B", horizon), meaning.format("each row ahead"))
        for naive in self.naives:
            before = f"the values {naive.season} rows before, at the same time"
            meaning = "the last value" if naive.season == 1 else before
            found["naive"] = (np.float64, ("B", horizon), f"for each row ahead {meaning}, as in the file")
        return found


class _Writer:
    """Writes a model; values are (B, rows) in float64, scaled where nothing else is said."""

    def __init__(self, model: Model) -> None:
        self.model, self.plan, self.graph = model, _Plan.of(model), Graph()
        self.inputs = {
            name: self.graph.enter(name, *described) for name, described in self.plan.inputs().items()
        }
        scaling = model.preparation.rows.scaling
        self.center, self.scale, self.unit = map(
            self._of_series, (scaling.center, scaling.scale, scaling.unit)
        )

    def write(self, levels: Sequence[int]) -> None:
        """From the inputs to the outputs; raises UsageError for what a graph cannot hold."""
        if of_numbers(self.model.output).means is not None:
            raise UsageError(
                "an ONNX graph holds medians, and forecasts of this model are means; train it with --point median",
                option="--point",
            )
        graph, scaled, parts, answers = self.graph, self._apply("target"), [], None
        for weight, part in self.model.ensemble.asked:
            alike = list(leaves(part))
            said = [self._answer(scaled, leaf) for leaf in alike]
            if isinstance(alike[0], NetworkForecaster):
                quantiles, mean = alike[0].architecture.quantiles, self._mean(said)
                parts.append((weight, self._one(mean, quantiles // 2)))
                answers = mean if quantiles > 1 else None
            else:
                parts += [(weight / len(said), one) for one in said]
        shares = [graph.add("Mul", part, np.array(share)) for share, part in parts]
        point = graph.add("Sum", *shares)
        self._leave("forecast", self._limited(self._undo(point)), "the forecast, as in the file")
        bands = self._bands(point, answers, levels, self._stretch(scaled))
        for level, (low, high) in self._never_certain(point, bands).items():
            meaning = f"{{}} end of the band that should hold {level} % of outcomes"
            self._leave(f"lo_{level}", low, meaning.format("lower"))
            self._leave(f"hi_{level}", high, meaning.format("upper"))

    def _leave(self, name: str, value: str, meaning: str) -> None:
        self.graph.leave(name, value, np.float64, ("B", self.plan.windows.horizon), meaning)

    def _of_series(self, values: Array) -> str | Array:
        """One number for all windows, or (B, 1) each window's own."""
        if "series" not in self.inputs:
            return np.asarray(values[0])
        return self.graph.add("Gather", values[:, None], "series", axis=0)

    def _apply(self, value: str | Array) -> str:
        """Scaled values of those in the file."""
        graph = self.graph
        if self.model.preparation.rows.scaling.transform == "log1p":
            value = graph.add("Div", graph.add("Max", value, np.array(0.0)), self.unit)
            value = graph.add("Log", graph.add("Add", value, np.array(1.0)))
        return graph.add("Div", graph.add("Sub", value, self.center), self.scale)

    def _undo(self, value: str) -> str:
        """Values in the file of scaled ones."""
        graph = self.graph
        value = graph.add("Add", graph.add("Mul", value, self.scale), self.center)
        if self.model.preparation.rows.scaling.transform == "log1p":
            value = graph.add("Mul", graph.add("Sub", graph.add("Exp", value), np.array(1.0)), self.unit)
        return value

    def _limited(self, value: str) -> str:
        low, high = of_numbers(self.model.output).limits
        value = value if np.isnan(low) else self.graph.add("Max", value, np.array(low))
        return value if np.isnan(high) else self.graph.add("Min", value, np.array(high))

    def _edge(self, value: str) -> str:
        """An end of a band; the logarithm of a very wide one may have none."""
        value = self._limited(self._undo(value))
        return self.graph.add("Min", self.graph.add("Max", value, np.array(-_LARGEST)), np.array(_LARGEST))

    def _never_certain(self, point: str, bands: dict[int, tuple[str, str]]) -> dict[int, tuple[str, str]]:
        """The bands in the file, as `NumberOutput` has them: none is cut to nothing by a limit, and none cross."""
        graph, found = self.graph, dict[int, tuple[str, str]]()
        lowest, highest = None, None
        for level in sorted(bands):
            beyond = self._beyond(point, *bands[level])
            low, high = (
                self._edge(graph.add("Add", edge, beyond) if beyond else edge) for edge in bands[level]
            )
            lowest = low if lowest is None else graph.add("Min", lowest, low)
            highest = high if highest is None else graph.add("Max", highest, high)
            found[level] = lowest, highest
        return {level: found[level] for level in bands}

    def _beyond(self, point: str, low: str, high: str) -> str | None:
        """(B, K) by how much a band that lies beyond a limit as a whole is moved; None without limits."""
        graph, moves = self.graph, None
        lowest, highest = of_numbers(self.model.output).limits
        for limit, edge, beyond in ((lowest, high, "LessOrEqual"), (highest, low, "GreaterOrEqual")):
            if not np.isnan(limit):
                least = self._apply(np.array(limit))
                otherwise = np.array(0.0) if moves is None else moves
                moves = graph.add(
                    "Where", graph.add(beyond, edge, least), graph.add("Sub", least, point), otherwise
                )
        return moves

    def _mean(self, networks: list[str]) -> str:
        """(B, K, Q) the mean of what one or two networks answer."""
        if len(networks) == 1:
            return networks[0]
        return self.graph.add("Mul", self.graph.add("Sum", *networks), np.array(1 / len(networks)))

    def _answer(self, scaled: str, part: Part) -> str:
        """Write the answer of a part: (B, K, Q) of a network, (B, K) of others."""
        if isinstance(part, NetworkForecaster):
            return self._network(scaled, part)
        if isinstance(part, RidgeForecaster):
            return self._ridge(scaled, part)
        if isinstance(part, SeasonalNaive):
            return self._apply("naive")
        raise UsageError(
            f"an ONNX graph cannot hold {part.name!r}, which is part of the model{_WITHOUT.get(part.name, '')}"
        )

    def _network(self, scaled: str, network: NetworkForecaster) -> str:
        """(B, K, Q) the median of the members' answers."""
        graph, windows, prefix = self.graph, self.plan.views[network.view], self.plan.prefixes[network.view]
        architecture, frame = network.architecture, self._frame(scaled, windows, prefix)
        past, future = (self.inputs.get(f"{prefix}{name}") for name in ("past", "future"))
        window = graph.add("Cast", frame.window, to=_FLOAT32)
        shown = Shown(window, past, future, self.inputs.get("series"), np.concatenate(_columns(windows)))
        answers = [quantiles(graph, architecture, member, shown) for member in network.members]
        middle = graph.add("Cast", _median(graph, answers), to=_FLOAT64)
        return self._restore(middle, frame, axes=2)

    def _ridge(self, scaled: str, ridge: RidgeForecaster) -> str:
        """(B, K) the linear map of the window."""
        frame = self._frame(scaled, self.plan.views[ridge.view], self.plan.prefixes[ridge.view])
        straight = self.graph.add("MatMul", frame.window, ridge.weight.T)
        return self._restore(self.graph.add("Add", straight, ridge.bias), frame)

    def _frame(self, scaled: str, windows: Windows, prefix: str) -> _Frame:
        """A window as a forecaster sees it: without its stage's level, its last value and its size."""
        graph, last, size = self.graph, None, None
        level = self.inputs.get(f"{prefix}level")
        window = scaled if level is None else graph.add("Sub", scaled, level)
        residual = window
        if windows.is_anchored:
            last = graph.slice(window, 1, windows.lookback - 1, windows.lookback)
            window = graph.add("Sub", window, last)
        if windows.is_sized:
            size = self._size(residual, windows)
            window = graph.add("Div", window, size)
        return _Frame(window, last, size, self.inputs.get(f"{prefix}level_ahead"))

    def _size(self, values: str, windows: Windows) -> str:
        """(B, 1) half the standard deviation and half the mean seasonal change, and a little."""
        graph, rows = self.graph, windows.lookback
        lag = min(windows.season, rows - 1) or 1
        change = graph.add("ReduceMean", self._change(values, lag), axes=[1])
        off = graph.add("Sub", values, graph.add("ReduceMean", values, axes=[1]))
        deviation = graph.add("Sqrt", graph.add("ReduceMean", graph.add("Mul", off, off), axes=[1]))
        half = graph.add("Mul", graph.add("Add", deviation, change), np.array(0.5))
        return graph.add("Add", half, np.array(1e-3))

    def _change(self, values: str, lag: int) -> str:
        """(B, L - lag) absolute differences of values (B, L) at a lag."""
        graph, rows = self.graph, self.plan.windows.lookback
        change = graph.add("Sub", graph.slice(values, 1, lag, rows), graph.slice(values, 1, 0, rows - lag))
        return graph.add("Abs", change)

    def _restore(self, value: str, frame: _Frame, axes: int = 1) -> str:
        """Scaled values of a frame's, which have so many axes after B."""
        steps = (("Mul", frame.size), ("Add", frame.last), ("Add", frame.level))
        for operator, part in steps:
            if part is not None:
                wide = part if axes == 1 else self.graph.add("Unsqueeze", part, np.array([2]))
                value = self.graph.add(operator, value, wide)
        return value

    def _one(self, answers: str, place: int) -> str:
        """(B, K) one of the quantiles."""
        return self.graph.add("Gather", answers, np.array(place), axis=2)

    def _bands(
        self, point: str, answers: str | None, levels: Sequence[int], stretch: str | None
    ) -> dict[int, tuple[str, str]]:
        """Lower and upper end of each level's band, as Intervals.bands gives them."""
        below, above = self._offsets(answers)

        def end(operator: str, level: int, offsets: list[str | Array]) -> str:
            offset = self._between(level, offsets)
            wide = offset if stretch is None else self.graph.add("Mul", offset, stretch)
            return self.graph.add(operator, point, wide)

        return {level: (end("Sub", level, below), end("Add", level, above)) for level in levels}

    def _stretch(self, scaled: str) -> str | None:
        """(B, 1) how many times as wide as usual the bands of each window are; None where that is always once."""
        graph, intervals, windows = self.graph, of_numbers(self.model.output).intervals, self.plan.windows
        if not intervals.power or windows.lookback == windows.lag:
            return None
        change = graph.add("ReduceMean", self._change(scaled, windows.lag), axes=[1])
        least, most = (np.array(bound * intervals.reference) for bound in (CALMEST, WILDEST))
        believed = graph.add("Min", graph.add("Max", change, least), most)
        relative = graph.add("Div", believed, np.array(intervals.reference))
        return graph.add("Pow", relative, np.array(intervals.power))

    def _offsets(self, answers: str | None) -> tuple[list[str | Array], list[str | Array]]:
        """Write the distances of the ends of each of LEVELS from the point, below and above."""
        intervals, graph = of_numbers(self.model.output).intervals, self.graph
        if intervals.kind == "split" or answers is None:
            fixed: list[str | Array] = [np.array(width) for width in intervals.widths]
            return fixed, fixed
        median, pairs = self._one(answers, len(QUANTILES) // 2), [pair(level) for level in LEVELS]
        below = [graph.add("Sub", median, self._one(answers, low)) for low, _ in pairs]
        above = [graph.add("Sub", self._one(answers, high), median) for _, high in pairs]
        least = self._least([*below, *above])
        return self._widened(below, least), self._widened(above, least)

    def _least(self, sides: list[str]) -> str:
        """(B, 1) a little of the mean half-width: no distance is zero."""
        mean = self.graph.add("ReduceMean", self.graph.add("Sum", *sides), axes=[1])
        little = self.graph.add("Mul", mean, np.array(1e-3 / len(LEVELS)))
        return self.graph.add("Add", little, np.array(1e-6))

    def _widened(self, sides: list[str], least: str) -> list[str | Array]:
        """Times each level's factor; a higher level is at least as wide."""
        graph = self.graph
        widened: list[str | Array] = []
        for side, factor in zip(sides, of_numbers(self.model.output).intervals.widths, strict=True):
            wide = graph.add("Mul", graph.add("Max", side, least), np.array(factor))
            widened.append(graph.add("Max", widened[-1], wide) if widened else wide)
        return widened

    def _between(self, level: float, offsets: list[str | Array]) -> str:
        """The offset of any level, straight between those of LEVELS; at level 0 it is zero."""
        if not 0 < level <= LEVELS[-1]:
            raise UsageError(f"a level goes from 1 to {LEVELS[-1]} percent; got {level:g}")
        place = int(np.searchsorted(LEVELS, level))
        lower = LEVELS[place - 1] if place else 0
        share = (level - lower) / (LEVELS[place] - lower)
        parts = [self.graph.add("Mul", offsets[place], np.array(share))]
        if place:
            parts.append(self.graph.add("Mul", offsets[place - 1], np.array(1 - share)))
        return self.graph.add("Min", self.graph.add("Sum", *parts), offsets[place])


@dataclass(frozen=True)
class _Frame:
    """A window (B, L) as it is shown, and what is put back after: last and size (B, 1), level ahead (B, K)."""

    window: str
    last: str | None
    size: str | None
    level: str | None


def _median(graph: Graph, answers: list[str]) -> str:
    """(B, K, Q) the median of each number."""
    if len(answers) == 1:
        return answers[0]
    count, axis = len(answers), np.array([3])
    stacked = graph.add("Concat", *(graph.add("Unsqueeze", answer, axis) for answer in answers), axis=3)
    ordered = rising(graph, stacked, count, 3)
    middle = graph.slice(ordered, 3, (count - 1) // 2, count // 2 + 1)
    return graph.add("ReduceMean", middle, axes=[3], keepdims=0)
