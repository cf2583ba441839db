"""ROC and precision-recall curves, with their areas."""

import streamlit as st

from components.charts.rates import rates
from components.numbers import UNKNOWN
from components.plot import plot
from components.results.report import Report


def show(report: Report) -> None:
    """Both curves, where the run has them."""
    curves = {name: curve for name, curve in (report.best.get("curves") or {}).items() if curve}
    if not curves:
        return
    left, right = st.columns(2, gap="large")
    for place, kind, title, area in (
        (left, "roc", "Found against false alarms", "auc"),
        (right, "pr", "Right when named against found", "average_precision"),
    ):
        with place:
            st.subheader(title)
            words = _area(report, area)
            plot(rates(curves, kind), title=title, text=words, key=f"rates-{kind}", height=340)
            st.caption(words)


def _area(report: Report, key: str) -> str:
    name = "Area under the ROC curve" if key == "auc" else "Average precision"
    value, bounds = report.best.get(key), report.best.get(f"{key}_interval")
    shown = UNKNOWN if value is None else f"{value:.3f}"
    spread = f", likely between {bounds[0]:.3f} and {bounds[1]:.3f}" if bounds else ""
    return f"{name}: {shown}{spread}. 1 is perfect."
