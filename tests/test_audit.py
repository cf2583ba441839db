"""What `make audit` takes for an answer, for a database out of reach, and for a failure."""

import importlib.util
import json
import subprocess
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("audit", Path(__file__).resolve().parents[1] / ".ci" / "audit.py")
audit = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(audit)

FOUND = {"id": "PYSEC-1", "fix_versions": ["2.0"]}
UNREACHABLE = "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='pypi.org'): Max retries exceeded"


def report(*vulns, **row):
    return json.dumps({"dependencies": [{"name": "a", "version": "1", **(row or {"vulns": list(vulns)})}]})


@pytest.fixture
def pip_audit(monkeypatch):
    """Makes pip-audit answer in a way."""

    def answers(text, status, said):
        def run(command, **options):
            if text:
                Path(command[command.index("--output") + 1]).write_text(text)
            return subprocess.CompletedProcess(command, status, "", said)

        monkeypatch.setattr(audit.subprocess, "run", run)

    return answers


@pytest.mark.parametrize(
    ("text", "status", "said", "ends", "part"),
    [
        (report(), 0, "", 0, "1 of 1 packages looked up, 0 known"),
        (report(FOUND), 1, "", 1, "PYSEC-1 (fixed in 2.0). NOT ACCEPTED"),
        (report(skip_reason="offline"), 0, "", 0, "cannot be reached"),
        ("", 1, UNREACHABLE, 0, "cannot be reached"),
        ("", 1, "Traceback (most recent call last):\nKeyError: 'name'", 1, "left no report. It said: KeyError: 'name'"),
        ("", 1, "ERROR:pip_audit._cli:invalid requirements input: x", 1, "invalid requirements input"),
        ("", 2, "", 1, "status 2"),
        ('{"dependencies": [', 1, "", 1, "left no report"),
    ],
)
def test_an_answer_a_database_out_of_reach_and_a_failure_are_told_apart(
    pip_audit, capsys, text, status, said, ends, part
):
    pip_audit(text, status, said)
    assert audit.main(["requirements.txt"]) == ends
    assert part in capsys.readouterr().out


def test_a_database_that_never_answers_is_out_of_reach(monkeypatch, capsys):
    def run(command, timeout, **options):
        raise subprocess.TimeoutExpired(command, timeout)

    monkeypatch.setattr(audit.subprocess, "run", run)
    assert audit.main([]) == 0
    assert "cannot be reached" in capsys.readouterr().out
