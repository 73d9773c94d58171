"""Every tunable of a training run, once: its name, default, limits and one-line meaning."""

from __future__ import annotations

import csv
import dataclasses
import io
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lstmcast.core.ahead import FARTHEST, read_ahead
from lstmcast.core.errors import UsageError

NUMBERS, CLASSES = KINDS = ("numbers", "classes")  # what a target holds
FILL, HOLD, FAIL = SHORT_FUTURES = ("fill", "hold", "fail")  # where columns known ahead end early
LARGEST_NUMBER = 1e150  # of a file, a forecast or a model: its square is still a number
LONGEST_LISTS = {"exclude": 10_000}  # of other options 1,000
GROUPS = ("Data", "Reading", "Network", "Training", "Preparation")


def _option(
    default: Any,
    group: str,
    meaning: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    unset: str = "auto",
    later: bool = False,
    kinds: tuple[str, ...] = KINDS,
    of_one_kind: Mapping[str, str] | None = None,
) -> Any:
    """A dataclass field that carries its own meaning and limits (low and high are allowed values).

    unset: what it is, in a word, when its default is None or empty; later: the option is younger than format 1 of the
    model file, which names it only where it is set; kinds: of targets that it has a use for; of_one_kind: values that
    only one of these kinds has a use for.
    """
    limits = {"low": low, "high": high, "choices": choices}
    uses = {"kinds": kinds, "of_one_kind": of_one_kind or {}}
    metadata = {"group": group, "meaning": meaning, "unset": unset, "later": later, **limits, **uses}
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, kw_only=True)
class Options:
    """The settings of a user; None means: derived from the data (`auto`), or `none` where it says so."""

    target: str | None = _option(None, "Data", "column to forecast", unset="the only column of numbers")
    time: str | None = _option(None, "Data", "time column")
    id: str | None = _option(None, "Data", "column that names the series of a panel", unset="none")
    known: tuple[str, ...] = _option((), "Data", "columns known ahead, separated by commas", unset="none")
    past: tuple[str, ...] = _option((), "Data", "columns known up to now only", unset="none")
    holidays: str | None = _option(
        None, "Data", "days off: a country (FI, DE-BY) or a CSV of dates", unset="none"
    )
    freq: str | None = _option(None, "Data", "time step: 15min, 1h, 1D, W-SUN, MS, …")
    tz: str | None = _option(None, "Data", "time zone of the stamps, such as Europe/Helsinki")
    season: tuple[int, ...] | None = _option(None, "Data", "season lengths in rows: 24,168", low=2)

    missing: tuple[str, ...] = _option(
        (), "Reading", "further values that mean missing: -200,-9999", unset="none"
    )
    duplicates: str | None = _option(
        None,
        "Reading",
        "when several rows have the same time, keep",
        choices=("mean", "first", "last", "error"),
    )
    aggregate: str | None = _option(
        None,
        "Reading",
        "how several readings become one row of --freq",
        choices=("mean", "sum", "count", "last", "max"),
        unset="none",
    )
    keep_partial: bool = _option(
        False,
        "Reading",
        "with --aggregate, keep a first or last row of an incomplete period",
        later=True,
    )
    absent: str | None = _option(
        None,
        "Reading",
        "what a step without a row means: nothing known, nothing happened, or as before",
        choices=("missing", "zero", "last"),
        unset="missing, zero with --aggregate sum",
        later=True,
    )
    difference: bool = _option(
        False,
        "Reading",
        "forecast what a rising counter grows by in each step, not the counter",
        later=True,
    )
    wide: bool = _option(
        False,
        "Reading",
        "read columns side by side as rows: a column an hour, or a column a series (all numbers, or --target A,B)",
        later=True,
    )
    sheet: str | None = _option(None, "Reading", "sheet of an Excel workbook", unset="the first", later=True)
    table: str | None = _option(
        None, "Reading", "table of an SQLite database", unset="the only one", later=True
    )
    sql: str | None = _option(
        None, "Reading", 'query of an SQLite database: "select …"', unset="none", later=True
    )
    ambiguous: str = _option(
        "order",
        "Reading",
        "which of the two equal hours at the end of summer time comes first",
        choices=("order", "first", "second"),
    )
    nonexistent: str = _option(
        "error", "Reading", "a local hour that summer time skips", choices=("error", "shift", "drop")
    )
    dates: str | None = _option(
        None, "Reading", "order within dates", choices=("day-first", "month-first", "year-first")
    )
    decimal: str | None = _option(None, "Reading", "decimal sign", choices=(".", ","))
    max_unpacked: str | None = _option(
        None,
        "Reading",
        "largest size that a packed file may unpack to: 5GB, or none",
        unset="1GB",
        later=True,
    )
    exclude: tuple[str, ...] = _option(
        (),
        "Reading",
        "bad periods whose targets mean missing: 2012-03-01..2012-03-04, or a CSV of them",
        unset="none",
    )
    task: str = _option(
        "auto",
        "Reading",
        "what the target holds; auto: text is classes, numbers are numbers",
        choices=("auto", "numbers", "classes"),
    )

    horizon: int | str | None = _option(
        None, "Network", "how far ahead: rows, or a time such as 24h, 1d, 2w", low=1, high=FARTHEST
    )
    lookback: int | None = _option(None, "Network", "past rows the network sees", low=1, high=100_000)
    segment: int | None = _option(None, "Network", "rows a recurrent step takes", low=1, high=10_000)
    highway: bool = _option(True, "Network", "add the linear forecaster to the network's output")
    decoder: str = _option(
        "segments",
        "Network",
        "segments: the LSTM goes on over the horizon; direct: all from its last state",
        choices=("segments", "direct"),
    )
    cell: str = _option(
        "lstm",
        "Network",
        "recurrent cell",
        choices=("lstm", "lstm-peephole", "lstm-coupled", "gru", "rnn"),
    )
    layers: int = _option(1, "Network", "stacked recurrent layers", low=1, high=16)
    hidden: int = _option(64, "Network", "hidden size", low=1, high=4096)
    between: tuple[int, ...] = _option(
        (), "Network", "sizes of dense layers between recurrent ones: 32", low=1, unset="none"
    )
    dense: tuple[int, ...] = _option(
        (), "Network", "sizes of dense layers on top: 64,32", low=1, unset="none"
    )
    activation: str = _option(
        "relu", "Network", "activation of the dense layers", choices=("relu", "tanh", "sigmoid", "identity")
    )
    dropout: float = _option(
        0.2,
        "Network",
        "share of units dropped in training: of segments, between layers and below the dense ones",
        low=0.0,
        high=0.95,
    )
    input_dropout: float = _option(
        0.0, "Network", "share of the cells' inputs that is dropped in training", low=0.0, high=0.95
    )
    recurrent_dropout: float = _option(
        0.0, "Network", "share of the recurrent state that is dropped in training", low=0.0, high=0.95
    )
    from_: str | None = _option(
        None,
        "Network",
        "start from the weights of this model file, as far as they fit",
        unset="none",
    )
    freeze: str | None = _option(
        None,
        "Network",
        "with --from: keep the recurrent layers, and all below them, as they are",
        choices=("recurrent",),
        unset="none",
    )

    loss: str | None = _option(
        None,
        "Training",
        "the loss; auto: pinball for numbers, cross-entropy for classes",
        choices=("pinball", "mae", "mse", "huber", "cross-entropy"),
        of_one_kind=dict.fromkeys(("pinball", "mae", "mse", "huber"), NUMBERS) | {"cross-entropy": CLASSES},
    )
    class_weights: str = _option(
        "none",
        "Training",
        "weight of a class in training; balanced: rare ones count more",
        choices=("none", "balanced"),
        kinds=(CLASSES,),
    )
    optimizer: str = _option(
        "adamw",
        "Training",
        "update rule",
        choices=("adamw", "adam", "rmsprop", "nesterov", "momentum", "sgd"),
    )
    lr: float | None = _option(None, "Training", "highest learning rate", low=1e-8, high=10.0)
    schedule: str = _option(
        "cosine",
        "Training",
        "how the learning rate moves",
        choices=("cosine", "constant", "plateau", "one-cycle"),
    )
    batch: int = _option(128, "Training", "windows a step", low=1, high=65_536)
    steps: int | None = _option(None, "Training", "training steps", low=0, high=10_000_000)
    epochs: float | None = _option(
        None,
        "Training",
        "passes over the training windows, instead of --steps",
        low=0.0,
        high=1e6,
        unset="none",
    )
    patience: int | None = _option(
        None, "Training", "validations without a gain before stopping", low=1, high=100_000, unset="none"
    )
    clip: float = _option(1.0, "Training", "largest gradient norm", low=1e-6, high=1e6)
    clip_value: float | None = _option(
        None, "Training", "largest size of one value of the gradient", low=1e-9, high=1e6, unset="none"
    )
    seed: int = _option(0, "Training", "start of all randomness", low=0, high=2**32 - 1)
    members: int = _option(1, "Training", "networks whose median is the forecast", low=1, high=64)
    threads: int | None = _option(
        None, "Training", "workers that train members side by side", low=1, high=256
    )
    budget: str | None = _option(
        None, "Training", "time limit for the whole training: 90s, 10m, 1h", unset="none"
    )

    safeguard: str = _option(
        "auto",
        "Training",
        "what makes the forecast: network, linear, their mean, or what validation rows say",
        choices=("auto", "network", "linear", "mean"),
    )
    final: bool = _option(True, "Training", "after the verdict, decide shares again and learn every row")

    val: str | None = _option(None, "Preparation", "validation block: share, rows or first date")
    test: str | None = _option(None, "Preparation", "test block: share, rows or first date")
    scaler: str = _option(
        "standard",
        "Preparation",
        "scaling of each series",
        choices=("standard", "robust", "minmax", "none"),
        kinds=(NUMBERS,),
    )
    transform: str = _option(
        "auto",
        "Preparation",
        "transform the target before scaling; log1p suits data whose swings grow with their level",
        choices=("auto", "none", "log1p"),
        kinds=(NUMBERS,),
    )
    calendar: str = _option(
        "auto",
        "Preparation",
        "regression subtracted first: on the calendar, or also on the known columns",
        choices=("auto", "none", "calendar", "covariates"),
        of_one_kind={"covariates": NUMBERS},
    )
    anchor: str = _option(
        "auto",
        "Preparation",
        "take each window relative to its last value; good for series that drift",
        choices=("auto", "yes", "no"),
        kinds=(NUMBERS,),
    )
    window_size: str = _option(
        "auto",
        "Preparation",
        "divide each window by its own size (panels)",
        choices=("auto", "yes", "no"),
        kinds=(NUMBERS,),
    )
    penalty: float | None = _option(
        None, "Preparation", "ridge penalty of the linear forecaster", low=0.0, high=1e6
    )
    linear_lookbacks: tuple[int, ...] | None = _option(
        None,
        "Preparation",
        "the linear forecaster is the mean of maps of so many past rows: 168,336",
        low=1,
        kinds=(NUMBERS,),
    )
    linear_pair: str = _option(
        "auto",
        "Preparation",
        "average two linear forecasters, and two networks, that see the calendar differently",
        choices=("auto", "yes", "no"),
        kinds=(NUMBERS,),
    )
    smoothing: str = _option(
        "auto",
        "Preparation",
        "let exponential smoothing be a part of the forecast where validation rows say so",
        choices=("auto", "no"),
        kinds=(NUMBERS,),
        later=True,
    )
    bands: str = _option(
        "auto",
        "Preparation",
        "widths of the bands: from the network's quantiles, or one for each step",
        choices=("auto", "quantiles", "split"),
        kinds=(NUMBERS,),
    )
    band_factor: float = _option(
        1.0, "Preparation", "multiply the width of the bands by this", low=0.01, high=100.0, kinds=(NUMBERS,)
    )
    band_volatility: float | None = _option(
        None,
        "Preparation",
        "how far bands widen after restless rows: 0 not at all, 1 in proportion",
        low=0.0,
        high=1.0,
        kinds=(NUMBERS,),
    )
    point: str = _option(
        "auto",
        "Preparation",
        "forecast: the median; or the mean, which adds up, where zeros are many (auto) or always",
        choices=("auto", "mean", "median"),
        kinds=(NUMBERS,),
        later=True,
    )
    min: float | None = _option(
        None,
        "Preparation",
        "lowest value a forecast may have",
        low=-LARGEST_NUMBER,
        high=LARGEST_NUMBER,
        kinds=(NUMBERS,),
    )
    max: float | None = _option(
        None,
        "Preparation",
        "highest value a forecast may have",
        low=-LARGEST_NUMBER,
        high=LARGEST_NUMBER,
        unset="none",
        kinds=(NUMBERS,),
    )

    def check(self) -> None:
        """Raise UsageError for the first value outside its limits or in conflict with another."""
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value is not field.default:  # which is within its limits
                _check_limits(field, value)
        if self.steps is not None and self.epochs is not None:
            message = "--steps and --epochs say the same thing twice; give one of them"
            raise UsageError(message, option="--epochs")
        if self.between and self.layers == 1:
            message = "--between stands between recurrent layers; give --layers 2 or more with it"
            raise UsageError(message, option="--between")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise UsageError(f"--min {self.min:g} is above --max {self.max:g}", option="--min")
        both = [name for name in self.known if name in self.past]
        if both:
            message = f"--known and --past both name {both[0]!r}; it can be only one of them"
            raise UsageError(message, option="--known", column=both[0])
        if self.budget is not None:
            seconds(self.budget, "--budget")
        if isinstance(self.horizon, str):
            read_ahead(self.horizon)
        if self.max_unpacked is not None:
            size(self.max_unpacked, "--max-unpacked")


