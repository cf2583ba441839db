"""Two classes: how probable the one is for pictures of either, and where the threshold cuts."""

from typing import Any

import numpy as np

from components.escape import as_plotly, shortened
from components.plot import Figure

_BINS = 40


def scores(
    positive_scores: np.ndarray, negative_scores: np.ndarray, names: tuple[str, str], threshold: float
) -> Figure:
    """Counts of both classes over the probability of the first.

    Args:
        positive_scores: float (P,), of examples that are of the class.
        negative_scores: float (N,), of all others.
        names: of the class, and of the other.
        threshold: 0 to 1.

    A bar carries how many it holds, between which probabilities, and 0 for the class or 1 for the other.
    """
    edges = np.linspace(0, 1, _BINS + 1)
    middle = ((edges[:-1] + edges[1:]) / 2).round(4).tolist()
    looks = (("@primary%0.9", 1, positive_scores), ("@text%0.28", -1, negative_scores))
    traces: list[dict[str, Any]] = []
    for side, (name, (colour, sign, values)) in enumerate(zip(names, looks, strict=True)):
        counts = np.histogram(values, edges)[0]
        traces.append(
            {
                "type": "bar",
                "name": as_plotly(shortened(name)),
                "x": middle,
                "y": (sign * np.sqrt(counts)).tolist(),  # the square root keeps a single picture visible
                "customdata": [[int(n), *edges[k : k + 2].tolist(), side] for k, n in enumerate(counts)],
                "marker": {"color": colour},
                "hovertemplate": f"{as_plotly(shortened(name))}: %{{customdata[0]}}<extra></extra>",
            }
        )
    line = {"color": "@text", "width": 2}
    layout = {
        "barmode": "relative",
        "bargap": 0.08,
        "xaxis": {"range": [-0.01, 1.01], "tickformat": ".0%", "nticks": 6, "showgrid": False},
        "yaxis": {"showticklabels": False, "showgrid": False, "zeroline": True},
        "shapes": [{"type": "line", "x0": threshold, "x1": threshold, "y0": 0, "y1": 1, "yref": "paper", "line": line}],
        "annotations": [],
        "showlegend": True,
        "legend": {"orientation": "h", "y": 1.16, "font": {"size": 12}},
        "dragmode": False,
        "margin": {"l": 10, "r": 10, "t": 26, "b": 34},
    }
    return {"data": traces, "layout": layout}
