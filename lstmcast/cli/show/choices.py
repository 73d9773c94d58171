"""The choices that were made for a model, in words, and the figures that decided them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from lstmcast.cli.show import few_choices
from lstmcast.cli.show.figures import ratio
from lstmcast.core.options import Options, flag, write_names

if TYPE_CHECKING:
    from lstmcast.core.panel import Clock
    from lstmcast.evaluation.report import (
        Choices,
        Figures,
        Search,
        SecondView,
        Shares,
        Start,
        Tried,
        TriedNetwork,
        Volatility,
    )
    from lstmcast.model.model import Model

_STAGES = {
    "none": "no calendar stage",
    "calendar": "a calendar stage",
    "covariates": "a stage on calendar and known columns",
}
_STAGE_CELLS = {"none": "none", "calendar": "calendar", "covariates": "with known columns"}
TRIED = (
    "MASE of the linear forecaster. What is less simple must be better on the validation block and, where it was "
    "tried so, on average with the blocks before it, and on the validation block when trained a block earlier."
)
TRIED_HEADER = (
    *("Tried", "lookback", "calendar stage", "windows", "ridge"),
    *("validation", "trained a block earlier", "blocks before it"),
)
NETWORK = "network"
_LEVELS_SHOWN = ("80", "90", "95")


def in_short(choices: Choices, clock: Clock, *, is_free: bool) -> str:
    """Return what was chosen, in one line.

    It says so where the network has no part, and whether that was free to be chosen.
    """
    if choices.few is not None:
        return few_choices.in_short(choices.few, clock)
    chosen, blend = choices.chosen, _shipped(choices)
    words = [
        _transform(chosen),
        f"lookback {chosen.lookback:,}",
        _STAGES[chosen.stage],
        *(_own_stage(chosen.stage, choices.networks or ()) if blend.network else []),
        *(["windows divided by their size"] if chosen.is_sized else []),
        _linear(chosen),
        *_second(choices.second, chosen),
        _blend(blend, clock),
    ]
    return ", ".join(words) + left_out(choices, is_free=is_free)


def left_out(choices: Choices, *, is_free: bool) -> str:
    """Return why the network has no part in what ships; "" where it has, or was not to have any."""
    is_out = not _shipped(choices).network and is_free and choices.networks is not None
    return _why_left_out(choices) if is_out else ""


def judged(choices: Choices, clock: Clock) -> list[tuple[str, str]]:
    """A line about the model that the verdict is of, where what ships was decided again after it."""
    if choices.shipped is None:
        return []
    words = _blend(choices.blend, clock)
    return [("Judged", f"{words}, before the test rows taught it; what ships has learned every row")]


def _shipped(choices: Choices) -> Shares:
    """Return the shares that ship: as they were judged, or as they were decided again after that."""
    return (choices.shipped or choices).blend


def _linear(setting: Tried) -> str:
    """The linear forecaster's ridge, and how far its maps look back where they differ."""
    lookbacks = setting.lookbacks or ()
    rows = f" over {_rows(lookbacks)} rows" if len(lookbacks) > 1 else ""
    return f"ridge {setting.penalty:g}{rows}"


def _second(second: SecondView | None, chosen: Tried) -> list[str]:
    """Return a word on the second view that is averaged with the linear forecaster, if there is one."""
    if second is None:
        return []
    view = _STAGES[second.stage] if second.stage != chosen.stage else _frame(second)
    return [f"linear averaged with that of {view}"]


def _frame(view: SecondView) -> str:
    return "windows from the last value" if view.is_anchored else "windows as they are"


def _rows(lookbacks: Sequence[int]) -> str:
    """`672, 816 and 1,008`."""
    *first, last = (f"{rows:,}" for rows in lookbacks)
    return f"{', '.join(first)} and {last}" if first else last


def _own_stage(stage: str, networks: Sequence[TriedNetwork]) -> list[str]:
    """The network's calendar stage, where it is not the linear forecaster's."""
    if not networks:
        return []
    network = networks[0]
    if network.second_stage is not None:
        return [f"the network averaged with one on {_view(network.second_stage, network.stage)}"]
    return [] if network.stage == stage else [f"the network on {_STAGES[network.stage]}"]


def _view(stage: str, other: str) -> str:
    """A second view's calendar stage, beside that of the first."""
    return _STAGES[stage] if stage != other else "windows taken otherwise"


