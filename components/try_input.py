"""A picture to try: from a file, the camera, or the held-out set."""

from typing import NamedTuple

import streamlit as st

from components.escape import as_markdown, shortened, shown
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
    picked = [int(rows[(start + n * step) % len(rows)]) for n in range(min(_SHOWN, len(rows)))]
    row = st.session_state.get("held-row", picked[0] if picked else None)
    columns = st.columns(4, wrap=False)
    for n, (each, picture) in enumerate(zip(picked, thumbnails([cases.file(p) for p in picked]), strict=True)):
        with columns[n % 4]:
            _choice(n, each, cases.classes[cases.labels[each]], picture, each == row)
    st.button("Others", icon=":material/shuffle:", type="tertiary", key="held-more", on_click=_others)
    if row is None or row >= len(cases.paths):
        return None
    try:
        data = roots.check(cases.file(row)).read_bytes()
    except (OSError, DataError):
        st.caption("The picture files of this run are no longer where they were.")
        return None
    return Picture(data, cases.paths[row], cases.classes[cases.labels[row]])


def _choice(n: int, row: int, truth: str, picture: bytes | None, chosen: bool) -> None:
    """One picture with the button that asks about it."""
    if picture:
        st.image(picture, width="stretch", alt=f"{shown(truth)}, picture {n + 1}")
    st.button(
        as_markdown(shortened(truth, 12)),
        key=f"held-{n}",
        width="stretch",
        type="primary" if chosen else "secondary",
        on_click=_pick,
        args=(row,),
        help=f"Ask about picture {n + 1}",
    )


def _pick(row: int) -> None:
    st.session_state["held-row"] = row


def _others() -> None:
    st.session_state["held-start"] = st.session_state.get("held-start", 0) + 5
    st.session_state.pop("held-row", None)


def asked(picture: bytes, name: str) -> str:
    """HTML of the picture that is asked about."""
    return f'<div class="thaw-asked"><img src="{source(picture)}" alt="{name}"></div>'
