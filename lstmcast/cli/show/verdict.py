"""The look of a report: each forecaster beside the model, overall and by step ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lstmcast.cli.show.figures import UNDEFINED, ratio
from lstmcast.core.errors import QualityError
from lstmcast.core.findings import percent

if TYPE_CHECKING:
    from lstmcast.cli.shell.console import Console
    from lstmcast.core.panel import Clock
    from lstmcast.pipeline.refresh import Outcome

Metrics = Mapping[str, float | None]

COLUMNS = {
    "mase": "MASE",
    "mae": "MAE",
    "rmse": "RMSE",
    "smape": "sMAPE",
    "mape": "MAPE",
    "total": "total / actual",
    "coverage_80": "in 80 % band",
    "log_loss": "log loss",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "brier": "Brier score",
}
GROUPINGS = {"by_hour": "hour", "by_weekday": "weekday", "by_series": "series"}
STEPS_SHOWN = 8
GROUPS_SHOWN = 24


def show(report: Mapping[str, Any], clock: Clock, console: Console) -> None:
    """The table of all forecasters over the judged rows, if there are any, then the verdict in one sentence."""
    if report.get("windows", 1):
        _table("", report["test"], clock, console)
        _show_pooled(report["test"]["model"], console)
        console.result("")
    console.result(_sentence(report["verdict"]))


def _show_pooled(figures: Metrics, console: Console) -> None:
    """Of a panel, whose figures are means over series, those over all rows together."""
    pooled = {name: figures.get(f"pooled_{name}") for name in ("mase", "mae", "rmse")}
    words = [f"{COLUMNS[name]} {cell(name, value)}" for name, value in pooled.items() if value is not None]
    if words:
        console.note(f"Means over the series; over all their rows together {', '.join(words)}.")


def skill_gate(
    metrics: Mapping[str, Any], clock: Clock, least: float | None, outcome: str
) -> QualityError | None:
    """The error that says that the best baseline was not beaten by this share, and what came of that; None: it was."""
    from lstmcast.evaluation.names import describe
    from lstmcast.evaluation.verdict import skill

    found, rival = skill(metrics)
    if least is None or (found is not None and found >= least):
        return None
    name = describe(rival, clock)
    wanted = f"--require-skill asks for {percent(least)}"
    if metrics["model"].get("mae") is None and "log_loss" not in metrics["model"]:
        return QualityError(f"the file is too short to judge, and {wanted}; {outcome}")
    if found is None:
        message = f"{name} makes no error to compare with, and {wanted}; {outcome}"
        return QualityError(message, option="--require-skill")
    side = "below" if found >= 0 else "above"
    message = f"the error is {percent(abs(found))} {side} that of {name}, {wanted}; {outcome}"
    return QualityError(message, option="--require-skill")


def outcome_gate(outcome: Outcome, least: float | None, said: str) -> QualityError | None:
    """The error of a refresh whose better model does not beat the best naive forecast by this share, or None."""
    ships = outcome.challenger if outcome.is_better else outcome.champion
    return skill_gate(ships["test"], outcome.model.contract.clock, least, said)


def show_with_steps(report: Mapping[str, Any], clock: Clock, console: Console) -> None:
    """Show the report, and of classes how it is at some of the steps ahead."""
    show(report, clock, console)
    if "log_loss" in report["test"]["model"]:
        show_by_horizon(report, clock, console)


def show_by_horizon(report: Mapping[str, Any], clock: Clock, console: Console) -> None:
    """MASE (MAE where that is not defined; of classes log loss) of each forecaster at some of the steps ahead."""
    from lstmcast.evaluation.names import describe

    steps: Sequence[Mapping[str, Metrics]] = report["by_horizon"]
    measure = _measure(report)
    shown = selection(len(steps))
    header = [f"{COLUMNS[measure]} at step", *(str(step + 1) for step in shown)]
    rows = [
        [describe(name, clock), *(cell(measure, steps[step][name].get(measure)) for step in shown)]
        for name in report["test"]
    ]
    console.result("")
    console.table(header, rows)


def show_groups(report: Mapping[str, Any], clock: Clock, console: Console) -> None:
    """MASE (or MAE) by hour of the day, by weekday and by series; of many series those with the largest errors."""
    from lstmcast.evaluation.names import describe

    measure = _measure(report)
    for grouping, title in GROUPINGS.items():
        groups: Mapping[str, Mapping[str, Metrics]] = report.get(grouping, {})
        if not groups:
            continue
        rows = [
            [label, *(cell(measure, metrics[name].get(measure)) for name in report["test"])]
            for label, metrics in _worst(groups, measure)
        ]
        more = f", the {len(rows)} worst of {len(groups):,}" if len(rows) < len(groups) else ""
        console.result("")
        header = [f"{COLUMNS[measure]} by {title}{more}", *(describe(name, clock) for name in report["test"])]
        console.table(header, rows)


def show_bands(metrics: Mapping[str, Metrics], console: Console) -> None:
    """Show the share that each band held, its Winkler score, and the mean pinball loss of all edges."""
    mine = metrics["model"]
    levels = [name.removeprefix("winkler_") for name in mine if name.startswith("winkler_")]
    words = [
        f"{level} % held {cell('coverage', mine[f'coverage_{level}'])}, "
        f"Winkler score {cell('winkler', mine[f'winkler_{level}'])}"
        for level in levels
    ]
    if words:
        console.result("")
        console.result(
            f"Bands: {'; '.join(words)}; mean pinball loss {cell('pinball', mine.get('pinball'))}."
        )


def _measure(report: Mapping[str, Any]) -> str:
    squares: tuple[str, ...] = ("rmse",) if "total" in report["test"]["model"] else ()
    return next(
        measure
        for measure in (*squares, "log_loss", "mase", "mae")
        if measure == "mae" or _is_defined(report["test"], measure)
    )


def _worst(
    groups: Mapping[str, Mapping[str, Metrics]], measure: str
) -> list[tuple[str, Mapping[str, Metrics]]]:
    """All groups as they are, or of many the GROUPS_SHOWN with the largest errors of the model, the largest first."""
    if len(groups) <= GROUPS_SHOWN:
        return list(groups.items())
    ranked = sorted(groups.items(), key=lambda item: -(item[1]["model"].get(measure) or 0.0))
    return ranked[:GROUPS_SHOWN]


def _table(corner: str, metrics: Mapping[str, Metrics], clock: Clock, console: Console) -> None:
    from lstmcast.evaluation.names import describe

    table(corner, {describe(name, clock): values for name, values in metrics.items()}, console)


def table(corner: str, metrics: Mapping[str, Metrics], console: Console) -> None:
    """The metrics of forecasters by the names that are shown, one a row."""
    measures = [measure for measure in COLUMNS if _is_shown(metrics, measure)]
    rows = [
        [name, *(cell(measure, values.get(measure, "")) for measure in measures)]
        for name, values in metrics.items()
    ]
    console.table([corner, *(COLUMNS[measure] for measure in measures)], rows)


def _is_shown(metrics: Mapping[str, Metrics], measure: str) -> bool:
    """Every metric that is there; MAPE only where it is defined."""
    if measure == "mape":
        return _is_defined(metrics, measure)
    return any(measure in values for values in metrics.values())


def _is_defined(metrics: Mapping[str, Metrics], measure: str) -> bool:
    return any(values.get(measure) is not None for values in metrics.values())


def cell(measure: str, value: float | str | None) -> str:
    """A number as a person reads it; nothing where a forecaster has no such thing."""
    if isinstance(value, str):
        return value
    if value is None:
        return UNDEFINED
    if measure == "rows":
        return f"{value:,}"
    if measure.startswith("coverage") or measure.endswith("accuracy"):
        return percent(value)
    if measure in ("smape", "mape"):
        return f"{value:.2f} %"
    if measure in ("mase", "log_loss", "brier"):
        return ratio(value)
    return f"{value:#,.4g}" if 0 < abs(value) < 1000 else f"{value:,.0f}"


def selection(count: int) -> list[int]:
    """Places of at most STEPS_SHOWN steps, evenly spread, with the first and the last."""
    if count <= STEPS_SHOWN:
        return list(range(count))
    return sorted({round(i * (count - 1) / (STEPS_SHOWN - 1)) for i in range(STEPS_SHOWN)})


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
