"""Which words carry the answers: of the sample texts, and of one that is opened."""

import streamlit as st

from components import word_tints
from components.answer import mark
from components.escape import as_html
from components.guard import guarded, say
from components.numbers import percent
from components.results import explanation
from components.results.decided import answers, asked_of, temperature
from components.results.report import Report
from components.theme import phase_chip
from core import words
from core.errors import ThawError
from core.words import Words

_HELP = (
    "Each word is left out in turn, and the text read again: the more the odds of the answer change, the more the word "
    "carries it. This says what the network used, not whether that is a good reason."
)


@st.fragment
@guarded()
def samples(report: Report) -> None:
    """The sample texts with their words tinted, after a phase."""
    found = words.of_samples(report.run)
    st.subheader("Words that carry the answer", help=_HELP)
    if not found:
        st.caption("Nothing was noted in this run. Open a text under “Where is it wrong?” and ask for its words.")
        return
    names = {1: "After phase 1, frozen", 2: f"After phase 2, {report.config.way}"}
    with st.container(horizontal=True, vertical_alignment="center"):
        phase = st.segmented_control(
            "Phase",
            sorted(found),
            format_func=names.__getitem__,
            default=report.kept if report.kept in found else max(found),
            required=True,
            key="words-phase",
            label_visibility="collapsed",
        )
    st.html(word_tints.key("the answer"))
    st.html(f'<div class="thaw-worded">{"".join(_sample(report, phase, *item) for item in found[phase].items())}</div>')


def one(report: Report, path: str, at_once: bool = False) -> None:
    """A switch, and with it the words of one text after each phase. `at_once`: the switch is on at first."""
    text = report.text(path)
    if not text.strip() or not st.toggle("Show the words that carry the answer", at_once, key="words", help=_HELP):
        return
    row, known = report.row_of(path), words.of_samples(report.run)
    said = {} if row is None else answers(report, row)
    chosen = explanation.class_choice(report.classes_as_named, "words")
    phases = [phase for phase in (1, 2) if report.run.has_model(phase)]
    for place, phase in zip(st.columns(2, gap="medium"), phases, strict=False):
        with place:
            st.html(phase_chip(phase, report.config.way))
            try:
                with st.spinner("Looking. The first time takes some seconds, while the model loads."):
                    label, noted = chosen or asked_of(said.get(phase)), known.get(phase, {}).get(path)
                    if noted is None or label not in (None, noted.label):
                        noted = words.of_text(report.run, text, phase, label)
            except ThawError as error:
                say(error)
                return
            st.html(
                word_tints.key(noted.label)
                + f'<div class="thaw-text">{word_tints.tinted(text, noted)}</div>'
                + word_tints.strongest(text, noted, temperature(report, phase) is not None)
            )


def _sample(report: Report, phase: int, path: str, found: Words) -> str:
    """One text under its answer, as HTML; nothing where its file is gone."""
    text, truth = report.text(path), report.label_of(path)[0]
    if not text.strip():
        return ""
    row, calibrated = report.row_of(path), temperature(report, phase) is not None
    said = {} if row is None else answers(report, row).get(phase, {}).get("probabilities", {})
    sure = said.get(found.label, found.probability)
    title = f"<b>{as_html(found.label)}</b> {percent(sure)}{mark(found.label, truth or None)}"
    shown = word_tints.tinted(text, found) + word_tints.strongest(text, found, calibrated)
    return f"<figure><figcaption>{title}</figcaption>{shown}</figure>"
