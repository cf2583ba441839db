"""All runs in a table that sorts and filters."""

import hashlib
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import streamlit as st

from components.escape import shown
from components.numbers import SHARES, hundredfold
from components.run_state import WORDS
from core import record, run_list
from core.catalog import BACKBONES
from core.record import Run

_LONGEST = 10**9  # seconds, 30 years


def table_rows(runs: list[Run]) -> list[dict[str, Any]]:
    """A row for each run, as people read it."""
    return [_row(_summary(run)) for run in runs]


def _summary(run: Run) -> dict[str, Any]:
    """The run's summary, kept while its files stay the same; that of a run that is not over is read anew."""
    files = (run.status_file, run.notes_file, run.config_file, run.evaluation_file(1), run.evaluation_file(2))
    stamp = tuple(_modified(file) for file in files)
    kept: dict[Path, tuple[tuple[int, ...], dict[str, Any]]] = _kept_summaries()
    if run.path in kept and kept[run.path][0] == stamp:
        return kept[run.path][1]
    row = run_list.summary(run)
    if row["state"] in (record.DONE, record.STOPPED, record.FAILED):
        kept[run.path] = (stamp, row)
    return row


@st.cache_resource(show_spinner=False)
def _kept_summaries() -> dict[Path, tuple[tuple[int, ...], dict[str, Any]]]:
    """Summaries by folder, for all sessions."""
    return {}


def _modified(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return 0


def _row(row: dict[str, Any]) -> dict[str, Any]:
    backbone = BACKBONES.get(row["backbone"])
    return {
        "name": shown(row["name"]),
        "phase 1": hundredfold(row["val_accuracy1"]),
        "phase 2": hundredfold(row["val_accuracy2"]),
        "state": WORDS[row["state"]][0],
        "data": shown(Path(row["data"] or "").name),
        "backbone": backbone.title if backbone else row["backbone"],
        "thawed": thawed_words(row.get("unfreeze"), row.get("lora_rank") or 0),
        "took": _span(row["seconds_total"]),
        "created": row["created"] * 1000 if row["created"] else None,
        "reason": shown(row.get("error") or ""),
    }


def _span(seconds: float | None) -> timedelta | None:
    """A length of time; None where it is not known, or longer than any run."""
    return timedelta(seconds=round(seconds)) if seconds is not None and seconds < _LONGEST else None


def thawed_words(unfreeze: str | None, lora_rank: int = 0) -> str:
    """`blocks:3` as `last 3 blocks`, with LoRA as `last 3 blocks, LoRA rank 8`."""
    kind, _, rest = (unfreeze or "").partition(":")
    if kind in ("blocks", "layers"):
        words = f"last {kind[:-1]}" if rest == "1" else f"last {rest} {kind}"
    else:
        words = f"{len(rest.split(','))} layers" if kind == "names" else kind
    return f"{words}, LoRA rank {lora_rank}" if lora_rank and kind != "none" else words


def runs_table(runs: list[Run], rows: list[dict[str, Any]]) -> list[Run]:
    """Draw a row for each run; the ticked ones.

    The browser remembers ticks by place. A list of other runs is another table, so that no tick moves to another run.
    """
    event = st.dataframe(
        [{**row, "created": _moment(row["created"])} for row in rows],
        key=f"runs-table-{_digest(runs)}",
        hide_index=True,
        on_select="rerun",
        selection_mode="multi-row",
        height=min(520, 40 + 36 * len(rows)),
        column_config={
            "name": st.column_config.TextColumn("Name", width="medium"),
            "phase 1": st.column_config.ProgressColumn(
                "Phase 1, frozen", help="Held-out accuracy", color="blue", **SHARES
            ),
            "phase 2": st.column_config.ProgressColumn(
                "Phase 2", help="Held-out accuracy, thawed or with LoRA", color="orange", **SHARES
            ),
            "state": st.column_config.TextColumn("State"),
            "data": st.column_config.TextColumn("Data"),
            "backbone": st.column_config.TextColumn("Backbone"),
            "thawed": st.column_config.TextColumn("Thawed", help="Or frozen, with LoRA learning beside it"),
            "took": st.column_config.NumberColumn("Took", format="compact", help="Hours, minutes and seconds"),
            "created": st.column_config.DatetimeColumn("Created", format="D MMM YYYY, HH:mm"),
            "reason": st.column_config.TextColumn("Why damaged") if any(row["reason"] for row in rows) else None,
        },
        alt="All runs with held-out accuracy after each phase, state, data, backbone, what was thawed, and duration",
    )
    return [runs[n] for n in event["selection"]["rows"] if n < len(runs)]


def _digest(runs: list[Run]) -> str:
    return hashlib.blake2b(b"/".join(os.fsencode(run.id) for run in runs), digest_size=8).hexdigest()


def _moment(milliseconds: float | None) -> Any:
    return datetime.fromtimestamp(milliseconds / 1000) if milliseconds else None
