"""The reliability diagram, and accuracy against coverage."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.plot import Figure


def reliability(bins: Sequence[Mapping[str, Any]], unit: str = "picture") -> Figure:
    """How often answers are right against how sure they are; on the dotted line both agree.

    Args:
        bins: rows of `core.evaluation.calibration.reliability`.
        unit: what an example is called.
    """
    known = [row for row in bins if row["n"]]
    most = max((row["n"] for row in known), default=1)
    right = "%{customdata[4]:.1%} right<extra></extra>"
    place: dict[str, Any] = {
        "type": "bar",
        "x": [(row["lower"] + row["upper"]) / 2 for row in known],
        "width": [0.9 * (row["upper"] - row["lower"]) for row in known],
        "customdata": [[row[k] for k in ("lower", "upper", "n", "confidence", "accuracy")] for row in known],
        "hovertemplate": f"%{{customdata[2]}} {unit}s, %{{customdata[3]:.1%}} sure<br>{right}",
    }
    colours = [f"@primary%{0.25 + 0.75 * (row['n'] / most) ** 0.5:.2f}" for row in known]
    bars = {
        **place,
        "y": [row["accuracy"] for row in known],
        "marker": {"color": colours},
        "text": [f"{row['n']:,}" for row in known],
        "textposition": "auto",
        "textangle": 0,
        "constraintext": "none",
    }
    # A bar that is never right has no height: what can be clicked is the whole place of it.
    places = {**place, "y": [1] * len(known), "marker": {"color": "@text/0.05"}}
    line = {"color": "@text/0.5", "dash": "dot", "width": 1.5}
    even = {"type": "scatter", "mode": "lines", "x": [0, 1], "y": [0, 1], "line": line, "hoverinfo": "skip"}
    axis = {"tickformat": ".0%", "nticks": 6}
    layout = {
        "xaxis": {**axis, "range": [0, 1], "title": {"text": "how sure"}, "showgrid": False},
        "yaxis": {**axis, "range": [0, 1.02], "title": {"text": "how often right"}},
        "barmode": "overlay",
        "showlegend": False,
        "dragmode": False,
    }
    return {"data": [bars, places, even], "layout": layout}


def coverage(curve: Sequence[Mapping[str, float]], chosen: Mapping[str, Any] | None) -> Figure:
    """Accuracy among what is answered, against how much is answered.

    Args:
        curve: rows of `core.evaluation.abstention.coverage_curve`.
        chosen: the point in use, as `core.evaluation.abstention.at` gives it.
    """
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": [row["coverage"] for row in curve],
            "y": [row["accuracy"] for row in curve],
            "customdata": [row["share"] for row in curve],
            "line": {"color": "@primary", "width": 2.5},
            "hovertemplate": "answering from %{customdata:.1%} on:<br>%{x:.1%} answered, %{y:.1%} right<extra></extra>",
        }
    ]
    if chosen and chosen["accuracy"] is not None:
        mark = {"size": 13, "color": "@background", "line": {"color": "@primary", "width": 3}}
        point = {"x": [chosen["coverage"]], "y": [chosen["accuracy"]], "marker": mark, "cliponaxis": False}
        traces.append({"type": "scatter", "mode": "markers", "hoverinfo": "skip", **point})
    lowest = min((row["accuracy"] for row in curve), default=0.0)
    lower = lowest - 0.12 * (1.02 - lowest)
    layout = {
        "xaxis": {"tickformat": ".0%", "range": [0, 1.02], "title": {"text": "answered"}, "showgrid": False},
        "yaxis": {"tickformat": ".1~%", "range": [lower, 1 + 0.05 * (1 - lower)], "title": {"text": "right"}},
        "showlegend": False,
        "dragmode": False,
    }
    return {"data": traces, "layout": layout}
