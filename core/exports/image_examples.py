"""Pictures in the report: small copies of them, and a few with their heat maps."""

from collections.abc import Sequence

from core.data.pixels import thumbnail
from core.data.reading import reading
from core.errors import DataError, ThawError
from core.exports.heat_maps import heat_maps
from core.exports.page import cards, picture, text
from core.exports.story import Story

SIDE = 220  # pixels of a picture
EXPLAINED = 4  # pictures with heat maps

_HEAD = "<h2>Why?</h2><p>Grad-CAM on a few {}: what glows spoke for the answer; the rest is dimmed. {}</p>"
_WARNING = "A map that glows beside the thing itself is a warning: the network may have learnt the background."


class Pictures:
    """The pictures of a run."""

    def __init__(self, told: Story) -> None:
        self._told = told

    def gallery(self, shown: Sequence[tuple[str, str]]) -> str:
        """Small copies of some pictures, pairs of path and caption."""
        return cards([self._thumbnail(path, caption) for path, caption in shown])

    def why(self) -> str:
        """Heat maps of a few mistakes and a few right answers."""
        if not len(self._told.judging):
            return ""
        head = _HEAD.format(self._told.judged_on, _WARNING)
        try:
            return head + heat_maps(self._told, self._to_explain())
        except ThawError as error:
            return f'{head}<p class="soft">{text(error)}</p>'

    def _thumbnail(self, path: str, caption: str) -> str:
        told = self._told
        try:
            data = thumbnail(told.place(path), SIDE, reading(told.config))
        except DataError:
            data = None
        return picture(data, caption, caption)

    def _to_explain(self) -> list[int]:
        """A few mistakes and a few right answers among the examples that the headline is of."""
        cases, kept = self._told.cases, self._told.kept
        assert cases is not None
        judging, half = self._told.judging, EXPLAINED // 2
        wrong, right = cases.mistakes(kept, judging), cases.right(kept, judging)
        return [int(row) for row in [*wrong[:half], *right[: EXPLAINED - len(wrong[:half])]]]
