"""The guide: every topic is there, every flag in it is one, every example prints what it shows, the site is whole."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from lstmcast.cli.show import manual, site
from tests import guide_examples as examples
from tests.command_line import PROJECT, lstmcast

README = (PROJECT / "README.md").read_text(encoding="utf-8")


def test_every_page_is_a_topic_and_every_topic_a_page() -> None:
    assert {path.stem for path in examples.GUIDE.glob("*.md")} == set(manual.TOPICS)


@pytest.mark.parametrize("topic", manual.TOPICS)
def test_a_topic_is_printed_as_it_is_written_off_a_terminal(topic: str) -> None:
    said = lstmcast("guide", topic)
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("# ")
    assert "<!--" not in said.out


def test_without_a_topic_the_guide_lists_them() -> None:
    assert all(f"  {topic} " in lstmcast("guide").out for topic in manual.TOPICS)


def test_a_topic_that_is_not_there_is_refused_with_the_nearest() -> None:
    said = lstmcast("guide", "nigths")
    assert said.code == 2
    assert "did you mean nights?" in said.err


def test_what_the_examples_show_is_what_is_printed() -> None:
    known: dict[str, str] = {}
    with examples.folder():
        for page in examples.pages():
            for block in examples.BLOCK.findall(page.read_text(encoding="utf-8")):
                for command, shown in examples.commands(block):
                    said = known.get(command) or examples.printed(command)
                    known |= examples.of_the_demo(said) if command == "lstmcast demo" else {}
                    assert examples.is_like(shown, said), f"{page.name}: {command}"


def test_an_example_that_shows_something_else_is_noticed() -> None:
    assert examples.is_like("a 100 b\n…\nend\n", "a 101 b\nmuch\nmore\nend\n")
    assert not examples.is_like("a 100 b\n", "a 150 b\n")
    assert not examples.is_like("a 100 b\n", "c 100 b\n")


def test_every_command_that_a_page_points_to_exists() -> None:
    from lstmcast.cli.shell.catalogue import COMMANDS

    for topic in manual.TOPICS:
        named = re.findall(r"(?:^|`|\$ )lstmcast ([a-z]+)(?: ([a-z-]+))?", manual.page(topic), flags=re.M)
        for command, word in named:
            assert command in COMMANDS or command == "help", f"{topic}: lstmcast {command}"
            if command == "guide" and word and not word.startswith("-"):
                assert word in manual.TOPICS, f"{topic}: lstmcast guide {word}"


def test_the_site_has_no_dead_link_and_is_the_same_each_time(tmp_path: Path) -> None:
    assert lstmcast("guide", "--html", tmp_path / "site").code == 0
    pages = dict(site.files())
    for name, text in pages.items():
        assert (tmp_path / "site" / name).read_text(encoding="utf-8") == text
        for link in re.findall(r'href="([^"]+)"', text):
            page, _, anchor = link.partition("#")
            assert page in pages, f"{name}: {link}"
            assert not anchor or f'id="{anchor}"' in pages[page], f"{name}: {link}"
        assert "<script" not in text
        assert "http" not in re.sub(r"<code>.*?</code>|<pre>.*?</pre>", "", text, flags=re.S)


def test_a_page_and_a_site_at_once_are_refused(tmp_path: Path) -> None:
    assert lstmcast("guide", "start", "--html", tmp_path / "site").code == 2


def test_the_readme_is_short() -> None:
    lines = README.splitlines()
    assert len(lines) <= 150
    assert max(map(len, lines)) <= 100


def test_every_figure_of_the_readmes_table_stands_in_the_table_of_the_guide() -> None:
    table = README.split("## How good")[1].split("\n## ")[0]
    accuracy = manual.page("accuracy")
    for row in re.findall(r"^\| ([a-z]+)[^|]*\|(.*)\|$", table, flags=re.MULTILINE):
        there = [line for line in accuracy.splitlines() if line.startswith(f"| {row[0]} |")]
        if row[0] != "set":
            numbers = re.findall(r"\d\.\d+", row[1])
            assert any(all(number in line for number in numbers) for line in there), row


# --- pages for man


def test_every_command_has_a_page_for_man_with_every_option_of_its_help(tmp_path: Path) -> None:
    from lstmcast.cli.shell.catalogue import COMMANDS

    assert lstmcast("guide", "--man", tmp_path).code == 0
    assert {path.name for path in tmp_path.iterdir()} == {
        "lstmcast.1",
        *(f"lstmcast-{name}.1" for name in COMMANDS),
    }
    for name in COMMANDS:
        page = (tmp_path / f"lstmcast-{name}.1").read_text(encoding="utf-8").replace(r"\-", "-")
        flags = set(re.findall(r"--[a-z][a-z-]*", lstmcast(name, "--help-all").out.split("Example:")[0]))
        assert {flag for flag in flags if flag not in page} == set(), name
        assert COMMANDS[name].example.splitlines()[0] in page


def test_pages_for_man_are_read_by_groff_without_a_warning(tmp_path: Path) -> None:
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("there is no groff")
    assert lstmcast("guide", "--man", tmp_path).code == 0
    for path in tmp_path.iterdir():
        done = subprocess.run(
            [groff, "-K", "utf8", "-man", "-ww", "-z", path], capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, ""), path.name


def test_a_page_for_man_takes_no_other_files_place(tmp_path: Path) -> None:
    (tmp_path / "lstmcast.1").write_text("mine")
    said = lstmcast("guide", "--man", tmp_path)
    assert said.code == 2
    assert "is no page of the guide" in said.err
    assert [path.name for path in tmp_path.iterdir()] == ["lstmcast.1"]
    assert lstmcast("guide", "start", "--man", tmp_path).code == 2
