"""How the answer to a few held-out examples moved through both phases."""

from collections.abc import Sequence
from typing import Any

from components.escape import as_plotly, shortened
from components.plot import Figure

Event = dict[str, Any]


def trajectories(
    rounds: Sequence[Event],
    truths: Sequence[int],
    names: Sequence[str],
    now: int,
    key: str,
    unit: str = "picture",
) -> Figure:
    """A line for each example: the probability of its true class after every epoch.

    Args:
        rounds: rows of kind `samples`, in order of epochs.
        truths: the true class of each of the examples, as an index.
        names: of the examples' classes.
        now: the epoch that the scrubber is at.
        key: zoom is kept while it stays the same.
        unit: what an example is called.

    A point carries the place of its example.
    """
    first = max((event["epoch"] for event in rounds if event["phase"] == 1), default=0)
    last = max((event["epoch"] for event in rounds), default=1)
    traces = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [event["epoch"] for event in rounds],
            "y": [event["probabilities"][n][truth] for event in rounds],
            "customdata": [n] * len(rounds),
            "line": {"color": "@text/0.45", "width": 1.6},
            "hovertemplate": f"{as_plotly(shortened(name))}, {unit} {n + 1}: %{{y:.1%}}<extra></extra>",
        }
        for n, (truth, name) in enumerate(zip(truths, names, strict=True))
    ]
    area = {"type": "rect", "y0": 0, "y1": 1, "yref": "paper", "line": {"width": 0}, "layer": "below"}
    shapes: list[dict[str, Any]] = [{**area, "x0": 0.5, "x1": first + 0.5, "fillcolor": "@blue/0.07"}]
    if last > first:
        shapes.append({**area, "x0": first + 0.5, "x1": last + 0.5, "fillcolor": "@orange/0.09"})
    line = {"color": "@text", "width": 2}
    shapes.append({"type": "line", "x0": now, "x1": now, "y0": 0, "y1": 1, "yref": "paper", "line": line})
    layout = {
        "xaxis": {"range": [0.5, last + 0.5], "title": {"text": "epoch"}, "nticks": 12, "showgrid": False},
        "yaxis": {"range": [-0.02, 1.02], "tickformat": ".0%", "title": {"text": "its true class"}, "nticks": 5},
        "shapes": shapes,
        "annotations": [],
        "showlegend": False,
        "dragmode": False,
        "uirevision": key,
    }
    return {"data": traces, "layout": layout}
