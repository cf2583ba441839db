"""A picture or text to try: given, or from the held-out set."""

import random
from typing import NamedTuple

import streamlit as st

from components.guard import guarded
from components.live_text import live_text_area
from components.picture_grid import picture_grid
from components.pictures import Card, source
from components.results.report import Report
from components.thumbnails import thumbnails
from core.data import roots
from core.data.reading import AS_STORED, Reading
from core.errors import DataError
from core.evaluation.cases import Cases

_WAYS = {
    "file": ":material/upload_file: File",
    "camera": ":material/photo_camera: Camera",
    "held": ":material/photo_library: Held out",
}
_SHOWN = 12  # held-out pictures to pick from


class Picture(NamedTuple):
    """A picture to ask about."""

    data: bytes
    name: str
    truth: str | None  # its class, where it is known


class Text(NamedTuple):
    """A text to ask about."""

    text: str
    truth: str | None  # its class, where it is known


def text_input(report: Report | None) -> Text | None:
    """Let people write a text, or take a held-out one; None until there is one."""
    text = live_text_area("Text", "try-text", 180, "Write or paste a text: the answer follows as you type").strip()
    if report is not None and report.cases is not None and len(rows := report.cases.rows("validation")):
        st.button(
            "A held-out one",
            icon=":material/shuffle:",
            type="tertiary",
            key="try-text-held",
            on_click=_held_out_text,
            args=(report, rows.tolist()),
        )
    known = st.session_state.get("try-text-known") or ("", None)
    return Text(text, known[1] if known[0] == text else None) if text else None


@guarded()
def _held_out_text(report: Report, rows: list[int]) -> None:
    cases, row = report.cases, random.choice(rows)
    if cases is None:
        return
    text = report.text(cases.paths[row]).strip()
    st.session_state["try-text"] = text
    st.session_state["try-text-known"] = (text, cases.classes[cases.labels[row]])


def picture_input(cases: Cases | None, how: Reading = AS_STORED) -> Picture | None:
    """Let people give a picture; None until they have."""
    ways = [way for way in _WAYS if way != "held" or cases is not None]
    way = st.segmented_control(
        "From", ways, format_func=_WAYS.__getitem__, default=ways[0], required=True, key="try-way"
    )
    if way == "camera":
        photo = st.camera_input("Take a picture", label_visibility="collapsed", key="try-camera")
        return Picture(photo.getvalue(), "camera", None) if photo else None
    if way == "held" and cases is not None:
        return _held_out(cases, how)
    file = st.file_uploader("Drop a picture here", key="try-file", max_upload_size=30)
    return Picture(file.getvalue(), file.name, None) if file else None


def _held_out(cases: Cases, how: Reading) -> Picture | None:
    rows = cases.rows("validation")
    start = st.session_state.get("held-start", 0)
    step = max(1, len(rows) // _SHOWN)
    picked = [int(rows[(start + n * step) % len(rows)]) for n in range(min(_SHOWN, len(rows)))]
    small = thumbnails([cases.file(row) for row in picked], 320, how)
    truths = [cases.classes[cases.labels[row]] for row in picked]
    opened = picture_grid([Card(p, name, name, None) for p, name in zip(small, truths, strict=True)], "held-grid")
    if opened is not None:
        st.session_state["held-row"] = picked[opened]
    row = st.session_state.get("held-row", picked[0] if picked else None)
    st.button("Others", icon=":material/shuffle:", type="tertiary", key="held-more", on_click=_others)
    if row is None or row >= len(cases.paths):
        return None
    try:
        data = roots.check(cases.file(row)).read_bytes()
    except (OSError, DataError):
        st.caption("The picture files of this run are no longer where they were.")
        return None
    return Picture(data, cases.paths[row], cases.classes[cases.labels[row]])


@guarded()
def _others() -> None:
    st.session_state["held-start"] = st.session_state.get("held-start", 0) + 5
    st.session_state.pop("held-row", None)


def asked(picture: bytes, name: str) -> str:
    """HTML of the picture that is asked about."""
    return f'<div class="thaw-asked"><img src="{source(picture)}" alt="{name}"></div>'
