"""Try it: what about this picture, or this text?"""

import time
from typing import Any

import streamlit as st

from components import selection, theme, word_tints
from components.answer import answer, changed_words, phase_bars
from components.escape import as_html, as_markdown
from components.guard import guarded, say
from components.results import explanation
from components.results.decided import asked_of, temperature
from components.results.report import report
from components.run_picker import run_picker, say_missing
from components.try_input import Picture, Text, asked, picture_input, text_input
from core import service_client
from core.data import pixels
from core.data.reading import reading
from core.errors import ThawError
from core.record import Run
from core.service_client import Service
from core.words import Words


@st.fragment  # so that an answer while somebody types draws nothing else again
@guarded()
def _page(run: Run) -> None:
    found = report(run)
    left, right = st.columns([1, 1], gap="large")
    with left:
        if run.config().task == "text":
            given: Picture | Text | None = text_input(found)
        else:
            given = picture_input(found.cases if found else None, reading(run.config()))
    with right:
        if given is None:
            theme.empty("image_search", "The answer will be here", "Give it something to look at.")
            service_client.service(run)  # loads the model while people choose
        else:
            _answer(run, given, calibrated=found is not None and temperature(found) is not None)


def _answer(run: Run, given: Picture | Text, calibrated: bool) -> None:
    """What the models say; `calibrated`, with a temperature, while an explanation is of what the network says."""
    try:
        copy = pixels.thumbnail(given.data, 640, reading(run.config())) if isinstance(given, Picture) else None
        with st.spinner("Asking the model. The first answer takes some seconds, while it loads."):
            service = service_client.service(run)
            service.wait()
            began = time.perf_counter()
            row = _ask(service, given, "kept")
            seconds = time.perf_counter() - began
    except ThawError as error:
        say(error)
        return
    if row.get("error"):
        st.error(as_markdown(str(row["error"])), icon=":material/error:")
        return
    shown = asked(copy, as_html(given.name)) if copy and isinstance(given, Picture) else ""
    st.html(shown + answer(row, given.truth, seconds))
    phases = _phases(run, service, given, row)
    if isinstance(given, Picture):
        explanation.show(run, given.data, list(row["probabilities"]), key="try", answers=phases, calibrated=calibrated)
    else:
        _words(service, given, row, calibrated)


def _words(service: Service, given: Text, row: dict[str, Any], calibrated: bool) -> None:
    """The text with its words tinted; asked last, since each word is left out in turn."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.subheader("Words that carry it")
        label = explanation.class_choice(list(row["probabilities"]), "try-words") or asked_of(row)
    try:
        with st.spinner("Leaving out each word in turn"):
            found = Words.from_json(service.explain_text(given.text, label=label))
    except ThawError as error:
        say(error)
        return
    st.html(
        word_tints.key(found.label)
        + f'<div class="thaw-text">{word_tints.tinted(given.text, found)}</div>'
        + word_tints.strongest(given.text, found, calibrated)
    )


def _ask(service: Service, given: Picture | Text, phases: str) -> dict[str, Any]:
    if isinstance(given, Text):
        return service.predict_text(given.text, phases=phases)
    return service.predict(given.data, given.name, phases=phases)


def _phases(run: Run, service: Service, given: Picture | Text, row: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """Both phases beside each other; asked after the answer is on the page, since the other model may be loading.

    Returns each phase's answer.
    """
    if not run.has_model(2):
        st.html(phase_bars(1, row))
        return {1: row}
    try:
        with st.spinner("Asking both phases"):
            both = _ask(service, given, "both")
    except ThawError as error:
        say(error)
        return {}
    phases = {int(phase): answer for phase, answer in (both.get("phases") or {}).items()}
    for place, (phase, one) in zip(st.columns(max(1, len(phases)), gap="medium"), sorted(phases.items()), strict=True):
        place.html(phase_bars(phase, one, way=run.config().way))
    if len(phases) == 2:
        st.caption(as_markdown(changed_words(phases)))
    return phases


with guarded():
    head, side = st.columns([5, 4], vertical_alignment="bottom")
    runs = selection.finished_runs()
    with side:
        chosen = run_picker(runs)
    is_text = chosen is not None and chosen.config().task == "text"
    head.title(f"What about this {'text' if is_text else 'picture'}?")
    say_missing()
    if chosen is None:
        theme.empty(
            "add_a_photo", "No model yet", "Train a network first; a minute is enough. Then try your pictures here."
        )
        st.page_link(selection.PAGES["train"], label="Train a network", icon=":material/local_fire_department:")
    else:
        _page(chosen)
