"""Pictures in HTML: strips of examples, and cards with an answer and a mark."""

import base64
from collections.abc import Sequence
from typing import NamedTuple

from components.escape import as_html
from components.numbers import percent
from components.theme import icon


class Card(NamedTuple):
    """A picture and what the model says about it."""

    picture: bytes | None  # an encoded thumbnail, None where the file cannot be read
    truth: str  # its class
    answer: str  # the class that the model names
    probability: float | None  # 0 to 1
    change: str = ""  # what changed since the last epoch
    right: bool | None = None  # None while there is no answer
    text: str = ""  # what stands in the picture's place where the example is a text


def source(picture: bytes) -> str:
    """An encoded picture as a data address."""
    kind = "png" if picture.startswith(b"\x89PNG") else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(picture).decode('ascii')}"


def _image(picture: bytes, alt: str) -> str:
    """An image element; tiny pictures, which come as PNG, show their pixels."""
    tiny = ' class="tiny"' if picture.startswith(b"\x89PNG") else ""
    return f'<img src="{source(picture)}" alt="{alt}"{tiny}>'


def strip(name: str, note: str, pictures: Sequence[bytes | None]) -> str:
    """A row of examples of one class."""
    title = as_html(name)
    shown = "".join(_image(p, f"{title}, example {n}") for n, p in enumerate(pictures, 1) if p)
    return (
        f'<div class="thaw-class"><div><b title="{title}">{title}</b>'
        f'<span class="thaw-quiet">{as_html(note)}</span></div><div class="thaw-strip">{shown}</div></div>'
    )


def cards(items: Sequence[Card], dozen: bool = False, openable: bool = False) -> str:
    """A grid of cards; a dozen stands in two rows of six where there is room. Openable ones are buttons."""
    made = "".join(_card(item, n if openable else None) for n, item in enumerate(items))
    kinds = f"{' dozen' if dozen else ''}{' texts' if any(item.text for item in items) else ''}"
    return f'<div class="thaw-cards{kinds}">{made}</div>'


def _card(item: Card, place: int | None = None) -> str:
    picture = _image(item.picture, as_html(item.truth)) if item.picture else ""
    if item.text:
        picture = f'<span class="text">{as_html(item.text)}</span>'
    mark = ""
    if item.right is not None:
        sign, word = ("check", "right") if item.right else ("close", "wrong")
        mark = f'<span class="mark {word}" role="img" aria-label="{word}">{icon(sign)}</span>'
    answer = as_html(item.answer) or '<span class="thaw-quiet">no answer yet</span>'
    truth = f"is {as_html(item.truth)}" if item.right is False else ""
    under = " · ".join(part for part in (truth, as_html(item.change)) if part) or "&nbsp;"
    value = percent(item.probability, 0) if item.probability is not None else ""
    tag, more = ("div", "") if place is None else ("button", f' type="button" data-open="{place}"')
    return (
        f'<{tag} class="thaw-card"{more}><span class="picture">{picture}{mark}</span>'
        f'<span class="say"><span title="{as_html(item.answer)}">{answer}</span><b>{value}</b></span>'
        f'<span class="under">{under}</span></{tag}>'
    )


def bones(number: int) -> str:
    """Places kept for cards that are not known yet."""
    bone = (
        '<div class="thaw-card"><div class="picture thaw-bone"></div>'
        '<div class="say"><span>&nbsp;</span></div><div class="under">&nbsp;</div></div>'
    )
    return f'<div class="thaw-cards dozen" aria-hidden="true">{bone * number}</div>'
