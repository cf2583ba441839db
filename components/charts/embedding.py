"""Examples as points: those that lie close together look alike to the network."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from components.escape import as_plotly, shortened
from components.plot import Figure
from core.evaluation.insight import Map

# Apart from ice and ember, which mean frozen and thawed. Told apart by sign as well as by colour.
_COLOURS = ("#7a5fa8", "#2b8a6b", "#c2962a", "#b0416a", "#5b7f95", "#8a6d4f", "#4a9c3f", "#a34fc0")
_SIGNS = ("circle", "diamond", "square", "triangle-up", "cross", "x", "star", "triangle-down")


def embedding(points: Map, classes: Sequence[str], key: str) -> Figure:
    """One cloud for each class; held-out points are solid, those learned from faint.

    Args:
        points: up to some thousands; drawn by WebGL.
        classes: the names in order.
        key: zoom is kept while it stays the same.
    """
    labels, held = np.array(points.labels, object), np.array([split != "train" for split in points.splits], bool)
    traces: list[dict[str, Any]] = []
    for n, name in enumerate(classes):
        for solid in (False, True):
            rows = np.flatnonzero((labels == name) & (held == solid))
            if not len(rows):
                continue
            title = as_plotly(shortened(name))
            traces.append(
                {
                    "type": "scattergl",
                    "mode": "markers",
                    "name": title,
                    "legendgroup": str(n),
                    "showlegend": solid,
                    "x": points.x[rows].round(3).tolist(),
                    "y": points.y[rows].round(3).tolist(),
                    "customdata": rows.tolist(),
                    "marker": {
                        "color": _COLOURS[n % len(_COLOURS)],
                        "symbol": _SIGNS[(n // len(_COLOURS) + n) % len(_SIGNS)],
                        "size": 8 if solid else 5,
                        "opacity": 0.9 if solid else 0.28,
                    },
                    "hovertemplate": f"{title}, {'held out' if solid else 'learned from'}<extra></extra>",
                }
            )
    axis = {"showticklabels": False, "showgrid": False, "zeroline": False, "showline": False, "title": {"text": ""}}
    layout = {
        "xaxis": axis,
        "yaxis": {**axis, "scaleanchor": "x"},
        "showlegend": len(classes) <= 20,
        "legend": {"orientation": "h", "y": -0.02, "font": {"size": 12}, "itemsizing": "constant"},
        "dragmode": "lasso",
        "uirevision": key,
        "margin": {"l": 4, "r": 4, "t": 4, "b": 4},
    }
    return {"data": traces, "layout": layout}
