"""ROC and precision-recall curves."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.escape import as_plotly, shortened
from components.plot import Figure
from core.palette import of_class


def rates(curves: Mapping[str, Mapping[str, Sequence[Any]] | None], kind: str, classes: Sequence[str]) -> Figure:
    """Curves of each class against the rest.

    Args:
        curves: by class, `fpr` and `tpr`, `recall` and `precision`; None where there is nothing to tell apart.
        kind: `roc` or `pr`.
        classes: the names in order; each has its own colour.

    A point carries the place of its class among `curves` and its threshold, where the run has noted one.
    """
    across, up = ("fpr", "tpr") if kind == "roc" else ("recall", "precision")
    traces: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "mode": "lines",
            "name": as_plotly(shortened(name)),
            "x": curve[across],
            "y": curve[up],
            "customdata": [[n, t] if t is not None else None for t in curve.get(f"{kind}_threshold", ())],
            "line": {"width": 2.5 if len(curves) == 1 else 1.6, "color": of_class(classes.index(name))},
            "hovertemplate": f"{as_plotly(shortened(name))}<br>%{{x:.1%}}, %{{y:.1%}}<extra></extra>",
        }
        for n, (name, curve) in enumerate(curves.items())
        if curve
    ]
    if kind == "roc":
        chance = {"color": "@text/0.35", "dash": "dot", "width": 1}
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": [0, 1],
                "y": [0, 1],
                "line": chance,
                "hoverinfo": "skip",
                "showlegend": False,
            }
        )
    axis = {"range": [-0.01, 1.01], "tickformat": ".0%", "nticks": 6}
    words = ("false alarms", "found") if kind == "roc" else ("found", "right when named")
    layout = {
        "xaxis": {**axis, "title": {"text": words[0]}},
        "yaxis": {**axis, "title": {"text": words[1]}},
        "showlegend": len(curves) > 1,
        "legend": {**(_ABOVE if len(curves) <= 6 else {}), "font": {"size": 12}},
        "margin": {"l": 48, "r": 40, "t": 14, "b": 44},  # the tools stand beside the corner, not over its points
    }
    return {"data": traces, "layout": layout}


_ABOVE = {"orientation": "h", "y": 1.02, "yanchor": "bottom"}  # a few names: beside the plot they halve it on a phone
