"""Names from data are text: ways to keep HTML, Markdown and Plotly from reading them as anything else."""

import html
import re

from core.any_text import REPLACEMENT

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|$~:&^=])")


def shown(name: str) -> str:
    """A name on one line: control characters, bytes that are not UTF-8 and half an emoji become a replacement sign."""
    return "".join(c if c.isprintable() else " " if c.isspace() else REPLACEMENT for c in name)


def as_html(name: str) -> str:
    """A name for `st.html`, attributes included."""
    return html.escape(shown(name), quote=True)


def as_markdown(name: str) -> str:
    """A name for labels and `st.markdown`: every sign with a meaning there is escaped."""
    return _MARKDOWN.sub(r"\\\1", shown(name))


def as_plotly(name: str) -> str:
    """A name for Plotly, which reads some HTML tags in labels, and `%{…}` in what it shows under the pointer."""
    return html.escape(shown(name), quote=False).replace("%", "&#37;")


def shortened(name: str, limit: int = 24) -> str:
    """A name cut in the middle so that both ends can be read."""
    text = shown(name)
    if len(text) <= limit:
        return text
    head = (limit - 1) * 2 // 3
    return f"{text[:head]}…{text[head + 1 - limit :]}"
