"""Can its probabilities be trusted, and what does it buy to say "none of these" when unsure."""

from typing import Any

import numpy as np
import streamlit as st

from components.charts.calibration import coverage, reliability
from components.facts import Fact, facts
from components.guard import guarded
from components.held import held
from components.numbers import percent, plural
from components.plot import plot
from components.results.clicks import last
from components.results.decided import probabilities, temperature
from components.results.gallery import gallery
from components.results.report import Report
from core.evaluation import abstention, calibration, thresholds


def show(report: Report) -> None:
    """Calibration beside abstention: both are about how sure it is. The temperature moves every figure on the page."""
    if report.cases is None or report.kept not in report.cases.probabilities or not len(report.rows):
        return
    with guarded():
        left, right = st.columns(2, gap="large")
        with left:
            _calibration(report)
        with right:
            _abstention(report)


def _calibration(report: Report) -> None:
    assert report.cases is not None
    st.subheader("Is it as right as it is sure?", help="Of the answers that are 80 % sure, 80 % should be right.")
    found, labels = probabilities(report), report.cases.labels[report.rows]
    bins = calibration.reliability(found, labels)
    ece = calibration.expected_calibration_error(found, labels)
    words = f"Expected calibration error {percent(ece)}: how far sureness and truth lie apart, on average."
    figure = reliability(bins, report.unit)
    result = plot(figure, title="Reliability diagram", text=words, key="reliability", height=300)
    st.caption(f"{words} Fuller bars hold more {report.unit}s; a click on one shows them.")
    _bar(report, found, result)
    fitted = report.held_out.get("temperature")
    if not fitted:
        st.caption(f"Too few held-out {report.unit}s to fit a temperature.")
        return
    value, words = calibration.usable(fitted), _judged(fitted, report.unit)
    if value is None or value == 1:
        tried = fitted.get("fitted", fitted["value"])
        st.caption(f"The fitted temperature, {tried:.2f}, made matters worse, so none is used. {words}")
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
        f"Fitted on {fitted['n_fit']} held-out {unit}s. On the other {fitted['n_judged']} the error goes from "
        f"{percent(fitted['ece_before'])} to {percent(fitted['ece_after'])}, log loss from "
        f"{fitted['loss_before']:.3f} to {fitted['loss_after']:.3f}."
    )


@guarded()
def _switch(report: Report, value: float | None) -> None:
    """Switch the temperature on or off; a threshold that is noted moves along, so that it divides as it did."""
    noted, now = report.run.notes().get("threshold"), temperature(report)
    changes: dict[str, Any] = {"temperature": value}
    if isinstance(noted, dict) and isinstance(noted.get("value"), (int, float)) and 0 <= noted["value"] <= 1:
        changes["threshold"] = _moved(report, noted, now, value)
    report.run.write_notes(**changes)


def _moved(report: Report, noted: dict[str, Any], now: float | None, then: float | None) -> dict[str, Any]:
    """The threshold at the temperature `then` that does as the one noted `now` does; back, it is what it was."""
    was = noted.get("was")
    if isinstance(was, dict) and was.get("temperature") == then and "value" in was:
        return {"class": noted.get("class"), "value": was["value"]}
    value = calibration.moved(float(noted["value"]), (then or 1.0) / (now or 1.0))
    if report.cases is not None and noted.get("class") in report.classes_as_named:
        place, held_out = report.classes_as_named.index(noted["class"]), report.held_out_rows
        plain, truth = report.cases.probabilities[report.kept][held_out], report.cases.labels[held_out] == place
        before, after = (calibration.apply_temperature(plain, t or 1.0)[:, place] for t in (now, then))
        value = thresholds.carried(before, after, truth, float(noted["value"]), value)
    return {"class": noted.get("class"), "value": value, "was": {"temperature": now, "value": noted["value"]}}


def _bar(report: Report, found: np.ndarray, result: Any) -> None:
    """The examples of the bar that was clicked, the wrong ones first."""
    bar = last(result, f"bar-{report.run.id}")
    if bar is None or report.cases is None:
        return
    lower, upper, *_ = map(float, bar)
    sure = found.max(axis=1)
    rows = report.cases.wrong_first(report.kept, report.rows[(sure > lower) & (sure <= upper)])
    st.markdown(f"**{percent(lower, 0)} to {percent(upper, 0)} sure**, wrong first")
    gallery(report, rows, "bar", most=4 if report.is_text else 8)


@st.fragment
@guarded()
def _abstention(report: Report) -> None:
    assert report.cases is not None
    st.subheader("“None of these”", help="Where even its best answer is less sure than this, it gives none.")
    held_out = report.cases.rows("validation")  # a test split takes part in no choice
    found, labels = probabilities(report, held_out), report.cases.labels[held_out]
    noted = report.run.notes().get("abstain")
    share = float(noted) if isinstance(noted, (int, float)) and 0 <= noted <= 1 else 0.0
    now = abstention.at(found, labels, share)
    curve = abstention.coverage_curve(found, labels)
    words = f"{_buys(now, f'held-out {report.unit}s')} A click on the line shows what would be left to people."
    figure = coverage(curve, now)
    result = plot(figure, title="Accuracy against coverage", text=words, key="coverage", height=300)
    if len(test := report.test_rows):
        on_test = abstention.at(probabilities(report, test), report.cases.labels[test], share)
        words += f" {_buys(on_test, f'test {report.unit}s')}"
    st.caption(words)
    key = f"abstain-{report.run.id}"
    st.slider(
        "Give no answer below",
        0.0,
        0.999,
        step=0.001,
        format="percent",
        on_change=guarded()(lambda: report.run.write_notes(abstain=st.session_state[key] or None)),
        **held(key, min(0.999, round(share, 3))),
    )
    if share != min(0.999, round(share, 3)):
        st.caption(f"It lies at {100 * share:.7g} %; the slider shows it rounded.")
    st.html(
        facts(
            [
                Fact(percent(now["coverage"]), "answered"),
                Fact(percent(now["accuracy"]), "right of those"),
                Fact(f"{len(labels) - now['n']:,}", "left to people"),
            ]
        )
    )
    _left(report, held_out, found, last(result, f"coverage-{report.run.id}"), share)


def _buys(row: dict[str, Any], examples: str) -> str:
    return f"Answering {percent(row['coverage'])} of the {examples}, it is right on {percent(row['accuracy'])}."


def _left(report: Report, rows: np.ndarray, found: np.ndarray, share: float | None, now: float) -> None:
    """What goes unanswered from the point on that was clicked, the least sure first."""
    if share is None:
        return
    sure = found.max(axis=1)
    left = np.flatnonzero(sure < share)
    line = thresholds.just_below(sure, share)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plural(len(left), report.unit)} less than {percent(share, 2)} sure**", width="content")
        if line != now:
            st.button(
                "Give no answer to these",
                key="coverage-set",
                icon=":material/block:",
                on_click=guarded()(lambda: report.run.write_notes(abstain=line)),
            )
    gallery(report, rows[left[np.argsort(sure[left])]], "coverage-left", most=4 if report.is_text else 8)
