"""The voice of a command: results on stdout, progress and warnings on stderr, text as it is."""

from __future__ import annotations

import io
import math
import os
import shutil
import sys
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Literal, TextIO

from lstmcast.cli.shell import help, log, progress, run, tables
from lstmcast.cli.shell.streams import clean, emit, json_text, show
from lstmcast.core.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from lstmcast.training.loop import Step


NAME_WIDTH = 10
_LOCALES = ("LC_ALL", "LC_CTYPE", "LANG")
_WIDEST_TABLE = 200  # letters, off a terminal
LARGE_FILE = 20_000_000  # bytes from which on reading takes a second or more


class Console:
    """A console that says as much as is asked.

    quiet leaves the result, verbose adds details, as_json leaves one document.

    is_aside: stdout is for a file that the command gives out there, so all that would stand beside it goes to stderr.
    """

    def __init__(
        self, *, quiet: bool = False, verbose: bool = False, as_json: bool = False, is_aside: bool = False
    ) -> None:
        self.quiet = quiet
        self.verbose = verbose
        self.as_json = as_json
        self._write = show if is_aside else emit
        self._is_aside = is_aside
        self._is_patient = False
        self._failure: OutputError | None = None
        self._held: list[str] | None = None
        self._reached: dict[int, tuple[int, int]] = {}
        self._bar: progress.Bar | None = None
        self._is_under_way, self._words = False, ""

    @property
    def is_mute(self) -> bool:
        """True where findings reach nobody."""
        return self.quiet and not self.verbose and not self.as_json

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Send what is said within to stdout in one piece: `| head` does not leave us in the middle of it."""
        self._held = []
        try:
            yield
            held = "".join(self._held)
        finally:
            self._held = None
        if held:
            self._emit(held)

    @contextmanager
    def patient(self) -> Iterator[list[str]]:
        """Within it a stdout that breaks stops nothing; at its end that is raised, with what was done meanwhile: the
        words that are put into the list."""
        self._is_patient, done = True, list[str]()
        try:
            yield done
        finally:
            self._is_patient = False
        if self._failure is not None:
            raise OutputError(
                " ".join([str(self._failure), *(f"({words})" for words in done)])
            ) from self._failure

    def _emit(self, text: str) -> None:
        if self._held is not None:
            self._held.append(text)
        elif self._failure is None:
            try:
                with self._beside_bar():
                    self._write(text)
            except OutputError as error:
                if not self._is_patient:
                    raise
                self._failure = error

    def note(self, line: str, name: str = "") -> None:
        """A line on stdout beside the result; it begins with a name, where it has one, and hangs behind that."""
        if not self.quiet and not self.as_json:
            self._emit(_fitted(clean(line), name))

    def say(self, *lines: str) -> None:
        """Several lines on stdout beside the result."""
        for line in lines:
            self.note(line)

    def notes(self, lines: Sequence[tuple[str, str]]) -> None:
        """Lines of a name and what it is, one below the other."""
        width = max([NAME_WIDTH, *(len(name) for name, _ in lines)])
        for name, text in lines if not self.quiet and not self.as_json else ():
            self._emit(_fitted(clean(text), f"{clean(name):<{width}}  "))

    def result(self, line: str, name: str = "") -> None:
        """A line on stdout that is what was asked for; name: as in `note`."""
        if not self.as_json:
            self._emit(_fitted(clean(line), name))

    def verbatim(self, line: str) -> None:
        """A line on stdout that is to be pasted, so it is never wrapped."""
        if not self.as_json:
            self._emit(clean(line) + "\n")

    def document(self, document: dict[str, Any]) -> None:
        """The whole result for a program, in place of everything else on stdout."""
        if self.as_json:
            self._emit(json_text(document))

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str]], left: Collection[int] = ()) -> None:
        """Rows below a header, the first column (and those of `left`) to the left and numbers to the right."""
        if self.as_json:
            return
        columns = help.line_width(sys.stdout) or _WIDEST_TABLE
        found = tables.fitted(header, [[clean(cell) for cell in row] for row in rows], left, columns)
        self._emit(_drawn(found, columns))
        if found.dropped:
            self.note(f"({', '.join(found.dropped)} left out: a wider terminal shows all)")

    def picture(self, rows: Sequence[Sequence[tuple[str, str]]], as_text: Callable[..., str]) -> None:
        """The rows of a picture: stretches of text, each with what it stands for, in colour where that is allowed.

        as_text: makes one text of them.
        """
        safe = [[(clean(text), kind) for text, kind in row] for row in rows]
        self._emit(as_text(safe, in_colour=_colors(sys.stdout) is not None))

    def draws(self) -> bool:
        """Return True where a picture is of use: on a terminal, with neither brevity nor JSON asked for."""
        is_shown = not self.quiet and not self.as_json and not self._is_aside
        return is_shown and sys.stdout is not None and sys.stdout.isatty()

    def letters(self) -> Literal["braille", "ascii"]:
        """Return what a picture is made of: ASCII for a dumb terminal or a locale without other letters."""
        locale = next((os.environ[name] for name in _LOCALES if os.environ.get(name)), "UTF-8")
        is_plain = os.environ.get("TERM") == "dumb" or "UTF8" not in locale.upper().replace("-", "")
        return "ascii" if is_plain else "braille"

    def width(self) -> int:
        """Return how many letters fit across."""
        return shutil.get_terminal_size().columns

    def about(self, message: str) -> str:
        """Return the message with what it is about, where that is one of many things."""
        return message

    def warn(self, message: str, code: str = "warning", **where: Any) -> None:
        """Something a person should know of, on stderr; code and where: see `log.tell`."""
        if not self.quiet:
            with self._beside_bar():
                log.tell(log.WARNING, code, message, **where)

    def detail(self, message: str, code: str = "detail", **where: Any) -> None:
        """Something only the curious want to know, on stderr."""
        if self.verbose:
            with self._beside_bar():
                log.tell(log.INFO, code, message, **where)

    def hint(self, message: str, code: str = "hint") -> None:
        """Something for whoever is watching: on stderr, where that is a terminal, and for the curious."""
        if self.verbose or (not self.quiet and _is_terminal(sys.stderr)):
            with self._beside_bar():
                log.tell(log.INFO, code, message)

    @contextmanager
    def stages(self, parts: Mapping[str, float] = progress.STAGES, until: float = math.inf) -> Iterator[None]:
        """One bar on stderr over all the stages within, where somebody would see it; it leaves nothing behind.

        parts: the part of the bar that each stage has; until: when all is over at the latest, of `time.monotonic`.
        """
        if self._bar is not None or not self._has_bars():
            yield
            return
        self._bar = progress.bar(_colors(sys.stderr), parts, until)
        try:
            yield
        finally:
            self._bar.stop()
            self._bar = None

    def stage(self, name: str) -> None:
        """Another stage begins, a name of `progress.STAGES`: seen on the bar, and without one by the curious."""
        if self._bar is not None:
            self._bar.begin(name)
        else:
            self.detail(name, "stage")

    def counted(self, stage: str, done: float, total: float, words: str) -> None:
        """So many of the tasks of a stage are done: seen on the bar, where there is one."""
        if self._bar is not None:
            if self._bar.stage != stage:
                self._bar.begin(stage)
            self._bar.move(done, total, words)

    @contextmanager
    def progress(self) -> Iterator[Callable[[Step], None]]:
        """Give what is to be told of every Step: it moves the bar; without one only `verbose` says it."""
        with self.stages():
            yield self._step_line if self._bar is None else self._move

    @contextmanager
    def reading(self) -> Iterator[Callable[[int, int], None] | None]:
        """Give what is to be told of the bytes read of a large file; None where nobody would see it."""
        with self.stages():
            yield None if self._bar is None else self._read

    def _read(self, done: int, total: int) -> None:
        if total >= LARGE_FILE and self._bar is not None:
            self._bar.move(done, total, progress.READING)

    def _move(self, step: Step) -> None:
        assert self._bar is not None
        is_new, done, total = self._position(step)
        if is_new:
            self._bar.begin(progress.FINAL if self._is_under_way else progress.NETWORKS)
            self._is_under_way, self._words = True, ""
        if _is_judged(step):
            self._words = f", {_loss_words(step)}"
        network = f", network {step.member + 1} of {step.members}" if step.members > 1 else ""
        self._bar.move(done, total, f"{self._bar.stage}{network}{self._words}")

    @contextmanager
    def _beside_bar(self) -> Iterator[None]:
        with nullcontext() if self._bar is None else self._bar.hidden():
            yield

    def _has_bars(self) -> bool:
        return not self.quiet and not run.current().log_json and _is_terminal(sys.stderr)

    def _step_line(self, step: Step) -> None:
        _, done, total = self._position(step)
        if _is_judged(step):
            self.detail(f"step {done} of {total}, {_loss_words(step)}", "step", step=done, steps=total)

    def _position(self, step: Step) -> tuple[bool, int, int]:
        """Return True where a round begins, and steps done and to do over all members.

        Several members may be under way.
        """
        before = self._reached.get(step.member)
        if before is not None and (before[1] != step.total or before[0] >= step.number):
            self._reached.clear()  # another round has begun
        is_new = not self._reached
        self._reached[step.member] = step.number, step.total
        others = (step.members - len(self._reached)) * step.total
        done, total = (sum(column) for column in zip(*self._reached.values(), strict=True))
        return is_new, done, total + others


def _fitted(text: str, name: str = "") -> str:
    """A line, where its terminal is too narrow several; those after the first stand below where its text begins."""
    columns = help.line_width(sys.stdout)
    if columns is None or len(name) + len(text) <= columns or text.startswith(" "):
        return f"{name}{text}".rstrip() + "\n"
    return "".join(f"{line}\n" for line in help.wrapped(text, name, " " * len(name), columns))


def _drawn(found: tables.PrintedTable, columns: int) -> str:
    """The lines of a table that fits."""
    from rich.console import Console as Screen
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for i, name in enumerate(found.header):
        table.add_column(Text(name), justify="left" if i == 0 or i in found.left else "right", no_wrap=True)
    for row in found.rows:
        table.add_row(*map(Text, row))
    drawn = io.StringIO()  # of its own: a screen on stdout would write there by itself
    Screen(file=drawn, width=columns, highlight=False, color_system=_colors(sys.stdout)).print(table)
    return "".join(line.rstrip() + "\n" for line in drawn.getvalue().splitlines())


def _is_terminal(stream: TextIO | None) -> bool:
    """True where a bar can be drawn: a terminal that understands it."""
    return stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"


def _colors(stream: TextIO | None) -> Literal["standard"] | None:
    """Return what rich may use: nothing by NO_COLOR and TERM=dumb, else colour by terminal or FORCE_COLOR.

    Bold is included.
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return None
    is_terminal = stream is not None and stream.isatty()
    return "standard" if is_terminal or os.environ.get("FORCE_COLOR") else None


def _is_judged(step: Step) -> bool:
    """True for a step after which the validation rows were forecast; else the loss is NaN."""
    return not math.isnan(step.validation_loss)


def _loss_words(step: Step) -> str:
    best = " (best)" if step.is_best else ""
    return f"validation loss {step.validation_loss:.4g}{best}"
