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


def facts(items: Sequence[Fact], fixed: bool = False) -> str:
    """HTML of the line; `fixed` keeps every figure in its place while values change."""
    return f'<div class="thaw-figures{" fixed" if fixed else ""}">{"".join(_fact(item) for item in items)}</div>'


def _fact(item: Fact) -> str:
    hint = f' title="{as_html(item.help)}"' if item.help else ""
    return (
        f'<div class="thaw-figure {item.tone}"{hint}><b>{as_html(item.value)}</b>'
        f"<span>{as_html(item.label)}</span></div>"
    )


def progress(share: float | None, phase: int, words: str) -> str:
    """HTML of a bar in the colour of its phase, with what is being done above it.

    Args:
        share: from 0 to 1, None where it is not known.
        phase: 0 while preparing, 1 or 2.
        words: what is being done.
    """
    tone = {1: "ice", 2: "ember"}.get(phase, "")
    value = "" if share is None else f' aria-valuenow="{share * 100:.0f}"'
    width = 100 * (share or 0.0)
    said = as_html(words)
    return (
        f'<div class="thaw-progress {tone}"><span>{said}</span>'
        f'<div class="track" role="progressbar" aria-label="{said}" aria-valuemin="0" aria-valuemax="100"{value}>'
        f'<i style="width:{width:.1f}%"></i></div></div>'
    )
