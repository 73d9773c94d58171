"""Pages in a real browser: nothing goes wrong, nothing is fetched, nothing overlaps or is cut, everybody can read them.

One Chromium opens all of them. Where there is none, or no driver for it, these tests are skipped.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.command_line import lstmcast
from tests.conftest import hourly_rows, write_csv

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright (extra test) is not installed")
axe_api = pytest.importorskip(
    "axe_playwright_python.sync_playwright", reason="axe (extra test) is not installed"
)
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")

SWITCHES = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SMALL = ("--steps", 10, "--hidden", 4, "--seed", 1, "--safeguard", "mean", "--calendar", "none")
SECTIONS = (
    *("The forecast", "Why it is what it is", "What the forecasts owe to what", "Where the errors are"),
    *("What was said and what came", "What is left over"),
    *("The worst ten days", "What was chosen and why", "What the data doctor found", "How to make it again"),
)
# Text that touches other text, or that a reader cannot get to: by the boxes in which the browser draws every piece.
TROUBLES = """() => {
  const found = [], boxes = [], width = document.documentElement.clientWidth;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; node = walker.nextNode();) {
    const parent = node.parentElement, text = node.textContent.trim();
    if (!text || parent.closest('script, style, .skip, desc') || !parent.checkVisibility()) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const scrolls = parent.closest('.scroll, pre');
    for (const box of range.getClientRects()) {
      if (!box.width || !box.height) continue;
      if (!scrolls && (box.left < 0 || box.right > width + 0.5)) found.push(['cut', text, box.left, box.right]);
      const {left, right} = box;
      boxes.push({text, top: box.top + scrollY, bottom: box.bottom + scrollY, left, right, scrolls});
    }
  }
  boxes.sort((a, b) => a.top - b.top);
  boxes.forEach((a, i) => {
    for (let k = i + 1; k < boxes.length && boxes[k].top < a.bottom - 3; k++) {
      const b = boxes[k], across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      if (across > 1.5 && a.scrolls === b.scrolls) found.push(['overlap', a.text, b.text, across]);
    }
  });
  if (document.documentElement.scrollWidth > width) found.push(['wide', document.documentElement.scrollWidth]);
  return found;
}"""


def single_rows() -> list[str]:
    """An hourly series."""
    return hourly_rows(28 * 24)


def panel_rows() -> list[str]:
    """Three hundred series of eight days of hours."""
    rows = []
    for number in range(300):
        for row in hourly_rows(8 * 24, start=number % 7):
            rows.append(f"{row.split(',')[0]},meter {number},{float(row.split(',')[1]) * (1 + number):.1f}")
    return rows


def class_rows() -> list[str]:
    """A class a day."""
    names = ("sun", "rain", "a very long name of a class")
    return [f"{date(2022, 1, 1) + timedelta(days=i)},{names[(i * i // 7 + i // 3) % 3]}" for i in range(500)]


def gappy_rows() -> list[str]:
    """Hours of a zone across its change of the clock, many of them missing."""
    rows = []
    for hour in range(24 * 70):
        wall = (datetime(2023, 9, 1, tzinfo=UTC) + timedelta(hours=hour)).astimezone(
            ZoneInfo("Europe/Helsinki")
        )
        if 720 < hour < 730 or hour % 97 == 5 or 1395 < hour < 1404:
            continue
        value = 100 + 20 * math.sin(2 * math.pi * wall.hour / 24) + 5 * math.sin(hour * hour * 0.37)
        rows.append(f"{wall:%Y-%m-%dT%H:%M:%S%z},{value:.1f}")
    return rows


KINDS: dict[str, tuple[Any, str, tuple[object, ...]]] = {
    "single": (single_rows, "time,load", ("--target", "load", "--lookback", 48, *SMALL)),
    "panel": (
        *(panel_rows, "time,meter,load"),
        ("--target", "load", "--id", "meter", "--lookback", 24, "--smoothing", "no", *SMALL),
    ),
    "classes": (class_rows, "time,sky", ("--target", "sky", "--horizon", 7, "--lookback", 28, "--steps", 10)),
    "gaps": (gappy_rows, "time,load", ("--target", "load", "--lookback", 48, *SMALL)),
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A report of each kind."""
    folder = tmp_path_factory.mktemp("reports")
    pages = {}
    for kind, (rows, header, options) in KINDS.items():
        data, model = write_csv(folder / f"{kind}.csv", rows(), header), folder / f"{kind}.pkl"
        assert lstmcast("train", data, *options, "-o", model).code == 0
        pages[kind] = folder / f"{kind}.html"
        said = lstmcast("report", model, data, "-o", pages[kind])
        assert said.code == 0, said.err
    return pages


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One Chromium."""
    with sync_api.sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=list(SWITCHES))
        yield running
        running.close()


@pytest.fixture(scope="module")
def pages(browser: Any, reports: dict[str, Path]) -> Iterator[dict[tuple[str, str], Any]]:
    """Every report in light and dark, with what was said on its console and what it asked for."""
    contexts = {scheme: browser.new_context(color_scheme=scheme) for scheme in ("light", "dark")}
    opened = {}
    for scheme, context in contexts.items():
        for kind, path in reports.items():
            page = context.new_page()
            page.trouble = []
            page.on("console", lambda message, page=page: page.trouble.append(message.text))
            page.on("pageerror", lambda error, page=page: page.trouble.append(str(error)))
            page.on("request", lambda request, page=page: page.trouble.append(request.url))
            page.goto(path.as_uri())
            page.trouble.remove(path.as_uri())
            opened[kind, scheme] = page
    yield opened
    for context in contexts.values():
        context.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_report_is_one_small_file_with_every_section(
    kind: str, reports: dict[str, Path], pages: Any
) -> None:
    assert len(reports[kind].read_bytes()) < 200_000
    page = pages[kind, "light"]
    headings = page.locator("h2").all_inner_texts()
    assert [heading for heading in SECTIONS if heading not in headings] == []
    assert page.locator("svg[role=img]").count() >= 8
    assert page.locator("svg[role=img] > desc").count() == page.locator("svg[role=img]").count()
    assert page.trouble == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_text_overlaps_or_is_cut_at_any_width(kind: str, scheme: str, pages: Any) -> None:
    page = pages[kind, scheme]
    for width in (360, 800, 1600):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(TROUBLES) == [], width
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true; })")
    page.set_viewport_size({"width": 360, "height": 900})
    assert page.evaluate(TROUBLES) == []
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = false; })")
    assert page.trouble == []


def test_the_eye_for_trouble_sees_it(browser: Any) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 900})
    page.set_content("<p style='position:absolute'>one<p style='position:absolute'>two")
    assert [kind for kind, *_ in page.evaluate(TROUBLES)] == ["overlap"]
    page.set_content("<p style='white-space:nowrap'>" + 100 * "long ")
    assert [kind for kind, *_ in page.evaluate(TROUBLES)] == ["cut", "wide"]
    page.close()


def serious(page: Any, **asked: object) -> list[tuple[str, str]]:
    """Each serious violation that axe finds on a page: its rule, and the first element that breaks it."""
    found = axe_api.Axe().run(page, options={"resultTypes": ["violations"], **asked}).response["violations"]
    worst = [each for each in found if each["impact"] in ("serious", "critical")]
    return [(each["id"], each["nodes"][0]["html"]) for each in worst]


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_is_kept_from_reading(kind: str, pages: Any) -> None:
    assert serious(pages[kind, "light"], rules={"color-contrast": {"enabled": False}}) == []


@pytest.mark.parametrize(("kind", "scheme"), [("classes", "light"), ("classes", "dark")])
def test_every_colour_stands_out(kind: str, scheme: str, pages: Any) -> None:
    assert serious(pages[kind, scheme], runOnly=["color-contrast"]) == []


def test_a_pointer_shows_the_figures_of_the_nearest_row(pages: Any) -> None:
    page = pages["single", "light"]
    page.set_viewport_size({"width": 800, "height": 900})
    plot = page.locator(".plot[data-x]").first
    box = plot.bounding_box()
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + box["height"] / 2)
    told = plot.locator(".tip").inner_text()
    last = (
        plot.locator("xpath=ancestor::figure").locator("tbody tr").last.locator("th, td").all_text_contents()
    )
    assert last[0] in told
    assert last[1] in told
    page.mouse.move(0, 0)
    assert not plot.locator(".tip").is_visible()


def test_without_script_all_is_there(browser: Any, reports: dict[str, Path]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(reports["single"].as_uri())
    assert page.locator("h2").count() >= len(SECTIONS)
    page.locator("summary").first.click()
    assert page.locator("details table").first.is_visible()
    context.close()


def test_on_paper_it_is_light_and_whole(pages: Any) -> None:
    page = pages["single", "dark"]
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()
    page.emulate_media(media="screen")
    assert len(page.context.pages) == len(KINDS)


def test_a_picture_as_a_page_and_as_svg_are_shown_too(
    browser: Any, reports: dict[str, Path], tmp_path: Path
) -> None:
    data = reports["gaps"].with_suffix(".csv")
    context = browser.new_context()
    page = context.new_page()
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(message.text))
    for kind in ("html", "svg"):
        path = tmp_path / f"plot.{kind}"
        assert lstmcast("plot", data, "-o", path).code == 0
        page.goto(path.as_uri())
        assert page.locator("path.line").count() >= 1
    assert trouble == []
    context.close()
