"""Two classes: from which probability on an answer is given, and what that costs and buys.

The line is chosen on held-out examples, also where there is a test split: what a test took part in, it cannot judge.
"""

import numpy as np
import streamlit as st

from components.charts.matrix import matrix
from components.charts.scores import scores
from components.escape import as_markdown
from components.facts import Fact, facts
from components.guard import guarded
from components.held import held
from components.numbers import interval, percent, plural
from components.plot import plot
from components.results.clicks import clicked
from components.results.decided import probabilities
from components.results.gallery import gallery
from components.results.report import Report
from core.evaluation import thresholds

# A bar between two probabilities or, without them, a cell: 0 for the class or 1 for the other, and the answer.
Picked = tuple[float | None, float | None, int, int | None]

_GOAL = 0.95
_SHARES = (
    ("sensitivity", "sensitivity", "Of those that are {0}, the share that is called so."),
    ("specificity", "specificity", "Of those that are {1}, the share that is called so."),
    ("ppv", "right when “{0}”", "Positive predictive value: of those called {0}, the share that is."),
    ("npv", "right when “{1}”", "Negative predictive value: of those called {1}, the share that is."),
)


@st.fragment
@guarded()
def show(report: Report) -> None:
    """The slider, and everything that it moves."""
    if len(report.classes) != 2 or report.cases is None:
        return
    with guarded():
        _section(report)


def _section(report: Report) -> None:
    st.subheader("Where to draw the line", help="Which mistakes weigh more is yours to say; this is where you say it.")
    positive, value = _chosen(report)
    name, other = report.classes[positive], report.classes[1 - positive]
    found, truth = _scored(report, positive, _held_out(report))
    left, right = st.columns([3, 2], gap="large")
    with left:
        _slider(report, positive, value)
        figure = scores(found[truth], found[~truth], (name, other), value)
        words = f"Probability of {name}: {name} above the line, {other} below it."
        bars = plot(figure, title=f"Probability of {name}", text=words, key="threshold-scores", height=210)
        _buttons(report, positive)
    row = thresholds.at(found, truth, value)
    with right:
        cells = [[row["tp"], row["fn"]], [row["fp"], row["tn"]]]
        words = f"{row['tp']} {name} found, {row['fn']} missed, {row['fp']} false alarms, {row['tn']} rightly {other}."
        figure = matrix(cells, [name, other], False, report.unit)
        crossed = plot(figure, title="At this line", text=words, key="threshold-matrix", height=270)
    st.html(facts([_fact(row, key, label, help, (name, other)) for key, label, help in _SHARES]))
    n = f"{len(truth):,} held-out {report.unit}s"
    st.caption(
        f"On {n}. In the hover, the exact 95 % interval. The line is kept with the run: every prediction uses it. "
        f"A click on a bar or a cell shows its {report.unit}s."
    )
    if report.split == "test" and len(report.rows):
        st.caption(_on_test(report, positive, value))
    place = f"line-{report.run.id}-{report.kept}-{positive}"
    if (cell := clicked(crossed)) is not None:
        st.session_state[place] = None, None, cell[0], cell[1]
    if (bar := clicked(bars)) is not None:
        st.session_state[place] = bar[1], bar[2], bar[3], None
    if place in st.session_state:
        _examples(report, (found, truth), value, st.session_state[place])


def _examples(report: Report, scored: tuple[np.ndarray, np.ndarray], value: float, picked: Picked) -> None:
    """The examples of the bar or the cell that was clicked, those nearest to the line first."""
    (found, truth), (lower, upper, side, answer) = scored, picked
    positive = _chosen(report)[0]
    names = [as_markdown(report.classes[k]) for k in (positive, 1 - positive)]
    inside = truth if side == 0 else ~truth
    if lower is None or upper is None:
        inside = inside & ((found >= value) == (answer == 0))
        words = f"{names[side]} called {names[answer or 0]}" if answer != side else f"{names[side]}, rightly so called"
    else:
        inside = inside & (found >= lower) & ((found < upper) | (upper == 1))
        words = f"{names[side]} with {interval((lower, upper))} for {names[0]}"
    rows = np.flatnonzero(inside)
    st.markdown(f"**{words}**: {plural(len(rows), report.unit)}")
    rows = rows[np.argsort(np.abs(found[rows] - value), kind="stable")]
    gallery(report, _held_out(report)[rows], "line", most=4 if report.is_text else 7, line=(positive, value))


