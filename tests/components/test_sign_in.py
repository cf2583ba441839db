import pytest
from streamlit import config
from streamlit.runtime.secrets import Secrets
from streamlit.testing.v1 import AppTest

AUTH = {"redirect_uri": "http://localhost:8501/oauth2callback", "cookie_secret": "a long random text of no meaning"}
PROVIDER = {"client_id": "thaw", "client_secret": "s", "server_metadata_url": "https://id.example.org/oidc"}


def behind_the_door():
    import streamlit as st

    from components import sign_in

    sign_in.require()
    st.write("runs and models")


@pytest.fixture
def listening_on(monkeypatch):
    def listen(address):
        asked = config.get_option
        monkeypatch.setattr("streamlit.get_option", lambda key: address if key == "server.address" else asked(key))

    monkeypatch.delenv("THAW_PUBLIC", raising=False)
    return listen


@pytest.fixture
def secrets(tmp_path, monkeypatch):
    """The one file in which the app looks for secrets."""
    before, file = config.get_option("secrets.files"), tmp_path / "secrets.toml"
    config.set_option("secrets.files", [str(file)])
    monkeypatch.setattr("streamlit.secrets", Secrets())
    yield file
    config.set_option("secrets.files", before)


def visit(auth=None):
    page = AppTest.from_function(behind_the_door)
    if auth:
        page.secrets["auth"] = auth
    page.run()
    assert not page.exception
    return page, "runs and models" in [text.value for text in page.markdown]


def test_this_machine_alone_needs_no_sign_in(listening_on):
    listening_on("127.0.0.1")
    assert visit()[1]


@pytest.mark.parametrize("address", ["0.0.0.0", None])
def test_an_open_address_without_sign_in_shows_nothing_but_the_reason(address, listening_on):
    listening_on(address)
    page, seen = visit()
    assert not seen
    assert "THAW_PUBLIC=1" in page.error[0].value


def test_an_open_address_is_served_when_asked_for_by_name(listening_on, monkeypatch):
    listening_on("0.0.0.0")
    monkeypatch.setenv("THAW_PUBLIC", "1")
    assert visit()[1]


@pytest.mark.parametrize(
    ("auth", "labels"),
    [
        (AUTH | PROVIDER | {"client_kwargs": {"prompt": "login"}}, ["Sign in"]),
        (AUTH | {"campus": PROVIDER, "lab": PROVIDER}, ["Sign in with campus", "Sign in with lab"]),
    ],
)
@pytest.mark.parametrize("public", ["0", "1"])
def test_with_sign_in_a_stranger_sees_only_the_way_in(auth, labels, public, listening_on, monkeypatch):
    listening_on("127.0.0.1")
    monkeypatch.setenv("THAW_PUBLIC", public)
    page, seen = visit(auth)
    assert not seen
    assert [button.label for button in page.button] == labels


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(b"[auth"),
        lambda file: file.write_bytes(b"\xff\xfe"),
        lambda file: file.mkdir(),  # opens no better than one without rights, which an administrator would open
        lambda file: file.symlink_to("nowhere"),
    ],
    ids=["syntax", "encoding", "folder", "link"],
)
@pytest.mark.parametrize("public", ["0", "1"])
def test_secrets_that_cannot_be_read_let_nobody_in(damage, public, secrets, listening_on, monkeypatch):
    listening_on("127.0.0.1")
    monkeypatch.setenv("THAW_PUBLIC", public)
    assert visit()[1]
    damage(secrets)
    page, seen = visit()
    assert not seen
    assert "mends secrets.toml" in page.error[0].value


def test_an_auth_that_is_no_section_lets_nobody_in(listening_on):
    listening_on("127.0.0.1")
    page, seen = visit(auth="yes")
    assert not seen
    assert "no section [auth]" in page.error[0].value
