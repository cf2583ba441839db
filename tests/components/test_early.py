import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVE = """
import asyncio, sys, threading
import streamlit_app
from components.early import DEAR, early
assert not any(name in sys.modules for name in DEAR), "the server itself has loaded them before it takes visits"
async def life():
    async with early(streamlit_app.app):
        assert [thread.daemon for thread in threading.enumerate() if thread.name == "early"] == [True]
        [thread.join() for thread in threading.enumerate() if thread.name == "early"]
asyncio.run(life())
print(all(name in sys.modules for name in DEAR))
"""


def test_the_libraries_come_in_while_the_server_already_takes_visits():
    assert _run(SERVE) == "True"


def test_a_first_visit_would_wait_for_them():
    code = (
        "import sys; from components.early import DEAR; import components.results.headline, components.results.picture"
    )
    assert _run(f"{code}; print([name for name in DEAR if name not in sys.modules])") == "[]"


def _run(code):
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
