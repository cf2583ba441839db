"""One side of a comparison in a fresh process: `python -m benchmarks.side MODULE:FUNCTION ARGUMENTS OUT`."""

import json
import os
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.machine import memory

ROOT = Path(__file__).resolve().parent.parent


def fresh(function: str, **arguments: Any) -> dict[str, Any]:
    """What `module:function` returns in a process of its own, with its `peak` memory in bytes.

    Raises:
        RuntimeError: it failed; says what it printed last.
    """
    with tempfile.TemporaryDirectory() as folder:
        out, log = Path(folder, "out.json"), Path(folder, "log")
        with open(log, "wb") as printed:
            subprocess.run(
                [sys.executable, "-m", "benchmarks.side", function, json.dumps(arguments), str(out)],
                cwd=ROOT,
                env={"TF_CPP_MIN_LOG_LEVEL": "3", **os.environ},
                stdout=printed,
                stderr=printed,
                check=False,
            )
        if not out.exists():
            raise RuntimeError(f"{function} failed:\n{log.read_text(errors='replace')[-2000:]}")
        return json.loads(out.read_text())


def main(function: str, arguments: str, out: str) -> None:
    """Run the function and write what it returns."""
    module, _, name = function.partition(":")
    result = getattr(import_module(module), name)(**json.loads(arguments))
    Path(out).write_text(json.dumps({**result, "peak": memory(os.getpid())["peak"]}))


if __name__ == "__main__":
    main(*sys.argv[1:])