def _on_test(report: Report, positive: int, value: float) -> str:
    """What the line does on the test split, which did not choose it."""
    row = thresholds.at(*_scored(report, positive, report.rows), value)
    sensitivity, specificity = (
        f"{key} {percent(row[key])}, likely {interval(row[f'{key}_interval'])}"
        for key in ("sensitivity", "specificity")
    )
    return f"On the {len(report.rows):,} test {report.unit}s, which choose nothing: {sensitivity}; {specificity}."


def _chosen(report: Report) -> tuple[int, float]:
    """The class and the threshold that are noted; else the second class, at one half."""
    noted = report.run.notes().get("threshold")
    if isinstance(noted, dict) and noted.get("class") in report.classes_as_named:
        value = noted.get("value")
        if isinstance(value, (int, float)) and 0 <= value <= 1:
            return report.classes_as_named.index(noted["class"]), float(value)
    return 1, 0.5


def _held_out(report: Report) -> np.ndarray:
    """The rows that the line is chosen on, int (N,)."""
    assert report.cases is not None
    return report.cases.rows("validation")


def _scored(report: Report, positive: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The probability of the class, float (N,), and which examples are of it, bool (N,), of some rows."""
    assert report.cases is not None
    return probabilities(report, rows)[:, positive], report.cases.labels[rows] == positive


def _slider(report: Report, positive: int, value: float) -> None:
    key = f"threshold-{report.run.id}"
    shown = min(1.0, round(value, 3))
    st.slider(
        f"Call it {as_markdown(report.classes[positive])} from this probability on",
        0.0,
        1.0,
        step=0.001,
        format="%.3f",
        on_change=lambda: _keep(report, positive, st.session_state[key]),
        **held(key, shown),
    )
    if shown != value:
        st.caption(f"The line lies at {value:.9g}; the slider shows it rounded.")


def _buttons(report: Report, positive: int) -> None:
    with st.container(horizontal=True):
        st.button(
            f"Sensitivity at least {_GOAL}",
            key="threshold-goal",
            icon=":material/target:",
            on_click=_reach,
            args=(report, positive),
            help="The highest line that still finds so many: the fewest false alarms at that price.",
        )
        other = as_markdown(report.classes[1 - positive])
        st.button(f"Ask for {other} instead", key="threshold-swap", type="tertiary", on_click=_swap, args=(report,))
        if report.run.notes().get("threshold"):
            st.button("Back to one half", key="threshold-reset", type="tertiary", on_click=_forget, args=(report,))


@guarded()
def _keep(report: Report, positive: int, value: float) -> None:
    report.run.write_notes(threshold={"class": report.classes_as_named[positive], "value": value})


@guarded()
def _reach(report: Report, positive: int) -> None:
    found, truth = _scored(report, positive, _held_out(report))
    _keep(report, positive, thresholds.for_sensitivity(found, truth, _GOAL))


@guarded()
def _swap(report: Report) -> None:
    positive, value = _chosen(report)
    found = probabilities(report, _held_out(report))
    called = found[:, positive] < value
    _keep(report, 1 - positive, thresholds.dividing(called, found[:, 1 - positive], round(1 - value, 15)))


@guarded()
def _forget(report: Report) -> None:
    report.run.write_notes(threshold=None)


def _fact(row: dict, key: str, label: str, help: str, names: tuple[str, str]) -> Fact:  # type: ignore[type-arg]
    bounds = row[f"{key}_interval"]
    spread = f" Likely between {interval(bounds)}." if bounds else ""
    return Fact(percent(row[key]), label.format(*names), help.format(*names) + spread)
