"""ROC and precision-recall curves with their areas. A click on a point shows what it costs."""

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from components.charts.rates import rates
from components.escape import as_markdown, shown
from components.guard import guarded
from components.numbers import percent, plural
from components.plot import plot
from components.results.clicks import clicked
from components.results.decided import probabilities
from components.results.gallery import gallery
from components.results.report import Report
from core.evaluation import thresholds
from core.evaluation.curves import curves as curves_of
from core.exports.wording import area_method, number, span

Point = tuple[str, float]  # a class, and the probability from which on it is called


@st.fragment
@guarded()
def show(report: Report) -> None:
    """Both curves, or why there are none, and the pictures of the point that was clicked."""
    curves, one = report.best.get("curves") or {}, None
    if not any(curves.values()):
        st.caption(_without(report))
        one, curves = _of_one(report)
        if not any(curves.values()):
            return
    left, right = st.columns(2, gap="large")
    place = f"rates-{report.run.id}-{report.kept}"
    for column, kind, title, area in (
        (left, "roc", "Found against false alarms", "auc"),
        (right, "pr", "Right when named against found", "average_precision"),
    ):
        with column:
            st.subheader(title)
            words = _area(report, area, one)
            figure = rates(curves, kind, report.classes_as_named)
            result = plot(figure, title=title, text=words, key=f"rates-{kind}", height=340)
            st.caption(f"{_area(report, area, one, as_markdown)} A click on the line shows the mistakes of that point.")
        if (custom := clicked(result)) is not None:
            st.session_state[place] = list(curves)[int(custom[0])], float(custom[1])
    if place in st.session_state and st.session_state[place][0] in curves:
        _at(report, st.session_state[place])


def _without(report: Report) -> str:
    """Why there are no curves, and what there is instead."""
    if report.best.get("auc") is None:
        return f"No curves: these {report.split_name} {report.unit}s hold nothing to tell apart."
    return (
        f"Curves of {len(report.classes):,} classes could not be told apart, so one class at a time is drawn; the "
        f"areas of each stand in the table. {_area(report, 'auc')} {_area(report, 'average_precision')}"
    )


def _of_one(report: Report) -> tuple[int | None, dict[str, Any]]:
    """One of many classes, as people choose, and its curves by its name; both empty where nothing can be drawn."""
    cases = report.cases
    if report.best.get("auc") is None or cases is None or report.no_cases:
        return None, {}
    place = st.selectbox(
        "Curves of class",
        range(len(cases.classes)),
        format_func=lambda k: shown(cases.classes[k]),
        key=f"rates-class-{report.run.id}",
    )
    scores = cases.probabilities[report.kept][report.rows, place].astype(np.float32)
    found = curves_of(scores, cases.labels[report.rows] == place)
    if found is None:
        st.caption(f"None of the {report.split_name} {report.unit}s is of this class, so it has no curve.")
    return place, {cases.classes[place]: found}


def _area(report: Report, key: str, one: int | None = None, written: Callable[[str], str] = shown) -> str:
    """The area: of `one` class, else of the second of two, else the mean over classes (in older runs no interval).

    The class is named as `written` has it.
    """
    found, classes = (report.best, len(report.classes)) if one is None else (report.best["per_class"][one], 2)
    name = "Area under the ROC curve" if key == "auc" else "Average precision"
    whose = written(report.classes_as_named[-1 if one is None else one])
    name += ", the mean over classes" if classes > 2 else f" of {whose}"
    value, bounds = found.get(key), found.get(f"{key}_interval")
    method = area_method(key, classes)
    spread = f", likely {span(bounds)} (95 %, {method})" if bounds else ""
    spread = spread or (" (no interval; each class has its own)" if classes > 2 else "")
    return f"{name}: {number(value)}{spread}. 1 is perfect."


def _at(report: Report, point: Point) -> None:
    """What calling everything from the point on by its class misses, and what it takes for it."""
    cases, (name, share) = report.cases, point
    if cases is None or name not in report.classes_as_named:
        return
    place = report.classes_as_named.index(name)
    # The curves were drawn from float32, which nine written digits bring back.
    values = cases.probabilities[report.kept][report.rows, place].astype(np.float32)
    called, truth = values >= np.float32(share), cases.labels[report.rows] == place
    as_shown = probabilities(report)[:, place]
    line = place, _dividing(as_shown, called)
    order = np.argsort(as_shown, kind="stable")
    missed, alarms = order[(truth & ~called)[order]], order[(~truth & called)[order]][::-1]
    title = as_markdown(shown(name))
    with st.container(horizontal=True, vertical_alignment="center"):
        if np.array_equal(as_shown >= line[1], called):
            st.markdown(f"**Called {title} from {percent(line[1], 2)} on**", width="content")
            _line(report, name, line[1])
        else:  # a temperature reorders several classes' probabilities, and no line on the new ones is at this point
            st.markdown(f"**Called {title} from {percent(share, 2)} on, before calibration**", width="content")
    most = 4 if report.is_text else 6
    for column, words, rows, key in zip(
        st.columns(2, gap="large"),
        (f"{title} missed", "Called so, though it is not"),
        (missed, alarms),
        ("rates-missed", "rates-alarms"),
        strict=True,
    ):
        with column:
            st.markdown(f"{words}: {plural(len(rows), report.unit)}")
            gallery(report, report.rows[rows], key, most=most, line=line)


def _line(report: Report, name: str, share: float) -> None:
    """Draw the line at the point; not at one of the test split, which takes part in no choice."""
    if report.split == "test":
        st.caption(f"The line is drawn on held-out {report.unit}s: see “Where to draw the line”.")
    elif st.button("Draw the line here", key="rates-line", icon=":material/target:"):
        report.run.write_notes(threshold={"class": name, "value": share})
        st.rerun()


def _dividing(scores: np.ndarray, called: np.ndarray) -> float:
    """The line on `scores`, float (N,), that calls a class where `called`, bool (N,), says so; the lowest of them."""
    return thresholds.just_below(scores, float(scores[called].min())) if called.any() else 1.0
