"""Text becomes a Panel: the only rooms that see a delimiter, an encoding, a date format, a line number."""

from lstmcast.core.findings import Finding
from lstmcast.ingest.days import read_holidays
from lstmcast.ingest.groups import read_groups
from lstmcast.ingest.ledgers import ledger_shape, read_ledger
from lstmcast.ingest.parsed import ParsedFile
from lstmcast.ingest.reading import read, read_future
from lstmcast.ingest.surveys import only_column, survey
from lstmcast.ingest.table.roles import Roles
from lstmcast.ingest.table.slices import Slices, cut, group_name
from lstmcast.ingest.text.rules import ReadingRules
from lstmcast.ingest.text.source import Buffer, DataFrameSource, Source
from lstmcast.ingest.text.spans import expanded, spans_among
from lstmcast.ingest.time.as_of import AsOf
from lstmcast.ingest.totals_ledgers import group_of_totals, is_of_totals, read_totals

__all__ = [
    "AsOf",
    "Buffer",
    "DataFrameSource",
    "Finding",
    "ParsedFile",
    "ReadingRules",
    "Roles",
    "Slices",
    "Source",
    "cut",
    "expanded",
    "group_name",
    "group_of_totals",
    "is_of_totals",
    "ledger_shape",
    "only_column",
    "read",
    "read_future",
    "read_groups",
    "read_holidays",
    "read_ledger",
    "read_totals",
    "spans_among",
    "survey",
]
