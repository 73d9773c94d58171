"""A whole page: one file that holds all it needs, and may ask for nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from lstmcast.cli.show.drawing.words import text
from lstmcast.cli.show.web import style

# What a browser is told besides: nothing may be fetched, from anywhere.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


def page(title: str, sections: Sequence[tuple[str, str]], lead: str = "") -> str:
    """A page of sections, each a heading and its markup; lead: markup below the title. One without a heading has none.

    The same sections give the same bytes.
    """
    headed = [(f"s{number}", heading, inside) for number, (heading, inside) in enumerate(sections, 1)]
    links = "".join(f"<li><a href=#{name}>{text(heading)}</a>" for name, heading, _ in headed if heading)
    nav = f"<nav aria-label=Sections><ul>{links}</ul></nav>\n" if links.count("<li>") > 1 else ""
    skip = "<a class=skip href=#main>To the content</a>\n" if nav else ""
    return (
        f"<!doctype html>\n<html lang=en>\n<head>\n<meta charset=utf-8>\n<title>{text(title)}</title>\n"
        f'<meta name=viewport content="width=device-width,initial-scale=1">\n'
        f'<meta http-equiv=Content-Security-Policy content="{_POLICY}">\n<link rel=icon href=data:,>\n'
        f"<style>\n{style.sheet()}</style>\n</head>\n<body>\n{skip}<header>\n<h1>{text(title)}</h1>\n{lead}{nav}</header>\n"
        f"<main id=main>\n{''.join(_section(*each) for each in headed)}</main>\n"
        f"<script>\n{style.script()}</script>\n</body>\n</html>\n"
    )


def _section(name: str, heading: str, inside: str) -> str:
    if not heading:
        return inside
    return f"<section aria-labelledby={name}>\n<h2 id={name}>{text(heading)}</h2>\n{inside}</section>\n"
