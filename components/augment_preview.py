"""Changed copies of the user's own pictures, made by a process of its own."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import streamlit as st

from components.guard import guarded
from components.pictures import source
from components.samples_of import some_pictures
from core.config import RunConfig
from core.data import roots
from core.data.reading import reading
from core.errors import DataError


def preview(config: RunConfig, data: str | None) -> None:
    """A button, and the copies once they are made."""
    if not data:
        st.caption("Choose data to see changed copies of your own pictures here.")
        return
    if st.button("Show copies of my pictures", icon=":material/auto_awesome:", key="augment-show"):
        st.session_state["augment-preview"] = _start(config, _readable(some_pictures(data, 4)))
    if "augment-preview" in st.session_state:
        running = st.session_state["augment-preview"][0].poll() is None
        st.fragment(guarded()(_show), run_every=1.0 if running else None)(running)


def _readable(paths: Sequence[str]) -> list[str]:
    """Those that are still there and within the allowed roots, links resolved: they may have changed since the scan."""
    found = []
    for path in paths:
        with suppress(DataError):
            found.append(str(roots.check(path)))
    return found


def _start(config: RunConfig, paths: list[str]) -> tuple["subprocess.Popen[bytes]", Path]:
    out = Path(tempfile.mkdtemp(prefix="thaw-preview-"))
    command = [sys.executable, "-m", "core.data.augment", *paths, "--out", str(out)]
    command += ["--settings", json.dumps(asdict(config.augment)), "--reading", json.dumps(reading(config))]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"}
    with open(out / "log.txt", "wb") as log:
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment), out


def _show(running: bool) -> None:
    process, out = st.session_state["augment-preview"]
    code = process.poll()
    if running and code is not None:
        st.rerun()
    if code is None:
        st.caption("Making copies. The first time takes a few seconds.")
        st.skeleton(height=90)
        return
    made = sorted(out.glob("*.png"))
    if code or not made:
        st.warning("The copies could not be made. The training is not touched by this.")
        return
    pictures = "".join(f'<img src="{source(p.read_bytes())}" alt="changed copy {n}">' for n, p in enumerate(made, 1))
    st.html(f'<div class="thaw-strip">{pictures}</div>')
