"""Try it: what about this picture?"""

import time
from typing import Any

import streamlit as st

from components import selection, theme
from components.answer import answer, changed_words, phase_bars
from components.escape import as_html, as_markdown
from components.guard import guarded, say
from components.results.report import report
from components.run_picker import run_picker
from components.try_input import Picture, asked, picture_input
from core import service_client
from core.data import pixels
from core.errors import ThawError
from core.record import Run


def _page(run: Run) -> None:
    found = report(run)
    left, right = st.columns([1, 1], gap="large")
    with left:
        picture = picture_input(found.cases if found else None)
    with right:
        if picture is None:
            theme.empty("image_search", "The answer will be here", "Give it a picture, or take one.")
            service_client.service(run)  # loads the model while people choose
        else:
            _ask(run, picture)


def _ask(run: Run, picture: Picture) -> None:
    try:
        copy = pixels.thumbnail(picture.data, 640)
        with st.spinner("Asking the model. The first answer takes some seconds, while it loads."):
            service = service_client.service(run)
            service.wait()
            began = time.perf_counter()
            row = service.predict(picture.data, picture.name)
            seconds = time.perf_counter() - began
    except ThawError as error:
        say(error)
        return
    if row.get("error"):
        st.error(as_markdown(str(row["error"])), icon=":material/error:")
        return
    st.html(asked(copy, as_html(picture.name)) + answer(row, picture.truth, seconds))
    _phases(row)


def _phases(row: dict[str, Any]) -> None:
    phases = {int(phase): answer for phase, answer in (row.get("phases") or {}).items()}
    if not phases:
        st.html(phase_bars(1, row))
        return
    for place, (phase, one) in zip(st.columns(len(phases), gap="medium"), sorted(phases.items()), strict=True):
        place.html(phase_bars(phase, one))
    if len(phases) == 2:
        st.caption(as_markdown(changed_words(phases)))


with guarded():
    head, side = st.columns([5, 4], vertical_alignment="bottom")
    head.title("What about this picture?")
    runs = selection.finished_runs()
    with side:
        chosen = run_picker(runs)
    if chosen is None:
        theme.empty(
            "add_a_photo", "No model yet", "Train a network first; a minute is enough. Then try your pictures here."
        )
        st.page_link(selection.PAGES["train"], label="Train a network", icon=":material/local_fire_department:")
    else:
        _page(chosen)
