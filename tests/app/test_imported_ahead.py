"""What the first visitor would wait for is imported while the server starts."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOOK = """
import sys, threading, streamlit_app
for thread in threading.enumerate():
    if thread is not threading.main_thread():
        thread.join(60)
print(*[name for name in ("scipy.special", "tensorflow") if name in sys.modules])
"""


def test_the_server_imports_scipy_ahead_and_never_tensorflow():
    found = subprocess.run([sys.executable, "-c", LOOK], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert found.stdout.split() == ["scipy.special"], found.stderr
