"""Examples as points: those that lie close together look alike to the network."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from components.escape import as_plotly, shortened
from components.plot import Figure
from core.evaluation.insight import Map
from core.palette import CLASSES, of_class

# Classes are told apart by sign as well as by colour.
_SIGNS = ("circle", "diamond", "square", "triangle-up", "cross", "x", "star", "triangle-down")
_SPLITS = {  # split: what it is called, size, opacity, width of the ring
    "train": ("learned from", 5, 0.28, 0),
    "validation": ("held out", 8, 0.9, 0),
    "test": ("test split", 8, 0.9, 1.5),
}


def embedding(points: Map, classes: Sequence[str], key: str) -> Figure:
    """One cloud for each class: held-out points are solid, test ones have a ring, those learned from are faint.

    Args:
        points: up to some thousands; drawn by WebGL.
        classes: the names in order.
        key: zoom is kept while it stays the same.
    """
    labels, splits = np.array(points.labels, object), np.array(points.splits, object)
    traces: list[dict[str, Any]] = []
    for n, name in enumerate(classes):
        title = as_plotly(shortened(name))
        of_split = {s: rows for s in _SPLITS if len(rows := np.flatnonzero((labels == name) & (splits == s)))}
        for split, rows in of_split.items():
            kind, size, opacity, ring = _SPLITS[split]
            traces.append(
                {
                    "type": "scattergl",
                    "mode": "markers",
                    "name": title,
                    "legendgroup": str(n),
                    "showlegend": split == list(of_split)[-1],  # what is best seen
                    "x": points.x[rows].round(3).tolist(),
                    "y": points.y[rows].round(3).tolist(),
                    "customdata": rows.tolist(),
                    "marker": {
                        "color": of_class(n),
                        "symbol": _SIGNS[(n // len(CLASSES) + n) % len(_SIGNS)],
                        "size": size,
                        "opacity": opacity,
                        "line": {"width": ring, "color": "@text"},
                    },
                    "hovertemplate": f"{title}, {kind}<extra></extra>",
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
