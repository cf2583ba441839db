"""One example, large: what both phases say of it, what it resembles, where the network looked, and its label."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from components.answer import phase_bars
from components.bars import probability_bars
from components.escape import as_html, as_markdown, shown
from components.guard import guarded
from components.numbers import percent
from components.pictures import source
from components.results import explanation, word_views
from components.results.decided import answers, probabilities, temperature
from components.results.report import Report
from components.theme import icon, phase_chip
from components.thumbnails import thumbnails
from core import corrections, decision
from core.decision import Line
from core.errors import ThawError

_SIDE = 720  # pixels of the large picture
_NO_TEXT = "The text cannot be shown: it is no longer where it was, or its data set is too large for a page."


def open_large(report: Report, path: str, explain: bool = False, line: Line | None = None) -> None:
    """Open an example in a dialog.

    Args:
        report: the run's.
        path: of the example, relative to the data.
        explain: ask at once where the network looked.
        line: by which its card was called; the most probable class without one.
    """
    kind = report.unit.capitalize()
    st.dialog(kind, width="large", icon=":material/article:" if report.is_text else ":material/image:")(_content)(
        report, path, explain, line
    )


@guarded()
def _content(report: Report, path: str, explain: bool, line: Line | None = None) -> None:
    file = str(Path((report.run.dataset() or {}).get("root", "")) / path)
    left, right = st.columns([1, 1], gap="large")
    with left:
        _example(report, path, file)
    with right:
        _answers(report, path, line)
        _neighbours(report, path)
        _put_right(report, path)
    if report.is_text:
        word_views.one(report, path, explain)
    else:
        row, calibrated = report.row_of(path), temperature(report) is not None
        said = {} if row is None else answers(report, row)
        names, key = report.classes_as_named, f"dialog-{explain}-{path!a}"  # of its own: what was chosen stays by a key
        explanation.show(report.run, file, names, key=key, answers=said, at_once=explain, calibrated=calibrated)


def _example(report: Report, path: str, file: str) -> None:
    if report.is_text:
        st.html(f'<div class="thaw-text">{as_html(report.text(path) or _NO_TEXT)}</div>')
    elif (large := thumbnails([file], _SIDE, report.reading)[0]) is not None:
        st.html(f'<div class="thaw-large"><img src="{source(large)}" alt="{as_html(path)}"></div>')
    else:
        st.caption("The picture file is no longer where it was.")
    st.caption(as_markdown(path))


def _answers(report: Report, path: str, line: Line | None) -> None:
    """The truth and the probabilities after each phase; of a training example, those that `_out_of_fold` tells."""
    row, cases = report.row_of(path), report.cases
    name, split = report.label_of(path)
    where = {"train": "learned from", "validation": "held out", "test": "test split"}.get(split, split)
    st.html(f'<div class="thaw-truth"><span>labelled</span> <b>{as_html(name)}</b> <span>· {where}</span></div>')
    if row is None or cases is None:
        _out_of_fold(report, path)
        return
    for phase in sorted(cases.probabilities):
        found = probabilities(report, [row], phase)  # (1, C)
        shares = dict(zip(cases.classes, map(float, found[0]), strict=True))
        called = cases.classes[decision.chosen(found, line if phase == report.kept else None)[0]]
        right = called == name
        mark = f'<span class="thaw-mark {"right" if right else "wrong"}">{icon("check" if right else "close")}</span>'
        st.html(phase_bars(phase, {"probabilities": shares}, 4, report.config.way).replace("</p>", f" {mark}</p>", 1))
        if called != max(shares, key=shares.__getitem__):
            st.caption(f"By the line it is called {as_markdown(shown(called))}.")


def _out_of_fold(report: Report, path: str) -> None:
    """What a regression on frozen features says of an example new to it; of older runs, two numbers at most."""
    shares = report.insight.out_of_fold(path) if report.insight else {}
    suspect = next((e for e in report.label_errors if e.path == path), None)
    if shares:
        st.html(f"<p>{phase_chip(1)}</p>{probability_bars(shares, 4, 'var(--ice)')}")
        st.caption(
            "By a logistic regression on principal components of the frozen network's features that had not seen "
            f"this {report.unit}: the run's own model learned its label."
        )
    elif suspect:
        st.markdown(
            f"A logistic regression that had not seen it gives this label {percent(suspect.p_given)} and "
            f"**{as_markdown(suspect.suggested)}** {percent(suspect.p_suggested)}."
        )


def _neighbours(report: Report, path: str) -> None:
    found = report.insight.neighbours(path) if report.insight else []
    if not found:
        return
    st.markdown(
        "**Most like it, of what the network learned from**, by the frozen network's features",
        help="The three training examples whose features point the same way. A wrong answer often has a reason here.",
    )
    searched, total = report.insight.neighbours_searched if report.insight else (0, 0)
    if searched < total:
        st.caption(f"Sought among {searched:,} of the {total:,} {report.unit}s learned from, drawn at random.")
    root = Path((report.run.dataset() or {}).get("root", ""))
    if report.is_text:
        for near in found:
            st.caption(f"**{as_markdown(near.label)}** · {as_markdown(report.text(near.path)[:200])}")
        return
    pictures = thumbnails([str(root / near.path) for near in found], 320, report.reading)
    items = "".join(
        f"<figure>{f'<img src={chr(34)}{source(small)}{chr(34)} alt={chr(34)}{chr(34)}>' if small else ''}"
        f'<figcaption><b title="{as_html(near.label)}">{as_html(near.label)}</b> '
        f"<span>{near.similarity:.2f} alike</span></figcaption></figure>"
        for near, small in zip(found, pictures, strict=True)
    )
    st.html(f'<div class="thaw-near">{items}</div>')


def _put_right(report: Report, path: str) -> None:
    """Correct the label, leave the example out, or take either back. The data itself is never changed."""
    classes = report.classes_as_named
    noted = corrections.noted(report.run).get(path, {})
    name = noted.get("label") or report.label_of(path)[0]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            "It really is",
            classes,
            index=classes.index(name) if name in classes else 0,
            format_func=shown,
            key=f"really-{path!a}",  # a key goes to the browser, where every sign must be UTF-8
            help="Kept beside the run and used when you train again with the corrections. Your files stay.",
        )
        if st.button("Correct the label", key="correct", icon=":material/edit:", disabled=chosen == name):
            _note(lambda: corrections.set_label(report.run, path, chosen))
        if noted:
            if st.button("Take it back", key="undo", icon=":material/undo:"):
                _note(lambda: corrections.undo(report.run, path))
        elif st.button("Leave it out", key="exclude", icon=":material/block:"):
            _note(lambda: corrections.exclude(report.run, path))


def _note(change: Callable[[], None]) -> None:
    try:
        change()
    except ThawError as error:
        st.error(as_markdown(str(error)))
        return
    st.rerun()
