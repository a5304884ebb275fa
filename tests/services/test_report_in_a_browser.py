"""The report as people see it: in a real browser, at every width, in light, dark and print."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.report import records as made
from tests.services.browser import Tab, open_tab
from titanic_batch.report.page import make_page
from titanic_batch.report.reading import Story

WIDTHS = (400, 800, 1400)
TALLEST = 6_000
STORIES = {
    "month": lambda: Story(records=tuple(made.month())),
    "single": lambda: Story(records=(made.published(),)),
    "quarter": lambda: Story(records=tuple(made.published(day) for day in made.days(90))),
    "hostile": lambda: Story(records=tuple(made.hostile(100, 500)), damaged=made.damaged()),
}
SMALLEST_TEXT = """
Math.min(...[...document.querySelectorAll('body *')]
  .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
  .filter(e => e.tagName !== 'title')
  .map(e => {
    const size = parseFloat(getComputedStyle(e).fontSize);
    const svg = e.closest('svg');
    const box = svg && svg.viewBox.baseVal;
    return box && box.width ? size * svg.getBoundingClientRect().width / box.width : size;
  }))
"""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with open_tab(tmp_path_factory.mktemp("browser")) as tab:
        yield tab


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where screenshots go: $SCREENSHOTS, for whoever wants to look at them."""
    chosen = os.environ.get("SCREENSHOTS")
    folder = Path(chosen) if chosen else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.mark.parametrize("name", STORIES)
def test_stays_on_its_page_and_fits_every_width(
    tab: Tab, tmp_path: Path, pictures: Path, name: str
) -> None:
    page = tmp_path / f"{name}.html"
    page.write_text(make_page(STORIES[name]()), encoding="utf-8")
    for width in WIDTHS:
        for theme in ("light", "dark"):
            tab.resize(width, theme=theme)
            tab.open(page)
            assert tab.requests == [page.resolve().as_uri()]
            for details in ("false", "true"):
                tab.evaluate(f"document.querySelectorAll('details').forEach(d => d.open={details})")
                assert tab.evaluate("document.documentElement.scrollWidth") <= width
            assert tab.evaluate("document.scripts.length") == 0
            assert tab.evaluate(SMALLEST_TEXT) >= 9
            tab.evaluate("document.querySelectorAll('details').forEach(d => d.open=false)")
            height = min(tab.evaluate("document.documentElement.scrollHeight"), TALLEST)
            clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
            shot = tab.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"]
            (pictures / f"{name}-{width}-{theme}.png").write_bytes(base64.b64decode(shot))


def test_dark_and_light_are_two_colours(tab: Tab, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(make_page(STORIES["single"]()), encoding="utf-8")
    tab.open(page)
    grounds = []
    for theme in ("light", "dark"):
        tab.resize(800, theme=theme)
        grounds.append(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert grounds == ["rgb(255, 255, 255)", "rgb(16, 21, 27)"]


@pytest.mark.parametrize("name", ["month", "single", "quarter"])
def test_prints_on_two_pages(tab: Tab, tmp_path: Path, pictures: Path, name: str) -> None:
    page = tmp_path / "page.html"
    page.write_text(make_page(STORIES[name]()), encoding="utf-8")
    tab.resize(800, theme="dark")
    tab.open(page)
    pdf = base64.b64decode(tab.call("Page.printToPDF", preferCSSPageSize=True)["data"])
    (pictures / f"{name}.pdf").write_bytes(pdf)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 2


def test_is_a_page_with_headings_and_tables_to_a_screen_reader(tab: Tab, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(make_page(STORIES["month"]()), encoding="utf-8")
    for width in (400, 1400):  # narrow tables are laid out as blocks, and stay tables
        tab.resize(width)
        tab.open(page)
        tab.evaluate("document.querySelectorAll('details').forEach(d => d.open=true)")
        nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
        told = [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes
                if not node["ignored"]]  # fmt: skip
        roles = [role for role, _ in told]
        assert roles.count("table") == 4
        assert roles.count("columnheader") >= 15
        assert ("rowheader", "Fare") in told
        assert ("heading", "What needs a look") in told
        assert any(role in ("image", "img") and name.startswith("Rows scored and rejected from")
                   for role, name in told)  # fmt: skip
