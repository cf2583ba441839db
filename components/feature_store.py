"""The feature store, folded away: how full it is, what it keeps, and a button that empties it."""

import time
from typing import Any

import streamlit as st

from components.escape import as_markdown, shown
from components.guard import guarded
from components.numbers import UNKNOWN, ago, count, megabytes, plural
from core.catalog import BACKBONES
from core.training.store import FeatureStore

_ENDLESS = 10**17  # bytes from which a limit is none
_SAID = "store-said"  # what emptying came to, until it has been shown once


def feature_store() -> None:
    """One line that unfolds."""
    store = FeatureStore()
    entries = store.entries()
    used = megabytes(sum(entry["bytes"] for entry in entries) / 1e6)
    limit = megabytes(store.limit / 1e6) if store.limit < _ENDLESS else "any amount"
    if said := st.session_state.pop(_SAID, ""):
        st.success(as_markdown(said), icon=":material/check_circle:")
    filled = f"{used} of {limit}" if entries else "empty"
    with st.expander(f"Feature store: {filled}", icon=":material/ac_unit:", key="fold-store"):
        st.caption(
            "What the frozen part of a network says of each example is kept here, so that a later run starts at once. "
            f"The store holds {limit} (THAW_CACHE_GB); where room is needed, what was used longest ago goes first."
        )
        if entries:
            _table(entries)
            # Once entries have gone it is another popover, which is closed.
            with st.popover("Empty", icon=":material/delete_sweep:", key=f"empty-store-{len(entries)}"), guarded():
                _empty(store)


def _table(entries: list[dict[str, Any]]) -> None:
    now = time.time()
    st.dataframe(
        [_row(entry, now) for entry in entries],
        hide_index=True,
        height=min(320, 40 + 36 * len(entries)),
        column_config={
            "network": st.column_config.TextColumn("Network", width="medium"),
            "of": st.column_config.TextColumn("Output of", help="The layer where the frozen part ends", width="medium"),
            "data": st.column_config.TextColumn("Data"),
            "examples": st.column_config.TextColumn("Examples", help="Augmented copies included"),
            "shape": st.column_config.TextColumn("Size"),
            "disk": st.column_config.TextColumn("On disk"),
            "used": st.column_config.TextColumn("Last used"),
        },
        alt="What the feature store keeps, with network, layer, data, examples, size on disk and last use",
    )


def _row(entry: dict[str, Any], now: float) -> dict[str, Any]:
    about = entry["about"]
    backbone, examples = BACKBONES.get(str(about.get("backbone"))), about.get("examples")
    unit = next((unit for unit in ("image_size", "sequence_length") if unit in about), None)
    return {
        "network": backbone.title if backbone else "unknown" if about else "damaged",
        "of": "the whole network" if about.get("tensors") == "features" else _text(about.get("tensors")),
        "data": _text(about.get("data")),
        "examples": count(examples) if isinstance(examples, int) else UNKNOWN,
        "shape": f"{_text(about[unit])} {'px' if unit == 'image_size' else 'tokens'}" if unit else UNKNOWN,
        "disk": megabytes(entry["bytes"] / 1e6),
        "used": ago(now - entry["used"]),
    }


def _text(value: Any) -> str:
    return UNKNOWN if value in (None, "") else shown(str(value))


def _empty(store: FeatureStore) -> None:
    st.markdown(
        "The next run computes its frozen part again. Runs, models and data stay, and so does what a run reads now."
    )
    if st.button("Empty the store", type="primary", key="empty-store-yes"):
        freed = megabytes(store.clear() / 1e6)
        stay = len(store.entries())
        rest = f" {plural(stay, 'entry stays', 'entries stay')}: a run is reading {'it' if stay == 1 else 'them'}."
        st.session_state[_SAID] = f"Set free: {freed}.{rest if stay else ''}"
        st.rerun()
