"""What the Makefile promises, as far as it costs no installation."""

import json
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
from streamlit.testing.v1 import AppTest

from core import launcher, record, run_list
from core.config import from_json
from core.record import Run
from tests.core.conftest import make_pictures
from tests.core.test_training_resume import wait
from tests.core.test_training_survives import until

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


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def goes_on(run):
    """Whether the run is training, and an epoch later still is."""
    seen = len(run.events(("epoch",)))
    until(lambda: len(run.events(("epoch",))) > seen)
    return run.state() == record.RUNNING


@pytest.fixture
def long_run(tmp_path):
    """Settings of a run that would go on for hours; it is stopped when the test has ended."""
    data = make_pictures(tmp_path / "data", ["blue", "red"], 4)
    long = {"phase1": {"epochs": 9999, "learning_rate": 1e-6}, "early_stopping": False, "unfreeze": "none"}
    yield {"data": str(data), "weights": "random", "image_size": 32, **long}
    for run in run_list.list_runs():
        launcher.stop(run)
        assert wait(run) == record.STOPPED


def test_ctrl_c_ends_the_app_and_says_that_trainings_go_on(venv, long_run):
    run = launcher.start(from_json(long_run))
    until(lambda: run.events(("epoch",)))
    port = free_port()
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
    assert goes_on(run)


SERVER = """
import json, sys
from core import launcher
from core.config import from_json
from streamlit.web import cli
print(launcher.start(from_json(json.loads(sys.argv[1]))).path, flush=True)
cli.main(["run", "streamlit_app.py", "--server.port", sys.argv[2]])
"""


def test_a_run_outlives_the_server_that_started_it_and_a_new_one_shows_it(long_run):
    def killed(*command):
        """A server of the app that is killed once it answers; the first line that it said."""
        port = free_port()
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "cwd": ROOT}
        server = subprocess.Popen([sys.executable, *(part.format(port=port) for part in command)], **options)
        with server:
            try:
                said = server.stdout.readline()
                wait_until_healthy(server, f"http://127.0.0.1:{port}/_stcore/health")
            finally:
                server.kill()
        assert server.returncode == -signal.SIGKILL
        return said.strip()

    run = Run(killed("-c", SERVER, json.dumps(long_run).replace("{", "{{").replace("}", "}}"), "{port}"))
    assert run.exists()
    until(lambda: run.events(("epoch",)))
    assert goes_on(run)
    killed("-m", "streamlit", "run", "streamlit_app.py", "--server.port", "{port}")
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=60).run()
    app.switch_page("components/pages/runs.py").run()
    assert not [*app.error, *app.exception]
    assert list(app.dataframe[0].value["state"]) == ["training"]
    assert goes_on(run)


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
