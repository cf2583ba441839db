"""The door: with sign-in set up nobody passes without it, and an open address without it serves nothing."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError
from streamlit.navigation.page import StreamlitPage

from core import hosting


def require() -> None:
    """End the page here unless this visitor may see it. Called before anything of a page runs.

    Also guards those who start Streamlit by hand, past the check of `make app`.
    """
    reason = refusal(_signed_in)
    if reason is None:
        return
    auth = _auth()
    if auth is None:
        st.error(reason, icon=":material/lock:")
    else:
        _ask(auth)
    st.stop()


def refusal(is_signed_in: Callable[[], bool]) -> str | None:
    """Why a visitor may see nothing, as one sentence; None for one who may.

    Args:
        is_signed_in: whether this visitor is, asked only where sign-in is set up.
    """
    if _auth() is None:
        return hosting.refusal(st.get_option("server.address") or "0.0.0.0")
    return None if is_signed_in() else "Sign in first."


def way_out() -> list[StreamlitPage]:
    """The navigation's entry for signing out, where somebody is signed in."""
    if not _signed_in():
        return []
    return [st.Page(st.logout, title="Sign out", icon=":material/logout:", url_path="sign-out")]


def _signed_in() -> bool:
    return bool(st.user.get("is_logged_in", False))


def _auth() -> Mapping[str, Any] | None:
    """The section [auth] of the secrets; None where there is none."""
    try:
        return st.secrets.get("auth")
    except StreamlitSecretNotFoundError:
        return None


def _ask(auth: Mapping[str, Any]) -> None:
    """A heading, and a button for each provider."""
    st.title("Thaw")
    st.write("Sign in to see data, runs and models.")
    providers: list[str | None] = [*hosting.provider_names(auth)]
    for name in providers or [None]:
        label = f"Sign in with {name}" if name else "Sign in"
        if st.button(label, type="primary", icon=":material/login:", key=f"sign-in-{name}"):
            st.login(name)