def _why_left_out(choices: Choices) -> str:
    errors, rows = choices.validation_mase, "validation rows"
    if choices.shipped is not None:
        errors, rows = choices.shipped.mase, "validation and test rows"
    linear = errors.get("linear_pair", errors["linear"])
    figures = f"MASE {ratio(errors['network'])} against {ratio(linear)}"
    return f" (the network is hardly better on {rows}, or worse: {figures})"


def tried(search: Search) -> tuple[Sequence[str], list[list[str]], str]:
    """Every setting that was tried, the chosen one first, with the errors that decided it: header, rows, a word.

    No rows where nothing was tried beside it.
    """
    if search.penalties is None:
        return TRIED_HEADER, [], TRIED
    rows = [_row(search.chosen, is_chosen=True), *(_row(other, is_chosen=False) for other in search.others)]
    return TRIED_HEADER, rows, TRIED


def details(choices: Choices, clock: Clock) -> list[tuple[str, str]]:
    """The figures behind a model's other choices: name and what there is to say, line by line."""
    if choices.few is not None:
        return few_choices.details(choices, choices.few, clock)
    last = choices.shipped
    lines = [
        *start(choices.start),
        ("Ridge", _listed(choices.penalties or {})),
        ("Linear", _pair(choices)),
        ("Network", _steps(choices)),
        ("Settings", _networks(choices.networks or ())),
        ("Validation", _errors(choices.validation_mase, clock)),
        ("With test", "" if last is None else _errors(last.mase, clock)),
        ("Band", _band(choices)),
        ("Volatility", _volatility(choices.band_volatility)),
    ]
    return [(name, text) for name, text in lines if text]


def limits(choices: Choices) -> list[tuple[str, str]]:
    """A line about the limits of what is forecast, if there are any."""
    found = choices.limits
    if found is None:
        return []
    words = []
    if found.min is not None:
        reason = ", since no training value is below it" if found.is_found else ""
        words.append(f"nothing below {found.min:g}{reason}")
    if found.max is not None:
        words.append(f"nothing above {found.max:g}")
    return [("Limits", f"{'; '.join(words)} (forecast and band)")] if words else []


def points(model: Model) -> list[tuple[str, str]]:
    """A line about forecasts that are means, if any is, and why."""
    from lstmcast.model.means import OF_COUNTS
    from lstmcast.model.output import of_numbers

    means = of_numbers(model.output).means
    if means is None:
        return []
    kinds, number = means.kinds, len(model.contract.ids)
    counts = int((kinds == OF_COUNTS).sum())
    whose = "" if number == 1 else f" of {counts:,} of {number:,} series"
    why = (
        f"many zeros: the forecast{whose} is the mean (a smoothed level, by the season), so that totals come out; "
        "a median would be 0, or far too low in total, and stands in the column median"
    )
    words = [why] if counts else []
    words += (
        ["--point mean: the forecast is the mean; the column median has the median"]
        if counts < (kinds > 0).sum()
        else []
    )
    return [("Point", "; ".join(words))]


def start(told: Start | None) -> list[tuple[str, str]]:
    """Lines about the other model's weights that training starts from, if there is one."""
    if told is None:
        return []
    words = [f"{', '.join(told.taken) or 'nothing whole'} of the other model"]
    words += [f"in part {', '.join(told.partly)}"] if told.partly else []
    words += [f"new are {', '.join(told.new)}"] if told.new else []
    words += [f"seen otherwise there: {', '.join(told.differs)}"] if told.differs else []
    frozen = [("Frozen", f"{', '.join(told.frozen)}; the rest is trained")] if told.frozen else []
    return [("Start", "; ".join(words)), *frozen]


def command(options: Options, *, has_settings: bool = False) -> str:
    """The command that would make the model again from the same file.

    has_settings: `train` would find settings in file or environment here, which must not have a say.
    """
    words = ["lstmcast", "train", "DATA", *(["--no-config"] if has_settings else [])]
    for field in fields(options):
        value = getattr(options, field.name)
        if value != field.default:
            words += _flag_words(field.name, value)
    return shlex.join(words)


