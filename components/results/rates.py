"""ROC and precision-recall curves with their areas. A click on a point shows what it costs."""

import numpy as np
import streamlit as st

from components.charts.rates import rates
from components.escape import as_markdown, shown
from components.guard import guarded
from components.numbers import UNKNOWN, percent, plural
from components.plot import plot
from components.results.clicks import clicked
from components.results.decided import probabilities
from components.results.gallery import gallery
from components.results.report import Report
from core.evaluation import thresholds
from core.exports.wording import area_method

Point = tuple[str, float]  # a class, and the probability from which on it is called


@st.fragment
@guarded()
def show(report: Report) -> None:
    """Both curves, or why there are none, and the pictures of the point that was clicked."""
    curves = report.best.get("curves") or {}
    if not any(curves.values()):
        st.caption(_without(report))
        return
    left, right = st.columns(2, gap="large")
    place = f"rates-{report.run.id}-{report.kept}"
    for column, kind, title, area in (
        (left, "roc", "Found against false alarms", "auc"),
        (right, "pr", "Right when named against found", "average_precision"),
    ):
        with column:
            st.subheader(title)
            words = _area(report, area)
            result = plot(rates(curves, kind), title=title, text=words, key=f"rates-{kind}", height=340)
            st.caption(f"{words} A click on the line shows the mistakes of that point.")
        if (custom := clicked(result)) is not None:
            st.session_state[place] = list(curves)[int(custom[0])], float(custom[1])
    if place in st.session_state:
        _at(report, st.session_state[place])


def _without(report: Report) -> str:
    """Why there are no curves, and what there is instead."""
    if report.best.get("auc") is None:
        return f"No curves: these {report.split_name} {report.unit}s hold nothing to tell apart."
    return (
        f"Curves of {len(report.classes):,} classes could not be told apart, so none are drawn; the areas of each "
        f"stand in the table. {_area(report, 'auc')} {_area(report, 'average_precision')}"
    )


def _area(report: Report, key: str) -> str:
    """The area: of the second of two classes, else the mean over classes, which had no interval in older runs."""
    name = "Area under the ROC curve" if key == "auc" else "Average precision"
    name += ", the mean over classes" if len(report.classes) > 2 else ""
    value, bounds = report.best.get(key), report.best.get(f"{key}_interval")
    shown = UNKNOWN if value is None else f"{value:.3f}"
    method = area_method(key, len(report.classes))
    spread = f", likely between {bounds[0]:.3f} and {bounds[1]:.3f} (95 %, {method})" if bounds else ""
    spread = spread or (" (no interval; each class has its own)" if len(report.classes) > 2 else "")
    return f"{name}: {shown}{spread}. 1 is perfect."


def _at(report: Report, point: Point) -> None:
    """What calling everything from the point on by its class misses, and what it takes for it."""
    cases, (name, share) = report.cases, point
    if cases is None or name not in report.classes_as_named:
        return
    place = report.classes_as_named.index(name)
    # The curves were drawn from float32, which nine written digits bring back.
    values = cases.probabilities[report.kept][report.rows, place].astype(np.float32)
    called, truth = values >= np.float32(share), cases.labels[report.rows] == place
    line = place, _decided(report, place, called)
    order = np.argsort(values, kind="stable")
    missed, alarms = order[(truth & ~called)[order]], order[(~truth & called)[order]][::-1]
    title = as_markdown(shown(name))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Called {title} from {percent(share, 2)} on**", width="content")
        if np.array_equal(probabilities(report)[:, place] >= line[1], called):  # a temperature may reorder several
            _line(report, name, line[1])
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


def _decided(report: Report, place: int, called: np.ndarray) -> float:
    """The line among probabilities as predictions give them that calls a class where `called`, bool (N,), says so."""
    scores = probabilities(report)[:, place]
    return thresholds.just_below(scores, float(scores[called].min())) if called.any() else 1.0
