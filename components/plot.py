"""The one chart component: a Plotly figure, as plain data, that stays mounted while its data changes."""

import importlib.util
from pathlib import Path
from typing import Any, TypedDict

import streamlit as st
from streamlit.components.v1 import declare_component

Figure = dict[
    str, Any
]  # "data": traces and "layout", as Plotly's JSON; colours as plot.js reads them: "@blue", "@text/0.1"


class Tip(TypedDict):
    """A picture to show beside a point."""

    point: int  # the point's custom data
    picture: str  # a data address


_HTML = """
<div class="thaw-plot" role="img" tabindex="0"></div>
<p class="thaw-plot-words"></p>
<img class="thaw-plot-tip" alt="" hidden>
"""
_CSS = """
.thaw-plot { width: 100%; outline-offset: 2px; }
.thaw-plot-tip { position: fixed; width: 136px; height: 136px; object-fit: cover; border-radius: 10px; z-index: 1000;
  pointer-events: none; box-shadow: 0 4px 18px rgb(0 0 0 / 0.35); }
.thaw-plot-words { position: absolute; width: 1px; height: 1px; margin: 0; overflow: hidden; clip-path: inset(50%); }
"""
# Plotly's own script tags style the document, so the chart is not put into a shadow tree.
_component = st.components.v2.component(
    "thaw_plot",
    html=_HTML,
    css=_CSS,
    js=Path(__file__).with_name("plot.js").read_text(encoding="utf-8"),
    isolate_styles=False,
)


def _plotly_folder() -> Path:
    """Where the installed Plotly keeps `plotly.min.js`; found without importing it."""
    spec = importlib.util.find_spec("plotly")
    if spec is None or spec.origin is None:
        raise ImportError("Plotly is not installed. Install requirements.txt.")
    return Path(spec.origin).parent / "package_data"


# The documented way to have Streamlit serve a folder; the component itself is never shown.
_library = declare_component("plotly_library", path=_plotly_folder())


def plot(
    figure: Figure,
    *,
    title: str,
    text: str,
    key: str,
    height: int = 320,
    selects: bool = False,
    tip: Tip | None = None,
    every: float = 0.0,
) -> Any:
    """Draw a figure.

    Args:
        figure: Plotly's traces and layout as plain data.
        title: what the chart is, for screen readers.
        text: what the chart shows, in words.
        key: which chart this is; the same key keeps zoom and hover.
        height: pixels.
        selects: points can be chosen by drawing around them, and the one under the pointer is told.
        tip: the picture of the point that was hovered over.
        every: the data change by themselves every so many seconds; drawing them takes at most a twentieth of the
            browser's time, and so many times less where pages look less often, because many people watch.

    Returns:
        The component's result; `clicked` holds the point that was clicked in this run of the script, or None, and
        `selected` the custom data of the points that were drawn around, `hovered` that of the one under the pointer.
    """
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    library = f"/{base}/component/{_library.name}/plotly.min.js".replace("//", "/")
    data = {"figure": figure, "title": title, "text": text, "height": height, "library": library}
    data |= {"selects": selects, "tip": tip, "every": every}
    told = {f"on_{name}_change": lambda: None for name in ("clicked", "selected", "hovered")}
    return _component(key=key, data=data, **told)
