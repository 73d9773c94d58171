"""The report of a model file, found to be one that a training or a refresh could have written."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from typing import Any, TypeVar

from lstmcast.evaluation.metrics import POOLED
from lstmcast.evaluation.report import (
    MOST_ROUNDS,
    MOST_STEPS_REPORTED,
    Choices,
    ClassChoices,
    FewHorizons,
    Figures,
    Judgement,
    Report,
    Shares,
    Tried,
    TriedNetwork,
)
from lstmcast.model.schema import Contract
from lstmcast.persistence.fields import record

AnyReport = TypeVar("AnyReport", bound=Report)
_MOST = 1_000_000_000_000  # rows, windows or steps
_MOST_LOOKBACKS = 1_000
_WORDS = {
    "transform": ("none", "log1p"),
    "stage": ("none", "calendar", "covariates"),
    "intervals": ("quantiles", "split", "spread"),
    "frequencies": ("hour", "month", "weekday", "phase", "none"),
}
_DECISIVE = ("mae", "log_loss")  # one of which every judgement has
_SHARES = ("coverage", "accuracy", "balanced_accuracy")


def report_from(kind: type[AnyReport], document: Any, contract: Contract) -> AnyReport:
    """The report of a model with this contract; raises TypeError or ValueError where it does not fit."""
    report = record(kind, document)
    if not _is_too_short_to_judge(report):
        _check_judgement(report, contract.horizon)
    _check_history(report)
    if isinstance(report.choices, Choices):
        _check_choices(report.choices, contract.lookback)
    else:
        _check_class_choices(report.choices, contract)
    return report


def _is_too_short_to_judge(report: Report) -> bool:
    """Return whether no horizon could be held back, so that nothing has been judged."""
    few = report.choices.few if isinstance(report.choices, Choices) else None
    return few is not None and few.horizons == 0 and report.windows == 0


def _check_judgement(found: Judgement, horizon: int) -> None:
    """Check that one set of forecasters is judged everywhere, at each step ahead, by figures that can be."""
    steps = len(found.by_horizon)  # older refreshes kept all of them
    names, groups = set(found.test), (found.by_hour, found.by_weekday, found.by_series)
    _ask("model" in names and len(names) > 1, "it judges no model, or one beside nothing")
    _ask(
        steps in (horizon, min(horizon, MOST_STEPS_REPORTED)), f"it judges {steps} steps ahead, not {horizon}"
    )
    _ask(0 < found.windows <= _MOST, f"it judges {found.windows} windows")
    _ask(not found.in_sample, "it judges rows that the model was trained on")
    grouped = [scores for group in groups for scores in (group or {}).values()]
    for scores in (found.test, *found.by_horizon, *grouped):
        _ask(set(scores) == names, "it does not judge the same forecasters everywhere")
        for figures in scores.values():
            _check_figures(figures)


def _check_figures(figures: Figures) -> None:
    """No error is negative, and a share lies between nothing and all; a forecast's total may have any sign."""
    for name, figure in figures.items():
        if name.removeprefix(POOLED) == "total":
            continue
        most = 1.0 if name.startswith(_SHARES) else math.inf
        _ask(figure is None or 0 <= figure <= most, f"{name!r} is {figure}")


def _check_history(report: Report) -> None:
    """Check the number of rows it has learned from, and the errors by which each refresh was decided."""
    _ask(report.learned is None or 0 <= report.learned.rows <= _MOST, "it has learned from no number of rows")
    for refresh in report.refreshes or ():
        both = refresh.champion, refresh.challenger
        for figures in both:
            _check_figures(figures)
        is_decided = any(all(figures.get(name) is not None for figures in both) for name in _DECISIVE)
        _ask(is_decided, "a refresh was decided by nothing")
        defined = {figures.get("mase") is not None for figures in both}
        _ask(len(defined) == 1, "a refresh was decided by two measures")


def _check_choices(choices: Choices, lookback: int) -> None:
    """Check what was chosen for numbers; lookback: of the model."""
    for tried in (choices.chosen, *choices.others):
        _check_tried(tried)
    _ask(choices.chosen.lookback == lookback, "the chosen lookback is not the model's")
    for network in choices.networks or ():
        _check_network(network)
    if (second := choices.second) is not None:
        _check_word("stage", second.stage)
        _check_lookbacks(second.lookbacks, lookback)
        _check_errors({"validation_mase": second.validation_mase})
    has_networks = choices.networks is not None or choices.steps is not None
    _check_errors(choices.validation_mase, ("network", "linear", "model") if has_networks else ("model",))
    _check_numbers(choices.penalties or {})
    _check_steps(choices.best_steps, choices.steps, none_is_there=not has_networks)
    _check_blend(choices.blend)
    if (last := choices.shipped) is not None:
        _check_blend(last.blend)
        _check_errors(last.mase)
    _check_word("intervals", choices.intervals)
    _check_numbers(dict(choices.interval_widths or {}))
    if (few := choices.few) is not None:
        _check_few(few)
    if (volatility := choices.band_volatility) is not None:
        _ask(0 <= volatility.power <= 1, f"bands follow volatility to the power {volatility.power}")
        _check_numbers(volatility.winkler)


