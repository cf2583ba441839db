"""Taking a run along: its model and its settings. Files are read when they are asked for."""

import json

import streamlit as st

from core.record import Run


def download_buttons(run: Run, key: str) -> None:
    """Buttons for `model.keras` and the settings."""
    model = run.model_file if run.model_file.exists() else run.phase_model_file(run.kept())
    with st.container(horizontal=True):
        if model.exists():
            st.download_button(
                "model.keras",
                model.read_bytes,
                file_name="model.keras",
                mime="application/octet-stream",
                icon=":material/download:",
                key=f"{key}-model",
                on_click="ignore",
                help="The kept model with its preprocessing inside: it takes RGB pixels of any size.",
            )
        st.download_button(
            "Settings",
            lambda: json.dumps(run.config().to_json(), indent=1),
            file_name="thaw-settings.json",
            mime="application/json",
            icon=":material/tune:",
            key=f"{key}-settings",
            on_click="ignore",
        )
