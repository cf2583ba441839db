"""How pictures are read and split: the window and the frame of scans, and who is pictured."""

import streamlit as st

from components.draft import bound


def reading_settings() -> None:
    """Two short groups side by side."""
    left, right = st.columns(2, gap="large")
    with left:
        _reading()
    with right:
        _patients()


def _reading() -> None:
    st.markdown("**Scans**", help="DICOM, and PNG and TIFF of 12 or 16 bits. Others are read as they are.")
    center, width, frame = st.columns(3)
    with center:
        st.number_input(
            "Window centre",
            -1e8,
            1e8,
            step=10.0,
            format="%g",
            help="In the file's unit, such as Hounsfield units for CT: brain 40, lung −600, bone 500.",
            **bound("window_center"),
        )
    with width:
        st.number_input(
            "Window width",
            0.0,
            1e8,
            step=10.0,
            format="%g",
            help="0 for the window stored in the file. For CT: brain 80, lung 1500, bone 2000.",
            **bound("window_width"),
        )
    with frame:
        st.number_input("Frame", 0, 1_000_000, help="Of files with several; the first is 0.", **bound("frame"))


def _patients() -> None:
    st.markdown(
        "**Patients**",
        help="No patient is then both learned from and held out. DICOM files tell by themselves whose they are.",
    )
    column, pattern = st.columns(2)
    with column:
        st.text_input(
            "Column of a table",
            placeholder="patient_id",
            help="Of a CSV file in the data folder that names the pictures.",
            **bound("patient_column", str.strip),
        )
    with pattern:
        st.text_input(
            "Pattern in file names",
            placeholder=r"(patient\d+)",
            help="A regular expression; its first group is the patient.",
            **bound("patient_pattern"),
        )
