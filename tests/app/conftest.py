"""A small data set, and a run that has ended, as the worker would leave them."""

import json

import numpy as np
import pytest
from PIL import Image

from core import run_list
from core.config import RunConfig
from core.evaluation.metrics import figures
from core.evaluation.verdict import compare

CLASSES = ["cats <b>*bold*</b>", "dogs 犬"]


@pytest.fixture
def pictures(tmp_path, monkeypatch):
    """Two classes of twelve tiny pictures, one of the names full of markup."""
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path))
    root = tmp_path / "pets"
    for label, name in enumerate(CLASSES):
        (root / name.replace("/", "∕")).mkdir(parents=True)
        for n in range(12):
            Image.new("RGB", (12, 10), (20 * n, 90 * label, 60)).save(root / name.replace("/", "∕") / f"{n}.png")
    return root


@pytest.fixture
def third(pictures):
    """A third class beside the two of `pictures`."""
    (pictures / "birds").mkdir()
    for n in range(12):
        Image.new("RGB", (12, 10), (20 * n, 40, 200)).save(pictures / "birds" / f"{n}.png")
    return pictures


@pytest.fixture
def run_of():
    """Makes a run's folder in a state, with all that its state implies."""
    return _run_of


def _run_of(root, state="done", name="pets <script>alert(1)</script>"):
    run = run_list.create_run(RunConfig(data=str(root), name=name), {"python": "3"})
    classes = sorted(p.name for p in root.iterdir())
    files = [
        {"path": f"{folder}/{n}.png", "label": label, "split": "validation" if n < 6 else "train", "hash": ""}
        for label, folder in enumerate(classes)
        for n in range(12)
    ]
    run.dataset_file.write_text(json.dumps({"task": "image", "root": str(root), "classes": classes, "files": files}))
    _write_events(run)
    held = [row for row, file in enumerate(files) if file["split"] == "validation"]
    labels = np.array([files[row]["label"] for row in held])
    shares = _shares(len(held), len(classes))
    for phase, p in enumerate(shares, 1):
        more = compare(shares[0], p, labels, 3.0) if phase == 2 else {}
        run.evaluation_file(phase).write_text(json.dumps({**figures(p, labels, classes), **more, "seconds": 3.0}))
        run.phase_model_file(phase).write_bytes(b"model")
    header = ["path", "label", "split", *(f"p{phase}:{c}" for phase in (1, 2) for c in classes)]
    rows = [
        [
            files[row]["path"],
            classes[files[row]["label"]],
            "validation",
            *(f"{p[i, c]:.9g}" for p in shares for c in range(len(classes))),
        ]
        for i, row in enumerate(held)
    ]
    run.write_predictions(header, rows)
    run.write_status(
        state=state, phase=2, epoch=4, epochs=4, step=0, steps=0, seconds_total=12.0, kept=2, message="Done"
    )
    return run


def _shares(n, classes):
    """Probabilities of n examples after both phases, each (n, C)."""
    random = np.random.default_rng(0)
    if classes > 2:
        return list(random.dirichlet(np.ones(classes), (2, n)))
    return [np.stack([1 - p, p], axis=1) for p in random.uniform(0.05, 0.95, (2, n))]


def _write_events(run):
    lines = []
    for epoch in range(1, 5):
        phase = 1 if epoch < 3 else 2
        values = {"loss": 1 / epoch, "accuracy": 0.5 + epoch / 10, "val_loss": 1.1 / epoch, "val_accuracy": 0.5}
        common = {"t": float(epoch), "phase": phase, "epoch": epoch}
        lines.append({**common, "kind": "batch", "step": 1, "steps": 2, "images_per_second": 9.0, **values})
        lines.append({**common, "kind": "epoch", "learning_rate": 1e-3, "seconds": 1.0, **values})
        lines.append({**common, "kind": "samples", "rows": [0, 13], "probabilities": [[0.9, 0.1], [0.6, 0.4]]})
    run.events_file.write_text("".join(json.dumps(line) + "\n" for line in lines))
