"""The forecast that is wanted: how far, with which bands, in whole numbers, adapted, or beside what would be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lstmcast.cli.shell.flags import AHEAD, DEFAULT_LEVEL, parse_levels, parse_quantiles
from lstmcast.core.ahead import read_ahead, rows_ahead
from lstmcast.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection

    from lstmcast.cli.sessions.nights import Night
    from lstmcast.cli.shell.console import Console
    from lstmcast.core.panel import Clock, Forecast, Panel
    from lstmcast.model.model import Model
    from lstmcast.model.schema import Contract

PANEL = "Forecast"
Horizon = Annotated[
    str | None,
    typer.Option(
        metavar=AHEAD, help="how far ahead: rows, or 24h, 1d, 2w [as trained]", rich_help_panel=PANEL
    ),
]
Level = Annotated[
    str | None, typer.Option(metavar="N,N", help="bands in percent: 80,95 [80]", rich_help_panel=PANEL)
]
Quantiles = Annotated[
    str | None,
    typer.Option(metavar="X,X", help="quantiles besides: 0.05,0.5,0.95 [none]", rich_help_panel=PANEL),
]
Changes = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="CHANGE",
        help="what if: temperature+=3, price*=1.1, holiday=1 in the rows to come; may stand several times [none]",
        is_eager=True,  # said anew each time: neither environment nor file can set it
        rich_help_panel=PANEL,
    ),
]
Integers = Annotated[
    bool,
    typer.Option(
        "--integers",
        help="whole numbers, as of what is counted: bands no narrower, means as they are",
        rich_help_panel=PANEL,
    ),
]
Adapt = Annotated[
    bool,
    typer.Option(
        "--adapt",
        help="adapt the forecast by what came of the nights in the ledger of --log",
        rich_help_panel=PANEL,
    ),
]


@dataclass(frozen=True)
class TrainingRequest:
    """The wishes of a user, as far as they can be read without a file.

    horizon: None is as trained; levels: bands in percent, None is the usual one; changes: the words of each `--set`;
    is_whole: in whole numbers; is_adapted: by the nights of the ledger.
    """

    horizon: int | str | None = None
    levels: tuple[int, ...] | None = None
    quantiles: tuple[float, ...] = ()
    changes: tuple[str, ...] = ()
    is_whole: bool = False
    is_adapted: bool = False

    @property
    def shown(self) -> tuple[int, ...]:
        """The bands that are given out."""
        return (DEFAULT_LEVEL,) if self.levels is None else self.levels

    def ahead(self, clock: Clock) -> int | None:
        """The rows of a clock that are to be forecast, None as trained; raises UsageError for no number of them."""
        return None if self.horizon is None else rows_ahead(self.horizon, clock)

    def rows(self, contract: Contract) -> int:
        """The rows that are to be forecast; raises UsageError for no number of them."""
        ahead = self.ahead(contract.clock)
        return contract.horizon if ahead is None else ahead

    def of(self, model: Model, panel: Panel, night: Night, besides: Collection[int] = ()) -> Forecast:
        """The forecast of a model, with these bands besides if it has any; raises what its `predict` does."""
        given = {} if self.levels is None else {"levels": self.levels}
        if besides and not model.contract.classes:
            given = {"levels": tuple(sorted({*self.shown, *besides}))}
        if self.is_whole and model.contract.classes:
            raise UsageError("classes are no numbers; leave --integers out", option="--integers")
        from lstmcast.model.newcomers import forecast_with_new

        found = forecast_with_new(
            model,
            panel,
            self.ahead(model.contract.clock),
            quantiles=self.quantiles,
            fallback=night.may_fall_back,
            short_future=night.short_future,
            **given,
        )
        return found.in_integers() if self.is_whole else found

    def warn_of_rolling_on(self, contract: Contract, console: Console) -> None:
        """Say where the forecast goes further than the model was trained for."""
        ahead = self.ahead(contract.clock)
        if ahead is not None and ahead > contract.horizon:
            console.warn(
                f"{ahead} steps ahead, but the model was trained for {contract.horizon}: later rows stand on "
                "the forecast of earlier ones (train with a longer --horizon)",
                "beyond_horizon",
            )


def wanted_by(values: Mapping[str, Any], *, is_summed: bool) -> TrainingRequest:
    """Return what the options of `predict` ask for; raise UsageError for what is wrong whatever the file.

    is_summed: totals or paths are given out instead of rows.
    """
    found = TrainingRequest(
        None if values["horizon"] is None else read_ahead(values["horizon"]),
        None if values["level"] is None else parse_levels(values["level"]),
        parse_quantiles(values["quantiles"]),
        tuple(values["changes"] or ()),
        values["integers"],
        values["adapt"],
    )
    ledger, points = values["log_file"] is not None, values["influx"] is not None
    _refuse_pairs(found, ledger, is_kept=ledger or points, is_summed=is_summed)
    return found


def _refuse_pairs(wanted: TrainingRequest, has_ledger: bool, *, is_kept: bool, is_summed: bool) -> None:
    """Raise UsageError for wishes that do not go together."""
    refusals = {
        "--adapt learns from the nights of a ledger; name it with --log": wanted.is_adapted
        and not has_ledger,
        "--set asks what would be, and --log and --influx keep what is said; leave them out": (
            bool(wanted.changes) and is_kept
        ),
        "--set compares rows of two forecasts; leave --total and --paths out": (
            bool(wanted.changes) and is_summed
        ),
        "--integers is of a forecast's own rows; leave --adapt, --total and --paths out": (
            wanted.is_whole and (wanted.is_adapted or is_summed)
        ),
        "--adapt is for rows and their bands; leave --set, --total, --paths and --quantiles out": (
            wanted.is_adapted and (bool(wanted.changes or wanted.quantiles) or is_summed)
        ),
    }
    for message, is_wrong in refusals.items():
        if is_wrong:
            raise UsageError(message, option=message.split()[0])
