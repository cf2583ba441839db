"""Charts of the report as plain Plotly figures: blue is frozen, orange is thawed, as everywhere in Thaw."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

from core.best_epoch import best_epoch
from core.evaluation.confusions import most_confused
from core.exports.wording import number
from core.palette import CLASSES, of_class

Figure = dict[str, Any]
BLUE, ORANGE, GREY = "#2b6cb0", "#dd6b20", "#718096"
_PHASES = {1: BLUE, 2: ORANGE}
_SHARES = {"tickformat": ".0%", "range": [-0.01, 1.01]}
_DASHES = ("solid", "dash", "longdashdot")  # dots are chance


def learning(epochs: Sequence[dict[str, Any]], measure: str) -> Figure:
    """Loss or accuracy of both phases on one axis of epochs, with a ring around the epoch whose model each keeps."""
    traces, edge = [], max((e["epoch"] for e in epochs if e["phase"] == 1), default=0)
    for phase, colour in _PHASES.items():
        mine = [e for e in epochs if e["phase"] == phase]
        for name, key, dash in (("held out", f"val_{measure}", "solid"), ("training", measure, "dot")):
            if mine:
                traces.append(
                    {
                        **{"type": "scatter", "mode": "lines+markers", "name": f"{name}, phase {phase}"},
                        **{"x": [e["epoch"] for e in mine], "y": [e[key] for e in mine]},
                        "line": {"color": colour, "dash": dash, "width": 3 if dash == "solid" else 1.5},
                    }
                )
        traces += [_ring(kept, measure, colour) for kept in best_epoch(mine, phase)]
    shapes = [_band(0, edge, BLUE)] if edge else []
    if any(e["phase"] == 2 for e in epochs):
        shapes.append(_band(edge, max(e["epoch"] for e in epochs), ORANGE))
    axis = {"tickformat": ".0%"} if measure == "accuracy" else {"rangemode": "tozero"}
    return _figure(traces, "epoch", measure, shapes=shapes, yaxis=axis)


def _ring(epoch: Mapping[str, Any], measure: str, colour: str) -> Figure:
    marker = {"symbol": "circle-open", "size": 15, "color": colour, "line": {"width": 2}}
    place = {"x": [epoch["epoch"]], "y": [epoch.get(f"val_{measure}")]}
    return {"type": "scatter", "mode": "markers", **place, "marker": marker, "hoverinfo": "skip", "showlegend": False}


def confusion(rows: Sequence[Sequence[int]], classes: Sequence[str]) -> Figure:
    """Rows true, columns predicted; colour is the share of the row, text the count. Of many classes the worst 50."""
    picked = most_confused(rows)
    names = [_label(classes[i]) for i in picked]
    totals = [max(1, sum(rows[i])) for i in picked]
    counts = [[rows[i][j] for j in picked] for i in picked]
    shares = [[n / total for n in row] for row, total in zip(counts, totals, strict=True)]
    places = list(range(len(names)))  # long names may begin alike, and Plotly takes equal ones for one
    trace = {
        **{"type": "heatmap", "z": shares, "x": places, "y": places, "showscale": False, "zmin": 0, "zmax": 1},
        "colorscale": [[0, "#ffffff"], [1, BLUE]],
        "text": [[str(n) for n in row] for row in counts],
        "texttemplate": "%{text}" if len(names) <= 20 else "",
        "hovertemplate": "%{y}, called %{x}: %{text}<extra></extra>",
    }
    axis = {"tickvals": places, "ticktext": names, "automargin": True}
    down = {**axis, "autorange": "reversed", "title": {"text": "true class", "standoff": 8}}  # clear of long names
    height = max(420, 120 + 15 * len(names))
    return _figure([trace], "called", "true class", xaxis=axis, yaxis=down, height=height)


def roc(curves: dict[str, Any], aucs: dict[str, float | None]) -> Figure:
    """True against false positive rate, each class against the rest."""
    traces: list[Figure] = [
        {
            **{"type": "scatter", "mode": "lines", "x": found["fpr"], "y": found["tpr"]},
            "line": _line(list(aucs).index(name)),
            "name": f"{_label(name)}, area {number(aucs.get(name))}",
        }
        for name, found in curves.items()
        if found
    ]
    traces.append(_diagonal("chance"))
    return _figure(traces, "false alarms", "found", xaxis=_SHARES, yaxis=_SHARES)


def precision_recall(curves: dict[str, Any], areas: dict[str, float | None]) -> Figure:
    """Precision against recall, each class against the rest."""
    traces: list[Figure] = [
        {
            **{"type": "scatter", "mode": "lines", "x": found["recall"], "y": found["precision"]},
            "line": _line(list(areas).index(name)),
            "name": f"{_label(name)}, average {number(areas.get(name))}",
        }
        for name, found in curves.items()
        if found
    ]
    return _figure(traces, "found", "right when named", xaxis=_SHARES, yaxis=_SHARES)


def reliability(by_phase: dict[int, Sequence[dict[str, Any]]]) -> Figure:
    """How often it was right, against how sure it was."""
    traces: list[Figure] = []
    for phase, rows in by_phase.items():
        full = [row for row in rows if row["n"]]
        traces.append(
            {
                **{"type": "scatter", "mode": "lines+markers", "name": f"phase {phase}"},
                **{"x": [row["confidence"] for row in full], "y": [row["accuracy"] for row in full]},
                **{"text": [str(row["n"]) for row in full], "line": {"color": _PHASES[phase], "width": 3}},
                "hovertemplate": "%{x:.0%} sure, %{y:.0%} right, n = %{text}<extra></extra>",
            }
        )
    traces.append(_diagonal("as it should be"))
    return _figure(traces, "sure", "right", xaxis=_SHARES, yaxis=_SHARES)


def _line(place: int) -> Figure:
    """The line of a class by its place: a colour, and dashed where the colours begin anew."""
    return {"color": of_class(place), "dash": _DASHES[place // len(CLASSES) % len(_DASHES)], "width": 2}


def _diagonal(name: str) -> Figure:
    line = {"color": GREY, "dash": "dot", "width": 1}
    return {"type": "scatter", "mode": "lines", "x": [0, 1], "y": [0, 1], "name": name, "line": line}


def _band(start: float, end: float, colour: str) -> Figure:
    place = {"x0": start, "x1": end, "y0": 0, "y1": 1, "xref": "x", "yref": "paper"}
    return {"type": "rect", **place, "fillcolor": colour, "opacity": 0.07, "line": {"width": 0}, "layer": "below"}


def _figure(data: list[Figure], x: str, y: str, height: int = 320, **layout: Any) -> Figure:
    axes = {
        "xaxis": {"title": {"text": x}, **layout.pop("xaxis", {})},
        "yaxis": {"title": {"text": y}, **layout.pop("yaxis", {})},
    }
    look = {
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "inherit", "size": 13},
    }
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom"}  # below, it would meet the axis's title
    hover = {"namelength": -1}  # Plotly would cut names within a sign that is written as an entity
    margin = {"l": 60, "r": 26, "t": 10, "b": 50}  # Plotly leaves a last number out that does not fit
    named = {"showlegend": True, "legend": legend}  # Plotly would hide the name of a single line
    whole = {**axes, **look, **named, "hoverlabel": hover, "margin": margin, "height": height, **layout}
    return {"data": data, "layout": whole}


def _label(name: str) -> str:
    """A class's name, shortened; Plotly takes some HTML for markup, and `%{…}` under the pointer for a value."""
    return html.escape(name if len(name) <= 40 else f"{name[:39]}…", quote=False).replace("%", "&#37;")
