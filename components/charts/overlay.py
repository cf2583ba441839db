"""The held-out curves of several runs, one over the other."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.escape import as_plotly, shortened
from components.plot import Figure

_LINES = ("@primary", "@orange", "@blue", "@green", "@violet", "@red", "@yellow", "@gray")
_SIGNS = ("circle", "square", "diamond", "triangle-up", "x", "cross", "star", "hexagon")


def overlay(runs: Mapping[str, Sequence[Mapping[str, Any]]], measure: str = "val_accuracy") -> Figure:
    """One line for each run; runs are told apart by colour and by sign.

    Args:
        runs: by name, rows of kind `epoch`.
        measure: which of their values is drawn.
    """
    traces = []
    for n, (name, rows) in enumerate(runs.items()):
        mine = [row for row in rows if row.get(measure) is not None]
        label = as_plotly(shortened(name, 32))
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": label,
                "x": [row["epoch"] for row in mine],
                "y": [row[measure] for row in mine],
                "line": {"color": _LINES[n % len(_LINES)], "width": 2.2},
                "marker": {"symbol": _SIGNS[n % len(_SIGNS)], "size": 8},
                "hovertemplate": f"{label}<br>epoch %{{x}}: %{{y:.4~f}}<extra></extra>",
            }
        )
    shares = measure.endswith("accuracy")
    layout = {
        "xaxis": {"title": {"text": "epoch", "font": {"size": 13}, "standoff": 6}, "showgrid": False},
        "yaxis": {"tickformat": ".0%" if shares else ""},
        "showlegend": True,
        "legend": {"orientation": "h", "y": -0.3, "font": {"size": 12}},
        "uirevision": measure,
    }
    return {"data": traces, "layout": layout}


def in_words(runs: Mapping[str, Sequence[Mapping[str, Any]]], measure: str = "val_accuracy") -> str:
    """Where each line ends."""
    ends = [(name, rows[-1].get(measure)) for name, rows in runs.items() if rows]
    said = [
        f"{name}: {value * 100:.1f} %" if "acc" in measure else f"{name}: {value:.3f}" for name, value in ends if value
    ]
    return "At the last epoch. " + "; ".join(said) if said else "None of these runs has ended an epoch."
