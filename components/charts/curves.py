"""Loss and accuracy over both phases on one axis of epochs."""

from collections.abc import Sequence
from typing import Any, Literal

from components.numbers import percent
from components.plot import Figure
from core.best_epoch import best_epoch

Event = dict[str, Any]
Measure = Literal["loss", "accuracy"]
_COLOURS = {1: "@blue", 2: "@orange"}  # frozen, thawed
_MARKED = 60  # epochs; of more, markers run into each other and take long to draw


def curves(events: Sequence[Event], measure: Measure, epochs: Sequence[int], key: str, way: str = "thawed") -> Figure:
    """The curve of one measure.

    Args:
        events: rows of kind `epoch` and `batch`, in order.
        measure: which one to draw.
        epochs: planned epochs of phase 1 and of phase 2.
        key: which run this is; zoom is kept while it stays the same.
        way: how the backbone adapts in phase 2, in a word.
    """
    rows = [e for e in events if e["kind"] == "epoch"]
    traces = [_line(rows, phase, split, measure) for phase in (1, 2) for split in ("train", "held out")]
    traces += [_best(rows, phase, measure) for phase in (1, 2)]
    traces += [_batches(events, phase, measure) for phase in (1, 2)]
    first = _boundary(rows, epochs)
    last = max([sum(epochs), *(row["epoch"] for row in rows)])
    return {"data": traces, "layout": _layout(measure, first, last, key, any(t["x"] for t in traces), way)}


def _line(rows: Sequence[Event], phase: int, split: str, measure: Measure) -> dict[str, Any]:
    held = split == "held out"
    name = f"val_{measure}" if held else measure
    mine = [row for row in rows if row["phase"] == phase and row.get(name) is not None]
    return {
        "type": "scatter",
        "mode": "lines+markers" if len(mine) <= _MARKED else "lines",
        "name": f"{split}, phase {phase}",
        "x": [row["epoch"] for row in mine],
        "y": [row[name] for row in mine],
        "line": {"color": _COLOURS[phase], "width": 3.5 if held else 1.8, "dash": "solid" if held else "dot"},
        "marker": {"size": 7 if held else 4, "color": _COLOURS[phase]},
        "hovertemplate": f"epoch %{{x}}<br>{split} %{{y:{_digits(measure)}}}<extra></extra>",
        "showlegend": False,
    }


def _best(rows: Sequence[Event], phase: int, measure: Measure) -> dict[str, Any]:
    """A ring around the epoch whose model the phase keeps."""
    best = best_epoch(rows, phase)
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [row["epoch"] for row in best],
        "y": [row.get(f"val_{measure}") for row in best],
        "marker": {"symbol": "circle-open", "size": 16, "color": _COLOURS[phase], "line": {"width": 2}},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _batches(events: Sequence[Event], phase: int, measure: Measure) -> dict[str, Any]:
    """The running average within the epoch that is going on."""
    ended = max((e["epoch"] for e in events if e["kind"] == "epoch"), default=0)
    mine = [
        e
        for e in events
        if e["kind"] == "batch" and e["phase"] == phase and e["epoch"] > ended and e.get(measure) is not None
    ]
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [e["epoch"] - 1 + e["step"] / max(1, e["steps"]) for e in mine],
        "y": [e[measure] for e in mine],
        "line": {"color": f"{_COLOURS[phase]}/0.55", "width": 1.5},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _boundary(rows: Sequence[Event], epochs: Sequence[int]) -> float:
    """Where phase 2 begins: after the last epoch of phase 1, which may have ended early."""
    first = [row["epoch"] for row in rows if row["phase"] == 1]
    begun = any(row["phase"] == 2 for row in rows)
    return float(max(first, default=0)) if begun else float(max([epochs[0], *first]))


def _digits(measure: Measure) -> str:
    return ".1%" if measure == "accuracy" else ".3f"


def _layout(measure: Measure, first: float, last: float, key: str, known: bool, way: str) -> dict[str, Any]:
    end = max(last, first, 1) + 0.35
    shapes = [_tint(0, first, "@blue/0.07")]
    notes = [_note(0, "phase 1, frozen", "@blue-text")]
    if last > first:
        shapes += [_tint(first, end, "@orange/0.09"), _edge(first)]
        notes.append(_note(first, f"phase 2, {way}", "@orange-text"))
    yaxis: dict[str, Any] = {"tickformat": ".0%" if measure == "accuracy" else "", "nticks": 6, "rangemode": "normal"}
    if measure == "loss":
        yaxis["rangemode"] = "tozero"
    if not known:
        yaxis["range"] = [0, 1]
    return {
        "xaxis": {
            "range": [0, end],
            "title": {"text": "epoch", "font": {"size": 13}, "standoff": 6},
            "nticks": 12,
            "showgrid": False,
        },
        "yaxis": yaxis,
        "shapes": shapes,
        "annotations": notes,
        "uirevision": key,
        "hovermode": "x unified",
        "margin": {"l": 52, "r": 10, "t": 26, "b": 44},
    }


def _tint(start: float, end: float, colour: str) -> dict[str, Any]:
    area = {"x0": start, "x1": end, "y0": 0, "y1": 1, "xref": "x", "yref": "paper"}
    return {"type": "rect", **area, "fillcolor": colour, "line": {"width": 0}, "layer": "below"}


def _edge(at: float) -> dict[str, Any]:
    line = {"color": "@orange", "width": 1.5, "dash": "dash"}
    return {"type": "line", "x0": at, "x1": at, "y0": 0, "y1": 1, "xref": "x", "yref": "paper", "line": line}


def _note(at: float, text: str, colour: str) -> dict[str, Any]:
    place = {"x": at, "y": 1, "xref": "x", "yref": "paper", "xanchor": "left", "yanchor": "bottom"}
    return {**place, "text": text, "showarrow": False, "font": {"size": 13, "color": colour}}


def in_words(events: Sequence[Event], measure: Measure) -> str:
    """The curve in a sentence or two."""
    rows = [e for e in events if e["kind"] == "epoch"]
    if not rows:
        return f"No epoch has ended yet, so there is no {measure} to tell."
    said = []
    for phase in (1, 2):
        mine = [row for row in rows if row["phase"] == phase and row.get(f"val_{measure}") is not None]
        if mine:
            first, last = (_value(mine[i][f"val_{measure}"], measure) for i in (0, -1))
            said.append(
                f"Phase {phase}, epochs {mine[0]['epoch']} to {mine[-1]['epoch']}: "
                f"held-out {measure} went from {first} to {last}"
                + "".join(f"; the lowest held-out loss was in epoch {row['epoch']}" for row in best_epoch(rows, phase))
                + "."
            )
    return " ".join(said)


def _value(number: float, measure: Measure) -> str:
    return percent(number) if measure == "accuracy" else f"{number:.3f}"