def _flag_words(name: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [flag(name) if value else f"--no-{flag(name)[2:]}"]
    text = write_names(value) if isinstance(value, tuple) else str(value)
    return [f"{flag(name)}={text}"] if text.startswith("-") else [flag(name), text]


def _transform(setting: Tried) -> str:
    return "no transform" if setting.transform == "none" else setting.transform


def _row(setting: Tried, *, is_chosen: bool) -> list[str]:
    """One setting as a row of the table of those that were tried."""
    last, *earlier = setting.validation_mase
    aged = [] if setting.aged_mase is None else [ratio(setting.aged_mase)]
    frame = ["from the last value" if setting.is_anchored else "as they are"]
    frame += ["by size"] if setting.is_sized else []
    return [
        f"{_transform(setting)}{' (chosen)' if is_chosen else ''}",
        f"{setting.lookback:,}",
        _STAGE_CELLS[setting.stage],
        ", ".join(frame),
        _linear(setting).removeprefix("ridge "),
        ratio(last),
        *(aged or [""]),
        ", ".join(map(ratio, earlier)),
    ]


def _listed(errors: Figures) -> str:
    """Validation MASE of each ridge penalty."""
    words = ", ".join(f"{penalty} {ratio(error)}" for penalty, error in errors.items())
    return f"validation MASE with {words}" if len(errors) > 1 else ""


def _pair(choices: Choices) -> str:
    """Return what averaging two linear forecasters gained; "" where no two are averaged."""
    if choices.second is None:
        return ""
    alone, both = choices.chosen.validation_mase[0], choices.second.validation_mase
    return f"validation MASE alone {ratio(alone)}, averaged with its second view {ratio(both)}"


def _steps(choices: Choices) -> str:
    if not choices.best_steps:
        return "none was trained: the validation rows hold too few horizons"
    best = ", ".join(f"{step:,}" for step in choices.best_steps)
    went_on = choices.steps is not None and max(choices.best_steps) > choices.steps
    total = (
        "" if choices.steps is None else f" of {choices.steps:,}{', which were too few' if went_on else ''}"
    )
    return f"best on validation rows at step {best}{total}"


def _networks(networks: Sequence[TriedNetwork]) -> str:
    """Validation MASE of what would ship with each setting that a network was trained in, where those were several."""
    words = [f"{_seen(network)} {ratio(network.shipped)}" for network in networks]
    return (
        f"validation MASE of what would ship with the network on {', on '.join(words)}"
        if len(words) > 1
        else ""
    )


def _seen(network: TriedNetwork) -> str:
    return _STAGES[network.stage] if network.second_stage is None else "both, averaged"


def _errors(errors: Figures, clock: Clock) -> str:
    """Validation MASE of everything that could have shipped, the best first."""
    from lstmcast.evaluation.names import part

    ranked = sorted(errors.items(), key=lambda item: float("inf") if item[1] is None else item[1])
    return "MASE " + ", ".join(f"{part(name, clock)} {ratio(error)}" for name, error in ranked)


def shares(choices: Choices, clock: Clock) -> dict[str, float]:
    """Return what ships: each part as a person calls it (`network` for networks), and its share."""
    from lstmcast.evaluation.names import part

    if choices.few is not None:
        return {part(name, clock): share for name, share in choices.few.weights.items()}
    return _named(_shipped(choices), clock)


def _named(blend: Shares, clock: Clock) -> dict[str, float]:
    """Shares by what a person calls each part."""
    from lstmcast.evaluation.names import naive_name, part

    naive = part(naive_name(blend.season), clock) if blend.season else ""
    found = {NETWORK: blend.network, "linear": blend.linear, naive: blend.naive}
    return found | {part(name, clock): share for name, share in (blend.others or {}).items()}


def _blend(blend: Shares, clock: Clock) -> str:
    """Shares in words: `80 % network + 20 % same time last week`."""
    found = _named(blend, clock)
    return " + ".join(f"{share:.0%}".replace("%", f" % {name}") for name, share in found.items() if share)


def _band(choices: Choices) -> str:
    """Return how the band was calibrated: factors on the network's quantiles, or widths by step ahead."""
    if choices.intervals == "split":
        return "as wide as validation errors were at each step ahead (split conformal)"
    widths = choices.interval_widths or {}
    factors = ", ".join(f"{widths[level]:.2f} at {level} %" for level in _LEVELS_SHOWN if level in widths)
    return "the network's quantiles" + (f", their half-widths times {factors}" if factors else "")


def _volatility(told: Volatility | None) -> str:
    """Return how bands follow the window's volatility, and the Winkler scores that decided its power."""
    if told is None:
        return ""
    power, scores = told.power, told.winkler
    words = f"bands follow that of the window to the power {power:g}" if power else "bands do not follow it"
    listed = ", ".join(f"{tried} {ratio(score)}" for tried, score in scores.items())
    rule = ", the highest within 1 % of the best Winkler score of the 80 % band on validation rows, scaled: "
    return words + (rule + listed if len(scores) > 1 else "")
