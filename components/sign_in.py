"""The door: with sign-in set up nobody passes without it, and an open address without it serves nothing."""

import os
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError
from streamlit.navigation.page import StreamlitPage

from core import hosting
from core.errors import ConfigError

_FIRST = "Sign in first."


def require() -> None:
    """End the page here unless this visitor may see it. Called before anything of a page runs.

    Also guards those who start Streamlit by hand, past the check of `make app`.
    """
    reason = refusal(_signed_in)
    if reason is None:
        return
    if reason == _FIRST:
        _ask(st.secrets["auth"])
    else:
        st.error(reason, icon=":material/lock:")
    st.stop()


def refusal(is_signed_in: Callable[[], bool]) -> str | None:
    """Why a visitor may see nothing, as one sentence; None for one who may.

    Args:
        is_signed_in: whether this visitor is, asked only where sign-in is set up.
    """
    try:
        auth = _auth()
    except ConfigError as error:
        return str(error)
    if auth is None:
        return hosting.refusal(st.get_option("server.address") or "0.0.0.0")
    return None if is_signed_in() else _FIRST


def way_out() -> list[StreamlitPage]:
    """The navigation's entry for signing out, where somebody is signed in."""
    if not _signed_in():
        return []
    return [st.Page(st.logout, title="Sign out", icon=":material/logout:", url_path="sign-out")]


def _signed_in() -> bool:
    return bool(st.user.get("is_logged_in", False))


def _auth() -> Mapping[str, Any] | None:
    """The section [auth] of the secrets; None where there is none.

    Streamlit says of secrets that it cannot read what it says where there are none: that they were not found.

    Raises:
        ConfigError: there are some that cannot be read, so nobody can tell whether they ask for sign-in.
    """
    try:
        auth = st.secrets.get("auth")
    except (OSError, ValueError) as error:
        files = st.get_option("secrets.files")
        if isinstance(error, StreamlitSecretNotFoundError) and not any(map(os.path.lexists, files)):
            return None
        raise ConfigError(_UNREADABLE.format("the app's secrets cannot be read")) from None
    if auth is None or isinstance(auth, Mapping):
        return auth
    raise ConfigError(_UNREADABLE.format("auth among the app's secrets is no section [auth]"))


_UNREADABLE = "Thaw serves nobody while {}, since sign-in stands there. Whoever runs it mends secrets.toml."


def _ask(auth: Mapping[str, Any]) -> None:
    """A heading, and a button for each provider."""
    st.title("Thaw")
    st.write("Sign in to see data, runs and models.")
    providers: list[str | None] = [*hosting.provider_names(auth)]
    for name in providers or [None]:
        label = f"Sign in with {name}" if name else "Sign in"
        if st.button(label, type="primary", icon=":material/login:", key=f"sign-in-{name}"):
            st.login(name)
