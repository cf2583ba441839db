"""Who may reach the app: an address that others reach needs sign-in, or an explicit wish to go without.

`python -m core.hosting HOST` ends with status 2 and one sentence when the app must not listen there.
"""

import ipaddress
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core import environment

SECRETS = Path(".streamlit") / "secrets.toml"
PROVIDER_KEYS = ("client_id", "client_secret", "server_metadata_url")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`, an address or a name."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def sign_in_gaps(secrets: Path = SECRETS) -> list[str]:
    """What `[auth]` in a secrets file without damage lacks for `st.login`; empty when sign-in is complete.

    Source: https://docs.streamlit.io/develop/api-reference/user/st.login
    """
    if not secrets.exists():
        return [f"the file {secrets}"]
    auth = tomllib.loads(secrets.read_text(encoding="utf-8")).get("auth")
    if not isinstance(auth, dict):
        return [f"a section [auth] in {secrets}"]
    gaps = [key for key in ("redirect_uri", "cookie_secret") if not auth.get(key)]
    providers = [auth[name] for name in provider_names(auth)] or [auth]
    gaps += sorted({key for provider in providers for key in PROVIDER_KEYS if not provider.get(key)})
    return [f"{key} under [auth] in {secrets}" for key in gaps]


def damage(secrets: Path) -> str | None:
    """Why nobody can tell whether a secrets file asks for sign-in, as one sentence; None where it is whole, or absent.

    A link that leads nowhere is damage: its file may be on a disk that is not there yet.
    """
    try:
        tomllib.loads(secrets.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        if not isinstance(error, FileNotFoundError) or secrets.is_symlink():
            return f"Thaw serves nobody while {secrets} cannot be read, since sign-in stands there: {error}. Mend it."
    return None


def provider_names(auth: Mapping[str, Any]) -> list[str]:
    """The providers that have a section `[auth.NAME]` of their own; empty for the one in `[auth]` itself."""
    return [name for name, value in auth.items() if isinstance(value, Mapping) and name != "client_kwargs"]


def refusal(host: str, secrets: Path = SECRETS) -> str | None:
    """Why the app must not listen on `host`, as one sentence with the remedy; None when it may."""
    if reason := damage(secrets):
        return reason
    if is_loopback(host) or environment.public():
        return None
    gaps = sign_in_gaps(secrets)
    if not gaps:
        return None
    return (
        f"Thaw does not listen on {host}, where others reach it, without sign-in: missing is {', '.join(gaps)}. "
        "Set it up as the README's section on security shows, "
        "or set THAW_PUBLIC=1 if everybody who reaches this machine may see your data and train on it."
    )


def main(arguments: list[str]) -> int:
    """The exit status for the address in `arguments`: 0 when the app may listen there, 2 when not."""
    reason = damage(Path.home() / SECRETS) or refusal(arguments[0] if arguments else "127.0.0.1")
    if reason:
        sys.stderr.write(reason + "\n")
    return 2 if reason else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