def check_sizes(**sizes: Any) -> None:
    """Raise UsageError for the first of some options, by name, whose value is outside its limits."""
    for name, value in sizes.items():
        _check_limits(Options.__dataclass_fields__[name], value)


def refuse_ignored(options: Options) -> None:
    """Raise UsageError for an option that is set and has no say in a training with the others as they are."""
    defaults = Options()
    if options.activation != defaults.activation and not options.dense and not options.between:
        message = "--activation is that of dense layers, and there are none; give --dense or --between, or leave it out"
        raise UsageError(message, option="--activation")


def refuse_of_other_kind(options: Options, kind: str) -> None:
    """Raise UsageError for the first option that is set and has no use for a target of this kind, one of KINDS."""
    for field in dataclasses.fields(options):
        value = getattr(options, field.name)
        if value != field.default and kind not in kinds_of(field, value):
            (other,) = kinds_of(field, value)
            remedy = "; leave it out" + (", or say --task classes" if other == CLASSES else "")
            raise UsageError(
                f"{flag(field.name)} {_written(value)} is for {other}, and the target is {kind}{remedy}",
                option=flag(field.name),
            )


def kinds_of(field: dataclasses.Field[Any], value: Any) -> tuple[str, ...]:
    """The kinds of targets that an option has a use for when it has this value."""
    only = field.metadata["of_one_kind"].get(value) if isinstance(value, str) else None
    kinds: tuple[str, ...] = field.metadata["kinds"]
    return kinds if only is None else (only,)


