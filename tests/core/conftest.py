"""Small real folders of pictures, and runs trained on them by the real worker."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
COLOURS = {"blue": (40, 60, 200), "red": (200, 50, 40), "green": (40, 180, 60), "grey": (128, 128, 128)}


def make_pictures(folder: Path, classes: list[str], count: int, seed: int = 0) -> Path:
    """`count` noisy pictures a class in several formats and sizes; a class's colour tells it from the others."""
    random = np.random.default_rng(seed)
    for name, colour in zip(classes, COLOURS.values(), strict=False):
        (folder / name).mkdir(parents=True)
        for i in range(count):
            height, width = random.integers(40, 90, 2)
            noise = random.normal(0, 60, (height, width, 3))
            pixels = np.clip(np.array(colour) + noise, 0, 255).astype("uint8")
            Image.fromarray(pixels).save(folder / name / f"{name} {i}.{('jpg', 'png', 'webp', 'bmp')[i % 4]}")
    return folder


def core(*arguments: str, check: bool = True, **environment: str) -> subprocess.CompletedProcess:
    """The shell command, as a user runs it."""
    return subprocess.run(
        [sys.executable, "-m", "core", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=check,
        timeout=300,
    )


def train(data: Path, *arguments: str, **environment: str) -> dict:
    """Train with small settings and return what `train --json` says."""
    small = ["--image-size", "32", "--epochs1", "3", "--epochs2", "2", "--unfreeze", "blocks:1"]
    return json.loads(core("train", "--data", str(data), *small, *arguments, "--json", **environment).stdout)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> Path:
    """Two classes of 20 pictures, with names that need care."""
    return make_pictures(tmp_path_factory.mktemp("pictures"), ["été 🐈", "<script>"], 20)


@pytest.fixture(scope="session")
def trained(pictures, tmp_path_factory) -> Path:
    """The folder of a finished run of both phases on `pictures`."""
    home = tmp_path_factory.mktemp("trained")
    said = train(pictures, THAW_RUNS=str(home / "runs"), THAW_CACHE_DIR=str(home / "cache"))
    assert said["state"] == "done"
    return Path(said["run_dir"])
