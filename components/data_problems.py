"""The problems of a data set: one line that unfolds."""

from collections import Counter

import streamlit as st

from components.escape import shown
from components.numbers import plural
from core.data.scan import LEFT_OUT, PROBLEM_KINDS, Scan

_MOST = 1000  # rows that the table shows


def problems_line(scan: Scan) -> None:
    """A single line; unfolded, what each kind means and where it is."""
    if not scan.problems:
        st.markdown(":green[:material/check_circle:] No problems found.")
        return
    kinds = Counter(p.kind for p in scan.problems)
    left_out = sum(n for kind, n in kinds.items() if kind in LEFT_OUT)
    words = [f"{plural(left_out, 'file or folder', 'files or folders')} left out"] if left_out else []
    warned = len(scan.problems) - left_out
    words += [plural(warned, "thing to look at", "things to look at")] if warned else []
    with st.expander(f"{', '.join(words)}. The rest is fine.", icon=":material/warning:"):
        for kind, n in kinds.most_common():
            st.markdown(f"**{n:,}** {kind.replace('_', ' ')}: {PROBLEM_KINDS.get(kind, '')}")
        rows = [
            {"where": shown(p.path), "what": p.kind.replace("_", " "), "why": shown(p.message)} for p in scan.problems
        ]
        st.dataframe(rows[:_MOST], hide_index=True, column_config={"why": st.column_config.TextColumn(width="large")})
        if len(rows) > _MOST:
            st.caption(f"The first {_MOST:,} of {len(rows):,}. `python -m core scan` lists them all.")
