"""From which probability on one class is the answer, against the other or all others, and what that costs and buys.

The line is chosen on held-out examples, also where there is a test split: what a test took part in, it cannot judge.
"""

import numpy as np
import streamlit as st

from components.charts.scores import scores
from components.escape import as_markdown
from components.facts import Fact, facts
from components.guard import guarded
from components.held import held
from components.numbers import interval, percent
from components.plot import plot
from components.results import line_cells
from components.results.clicks import clicked
from components.results.decided import answered, follow, probabilities
from components.results.report import Report
from core import decision
from core.decision import Line
from core.evaluation import thresholds

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
    if report.cases is None:
        return
    with guarded():
        follow(report)
        _section(report)


def _section(report: Report) -> None:
    st.subheader("Where to draw the line", help="Which mistakes weigh more is yours to say; this is where you say it.")
    if len(report.classes) > 2:
        _set_apart(report)
    if (line := _chosen(report)) is None:
        return
    positive, value = line
    name, other = report.classes[positive], line_cells.rest(report, positive)
    found, truth = _scored(report, positive, report.held_out_rows)
    left, right = st.columns([3, 2], gap="large")
    with left:
        _slider(report, positive, value)
        figure = scores(found[truth], found[~truth], (name, other), value)
        words = f"Probability of {name}: {name} above the line, {other} below it."
        bars = plot(figure, title=f"Probability of {name}", text=words, key="threshold-scores", height=210)
        _buttons(report, positive, value)
    row = thresholds.at(found, truth, value)
    with right:
        words = f"{row['tp']} {name} found, {row['fn']} missed, {row['fp']} false alarms, {row['tn']} rightly {other}."
        crossed = line_cells.matrix_at(report, line, words)
    st.html(facts([_fact(row, key, label, help, (name, other)) for key, label, help in _SHARES]))
    st.caption(
        f"On {_counted(report, len(truth))}; 95 % intervals by Clopper and Pearson. Bars are as high as the root of "
        f"their number. The line is kept with the run: every prediction uses it. A click on a bar or a cell shows its "
        f"{report.unit}s."
    )
    if len(report.test_rows):
        st.caption(_on_test(report, positive, value))
    place = f"line-{report.run.id}-{report.kept}-{positive}"
    if (cell := clicked(crossed)) is not None:
        st.session_state[place] = None, None, cell[0], cell[1]
    if (bar := clicked(bars)) is not None:
        st.session_state[place] = bar[1], bar[2], bar[3], None
    if place in st.session_state:
        line_cells.examples(report, line, st.session_state[place])


def _counted(report: Report, n: int) -> str:
    """How many examples these figures are of, and how many get no answer."""
    words, none = f"{n:,} held-out {report.unit}s", len(report.held_out_rows) - n
    if not none:
        return words
    share = percent(decision.least_sure(report.run.notes()))
    return f"the {words} that get an answer; {none:,} are less than {share} sure and get none"


def _set_apart(report: Report) -> None:
    """Of several classes, the one that gets a line."""
    names, line, key = report.classes, _chosen(report), f"threshold-class-{report.run.id}"
    place = None if line is None else line[0]
    st.selectbox(
        "Set one class apart",
        [None, *range(len(names))],
        format_func=lambda k: "None: the most probable class is the answer" if k is None else names[k],
        help="From a probability on that you choose, it is the answer; below, the most probable of the others is.",
        on_change=guarded()(lambda: _apart(report, st.session_state[key])),
        **held(key, place, "index", 0 if place is None else place + 1),
    )


def _apart(report: Report, place: int | None) -> None:
    if place is None:
        _forget(report)
    else:
        _keep(report, place, 0.5)


def _on_test(report: Report, positive: int, value: float) -> str:
    """What the line does on the test split, which did not choose it."""
    shares, truth = _scored(report, positive, report.test_rows)
    row, of_all = thresholds.at(shares, truth, value), len(truth) == len(report.test_rows)
    sensitivity, specificity = (
        f"{key} {percent(row[key])}, likely {interval(row[f'{key}_interval'])}"
        for key in ("sensitivity", "specificity")
    )
    n = f"{len(truth):,} test {report.unit}s{'' if of_all else ' that get an answer'}"
    return f"On the {n}, which choose nothing: {sensitivity}; {specificity}."


def _chosen(report: Report) -> Line | None:
    """The line that was drawn; else, of two classes, the second's at one half."""
    drawn = decision.drawn(report.classes_as_named, report.run.notes())
    return (1, 0.5) if drawn is None and len(report.classes) == 2 else drawn


def _scored(report: Report, positive: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The probability of the class, float (N,), and which are of it, bool (N,), of those rows that get an answer."""
    assert report.cases is not None
    rows = answered(report, rows)
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
        on_change=guarded()(lambda: _keep(report, positive, st.session_state[key])),
        **held(key, shown),
    )
    if shown != value:
        st.caption(f"The line lies at {value:.9g}; the slider shows it rounded.")


def _buttons(report: Report, positive: int, value: float) -> None:
    with st.container(horizontal=True):
        st.button(
            f"Sensitivity at least {_GOAL}",
            key="threshold-goal",
            icon=":material/target:",
            on_click=_reach,
            args=(report, positive),
            disabled=not _scored(report, positive, report.held_out_rows)[1].any(),
            help="The highest line that still finds so many: the fewest false alarms at that price.",
        )
        two = len(report.classes) == 2
        if two:
            words = f"Ask for {as_markdown(line_cells.rest(report, positive))} instead"
            st.button(words, key="threshold-swap", type="tertiary", on_click=_swap, args=(report, positive, value))
        if report.run.notes().get("threshold"):
            words = "Back to one half" if two else "Back to the most probable class"
            st.button(words, key="threshold-reset", type="tertiary", on_click=_forget, args=(report,))


@guarded()
def _keep(report: Report, positive: int, value: float) -> None:
    report.run.write_notes(threshold={"class": report.classes_as_named[positive], "value": value})


@guarded()
def _reach(report: Report, positive: int) -> None:
    found, truth = _scored(report, positive, report.held_out_rows)
    _keep(report, positive, thresholds.for_sensitivity(found, truth, _GOAL))


@guarded()
def _swap(report: Report, positive: int, value: float) -> None:
    """Draw the same line on the other of two classes."""
    found = probabilities(report, answered(report, report.held_out_rows))
    called = found[:, positive] < value
    _keep(report, 1 - positive, thresholds.dividing(called, found[:, 1 - positive], round(1 - value, 15)))


@guarded()
def _forget(report: Report) -> None:
    report.run.write_notes(threshold=None)


def _fact(row: dict, key: str, label: str, help: str, names: tuple[str, str]) -> Fact:  # type: ignore[type-arg]
    bounds = row[f"{key}_interval"]
    spread = f", likely {interval(bounds)}" if bounds else ""
    return Fact(percent(row[key]), label.format(*names) + spread, help.format(*names))
