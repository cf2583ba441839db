"""Texts in the report: the beginning of one, and the sample texts with the words that carry their answer."""

from core import words
from core.exports.page import text
from core.exports.story import Story
from core.exports.wording import percent
from core.words import Word, Words

LONGEST = 300  # characters of a text that is not looked at by words
MOST = 6  # texts with their words

_HEAD = (
    "<h2>Why?</h2><p>Each word of a few held-out texts is left out in turn. "
    '<mark style="--w:.6">Orange with a solid line</mark>: the word speaks for the answer. '
    '<mark class="against" style="--w:.6">Blue with a dashed line</mark>: against it. The thicker, the more the answer '
    "changes. This says what the network used, not whether that is a good reason.</p>"
)


def text_of(told: Story, path: str, caption: str) -> str:
    """The beginning of a text over a caption; its place where it is no longer there."""
    flat = " ".join(told.texts.get(path, path).split())
    shown = flat if len(flat) <= LONGEST else flat[: LONGEST - 1].rstrip() + "…"
    return _figure(text(shown), caption)


def tinted_words(told: Story) -> str:
    """The section with the words of the sample texts after the kept phase; empty where nothing was noted."""
    found = words.of_samples(told.run).get(told.kept, {})
    shown = [_sample(told, path, one) for path, one in found.items() if path in told.texts][:MOST]
    return _HEAD + "".join(shown) if shown else ""


def _sample(told: Story, path: str, found: Words) -> str:
    truth = next(told.classes[f["label"]] for f in told.dataset["files"] if f["path"] == path)
    said = "right" if truth == found.label else f"truly {truth}"
    parts = [_piece(*one) for one in words.pieces(told.texts[path], found)]
    return _figure("".join(parts), f"{found.label} {percent(found.probability)}, {said}")


def _figure(shown: str, caption: str) -> str:
    return f'<figure class="text"><p>{shown}</p><figcaption>{text(caption)}</figcaption></figure>'


def _piece(piece: str, word: Word | None, strength: float) -> str:
    if word is None:
        return text(piece)
    side = "for" if strength > 0 else "against"
    return f'<mark class="{side}" style="--w:{abs(strength):.2f}">{text(piece)}</mark>'
