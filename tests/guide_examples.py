"""Runs the examples of README and guide, and holds what they show against what is printed.

    python -m tests.guide_examples record    # writes what is printed today into the pages

An example is a block that begins with ```console; its lines with `$ ` are commands, the others what they print. A line
`…` stands for any lines.
"""

from __future__ import annotations

import contextlib
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from lstmcast.cli.shell import help
from tests.command_line import PROJECT, SAMPLES, lstmcast

GUIDE = PROJECT / "lstmcast" / "guide"
BLOCK = re.compile(r"(?<=^```console\n)(.*?)(?=^```$)", flags=re.MULTILINE | re.DOTALL)
CLOSE = 0.03  # another processor rounds otherwise, and training carries that on
MOST_LINES = 32


def pages() -> list[Path]:
    """README first: what its demo leaves in the folder is what the pages go on with."""
    return [PROJECT / "README.md", *sorted(GUIDE.glob("*.md"))]


def commands(block: str) -> Iterator[tuple[str, str]]:
    """Each command of a block, and what it shows below it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


@contextlib.contextmanager
def folder() -> Iterator[None]:
    """An empty folder to run examples in, with the sample that one of them needs."""
    with (
        tempfile.TemporaryDirectory() as name,
        contextlib.chdir(name),
        mock.patch.object(help, "line_width", return_value=96),
    ):
        shutil.copy(SAMPLES / "seattle_weather.csv", name)
        yield


def printed(command: str) -> str:
    """What a command prints, without blanks at the ends of lines."""
    program, *words = shlex.split(command)
    assert program == "lstmcast", command
    said = lstmcast(*words)
    assert said.code == 0, said.err
    return _stripped(said.out)


def of_the_demo(shown: str) -> dict[str, str]:
    """What the demo showed of each training that it ran: typed by hand, it would take as long again."""
    parts = re.split(r"^Running: (lstmcast train .*)$", shown, flags=re.MULTILINE)
    return {
        command: _stripped(said.split("\nRunning: ")[0])
        for command, said in zip(parts[1::2], parts[2::2], strict=True)
    }


def _stripped(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.strip("\n").splitlines())


def is_like(shown: str, said: str) -> bool:
    """The same words in the same order, and numbers that are close; a line `…` stands for any lines."""
    parts = [re.findall(r"\S+", part) for part in re.split(r"^…$", shown, flags=re.MULTILINE)]
    words = re.findall(r"\S+", said)
    if len(parts) == 1:
        return _alike(parts[0], words)
    first, last = parts[0], parts[-1]
    return _alike(first, words[: len(first)]) and _alike(last, words[len(words) - len(last) :])


def _alike(one: list[str], other: list[str]) -> bool:
    return len(one) == len(other) and all(map(_close, one, other))


def _close(one: str, other: str) -> bool:
    if one == other:
        return True
    numbers = [[float(n.replace(",", "")) for n in _NUMBER.findall(word)] for word in (one, other)]
    same_words = _NUMBER.sub("#", one) == _NUMBER.sub("#", other)
    return same_words and all(abs(a - b) <= CLOSE * max(abs(a), 1) * 3 for a, b in zip(*numbers, strict=True))


_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


def recorded(block: str) -> str:
    """The block with what its commands print today, the middle of a long output left out."""
    lines = []
    for command, _ in commands(block):
        said = printed(command).splitlines()
        if len(said) > MOST_LINES:
            said = [*said[:3], "…", *said[-18:]]
        lines += [f"$ {command}", *said]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write what is printed today into every page."""
    with folder():
        for page in pages():
            text = page.read_text(encoding="utf-8")
            new = BLOCK.sub(lambda found: recorded(found[1]), text)
            if new != text:
                page.write_text(new, encoding="utf-8")
                print(page.relative_to(PROJECT))


if __name__ == "__main__" and sys.argv[1:] == ["record"]:
    main()
