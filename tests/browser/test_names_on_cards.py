"""Names on cards can be read on a phone, where a card is as wide as a thumb."""

from pathlib import Path

import pytest

from components.pictures import Card, cards

pytestmark = pytest.mark.browser
STYLE = Path(__file__).parents[2] / "components" / "style.css"
CARD = Card(None, "glioma_tumor", "meningioma_tumor", 0.87, "labelled meningioma_tumor")
SHORT = Card(None, "cat", "dog", 0.87, right=False)
TOPS = "all => all.map(e => e.getBoundingClientRect().top)"
CUT = "all => all.filter(e => e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight + 1).length"


@pytest.mark.parametrize("width", [390, 1440])
def test_a_name_is_whole_on_a_card(width, chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 800})
        shown = cards([CARD, SHORT] * 5, openable=True)
        page.set_content(f'<div class="stApp" style="font: 16px sans-serif">{shown}</div>')
        page.add_style_tag(path=STYLE)
        words = page.locator(".say span:first-child, .under")
        assert words.count() == 20
        assert words.evaluate_all(CUT) == 0
        tops = page.locator(".picture").evaluate_all(TOPS)
        assert tops[0] == tops[1]  # side by side, however long the names
        browser.close()
