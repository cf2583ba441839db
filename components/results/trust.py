"""Can its probabilities be trusted."""

from typing import Any

import numpy as np
import streamlit as st

from components.charts.calibration import reliability
from components.guard import guarded
from components.held import held
from components.numbers import percent
from components.plot import plot
from components.results import abstain
from components.results.clicks import last
from components.results.decided import cases_as_shown, probabilities, temperature
from components.results.gallery import gallery
from components.results.report import Report
from core.evaluation import calibration, temperature_moves


def show(report: Report) -> None:
    """Calibration beside abstention: both are about how sure it is.

    Not a fragment: the temperature moves every probability that the page shows, and the line and the share with it.
    Log loss, curves and areas stay those of the model itself.
    """
    if report.cases is None or report.kept not in report.cases.probabilities or not len(report.rows):
        return
    with guarded():
        left, right = st.columns(2, gap="large")
        with left:
            _calibration(report)
        with right:
            abstain.show(report)


def _calibration(report: Report) -> None:
    assert report.cases is not None
    st.subheader("Is it as right as it is sure?", help="Of the answers that are 80 % sure, 80 % should be right.")
    found, labels = probabilities(report), report.cases.labels[report.rows]
    bins = calibration.reliability(found, labels)
    ece = calibration.expected_calibration_error(found, labels)
    words = f"Expected calibration error {percent(ece)}: how far sureness and truth lie apart, on average."
    figure = reliability(bins, report.unit)
    result = plot(figure, title="Reliability diagram", text=words, key="reliability", height=300)
    st.caption(f"{words} The number on a bar is how many {report.unit}s it holds; a click shows them.")
    _bar(report, found, result)
    fitted = report.held_out.get("temperature")
    if not fitted:
        st.caption(f"Too few held-out {report.unit}s to fit a temperature.")
        return
    value, words = calibration.usable(fitted), _judged(fitted, report.unit)
    if value is None or value == 1:
        tried = fitted.get("fitted", fitted["value"])
        st.caption(f"The fitted temperature, {tried:.2f}, did not help, so none is used. {words}")
        if temperature(report) is None:
            return
        value = temperature(report)  # one from elsewhere: it can still be switched off
    key = f"temperature-{report.run.id}"
    st.toggle(
        f"Use the fitted temperature, {value:.2f}",
        help="One number that makes all answers less or more sure and changes none of them. Predictions use it too.",
        on_change=guarded()(lambda: _switch(report, value if st.session_state[key] else None)),
        **held(key, temperature(report) is not None),
    )
    st.caption(words)


def _judged(fitted: dict[str, Any], unit: str) -> str:
    """What a temperature did to the half that judged it."""
    return (
        f"Fitted on {fitted['n_fit']:,} held-out {unit}s. On the other {fitted['n_judged']:,} the error goes from "
        f"{percent(fitted['ece_before'])} to {percent(fitted['ece_after'])}, log loss from "
        f"{_told_apart(fitted['loss_before'], fitted['loss_after'])}."
    )


def _told_apart(before: float, after: float) -> str:
    """Two numbers with three digits, or with as many as show that they differ, six at most."""
    pairs = [f"{before:.{digits}f} to {after:.{digits}f}" for digits in range(3, 7)]
    return next((pair for pair in pairs if len(set(pair.split(" to "))) > 1), pairs[0])


@guarded()
def _switch(report: Report, value: float | None) -> None:
    """Switch the temperature on or off; a line and a share that are noted move along, so that they divide as before."""
    assert report.cases is not None
    notes, now, rows = report.run.notes(), temperature(report), report.held_out_rows
    p, labels = report.cases.probabilities[report.kept][rows], report.cases.labels[rows]
    changes = temperature_moves.moved_along(notes, report.classes_as_named, p, labels, now, value)
    report.run.write_notes(**changes, temperature=value)


def _bar(report: Report, found: np.ndarray, result: Any) -> None:
    """The examples of the bar that was clicked, the wrong ones first."""
    bar = last(result, f"bar-{report.run.id}")
    if bar is None or report.cases is None:
        return
    lower, upper, *_ = map(float, bar)
    sure = found.max(axis=1)
    rows = cases_as_shown(report).wrong_first(report.kept, report.rows[(sure > lower) & (sure <= upper)])
    st.markdown(f"**{percent(lower, 0)} to {percent(upper, 0)} sure**, wrong first")
    gallery(report, rows, "bar", most=4 if report.is_text else 8)
