"""Texts in the report: the beginning of one, and the sample texts with the words that carry their answer."""

from collections.abc import Sequence
from functools import cached_property

from core import words
from core.data import roots, text_scan
from core.data.manifest import Manifest
from core.errors import DataError
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


class Texts:
    """The texts of a run."""

    def __init__(self, told: Story) -> None:
        self._told = told

    def gallery(self, shown: Sequence[tuple[str, str]]) -> str:
        """The beginnings of some texts, pairs of path and caption; the path of one that is no longer there."""
        return "".join(_figure(text(self._beginning(path)), caption) for path, caption in shown)

    def why(self) -> str:
        """The words of the sample texts after the kept phase; empty where nothing was noted."""
        found = words.of_samples(self._told.run).get(self._told.kept, {})
        shown = [self._sample(path, one) for path, one in found.items() if path in self._contents][:MOST]
        return _HEAD + "".join(shown) if shown else ""

    @cached_property
    def _contents(self) -> dict[str, str]:
        """Each text that is still there by its path."""
        try:
            manifest = Manifest.from_json(self._told.dataset)
            if self._told.bound:
                roots.check(text_scan.place(manifest))
            found = text_scan.contents(manifest, self._told.config)
        except (OSError, DataError):
            return {}
        return {file.path: one for file, one in zip(manifest.files, found, strict=True) if one}

    def _beginning(self, path: str) -> str:
        flat = " ".join(self._contents.get(path, path).split())
        return flat if len(flat) <= LONGEST else flat[: LONGEST - 1].rstrip() + "…"

    def _sample(self, path: str, found: Words) -> str:
        told = self._told
        truth = next(told.classes[f["label"]] for f in told.dataset["files"] if f["path"] == path)
        said = "right" if truth == found.label else f"truly {truth}"
        parts = [_piece(*one) for one in words.pieces(self._contents[path], found)]
        return _figure("".join(parts), f"{found.label} {percent(found.probability)}, {said}")


def _figure(shown: str, caption: str) -> str:
    return f'<figure class="text"><p>{shown}</p><figcaption>{text(caption)}</figcaption></figure>'


def _piece(piece: str, word: Word | None, strength: float) -> str:
    if word is None:
        return text(piece)
    side = "for" if strength > 0 else "against"
    return f'<mark class="{side}" style="--w:{abs(strength):.2f}">{text(piece)}</mark>'
