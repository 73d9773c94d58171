"""An Excel workbook as a table: a sheet of it, its cells as text."""

from __future__ import annotations

import io
import shlex
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from lstmcast.core.errors import DataError, UsageError
from lstmcast.ingest.table.reader import TextTable
from lstmcast.ingest.table.typed import TypedRows
from lstmcast.ingest.text.context import ReadContext

MAGIC = b"PK\x03\x04"
_PARTS = ("xl/workbook.xml", "xl/workbook.bin")
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    ArithmeticError,
    SyntaxError,  # of XML
    RuntimeError,  # encrypted, or packed in a way that is not known
)


def is_workbook(stream: io.BufferedReader) -> bool:
    """True for a zip archive that holds a workbook; of what cannot be searched, such as a pipe, it is supposed."""
    if not stream.seekable():
        return True
    try:
        with zipfile.ZipFile(stream) as archive:
            return any(part in archive.namelist() for part in _PARTS)
    except (zipfile.BadZipFile, OSError, ValueError):
        return True  # a damaged one: refused when it is opened
    finally:
        stream.seek(0)


def open_workbook(stream: io.BufferedReader, context: ReadContext) -> TextTable:
    """The table of the first sheet, or of the one of `--sheet`; raises DataError without openpyxl, or for damage."""
    openpyxl = _openpyxl(context.source)
    largest = context.rules.largest_unpacked
    with _refusing_damage(context):
        data: Any = stream if stream.seekable() else io.BytesIO(stream.read())
        _refuse_bomb(data, largest, context)
        book = openpyxl.load_workbook(data, read_only=True, data_only=True)
        sheet = _sheet(book, context)
        sheet.reset_dimensions()  # what the file claims of its size need not be so
    context.info("sheet", f"sheet {sheet.title!r} of a workbook, its rows are called lines", "--sheet")
    rows = TypedRows(_rows(sheet, context))
    return TextTable(io.BufferedReader(rows), context, f"sheet {sheet.title!r} of a workbook")


def _rows(sheet: Any, context: ReadContext) -> Iterator[list[Any]]:
    with _refusing_damage(context):
        for row in sheet.iter_rows():
            yield [_value(cell) for cell in row]


def _value(cell: Any) -> Any:
    """Return what a cell holds; a date where its format shows no time of day."""
    value = cell.value
    if getattr(cell, "is_date", False) and hasattr(value, "date") and not value.time():
        return value if "h" in str(cell.number_format).lower() else value.date()
    return value


def _sheet(book: Any, context: ReadContext) -> Any:
    """The sheet that is asked for, else the first; raises UsageError for one that is not there."""
    wanted, sheets = context.rules.sheet, book.worksheets
    if not sheets:
        raise context.refusal("is a workbook without a sheet of cells")
    if wanted is None:
        return sheets[0]
    found = next(
        (sheet for sheet in sheets if sheet.title.strip().casefold() == wanted.strip().casefold()), None
    )
    if found is None:
        names = ", ".join(shlex.quote(sheet.title) for sheet in sheets[:10])
        message = f"{context.source}: there is no sheet {wanted!r}; --sheet takes one of {names}"
        raise UsageError(message, file=context.source, option="--sheet")
    return found


def _refuse_bomb(data: Any, largest: float, context: ReadContext) -> None:
    """Refuse what a few kilobytes can unpack to."""
    with zipfile.ZipFile(data) as archive:
        size = sum(part.file_size for part in archive.infolist())
    data.seek(0)
    if size > largest:
        raise context.refusal(
            f"unpacks to more than {largest / 1e6:,.0f} MB; if that is right, lift the limit with --max-unpacked none",
            option="--max-unpacked",
        )


@contextmanager
def _refusing_damage(context: ReadContext) -> Iterator[None]:
    """Raises DataError for what openpyxl cannot read."""
    try:
        yield
    except _DAMAGE as error:
        reason = " ".join(str(error).split())[:120]
        raise context.refusal(
            f"is a damaged workbook, or an encrypted one ({reason}); save it again"
        ) from None


def _openpyxl(source: str) -> Any:
    try:
        import openpyxl
    except ImportError:
        raise DataError(
            f"{source}: is an Excel workbook, which needs the extra excel (pip install 'lstmcast[excel]'); or save the "
            "sheet as CSV",
            file=source,
        ) from None
    return openpyxl
