"""What a run remarks on itself: how its phase trains and why, and what people should know beside it."""

from typing import Any

import streamlit as st

from components.escape import as_html, as_markdown

_MOST = 100  # notes that the fold shows


def newest(seen: list[dict[str, Any]]) -> str:
    """HTML of the newest phase's reason and the newest note, in a place of two lines that is there from the start."""
    reason = _messages(seen, "phase")[-1:]
    lines = [as_html(text) for text in (*reason, *_messages(seen, "note")[-1:])]
    return f'<div class="thaw-remarks" role="status">{"<br>".join(lines)}</div>'


def all_notes(seen: list[dict[str, Any]]) -> None:
    """Every note folded away, where there are more than the newest."""
    notes = _messages(seen, "note")
    if len(notes) > 1:
        with st.expander(f"All {len(notes):,} notes", icon=":material/notes:", key="fold-notes"):
            st.markdown("\n".join(f"- {as_markdown(text)}" for text in notes[: -_MOST - 1 : -1]))
            if len(notes) > _MOST:
                st.caption(f"The newest {_MOST}. All are in `events.jsonl` of the run.")


def _messages(seen: list[dict[str, Any]], kind: str) -> list[str]:
    return [str(event["message"]) for event in seen if event["kind"] == kind and event.get("message")]
