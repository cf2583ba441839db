"""A text whose words are tinted by what they do to its answer, as HTML, and what the tints mean."""

from components.escape import as_html
from components.numbers import percent
from core.words import FAINT, Word, Words, pieces


def tinted(text: str, found: Words) -> str:
    """The text as HTML: solid underline and ember for the answer, dashed and ice against it, thicker where stronger.

    Args:
        text: the text that was looked at.
        found: what its words do.
    """
    parts = []
    for piece, word, strength in pieces(text, found):
        shown = as_html(piece)
        if word is not None:
            side, title = "for" if strength > 0 else "against", _without(word, found)
            shown = f'<mark class="{side}" style="--w:{abs(strength):.2f}" title="{title}">{shown}</mark>'
        parts.append(shown)
    return f'<div class="thaw-words">{"".join(parts)}</div>'


def key(name: str) -> str:
    """What the tints mean, in a line of HTML; `name` is the class that they speak for or against."""
    shown = as_html(name)
    return (
        '<p class="thaw-words-key"><mark class="for" style="--w:.6">Orange, solid line</mark>: speaks for '
        f'<b>{shown}</b>. <mark class="against" style="--w:.6">Blue, dashed line</mark>: speaks against it. '
        "The thicker, the more the answer changes without the word.</p>"
    )


def strongest(text: str, found: Words, calibrated: bool = False) -> str:
    """The word that matters most in a sentence of HTML, and what was not looked at.

    Args:
        text: the text that was looked at.
        found: what its words do.
        calibrated: whether the page shows corrected probabilities, from which these then differ.
    """
    said = []
    top = max(found.words, key=lambda word: abs(word.effect), default=None)
    if top is None or abs(top.effect) < FAINT:
        said.append("No single word carries this answer.")
    else:
        before = ", before calibration" if calibrated else ""
        said.append(f"Without “{as_html(text[top.start : top.end])}”: {_without(top, found)}{before}.")
    if found.more:
        said.append(f"The first {len(found.words)} words were looked at, the {found.more:,} after them were not.")
    return f'<p class="thaw-quiet">{" ".join(said)}</p>'


def _without(word: Word, found: Words) -> str:
    """`positive 59.8 % instead of 74.5 %`, escaped."""
    return f"{as_html(found.label)} {percent(word.without)} instead of {percent(found.probability)}"
