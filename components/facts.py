"""A line of large figures, each with a word under it."""

from collections.abc import Sequence
from typing import NamedTuple

from components.escape import as_html


class Fact(NamedTuple):
    """One figure: the value, what it is, a sentence for the curious, and its colour."""

    value: str
    label: str
    help: str = ""
    tone: str = ""  # "", "ice", "ember" or "big"


def facts(items: Sequence[Fact]) -> str:
    """HTML of the line."""
    return f'<div class="thaw-figures">{"".join(_fact(item) for item in items)}</div>'


def _fact(item: Fact) -> str:
    hint = f' title="{as_html(item.help)}"' if item.help else ""
    return (
        f'<div class="thaw-figure {item.tone}"{hint}><b>{as_html(item.value)}</b>'
        f"<span>{as_html(item.label)}</span></div>"
    )