def _written(value: Any) -> str:
    return write_names(value) if isinstance(value, tuple) else str(value)


def flag(name: str) -> str:
    """The command-line spelling of an option: `highway` is `--highway`, and `from_` (a word of Python) `--from`."""
    return "--" + name.removesuffix("_").replace("_", "-")


def _check_limits(field: dataclasses.Field[Any], value: Any) -> None:
    low, high, choices = (field.metadata[key] for key in ("low", "high", "choices"))
    if choices and value is not None and value not in choices:
        message = f"{flag(field.name)} is one of {', '.join(choices)}; got {value!r}"
        raise UsageError(message, option=flag(field.name))
    longest = LONGEST_LISTS.get(field.name, 1_000)
    if isinstance(value, tuple) and len(value) > longest:
        message = f"{flag(field.name)} takes at most {longest:,} values; got {len(value):,}"
        raise UsageError(message, option=flag(field.name))
    numbers = value if isinstance(value, tuple) else (value,)
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, int | float):
            continue
        below = low is not None and not number >= low
        above = high is not None and not number <= high
        if below or above:
            wanted = f"from {low:g}" + ("" if high is None else f" to {high:g}")
            message = f"{flag(field.name)} goes {wanted}; got {number:g}"
            raise UsageError(message, option=flag(field.name))


