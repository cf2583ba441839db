"""The settings that are being chosen, before a run has them: kept for the session, always valid."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from components.guard import guarded
from components.held import held
from core import config as configs
from core import presets
from core.config import RunConfig
from core.errors import ConfigError, DataError

_DRAFT, _ERROR = "draft", "draft_error"
COLUMNS = ("text_column", "label_column", "split_column")  # settings that belong to a table, not to a preset


def settings() -> RunConfig:
    """The settings as they stand."""
    if _DRAFT not in st.session_state:
        st.session_state[_DRAFT] = presets.preset("recommended")
    draft: RunConfig = st.session_state[_DRAFT]
    return draft


def fit(task: str) -> None:
    """Settings for data of another task start from that task's recommended ones."""
    if not settings().task:
        put(settings().replace(task=task))
    elif settings().task != task:
        put(presets.preset("recommended", task).replace(**columns()))


def columns() -> dict[str, str]:
    """The chosen columns of a table, as settings; empty names are found by themselves."""
    return {name: getattr(settings(), name) for name in COLUMNS}


def forget_columns() -> None:
    """Choose no columns: those of another table mean nothing in this one."""
    put(settings().replace(**dict.fromkeys(COLUMNS, "")))


def put(config: RunConfig) -> None:
    """Replace the settings; any complaint about earlier ones is void."""
    st.session_state[_DRAFT] = config
    st.session_state.pop(_ERROR, None)


def change(**values: Any) -> None:
    """Change settings by dotted name, with `__` for the dot; what breaks a rule is told and not taken."""
    tree: dict[str, Any] = {}
    for name, value in values.items():
        group, _, leaf = name.rpartition("__")
        (tree.setdefault(group, {}) if group else tree)[leaf] = value
    try:
        put(configs.from_json(tree, settings()))
    except ConfigError as error:
        st.session_state[_ERROR] = str(error)


def error() -> str | None:
    """The rule that the last change broke."""
    complaint: str | None = st.session_state.get(_ERROR)
    return complaint


def start_from(preset: str) -> None:
    """Take the settings of a preset; weights, name and columns stay as they were."""
    now = settings()
    fresh = presets.preset(preset, now.task)
    same = fresh.backbone == now.backbone
    weights = now.weights if same else "pretrained"
    put(fresh.replace(data=now.data, name=now.name, weights=weights, **columns()))


def bound(
    name: str, read: Callable[[Any], Any] = lambda value: value, options: Sequence[Any] | None = None
) -> dict[str, Any]:
    """What ties a widget to a setting: its key, holding the setting's value, and a callback that writes it back.

    Args:
        name: the setting, dotted.
        read: turns what the widget holds into the setting.
        options: those of a select box, whose default is a place among them.
    """
    value: Any = settings()
    for part in name.split("."):
        value = getattr(value, part)
    key = f"set-{name}"
    tied = held(key, value, "index", options.index(value)) if options else held(key, value)
    return {**tied, "on_change": _write, "args": (name.replace(".", "__"), key, read)}


@guarded()
def _write(name: str, key: str, read: Callable[[Any], Any]) -> None:
    value = st.session_state[key]
    if value is None:
        return
    try:
        change(**{name: read(value)})
    except DataError as error:
        st.session_state[_ERROR] = str(error)
