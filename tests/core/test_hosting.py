import pytest

from core import hosting

COMPLETE = """
[auth]
redirect_uri = "https://thaw.example.org/oauth2callback"
cookie_secret = "a long random text"
client_id = "thaw"
client_secret = "secret"
server_metadata_url = "https://id.example.org/.well-known/openid-configuration"
"""
NAMED_PROVIDER = COMPLETE.replace("client_id", "[auth.campus]\nclient_id")


@pytest.fixture
def secrets(tmp_path, monkeypatch):
    monkeypatch.delenv("THAW_PUBLIC", raising=False)
    return tmp_path / "secrets.toml"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1", "[::1]"])
def test_this_machine_alone_needs_no_sign_in(host, secrets):
    assert hosting.refusal(host, secrets) is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "lab.example.org", ""])
def test_an_address_that_others_reach_is_refused_without_sign_in(host, secrets):
    reason = hosting.refusal(host, secrets)
    assert str(secrets) in reason
    assert "THAW_PUBLIC=1" in reason


@pytest.mark.parametrize("text", [COMPLETE, NAMED_PROVIDER])
def test_complete_sign_in_opens_the_address(text, secrets):
    secrets.write_text(text)
    assert hosting.refusal("0.0.0.0", secrets) is None


def test_an_explicit_wish_opens_the_address(secrets, monkeypatch):
    monkeypatch.setenv("THAW_PUBLIC", "1")
    assert hosting.refusal("0.0.0.0", secrets) is None


@pytest.mark.parametrize("key", ["redirect_uri", "cookie_secret", *hosting.PROVIDER_KEYS])
@pytest.mark.parametrize("text", [COMPLETE, NAMED_PROVIDER])
def test_half_a_sign_in_is_refused_and_names_what_is_missing(text, key, secrets):
    secrets.write_text("\n".join(line for line in text.splitlines() if not line.startswith(f"{key} ")))
    assert f"{key} under [auth]" in hosting.refusal("0.0.0.0", secrets)


@pytest.mark.parametrize("text", [b"", b"[other]\na = 1\n", b"auth = 1", b"[auth", b"\xff\xfe"])
def test_secrets_without_a_readable_sign_in_are_refused(text, secrets):
    secrets.write_bytes(text)
    assert str(secrets) in hosting.refusal("0.0.0.0", secrets)


def test_the_command_ends_with_2_and_one_line(secrets, monkeypatch, capsys):
    monkeypatch.chdir(secrets.parent)
    assert hosting.main(["0.0.0.0"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
    assert hosting.main(["127.0.0.1"]) == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
@pytest.mark.parametrize("public", ["0", "1"])
def test_secrets_that_cannot_be_read_are_refused_at_any_address(host, public, secrets, monkeypatch):
    monkeypatch.setenv("THAW_PUBLIC", public)
    secrets.symlink_to("nowhere")
    assert "cannot be read" in hosting.refusal(host, secrets)
    secrets.unlink()
    secrets.write_text("[auth\n")
    assert "cannot be read" in hosting.refusal(host, secrets)


@pytest.mark.parametrize("where", ["home", "here"])
def test_the_command_ends_with_2_where_either_file_of_secrets_is_damaged(where, tmp_path, monkeypatch, capsys):
    for name in ("home", "here"):
        (tmp_path / name / ".streamlit").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "here")
    assert hosting.main(["127.0.0.1"]) == 0
    (tmp_path / where / hosting.SECRETS).write_text("[auth\n")
    assert hosting.main(["127.0.0.1"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
