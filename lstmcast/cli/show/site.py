"""The manual as a small static site: one page a topic, one style, and a search by headings without a server."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from lstmcast.cli.show.manual import TOPICS, page

if TYPE_CHECKING:
    from collections.abc import Iterator

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #57606a; --line: #d0d7de; --code: #f4f6f8;
        --link: #0b57a4 }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --paper: #11151a; --soft: #9aa6b2; --line: #343b44;
        --code: #1b2128; --link: #7ab7ff } }
* { box-sizing: border-box }
body { margin: 0; font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--paper) }
.frame { display: flex; flex-wrap: wrap; gap: 2rem; max-width: 72rem; margin: 0 auto; padding: 1.5rem }
nav { flex: 0 0 12rem } nav ul { list-style: none; margin: 0; padding: 0 } nav li { margin: .2rem 0 }
main { flex: 1 1 32rem; min-width: 0; max-width: 52rem }
a { color: var(--link) } nav a[aria-current] { font-weight: 600; text-decoration: none; color: var(--ink) }
h1 { line-height: 1.2; margin-top: 0 } h2 { margin-top: 2rem }
pre { background: var(--code); padding: .8rem 1rem; overflow-x: auto; border-radius: 6px; line-height: 1.4 }
code { font: .875em/1.4 ui-monospace, monospace } :not(pre) > code { background: var(--code); padding: .1em .3em }
.wide { overflow-x: auto } table { border-collapse: collapse } th, td { text-align: left; vertical-align: top;
        border-bottom: 1px solid var(--line); padding: .35rem .8rem .35rem 0 }
footer { color: var(--soft); margin-top: 3rem } .headings li li { color: var(--soft) }
"""


def files() -> Iterator[tuple[str, str]]:
    """Every file of the site: its name and its text, the same bytes each time."""
    yield "style.css", _STYLE.lstrip()
    yield "index.html", _framed("Guide", None, _index())
    for topic in TOPICS:
        yield f"{topic}.html", _framed(TOPICS[topic], topic, _with_anchors(_rendered(page(topic))))


def _rendered(text: str) -> str:
    """Markdown as HTML; a table may be wider than the page, so it scrolls by itself."""
    from markdown_it import MarkdownIt

    found: str = MarkdownIt("commonmark").enable("table").render(_linked(text))
    return found.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")


def _linked(text: str) -> str:
    """The Markdown with `guide TOPIC` as a link to that page."""
    return re.sub(
        r"`lstmcast guide ([a-z-]+)`(?!\])",
        lambda found: f"[{found[0]}]({found[1]}.html)" if found[1] in TOPICS else found[0],
        text,
    )


def _slug(heading: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", html.unescape(re.sub(r"<[^>]+>", "", heading)).lower()).strip("-")


def _with_anchors(body: str) -> str:
    return re.sub(
        r"<h([23])>(.*?)</h\1>", lambda m: f'<h{m[1]} id="{_slug(m[2])}">{m[2]}</h{m[1]}>', body, flags=re.S
    )


def _index() -> str:
    """All headings of all pages, which a browser's own search goes through."""
    lines = ["<h1>lstmcast: the guide</h1>", '<ul class="headings">']
    for topic, about in TOPICS.items():
        headings = re.findall(r"<h2>(.*?)</h2>", _rendered(page(topic)), flags=re.S)
        inner = "".join(f'<li><a href="{topic}.html#{_slug(h)}">{h}</a></li>' for h in headings)
        lines.append(
            f'<li><a href="{topic}.html">{topic}</a>: {html.escape(about)}'
            + (f"<ul>{inner}</ul>" if inner else "")
            + "</li>"
        )
    return "\n".join([*lines, "</ul>"])


def _framed(title: str, topic: str | None, body: str) -> str:
    """A whole page around a body."""
    links = "".join(
        f'<li><a href="{name}.html"{" aria-current=page" if name == topic else ""}>{name}</a></li>'
        for name in TOPICS
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>lstmcast: {html.escape(title)}</title>\n"
        '<link rel="stylesheet" href="style.css">\n</head>\n<body>\n<div class="frame">\n'
        f'<nav aria-label="Topics"><p><a href="index.html">All headings</a></p><ul>{links}</ul></nav>\n'
        f"<main>\n{body}\n</main>\n</div>\n</body>\n</html>\n"
    )