def _check_blend(blend: Shares) -> None:
    """The shares of what ships."""
    _check_shares((blend.network, blend.linear, blend.naive, *(blend.others or {}).values()))
    _ask(
        0 <= blend.season <= _MOST and (blend.season > 0 or not blend.naive),
        "a naive forecaster has no season",
    )


def _check_few(few: FewHorizons) -> None:
    """Check what was mixed where there are few horizons."""
    sizes = (few.folds, few.horizons, few.season, few.rows)
    _ask(all(0 <= size <= _MOST for size in sizes), "it rests on no number of horizons or rows")
    _check_shares(tuple(few.weights.values()))
    _check_numbers(dict(few.deviations))


def _check_tried(tried: Tried) -> None:
    _check_word("transform", tried.transform)
    _check_word("stage", tried.stage)
    _check_lookbacks(tried.lookbacks or (tried.lookback,), tried.lookback)
    _ask(tried.penalty >= 0, f"a ridge penalty is {tried.penalty}")
    _ask(len(tried.validation_mase) > 0, "a setting was tried on no block")
    errors = (*tried.validation_mase, tried.aged_mase)
    _ask(all(error is None or error >= 0 for error in errors), "an error is negative")


def _check_network(network: TriedNetwork) -> None:
    _check_word("transform", network.transform)
    for stage in (network.stage, network.second_stage or "none"):
        _check_word("stage", stage)
    errors = network.validation_mase
    _check_errors(*((errors, ("model",)) if isinstance(errors, dict) else ({"model": errors},)))
    _ask(network.lookback > 0, f"a network looks back {network.lookback} rows")


def _check_class_choices(choices: ClassChoices, contract: Contract) -> None:
    """Check what was chosen for classes."""
    for tried in (choices.chosen, *choices.others):
        _ask(tried.penalty >= 0 and tried.lookback > 0, "a way to look back is none")
        _check_errors({"validation_log_loss": tried.validation_log_loss})
    _ask(choices.chosen.lookback == contract.lookback, "the chosen lookback is not the model's")
    _check_errors(dict(choices.validation_log_loss), ("network", "model"))
    _check_numbers(dict(choices.penalties))
    _check_errors(dict(choices.class_weights), contract.classes)
    _ask(len(choices.class_weights) == len(contract.classes), "a class has a weight and is none")
    _check_steps(choices.best_steps, choices.steps)
    mixture = choices.mixture
    others = (mixture.persistence or 0.0, *(mixture.others or {}).values())
    _check_shares((mixture.network, mixture.logistic, mixture.frequency, *others))
    _check_word("frequencies", choices.frequencies)


def _check_word(name: str, word: str) -> None:
    _ask(word in _WORDS[name], f"{name} is {word!r}")


def _check_lookbacks(lookbacks: Collection[int], longest: int) -> None:
    """Of the maps whose mean a linear forecaster is: what a refresh estimates again."""
    _ask(0 < len(lookbacks) <= _MOST_LOOKBACKS, f"it has {len(lookbacks)} lookbacks")
    _ask(all(0 < rows <= longest for rows in lookbacks), f"a lookback is none of 1 to {longest} rows")


def _check_errors(errors: Figures, needed: Iterable[str] = ()) -> None:
    _ask(set(needed) <= set(errors), "the error of a forecaster is missing")
    _ask(all(error is None or error >= 0 for error in errors.values()), "an error is negative")


def _check_numbers(errors: Figures) -> None:
    """Errors or widths by the number that they are of: a ridge penalty, a level, a power."""
    _check_errors(errors)
    for number in errors:
        _ask(float(number) >= 0, f"{number!r} is negative")


def _check_steps(best: Collection[int], steps: int | None, *, none_is_there: bool = False) -> None:
    most = _MOST if steps is None else steps
    fit = 0 <= most <= _MOST and all(0 <= step <= MOST_ROUNDS * most for step in best)
    _ask(fit and (len(best) > 0 or none_is_there), "a network was best at no step of the training")


def _check_shares(shares: tuple[float, ...]) -> None:
    fit = all(0 <= share <= 1 for share in shares) and math.isclose(sum(shares), 1, abs_tol=1e-6)
    _ask(fit, "its shares do not add up to one")


def _ask(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(f"its report does not fit: {otherwise}")
