"""Pictures of a report with their answer."""

from collections.abc import Sequence

import numpy as np
import streamlit as st

from components.pictures import Card, cards
from components.results.report import Report
from components.thumbnails import thumbnails


def gallery(report: Report, rows: Sequence[int] | np.ndarray, most: int = 12, phase: int | None = None) -> None:
    """The first of `rows` as cards; says so where there is none, or where the files are gone."""
    cases = report.cases
    if cases is None:
        return
    if not len(rows):
        st.caption("None.")
        return
    phase = phase or report.kept
    shown = [int(row) for row in rows[:most]]
    pictures = thumbnails([cases.file(row) for row in shown], 320)
    predicted, confidence = cases.predicted(phase), cases.confidence(phase)
    st.html(
        cards(
            [
                Card(
                    picture,
                    cases.classes[cases.labels[row]],
                    cases.classes[predicted[row]],
                    float(confidence[row]),
                    right=bool(predicted[row] == cases.labels[row]),
                )
                for row, picture in zip(shown, pictures, strict=True)
            ]
        )
    )
    if not any(pictures):
        st.caption("The picture files are no longer where they were, so only the answers can be shown.")
    elif len(rows) > most:
        st.caption(f"{most} of {len(rows):,}.")
