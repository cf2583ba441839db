"""Where the network looked: heat maps before and after phase 2, side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from components.escape import as_markdown, shown
from components.guard import say
from components.numbers import percent
from components.pictures import source
from components.results.decided import asked_of
from components.theme import phase_chip
from core import explanations
from core.data import roots
from core.data.pixels import read_pixels
from core.data.reading import reading
from core.errors import ThawError
from core.explanations import Explanation
from core.record import Run

Answers = Mapping[int, Mapping[str, Any]]  # by phase

_METHODS = {"gradcam": "Grad-CAM", "occlusion": "Occlusion"}
_HELP = (
    "Grad-CAM follows the gradient back to the last map of features and shows what raised the class. Occlusion asks "
    "nothing of the network's inside: it covers one patch after another and watches the answer fall, so it is slower "
    "and a second opinion. Both say what the network used, not whether that is a good reason."
)


def show(
    run: Run,
    picture: str | bytes,
    classes: Sequence[str],
    *,
    key: str,
    answers: Answers,
    at_once: bool = False,
    calibrated: bool = False,
) -> None:
    """Controls and both maps.

    Args:
        run: whose models are asked.
        picture: a file, or its bytes.
        classes: names to choose from.
        key: for the widgets of this place.
        answers: what each phase's model said of the picture, as `core.decision.answer` gives it.
        at_once: show Grad-CAM without being asked.
        calibrated: whether answers are corrected; what the network says where there is no answer is not.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method = st.segmented_control(
            "Where the network looked",
            list(_METHODS),
            format_func=_METHODS.__getitem__,
            default="gradcam" if at_once else None,
            key=f"{key}-method",
            help=_HELP,
        )
        label = class_choice(classes, key) if method else None
    if method:
        _maps(run, picture, label, method, answers, ", before calibration" if calibrated else "")


def class_choice(classes: Sequence[str], key: str) -> str | None:
    """A choice of the class that is explained; None for the answer that was given."""
    return st.selectbox(
        "for the class",
        list(classes),
        index=None,
        placeholder="its own answer",
        format_func=shown,
        key=f"{key}-class",
    )


def _maps(run: Run, picture: str | bytes, label: str | None, method: str, answers: Answers, alone: str) -> None:
    phases = [phase for phase in (1, 2) if run.has_model(phase)]
    for place, phase in zip(st.columns(2, gap="medium"), phases, strict=False):
        with place:
            st.html(phase_chip(phase))
            try:
                with st.spinner("Looking. The first time takes some seconds, while the model loads."):
                    data = picture if isinstance(picture, bytes) else roots.check(picture).read_bytes()
                    asked = label or asked_of(answers.get(phase))
                    found = explanations.heat_map(run, data, label=asked, method=method, phase=phase)
                    drawn = _drawn(read_pixels(data, reading(run.config())), found)
            except ThawError as error:
                say(error)
                return
            except OSError:
                st.caption("The picture file is no longer where it was.")
                return
            words = f"{_METHODS[method]} for {shown(found.label)} after phase {phase}"
            st.html(f'<div class="thaw-large"><img src="{source(drawn)}" alt="{words.replace(chr(34), "")}"></div>')
            said = answers.get(phase, {}).get("probabilities", {}).get(found.label)
            sure = percent(found.probability) + alone if said is None else percent(said)
            st.caption(f"What speaks for **{as_markdown(found.label)}**, {sure}")


def _drawn(pixels: np.ndarray, found: Explanation) -> bytes:
    return explanations.encoded(explanations.overlaid(pixels, found.grid, 560), "JPEG")
