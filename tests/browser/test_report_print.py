"""The report as a PDF by the browser's own print: all pages, words as words, charts drawn, nothing cut off."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from core.exporters import export
from core.record import Run
from tests.core.conftest import make_pictures, train

pytestmark = pytest.mark.browser

MARGIN, INCH = 16 / 25.4, 72  # of the page's edge in inches, PDF points to an inch
PAPERS = {"A4": (8.27, 11.7), "Letter": (8.5, 11), "A5": (5.83, 8.27)}  # inches
# What of some elements matches an expression and stands on more than one line.
BROKEN = """([elements, matching]) => [...document.querySelectorAll(elements)].flatMap((element) => {
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT), found = [], range = document.createRange();
  for (let node = texts.nextNode(); node; node = texts.nextNode())
    for (const match of node.data.matchAll(new RegExp(matching, "g"))) {
      range.setStart(node, match.index);
      range.setEnd(node, match.index + match[0].length);
      if (new Set([...range.getClientRects()].map((box) => box.top)).size > 1) found.push(match[0]);
    }
  return found;
})"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The report of a run on three classes that has learned next to nothing, so that all its galleries are full."""
    home = tmp_path_factory.mktemp("print")
    data = make_pictures(home / "data", ["a meningioma-like class", "meningioma_tumor", "very" * 12], 24)
    said = train(data, "--weights", "random", THAW_RUNS=str(home / "runs"), THAW_CACHE_DIR=str(home / "cache"))
    return export(Run(said["run_dir"]), "report", home / "report.html")


@pytest.fixture
def page(report, chromium):
    """The report in a browser, as wide as what an A4 page holds."""
    sync = pytest.importorskip("playwright.sync_api")
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        width = round((PAPERS["A4"][0] - 2 * MARGIN) * 96)
        opened = browser.new_page(viewport={"width": width, "height": 1000})
        opened.goto(report.as_uri())
        opened.wait_for_function("() => [...document.querySelectorAll('.chart')].every(node => node._fullLayout)")
        yield opened
        browser.close()


@pytest.mark.parametrize("paper", PAPERS)
def test_each_heading_is_printed_as_text_and_with_what_it_heads(page, paper):
    width, height = PAPERS[paper]
    pdf = page.pdf(width=f"{width}in", height=f"{height}in", outline=True, tagged=True)
    assert pdf.startswith(b"%PDF-")
    sheets = len(re.findall(rb"/Type /Page\b", pdf))
    assert 4 <= sheets <= 25
    # The outline holds the headings as text, each with its place from the foot of its page.
    found = re.findall(rb"/Title \(([^)]*)\)\s*/Dest \[\d+ 0 R /XYZ \S+ (\S+) \S+\]", pdf)
    printed = {title.decode("latin-1"): float(place) for title, place in found}
    assert set(page.locator("h2, h3").all_inner_texts()) <= set(printed)
    assert {title for title, place in printed.items() if place < (MARGIN + 1) * INCH} == set()


def test_no_chart_is_blank_and_nothing_is_cut_off(page):
    page.emulate_media(media="print")
    page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    charts = page.locator(".chart")
    assert charts.count() >= 6
    for i in range(charts.count()):
        pixels = np.asarray(Image.open(io.BytesIO(charts.nth(i).screenshot())).convert("RGB")).reshape(-1, 3)
        assert len(np.unique(pixels, axis=0)) > 20
    ends = page.locator(".xtick text", has_text="100%").locator("visible=true")
    assert ends.count() == 3  # both curves, and how sure it is: Plotly leaves out a number that does not fit
    cut = page.evaluate(
        """() => [...document.querySelectorAll("body, .wide, table, figure, p, .chart text")].filter((node) => {
          const box = node.getBoundingClientRect();
          const wide = node instanceof HTMLElement && node.scrollWidth > node.clientWidth + 1;
          return wide || box.right > innerWidth + 1 || box.left < 0;
        }).map((node) => node.outerHTML.slice(0, 200))"""
    )
    assert cut == []
    assert page.evaluate("() => [...document.images].every((image) => image.naturalWidth > 0)")
    assert page.evaluate(BROKEN, ["td.n", ".+"]) == []  # a number stands on one line
    words = "(?<![^\\s-])[^\\s-]{1,20}(?![^\\s-])"
    assert page.evaluate(BROKEN, ["td, th, figcaption", words]) == []  # and so does a word, but for a very long one
    assert page.evaluate(BROKEN, ["p, td, th, figcaption", "\\d\\s%"]) == []  # and a number with its sign
