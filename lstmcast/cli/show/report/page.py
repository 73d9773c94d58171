"""The page of a report: its sections in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lstmcast.cli.show.drawing.shapes import Picture
from lstmcast.cli.show.drawing.words import text
from lstmcast.cli.show.report import errors, leftover, past, words
from lstmcast.cli.show.web import markup
from lstmcast.cli.show.web.figure import embedded
from lstmcast.cli.show.web.page import page

if TYPE_CHECKING:
    from lstmcast.core.findings import Finding
    from lstmcast.evaluation.study import Study

Pairs = Sequence[tuple[str, str]]
Row = tuple[str, float, str]  # name, length of its bar, value in words

SEEN = (
    "In-sample: the model was trained on all rows of this file that can be judged, so all that follows looks better "
    "than it will be on new rows. Its verdict above is about rows that it had not seen then."
)
_DAYS = "The days with the largest mean error of what was said shortly before, each after the day before it."


@dataclass(frozen=True)
class Told:
    """All that a report is made of.

    title: of the page; verdict: of the training, with what it was judged on; study: None where nothing can be judged,
    for the reason in `unjudged`; sentences: what the forecasts come down to; fans: their pictures; unforecast: why
    there is none; why: tables of what it is made of, a caption and rows each; owed: the same of what forecasts owe to
    parts and inputs; beside: pictures of a ledger; about: the model by name and text; tried: a header and rows of what
    was tried, with a word about it; findings: of the data; commands: how to make it again.
    """

    title: str
    verdict: str
    study: Study | None
    unjudged: str
    sentences: Sequence[str]
    fans: Sequence[Picture]
    unforecast: str
    why: Sequence[tuple[str, Sequence[Row]]]
    owed: tuple[str, Sequence[Row]]
    beside: Sequence[Picture]
    about: Pairs
    tried: tuple[Sequence[str], Sequence[Sequence[str]], str]
    findings: Sequence[Finding]
    commands: Sequence[tuple[str, str]]


def report_page(told: Told) -> str:
    """The whole page; the same figures give the same bytes."""
    return page(told.title, list(_sections(told)), _lead(told))


def _lead(told: Told) -> str:
    """The verdict in a sentence, and how the model did on this file."""
    parts = [markup.paragraph(f"{told.verdict[:1].upper()}{told.verdict[1:]}.", "lead")]
    if told.study is not None:
        parts.append(markup.paragraph(on_this_file(told.study)))
        parts.append(markup.paragraph(SEEN if told.study.in_sample else "", "soft"))
    return "".join(parts)


def on_this_file(study: Study) -> str:
    """Return a sentence on how the model did on the file's rows, beside the best naive forecaster."""
    overall = study.tally.overall()
    mine, other = overall.losses["model"], overall.losses[study.rival]
    kind = "rows it was trained on" if study.in_sample else "rows it has not seen"
    change = 1 - mine / other if other > 0 else 0.0
    share = (
        f", {words.percent(abs(change))} {'less' if change > 0 else 'MORE'}" if abs(change) >= 0.005 else ""
    )
    return (
        f"On {study.windows:,} forecasts of {kind}, {study.first} to {study.last}: {words.unit(study)} "
        f"{words.loss(study, mine)} beside {words.loss(study, other)} of {words.rival(study)}{share}."
    )


def _sections(told: Told) -> Iterator[tuple[str, str]]:
    fans = "".join(embedded(picture, f"f{number}") for number, picture in enumerate(told.fans))
    why = markup.paragraph(told.unforecast, "soft")
    yield "The forecast", "".join(map(markup.paragraph, told.sentences)) + fans + why
    tables = [markup.bar_table(("part", "adds"), rows, caption) for caption, rows in told.why]
    if tables:
        yield "Why it is what it is", "".join(tables)
    if told.study is None:
        yield "How good it is", markup.paragraph(told.unjudged, "soft")
    else:
        yield from _judged(told.study)
    if told.owed[1]:
        yield "What the forecasts owe to what", markup.bar_table(("", "error"), told.owed[1], told.owed[0])
    if told.beside:
        pictures = (embedded(picture, f"l{number}") for number, picture in enumerate(told.beside))
        yield "What was given out, and what came", "".join(pictures)
    yield "What was chosen and why", _chosen(told)
    yield "What the data doctor found", _findings(told.findings)
    lines = (f"<h3>{text(name)}</h3>\n{markup.code(line, name)}" for name, line in told.commands)
    yield "How to make it again", "".join(lines)


def _judged(study: Study) -> Iterator[tuple[str, str]]:
    """The sections about past forecasts."""
    from lstmcast.evaluation.residuals import worst_days

    yield "Where the errors are", errors.section(study)
    yield "What was said and what came", past.section(study)
    yield "What is left over", leftover.residuals(study)
    yield "Whether the bands hold" if study.bands else "Whether probabilities hold", leftover.bands(study)
    days = worst_days(study.panel, study.losses)
    yield "The worst ten days", markup.paragraph(_DAYS, "soft") + past.worst(study, days)


def _chosen(told: Told) -> str:
    header, rows, word = told.tried
    table = markup.table(header, rows, word) if rows else ""
    return markup.pairs(told.about) + (markup.folded("Everything that was tried", table) if table else "")


def _findings(findings: Sequence[Finding]) -> str:
    if not findings:
        return markup.paragraph("No problems found.")
    return markup.table(
        ("severity", "finding", "what to do"),
        [(finding.severity, finding.message, finding.remedy) for finding in findings],
        kind="whole words",
    )
