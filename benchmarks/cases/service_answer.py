"""A warm answer of the prediction service over HTTP, against decoding and a bare forward pass in one process."""

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.pictures import files, made
from benchmarks.registry import TIMES, Measured, Settings, benchmark
from benchmarks.thaw_run import ROOT, places, train

SIZE = 224
BLOCK = 20  # answers of one side before it is the other's turn


@benchmark(
    "service_answer",
    f"warm answer of the prediction service, one {SIZE} px JPEG, median",
    "decode plus bare forward pass in one process",
    kind=TIMES,
    goal=1.3,
)
def service_answer(settings: Settings) -> Measured:
    """Both processes are warm and live all the time; blocks of twenty answers alternate."""
    import os

    from core.service_client import service

    data = made(settings.home / "photos", {"train": 32, "validation": 16}, (SIZE, SIZE))
    trained = train(settings.home, data, image_size=SIZE, unfreeze="none", early_stopping=False, phase1={"epochs": 1})
    os.environ |= places(settings.home)
    picture = Path(files(data)[0])
    bytes_ = picture.read_bytes()
    ours = service(trained.run)
    ours.wait(120)
    command = [sys.executable, "-m", "benchmarks.cases.service_answer", str(trained.run.path), str(picture)]
    theirs = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    how = f"EfficientNet-Lite0, {SIZE} px; medians of blocks of {BLOCK} answers; ours through HTTP, token and JSON"
    found = Measured([], [], how)
    try:
        for i in range((settings.pairs or (1 if settings.quick else 9)) + 1):  # the first one warms up
            mine = [_timed(lambda: ours.predict(bytes_, "a.jpg", phases="kept")) for _ in range(BLOCK)]
            other = _block(theirs)
            if i:
                found.ours.append(statistics.median(mine))
                found.theirs.append(other)
    finally:
        theirs.communicate("")
        ours.stop()
    return found


def _block(side: subprocess.Popen[str]) -> float:
    assert side.stdin is not None
    assert side.stdout is not None
    side.stdin.write("go\n")
    side.stdin.flush()
    return float(side.stdout.readline())


def _timed(action: Any) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def bare(run_dir: str, picture: str) -> None:
    """The other side: at each line of standard input, print the median seconds of a block."""
    import keras
    import tensorflow as tf

    model = keras.saving.load_model(Path(run_dir, "model.keras"), compile=False)
    forward = tf.function(lambda x: model(x, training=False))

    def answer() -> Any:
        pixels = tf.io.decode_jpeg(Path(picture).read_bytes(), channels=3)
        return forward(tf.cast(pixels[None], tf.float32)).numpy()

    for _ in sys.stdin:
        print(statistics.median(_timed(answer) for _ in range(BLOCK)), flush=True)


if __name__ == "__main__":
    bare(*sys.argv[1:])