LARGEST_UNPACKED = 1_000_000_000  # bytes
_SIZES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}


def size(text: str, name: str) -> float:
    """Bytes in a size such as `500MB` or `2GB`, infinite for `none`; raises UsageError, with the flag's name."""
    match = re.fullmatch(r"\s*(\d{1,15}(?:\.\d+)?)\s*([a-z]*)\s*", text.lower())
    if text.strip().lower() == "none":
        return math.inf
    if match is None or match[2] not in _SIZES or float(match[1]) <= 0:
        raise UsageError(f"{name} takes a size such as 500MB or 2GB, or none; got {text!r}", option=name)
    return float(match[1]) * _SIZES[match[2]]


_UNITS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def seconds(text: str, name: str = "") -> float:
    """Seconds in a duration such as `90s`, `10m`, `1.5h`; raises UsageError, with the flag's name, for others."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", text.lower())
    if match is None or match[2] not in _UNITS:
        message = f"{f'{name}: ' if name else ''}a duration looks like 90s, 10m or 1h; got {text!r}"
        raise UsageError(message, option=name or None)
    return float(match[1]) * _UNITS[match[2]]


def parse_numbers(name: str, text: str | None) -> tuple[int, ...] | None:
    """The whole numbers of a list such as `24,168`; raises UsageError when one is none."""
    if text is None:
        return None
    try:
        return tuple(int(part) for part in parse_names(text))
    except ValueError:
        message = f"{flag(name)} takes whole numbers such as 24,168; got {text!r}"
        raise UsageError(message, option=flag(name)) from None


def parse_names(text: str | None) -> tuple[str, ...]:
    """The names of a list separated by commas; spaces around a name do not count.

    As in a CSV, a name with a comma stands in double quotes. Raises UsageError for a line end outside of them.
    """
    try:
        row = next(csv.reader([text or ""], skipinitialspace=True), [])
    except csv.Error as error:
        raise UsageError(f"{text!r} is no list of names separated by commas ({error})") from None
    return tuple(part.strip() for part in row if part.strip())


def write_names(names: Iterable[object]) -> str:
    """The list that `parse_names` reads as these names."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(names)
    return text.getvalue()
