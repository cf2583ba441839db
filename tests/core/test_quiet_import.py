"""Libraries that print while they are imported."""

import subprocess
import sys
from pathlib import Path

CODE = "import sys; from core.quiet_import import import_quietly; import_quietly('{}'); print('after', file=sys.stderr)"


def _stderr_of(folder: Path, module: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(folder)!r}); " + CODE.format(module)],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr


def test_what_a_library_writes_while_it_is_imported_is_not_seen_and_what_follows_is(tmp_path: Path) -> None:
    (tmp_path / "chatty.py").write_text("import os\nos.write(2, b'notes on the processor\\n')\n")
    assert _stderr_of(tmp_path, "chatty") == "after\n"


def test_an_import_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise ImportError('no such part')\n")
    assert "no such part" in _stderr_of(tmp_path, "broken")
