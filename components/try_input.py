"""A picture to try: from a file, the camera, or the held-out set."""

from typing import NamedTuple

import streamlit as st

from components.escape import as_markdown, shortened
from components.pictures import source
from components.thumbnails import thumbnails
from core.data import roots
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


def picture_input(cases: Cases | None) -> Picture | None:
    """Let people give a picture; None until they have."""
    ways = [way for way in _WAYS if way != "held" or cases is not None]
    way = st.segmented_control(
        "From", ways, format_func=_WAYS.__getitem__, default=ways[0], required=True, key="try-way"
    )
    if way == "camera":
        photo = st.camera_input("Take a picture", label_visibility="collapsed", key="try-camera")
        return Picture(photo.getvalue(), "camera", None) if photo else None
    if way == "held" and cases is not None:
        return _held_out(cases)
    file = st.file_uploader("Drop a picture here", key="try-file", max_upload_size=50)
    return Picture(file.getvalue(), file.name, None) if file else None


def _held_out(cases: Cases) -> Picture | None:
    rows = cases.rows("validation")
    start = st.session_state.get("held-start", 0)
    step = max(1, len(rows) // _SHOWN)
    shown = [int(rows[(start + n * step) % len(rows)]) for n in range(min(_SHOWN, len(rows)))]
    pictures = thumbnails([cases.file(row) for row in shown])
    columns = st.columns(4, wrap=False)
    for n, (row, picture) in enumerate(zip(shown, pictures, strict=True)):
        with columns[n % 4]:
            truth = cases.classes[cases.labels[row]]
            if picture:
                st.image(picture, width="stretch", alt=f"{truth}, picture {n + 1}")
            label = as_markdown(shortened(truth, 12))
            st.button(
                label, key=f"held-{n}", width="stretch", on_click=_pick, args=(row,), help=f"Ask about picture {n + 1}"
            )
    st.button("Others", icon=":material/shuffle:", type="tertiary", key="held-more", on_click=_others)
    row = st.session_state.get("held-row", shown[0] if shown else None)
    if row is None or row >= len(cases.paths):
        return None
    try:
        data = roots.check(cases.file(row)).read_bytes()
    except (OSError, DataError):
        st.caption("The picture files of this run are no longer where they were.")
        return None
    return Picture(data, cases.paths[row], cases.classes[cases.labels[row]])


def _pick(row: int) -> None:
    st.session_state["held-row"] = row


def _others() -> None:
    st.session_state["held-start"] = st.session_state.get("held-start", 0) + 5
    st.session_state.pop("held-row", None)


def show(picture: bytes, name: str) -> str:
    """HTML of the picture that is asked about."""
    return f'<div class="thaw-asked"><img src="{source(picture)}" alt="{name}"></div>'
