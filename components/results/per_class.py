"""How good is it for each class."""

import streamlit as st

from components.escape import shown
from components.results.report import Report

_SHARE = {"format": "percent", "min_value": 0.0, "max_value": 1.0}


def show(report: Report) -> None:
    """A table that sorts, the weakest class first."""
    st.subheader("Class by class")
    rows = sorted(report.best["per_class"], key=lambda row: row["recall"])
    st.dataframe(
        [
            {
                "class": shown(row["class"]),
                "found": row["recall"],
                "right when named": row["precision"],
                "f1": row["f1"],
                "auc": row.get("auc"),
                "pictures": row["support"],
            }
            for row in rows
        ],
        hide_index=True,
        height=min(460, 38 + 36 * len(rows)),
        column_config={
            "class": st.column_config.TextColumn("Class"),
            "found": st.column_config.ProgressColumn(
                "Found", help="Recall: the share of this class that gets its name.", **_SHARE
            ),
            "right when named": st.column_config.ProgressColumn(
                "Right when named", help="Precision: of those given this name, the share that deserves it.", **_SHARE
            ),
            "f1": st.column_config.NumberColumn("F1", format="%.3f", help="Both in one."),
            "auc": st.column_config.NumberColumn("AUC", format="%.3f", help="How well it is told from the rest."),
            "pictures": st.column_config.NumberColumn(f"{report.unit.capitalize()}s", format="localized"),
        },
        alt="Recall, precision, F1, area under the curve and number of examples for each class",
    )
