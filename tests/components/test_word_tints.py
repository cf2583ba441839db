"""Tinted words: what is marked, what is text, and what is said of it."""

import re
from pathlib import Path

import pytest

from components.word_tints import key, strongest, tinted
from core.words import Word, Words

STYLE = Path(__file__).parents[2] / "components" / "style.css"


def found(text, *effects, more=0):
    """Words of `text` with these effects."""
    spans = [m.span() for m in re.finditer(r"\S+", text)]
    made = tuple(Word(*span, effect, 0.25) for span, effect in zip(spans, effects, strict=True))
    return Words("<b>good</b>", 2, 0.75, made, more)


def test_sides_and_strength_are_told_without_colour():
    html = tinted("not a fine film", found("not a fine film", -1.0, 0.0, 2.0, 0.01))
    assert '<mark class="against" style="--w:0.50"' in html
    assert '<mark class="for" style="--w:1.00"' in html
    assert html.count("<mark") == 2
    style = STYLE.read_text(encoding="utf-8")
    assert re.search(r"mark\.for[^}]*--line-style: solid", style)
    assert re.search(r"mark\.against[^}]*--line-style: dashed", style)


def test_texts_and_names_are_text():
    text = 'an <img src=x onerror="a()"> "quoted"'
    html = tinted(text, found(text, 0, 1.0, -1.0, 0.5, 0.2)) + key("<b>") + strongest(text, found(text, 0, 1, 0, 0, 0))
    assert set(re.findall(r"<(\w+)", html)) == {"div", "mark", "p", "b"}
    assert "<b>&lt;b&gt;</b>" in html
    assert re.sub(r"<[^>]*>", "", tinted(text, found(text, 0, 1.0, -1.0, 0.5, 0.2))) == (
        "an &lt;img src=x onerror=&quot;a()&quot;&gt; &quot;quoted&quot;"
    )


def test_the_strongest_word_is_said_in_a_sentence():
    said = strongest("so fine", found("so fine", -0.1, 2.0))
    assert "Without “fine”: &lt;b&gt;good&lt;/b&gt; 25.0 % instead of 75.0 %." in said
    assert "calibration" in strongest("so fine", found("so fine", -0.1, 2.0), calibrated=True)


def test_an_answer_that_no_word_carries_is_told_and_not_tinted():
    faint = found("so fine", 0.01, 0.02)
    assert "<mark" not in tinted("so fine", faint)
    assert "No single word" in strongest("so fine", faint)
    assert "No single word" in strongest("", found(""))


def test_what_was_not_looked_at_is_told_and_shown_untinted():
    long = found("so", 1.0, more=936)
    assert "The first 1 words were looked at, the 936 after them were not." in strongest("so", long)
    assert tinted("so and on", Words("a", 1, 0.5, long.words, 936)).endswith("</mark> and on</div>")


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("tint", ["ember-soft", "ice-soft"])
def test_words_on_their_tint_have_enough_contrast(theme, tint):
    style = STYLE.read_text(encoding="utf-8")

    def colour(name):
        return re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", style).group(1 + theme)

    low, high = sorted(luminance(colour(name)) for name in ("ink", tint))
    assert (high + 0.05) / (low + 0.05) >= 4.5


def luminance(colour):
    """Relative luminance after WCAG 2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
