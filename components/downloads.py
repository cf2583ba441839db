"""Taking a run along: its model, read when it is asked for, and its settings."""

import json

import streamlit as st

from core.record import Run


def download_buttons(run: Run, key: str) -> None:
    """Buttons for `model.keras` and the settings."""
    model, config = run.phase_model_file(run.kept()), run.config()
    takes = "raw texts" if config.task == "text" else "RGB pixels of any size"
    with st.container(horizontal=True):
        if run.has_model(run.kept()):
            st.download_button(
                "model.keras",
                model.read_bytes,
                file_name="model.keras",
                mime="application/octet-stream",
                icon=":material/download:",
                key=f"{key}-model",
                on_click="ignore",
                help=f"The kept model with its preprocessing inside: it takes {takes}.",
            )
        st.download_button(
            "Settings",
            json.dumps(config.to_json(), indent=1),
            file_name="thaw-settings.json",
            mime="application/json",
            icon=":material/tune:",
            key=f"{key}-settings",
            on_click="ignore",
        )
