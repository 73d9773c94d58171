"""What `predict` asks of a night that is not like the others: how old its data may be, and as of when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from lstmcast.errors import UsageError
from lstmcast.options import seconds

if TYPE_CHECKING:
    from lstmcast.ingest import AsOf
    from lstmcast.panel import Panel

PANEL = "Nights"
AsOfTime = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="as if no later row were there yet [all rows]", rich_help_panel=PANEL),
]
MaxAge = Annotated[
    str | None,
    typer.Option(
        metavar="AGE", help="exit 10 when the last known target is older: 26h [any]", rich_help_panel=PANEL
    ),
]
Now = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="what --max-age takes for now [--as-of, or the clock]", rich_help_panel=PANEL
    ),
]


@dataclass(frozen=True)
class Night:
    """Times as the user wrote them; None: not asked for."""

    as_of: str | None = None
    max_age: str | None = None
    now: str | None = None

    def check(self) -> None:
        """Raise UsageError for what can be seen to be wrong without the file."""
        if self.max_age is not None:
            seconds(self.max_age)
        elif self.now is not None:
            raise UsageError("--now is what --max-age compares with; give --max-age too")

    def cut(self, *, keeps_known: bool) -> AsOf | None:
        """How to read the history; keeps_known: whether its later rows say what is known ahead."""
        from lstmcast.ingest import AsOf

        return None if self.as_of is None else AsOf(self.as_of, keeps_known)

    def refuse_stale(self, panel: Panel) -> None:
        """Raise StaleError where the last known target is older than --max-age."""
        from lstmcast.freshness import refuse_stale

        if self.max_age is not None:
            refuse_stale(panel, self.now or self.as_of, seconds(self.max_age), self.max_age)
