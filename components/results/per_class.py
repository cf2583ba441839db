"""How good is it for each class. A click on a row shows its pictures."""

from typing import Any

import streamlit as st

from components.escape import as_markdown, shown
from components.guard import guarded
from components.numbers import SHARES, hundredfold
from components.results.decided import cases_as_shown
from components.results.gallery import gallery
from components.results.report import Report
from core.exports.wording import measured, too_few, with_interval

_NAMED = "right when named"


@st.fragment
@guarded()
def show(report: Report) -> None:
    """A table that sorts, the weakest class first, and the pictures of the cell that was clicked."""
    st.subheader("Class by class")
    rows = sorted(map(measured, report.best["per_class"]), key=lambda row: (not row["support"], row["recall"] or 0.0))
    chosen = st.dataframe(
        [
            {
                "class": shown(row["class"]),
                "found": hundredfold(row["recall"]),
                _NAMED: hundredfold(row["precision"]),
                "f1": row["f1"],
                "auc": with_interval(row.get("auc"), row.get("auc_interval")),
                "ap": with_interval(row.get("average_precision"), row.get("average_precision_interval")),
                "pictures": row["support"],
            }
            for row in rows
        ],
        hide_index=True,
        height=min(460, 38 + 36 * len(rows)),
        column_config={
            "class": st.column_config.TextColumn("Class"),
            "found": st.column_config.ProgressColumn(
                "Found", help="Recall: the share of this class that gets its name.", **SHARES
            ),
            _NAMED: st.column_config.ProgressColumn(
                "Right when named", help="Precision: of those given this name, the share that deserves it.", **SHARES
            ),
            "f1": st.column_config.NumberColumn("F1", format="%.3f", help="Both in one."),
            "auc": st.column_config.TextColumn(
                "AUC",
                help="Area under the ROC curve: how well it is told from the rest. 95 % interval.",
            ),
            "ap": st.column_config.TextColumn(
                "AP", help="Average precision: the area under its precision-recall curve. 95 % interval by Wilson."
            ),
            "pictures": st.column_config.NumberColumn(f"{report.unit.capitalize()}s", format="localized"),
        },
        alt="Recall, precision, F1, areas under both curves and number of examples for each class",
        key=f"per-class-{report.run.id}-{report.kept}-{report.split}",
        on_select="rerun",
        selection_mode="single-cell",
    )
    if few := too_few(rows, f"{report.unit}s"):
        st.caption(as_markdown(shown(few)))
    cells = chosen["selection"]["cells"]
    if cells:
        _examples(report, rows[cells[0][0]], cells[0][1])
    else:
        st.caption(f"A click on a row shows its {report.unit}s.")


def _examples(report: Report, row: dict[str, Any], column: str) -> None:
    """The examples of a class, or those that were given its name."""
    if report.cases is None or report.kept not in report.cases.probabilities:
        return
    cases, place = cases_as_shown(report), report.classes_as_named.index(row["class"])
    of = cases.predicted(report.kept) if column == _NAMED else cases.labels
    words = "named" if column == _NAMED else "that are"
    st.markdown(f"{report.unit.capitalize()}s {words} **{as_markdown(shown(row['class']))}**, wrong first")
    rows = cases.wrong_first(report.kept, report.rows[of[report.rows] == place])
    gallery(report, rows, "class", most=4 if report.is_text else 7)
