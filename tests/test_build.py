"""What the Makefile promises, as far as it costs no installation."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MAKE = shutil.which("make")
pytestmark = pytest.mark.skipif(MAKE is None, reason="make is not installed")


def make(*arguments, **environment):
    clean = {key: value for key, value in os.environ.items() if key not in ("THAW_PUBLIC", "MAKEFLAGS", "MFLAGS")}
    return subprocess.run(
        [MAKE, "-C", str(ROOT), *arguments], env=clean | environment, capture_output=True, text=True, timeout=60
    )


def stand_in(path, version):
    """An executable that answers as the Python of another version would."""
    path.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "Python {version}" && exit\nexit 1\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def venv():
    """The environment that runs the tests, which must not be installed into: `-o` keeps its stamps as they are."""
    return [f"VENV={sys.prefix}", "-o", f"{sys.prefix}/.stamps/app"]


def test_an_open_address_is_refused_in_one_sentence(venv):
    if (ROOT / ".streamlit" / "secrets.toml").exists():
        pytest.skip("sign-in is set up here")
    done = make("app", "HOST=0.0.0.0", *venv)
    assert done.returncode != 0
    assert done.stdout.count("streamlit run") == 0
    reasons = [line for line in done.stderr.splitlines() if not line.startswith("make")]
    assert len(reasons) == 1
    assert "sign-in" in reasons[0]
    assert "THAW_PUBLIC=1" in reasons[0]


def test_an_open_address_is_served_when_asked_for_by_name(venv):
    assert make("listen", "HOST=0.0.0.0", *venv, THAW_PUBLIC="1").returncode == 0


def test_no_python_is_said_in_one_sentence(tmp_path):
    done = make("setup", f"VENV={tmp_path / 'venv'}", PATH=str(tmp_path))
    assert done.returncode != 0
    assert "Thaw needs Python 3.11, 3.12 or 3.13; here is no python3 at all." in done.stderr
    assert "apt-get install python3 python3-venv" in done.stderr
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize("version", ["3.10.12", "3.14.0"])
def test_another_python_is_told_its_version_and_what_is_needed(tmp_path, version):
    stand_in(tmp_path / "python3", version)
    done = make("setup", f"VENV={tmp_path / 'venv'}", PATH=str(tmp_path))
    assert f"needs Python 3.11, 3.12 or 3.13; here is Python {version}." in done.stderr
    named = make("setup", f"VENV={tmp_path / 'venv'}", f"PYTHON={tmp_path / 'python3'}")
    assert f"{tmp_path / 'python3'} is Python {version}." in named.stderr


def test_a_python_without_venv_names_the_package_to_install(tmp_path):
    python = tmp_path / "python3"
    python.write_text(f'#!/bin/sh\ncase "$2" in *ensurepip*) exit 1;; esac\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    done = make("setup", f"VENV={tmp_path / 'venv'}", PATH=f"{tmp_path}")
    assert f"apt-get install python{sys.version_info.major}.{sys.version_info.minor}-venv" in done.stderr


def test_a_second_set_up_installs_nothing(tmp_path):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    (tmp_path / ".stamps").mkdir()
    (tmp_path / ".stamps" / "app").touch()
    (tmp_path / ".stamps" / "dev").touch()
    assert make("--question", "setup", "setup-dev", f"VENV={tmp_path}").returncode == 0
    os.utime(tmp_path / ".stamps" / "app", (0, 0))
    assert make("--question", "setup", f"VENV={tmp_path}").returncode == 1


def test_every_version_is_pinned_and_no_index_is_named():
    pinned = {}
    for name in ("requirements.txt", "requirements-weights.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text(encoding="utf-8").splitlines():
            line = line.partition("#")[0].strip()
            if line and line != "-c requirements.txt":
                package, version = re.fullmatch(r"([a-z0-9-]+)==([0-9][0-9a-z.]*)", line).groups()
                assert pinned.setdefault(package, version) == version
    assert {"tensorflow", "streamlit", "pytest"} <= pinned.keys()


def test_every_pinned_package_is_looked_up_for_known_vulnerabilities(venv):
    done = make("--dry-run", "audit", *venv, "-o", f"{sys.prefix}/.stamps/dev")
    assert "audit.py requirements.txt requirements-weights.txt requirements-dev.txt" in done.stdout


def test_ctrl_c_ends_the_app_and_says_that_trainings_go_on(venv):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [MAKE, "-C", str(ROOT), "app", f"PORT={port}", *venv]
    app = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        wait_until_healthy(app, f"http://127.0.0.1:{port}/_stcore/health")
        os.killpg(app.pid, signal.SIGINT)
        said, _ = app.communicate(timeout=30)
    finally:
        if app.poll() is None:
            os.killpg(app.pid, signal.SIGKILL)
    assert "Trainings that were running go on" in said
    assert "python -m core stop RUN" in said
    assert "Traceback" not in said


def wait_until_healthy(app, url):
    """Returns once the server answers; raises when it ends before that."""
    for _ in range(600):
        assert app.poll() is None, app.stdout.read()
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                assert answer.status == 200
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the app never answered")
