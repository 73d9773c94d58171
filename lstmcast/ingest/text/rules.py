"""Rules: how a reader settles what a file leaves open, as its user said."""

from __future__ import annotations

from dataclasses import dataclass

from lstmcast.core.errors import UsageError
from lstmcast.core.options import LARGEST_UNPACKED, size
from lstmcast.ingest.text.spans import check_span

_CHOICES: dict[str, tuple[str, ...]] = {
    "aggregate": ("mean", "sum", "count", "last", "max"),
    "absent": ("missing", "zero", "last"),
    "duplicates": ("mean", "first", "last", "error"),
    "ambiguous": ("order", "first", "second"),
    "nonexistent": ("error", "shift", "drop"),
    "decimal": (".", ","),
    "dates": ("day-first", "month-first", "year-first"),
    "task": ("auto", "numbers", "classes"),
}


@dataclass(frozen=True, kw_only=True)
class ReadingRules:
    """The user's rules on how to read a file; None means: decided by the file, and said.

    aggregate: put irregular stamps on the clock of `freq` by `mean`, `sum`, `last` or `max`, or by the number of
    rows with a target (`count`).
    keep_partial: a first or last row that `aggregate` made of an incomplete period counts, instead of being missing.
    absent: a step for which the file has no row is `missing`, `zero` (nothing happened), or as the `last` row; None is
    zero where rows are summed or counted, else missing.
    difference: the target is a counter that only climbs, and what it grows by in each step is wanted.
    sheet: of an Excel workbook; table, sql: of an SQLite database, of which `sql` is a query.
    wide: columns that stand side by side, such as hours or stores, are read as rows of their own.
    duplicates: of differing rows with one stamp keep the `mean`, the `first`, the `last`, or refuse
    (`error`); None is the mean, unless so many are repeated that the file must hold several series.
    ambiguous: the hour that happens twice is told apart by `order`, or always the `first` or the `second`.
    nonexistent: a local hour that the change of the clock skips is an `error`, moved on (`shift`) or left out
    (`drop`); a row of it that holds no number is left out anyhow.
    missing: further cells that mean missing, as text: `("-200", "-9999")`.
    decimal: `.` or `,`. dates: `day-first`, `month-first` or `year-first`.
    exclude: bad periods whose targets mean missing: `("2012-03-01..2012-03-04",)`, both ends included.
    max_unpacked: largest size that a packed file may unpack to, `5GB` or `none`; by itself 1 GB.
    task: whether the target is `numbers` or `classes`; `auto`: text is classes, numbers are numbers.
    """

    aggregate: str | None = None
    keep_partial: bool = False
    absent: str | None = None
    wide: bool = False
    sheet: str | None = None
    table: str | None = None
    sql: str | None = None
    difference: bool = False
    duplicates: str | None = None
    ambiguous: str = "order"
    nonexistent: str = "error"
    missing: tuple[str, ...] = ()
    decimal: str | None = None
    dates: str | None = None
    max_unpacked: str | None = None
    exclude: tuple[str, ...] = ()
    task: str = "auto"

    def check(self) -> None:
        """Raise UsageError for a value that is none of the choices."""
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            if value is not None and value not in choices:
                raise UsageError(f"--{name} is one of {', '.join(choices)}; got {value!r}")
        _ = self.largest_unpacked
        for word in self.exclude:
            check_span(word)

    @property
    def largest_unpacked(self) -> float:
        """Bytes that a packed file may unpack to; raises UsageError for what is no size."""
        return LARGEST_UNPACKED if self.max_unpacked is None else size(self.max_unpacked, "--max-unpacked")
