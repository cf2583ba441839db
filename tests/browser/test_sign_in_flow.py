"""A stranger comes to the door, signs in at a real (tiny) OpenID Connect provider, and leaves again."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import uvicorn
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.applications import Starlette
from starlette.responses import JSONResponse, RedirectResponse
from starlette.routing import Route

from tests.browser.conftest import wait_until_healthy

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.browser


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def provider(issuer):
    """An OpenID Connect provider that vouches for whoever comes."""
    key = RSAKey.generate_key(2048, parameters={"kid": "test", "use": "sig", "alg": "RS256"})
    nonces = {}

    async def discovery(_):
        return JSONResponse(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{issuer}/token",
                "jwks_uri": f"{issuer}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        )

    async def authorize(request):
        asked = request.query_params
        nonces["code"] = asked.get("nonce")
        back = urllib.parse.urlencode({"code": "code", "state": asked["state"]})
        return RedirectResponse(f"{asked['redirect_uri']}?{back}", status_code=302)

    async def token(_):
        now = int(time.time())
        claims = {"iss": issuer, "aud": "thaw", "sub": "1", "email": "ada@example.org", "iat": now, "exp": now + 3600}
        signed = jwt.encode({"alg": "RS256", "kid": "test"}, claims | {"nonce": nonces["code"]}, key)
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "expires_in": 3600, "id_token": signed})

    async def jwks(_):
        return JSONResponse(KeySet([key]).as_dict(private=False))

    return Starlette(
        routes=[
            Route("/.well-known/openid-configuration", discovery),
            Route("/authorize", authorize),
            Route("/token", token, methods=["POST"]),
            Route("/jwks", jwks),
        ]
    )


@pytest.fixture
def issuer():
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    server = uvicorn.Server(uvicorn.Config(provider(address), port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    yield address
    server.should_exit = True
    thread.join()


@pytest.fixture
def app(issuer, tmp_path):
    address = f"http://127.0.0.1:{free_port()}"
    secrets = tmp_path / "secrets.toml"
    secrets.write_text(
        f'[auth]\nredirect_uri = "{address}/oauth2callback"\ncookie_secret = "a long text that means nothing at all"\n'
        f'client_id = "thaw"\nclient_secret = "secret"\n'
        f'server_metadata_url = "{issuer}/.well-known/openid-configuration"\n'
    )
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless=true"]
    command += [f"--server.port={address.rpartition(':')[2]}", f"--secrets.files={secrets}"]
    with open(tmp_path / "log", "wb") as log:
        server = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, env=dict(os.environ))
    try:
        wait_until_healthy(f"{address}/_stcore/health")
        yield address
    finally:
        server.terminate()
        server.wait(timeout=20)


def test_a_stranger_sees_only_the_door_and_whoever_signs_in_sees_the_app(app, chromium):
    from playwright.sync_api import expect, sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        for path in ("", "/train", "/results", "/try", "/runs"):
            page.goto(app + path)
            expect(page.get_by_text("Sign in to see data, runs and models.")).to_be_visible(timeout=20_000)
            expect(page.get_by_role("link", name="Runs")).to_have_count(0)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("link", name="Runs")).to_be_visible(timeout=20_000)
        expect(page.get_by_text("Sign in to see data, runs and models.")).to_have_count(0)
        _files_pass(page, app)
        page.get_by_role("link", name="Sign out").click()
        expect(page.get_by_text("Sign in to see data, runs and models.")).to_be_visible(timeout=20_000)
        browser.close()


def _files_pass(page, app):
    """An upload arrives and a file is given to whoever is signed in, and to nobody else."""
    page.get_by_role("link", name="Train").click()
    page.get_by_role("button", name="Settings file").click()
    with page.expect_download() as found:
        page.get_by_role("button", name="Save these settings").click()
    saved = found.value.path()
    assert json.loads(saved.read_text())["preset"]
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(found.value.url, timeout=5)
    with refused.value:
        assert refused.value.code == 403
    settings = {"name": "s.json", "mimeType": "application/json", "buffer": b'{"preset": "quick", "name": "of a file"}'}
    with page.expect_response("**/upload_file/**") as answer:
        page.locator("input[type=file]").set_input_files(settings)
    assert answer.value.status == 204
    page.keyboard.press("Escape")
