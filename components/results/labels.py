"""Labels that may be wrong, what people have put right, and training again with it."""

from pathlib import Path

import streamlit as st

from components import again, selection
from components.escape import as_markdown, shortened
from components.guard import guarded, say
from components.numbers import percent, plural
from components.picture_grid import picture_grid
from components.pictures import Card
from components.results import picture
from components.results.report import Report
from components.thumbnails import thumbnails
from core import corrections
from core.errors import ThawError
from core.evaluation import insight

_MOST = 14
_STRONG = 0.9  # share of labels from which on a head that doubts one is often enough right
_METHOD = "a logistic regression on principal components of the frozen network's features"


@st.fragment
@guarded()
def show(report: Report) -> None:
    """The suspicious labels, and the corrections so far."""
    with guarded():
        _suspicious(report)
        _noted(report)


def _suspicious(report: Report) -> None:
    st.subheader(
        "Labels worth a look",
        help=f"Probable label errors, by confident learning (Northcutt, Jiang and Chuang 2021): {_METHOD}, which has "
        "not seen the example, is surer of another class than is usual for that class. Examples that were learned from "
        "are looked at too.",
    )
    found = report.insight.label_errors_found if report.insight else None
    if found is None:
        st.caption(as_markdown(_unsearched(report)))
        return
    st.caption(f"Found by {_METHOD}, which had not seen the {report.unit} that it judged.{_weakness(report)}")
    errors = report.label_errors
    if sample := _sample(report):
        st.caption(sample)
    if not errors:
        those = "those" if sample else f"the {report.unit}s"
        st.caption(f"None of {those} looks wrongly labelled.")
        return
    place = f"suspicious-{report.run.id}"
    limit = st.session_state.get(place, _MOST)
    root, shown = Path((report.run.dataset() or {}).get("root", "")), errors[:limit]
    pictures = (
        [None] * len(shown) if report.is_text else thumbnails([str(root / e.path) for e in shown], 320, report.reading)
    )
    items = [
        Card(small, e.label, e.suggested, e.p_suggested, f"labelled {e.label}", text=report.text(e.path)[:400])
        for e, small in zip(shown, pictures, strict=True)
    ]
    first = f"The {len(errors):,} most suspicious of " if len(errors) < found else ""
    order = "" if first else ", the most suspicious first"
    st.caption(f"{first}{plural(found, report.unit)}{order}. Open one to correct it.")
    opened = picture_grid(items, "suspicious")
    if len(errors) > limit:
        st.button("Show more", key="suspicious-more", type="tertiary", on_click=_more, args=(place, limit))
    if opened is not None:
        picture.open_large(report, shown[opened].path)


def _unsearched(report: Report) -> str:
    """Why no label was looked at."""
    if report.insight and report.insight.looked:
        return f"Not searched: it needs two {report.unit}s of each class, and there is a class with fewer."
    return insight.failure(report.run) or "Not searched: the network has not been looked into after phase 1."


def _weakness(report: Report) -> str:
    """How often the head that doubts a label is right itself; nothing in older runs."""
    share = report.insight.label_head_accuracy if report.insight else None
    if share is None:
        return ""
    many = "some" if share >= _STRONG else "many"
    return f" It is right on {percent(share)} of the labels, so {many} of those that it doubts can be its own mistakes."


def _sample(report: Report) -> str:
    """A sentence where not every example was searched."""
    searched, total = report.insight.labels_searched if report.insight else (0, 0)
    if searched >= total:
        return ""
    return (
        f"Searched among {searched:,} of the {total:,} {report.unit}s, drawn at random; the others were not looked at."
    )


@guarded()
def _more(place: str, limit: int) -> None:
    st.session_state[place] = limit + 2 * _MOST


def _noted(report: Report) -> None:
    noted = corrections.noted(report.run)
    if not noted:
        return
    changed = sum("label" in row for row in noted.values())
    st.subheader("Your corrections")
    with st.container(border=True):
        parts = [plural(changed, "label") + " changed"] if changed else []
        parts += [f"{plural(len(noted) - changed, report.unit)} left out"] if len(noted) > changed else []
        st.markdown(f"**{', '.join(parts).capitalize()}.** Kept beside the run; your files stay as they are.")
        lines = [
            f"- {as_markdown(shortened(path, 60))}: "
            + (f"is {as_markdown(row['label'])}" if "label" in row else "left out")
            for path, row in list(noted.items())[:8]
        ]
        more = [f"- and {len(noted) - 8} more"] if len(noted) > 8 else []
        st.markdown("\n".join([*lines, *more]))
        if st.button("Train again with the corrections", key="retrain", icon=":material/restart_alt:", type="primary"):
            try:
                new = again.train_corrected(report.run)
            except ThawError as error:
                say(error)
            else:
                selection.go("train", run=new.id)
