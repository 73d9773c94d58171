"""Pieces of a page: paragraphs, lists, tables; text of files is text in them, whatever stands in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lstmcast.cli.show.drawing.words import text


def paragraph(words: str, kind: str = "") -> str:
    """A paragraph."""
    return f"<p{_kind(kind)}>{text(words)}</p>\n" if words else ""


def items(lines: Iterable[str], *, are_numbered: bool = False, kind: str = "") -> str:
    """A list, if there is anything in it."""
    name, inside = "ol" if are_numbered else "ul", "".join(f"<li>{text(line)}" for line in lines)
    return f"<{name}{_kind(kind)}>{inside}</{name}>\n" if inside else ""


def pairs(lines: Iterable[tuple[str, str]]) -> str:
    """Names and what there is to say of each."""
    inside = "".join(f"<dt>{text(name)}<dd>{text(words)}" for name, words in lines if name or words)
    return f"<dl>{inside}</dl>\n" if inside else ""


def table(header: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "", kind: str = "") -> str:
    """A table whose first column names its rows; it scrolls by itself where it is wider than the page."""
    heads = "".join(f"<th scope=col>{text(name)}" for name in header)
    body = "".join(_row(row) for row in rows)
    told = f"<caption>{text(caption)}</caption>" if caption else ""
    inside = f"<table>{told}<thead><tr>{heads}<tbody>{body}</table>"
    about = text(caption or header[0])
    return f'<div class="{f"scroll {kind}".strip()}" tabindex=0 role=region aria-label="{about}">{inside}</div>\n'


def bar_table(header: Sequence[str], rows: Sequence[tuple[str, float, str]], caption: str) -> str:
    """A table of names and values, with a bar for each beside it, from a middle to the right or to the left.

    rows: name, length of the bar (its sign says to which side), value in words.
    """
    most = max((abs(length) for _, length, _ in rows), default=0.0) or 1.0
    whole = 50 if any(length < 0 for _, length, _ in rows) else 100
    cells = "".join(
        f"<tr><th scope=row>{text(name)}<td>{text(words)}<td class=bar aria-hidden=true>{_bar(length / most, whole)}"
        for name, length, words in rows
    )
    heads = "".join(f"<th scope=col>{text(name)}" for name in header)
    inside = (
        f"<table><caption>{text(caption)}</caption><thead><tr>{heads}<td class=bar><tbody>{cells}</table>"
    )
    return (
        f'<div class="scroll whole bars" tabindex=0 role=region aria-label="{text(caption)}">{inside}</div>\n'
    )


def _bar(share: float, whole: int) -> str:
    """A bar of a share of half a cell, or of all of it where none goes to the left."""
    size = round(abs(share) * whole, 1)
    start = (0 if whole == 100 else 50) - (size if share < 0 else 0)
    return f'<i{" class=less" if share < 0 else ""} style="left:{start:g}%;width:{size:g}%"></i>'


def code(line: str, about: str) -> str:
    """A command line to copy; it scrolls where it is wider than the page."""
    return f'<pre tabindex=0 role=region aria-label="{text(about)}">{text(line)}</pre>\n'


def folded(summary: str, inside: str, *, is_open: bool = False) -> str:
    """Return what is shown when its summary is asked for; without a script too."""
    return f"<details{' open' if is_open else ''}><summary>{text(summary)}</summary>\n{inside}</details>\n"


def _row(cells: Sequence[str]) -> str:
    first, *others = cells
    return f"<tr><th scope=row>{text(first)}{''.join(f'<td>{text(cell)}' for cell in others)}"


def _kind(kind: str) -> str:
    return f' class="{kind}"' if kind else ""
