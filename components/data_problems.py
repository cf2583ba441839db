"""The problems of a data set: one line that unfolds."""

from collections import Counter
from collections.abc import Callable

import streamlit as st

from components.escape import shown
from components.numbers import plural
from core.data.scan import LEFT_OUT, PROBLEM_KINDS, Scan

_MOST = 1000  # rows that the table shows
_FIRST: dict[str, Callable[[int], str]] = {  # what makes figures flatter is named before it is unfolded
    "leak": lambda n: f"{n:,} held out and also in train",
    "patient_leak": lambda n: f"{plural(n, 'patient')} held out and also in train",
}


def problems_line(scan: Scan) -> None:
    """A single line; unfolded, what each kind means and where it is."""
    if not scan.problems:
        st.markdown(":green[:material/check_circle:] No problems found.")
        return
    kinds = Counter(p.kind for p in scan.problems)
    left_out = sum(n for kind, n in kinds.items() if kind in LEFT_OUT)
    words = [f"{plural(left_out, 'file or folder', 'files or folders')} left out"] if left_out else []
    words += [say(kinds[kind]) for kind, say in _FIRST.items() if kinds[kind]]
    others = len(scan.problems) - left_out - sum(kinds[kind] for kind in _FIRST)
    words += [plural(others, "thing to look at", "things to look at")] if others else []
    with st.expander(", ".join(words), icon=":material/warning:"):
        for kind, n in kinds.most_common():
            st.markdown(f"**{n:,}** {kind.replace('_', ' ')}: {PROBLEM_KINDS.get(kind, '')}")
        rows = [
            {"where": shown(p.path), "what": p.kind.replace("_", " "), "why": shown(p.message)} for p in scan.problems
        ]
        st.dataframe(rows[:_MOST], hide_index=True, column_config={"why": st.column_config.TextColumn(width="large")})
        if len(rows) > _MOST:
            st.caption(f"The first {_MOST:,} of {len(rows):,}. `python -m core scan` lists them all.")
