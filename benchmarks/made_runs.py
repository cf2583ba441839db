"""Runs as a worker leaves them, made without training: for pages that show many, or much of one."""

import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from core import record, run_list
from core.config import RunConfig
from core.data.manifest import Manifest
from core.data.prepare import manifest
from core.evaluation.metrics import figures
from core.evaluation.verdict import compare
from core.files import write_json
from core.record import Run


def finished(home: Path, data: Path, n: int) -> None:
    """`n` runs that have ended, each with figures of both phases, a table and short histories."""
    config = RunConfig(data=str(data), task="image")
    found = manifest(config)
    rows = found.rows("validation")
    labels = found.labels(rows)
    for i in range(n):
        draws = np.random.default_rng(i).uniform(0.05, 0.95, (2, len(rows)))
        shares = [np.stack([1 - p, p], axis=1) for p in draws]
        run = run_list.create_run(config.replace(name=f"Run {i}"), {"python": "3"}, home / "runs")
        write_json(run.dataset_file, found.to_json(), durable=False)
        for phase, p in enumerate(shares, 1):
            more = compare(shares[0], p, labels, 3.0) if phase == 2 else {}
            write_json(run.evaluation_file(phase), {**figures(p, labels, found.classes), **more, "seconds": 3.0}, False)
            run.phase_model_file(phase).write_bytes(b"a model")
        _write_table(run, found, rows, np.concatenate(shares, axis=1))
        run.events_file.write_text(_lines(found, rows, epochs=10, batches=4))
        run.write_status(state=record.DONE, phase=2, epoch=20, epochs=20, seconds_total=12.0, kept=2, message="")


def _write_table(run: Run, found: Manifest, rows: list[int], shares: np.ndarray) -> None:
    """Write `predictions.csv`; `shares` are of both phases `(len(rows), 2 C)`."""
    names = [f"p{phase}:{name}" for phase in (1, 2) for name in found.classes]
    files = [found.files[row] for row in rows]
    told = [[f.path, found.classes[f.label], f.split, *p] for f, p in zip(files, shares.tolist(), strict=True)]
    run.write_predictions(["path", "label", "split", *names], told)


def looked_into(run: Run) -> None:
    """What the worker finds when it looks into the network: neighbours, doubtful labels, and a map of all examples."""
    dataset = run.dataset() or {"files": [], "classes": []}
    files, random = dataset["files"], np.random.default_rng(0)
    held = [n for n, file in enumerate(files) if file["split"] != "train"]
    learned = [n for n, file in enumerate(files) if file["split"] == "train"]
    near = {"files": held, "nearest": random.choice(learned, (len(held), 3)).tolist()}
    wrong = [
        {"file": n, "label": dataset["classes"][files[n]["label"]], "suggested": dataset["classes"][0]}
        | {"p_given": 0.1, "p_suggested": 0.9}
        for n in learned[:200]
    ]
    others = {"files": learned, "nearest": random.choice(learned, (len(learned), 3)).tolist()}
    told = {"classes": [[0, 1]] * len(learned), "shares": [[0.75, 0.25]] * len(learned)}
    found = {
        "label_errors": {"n": len(files), "accuracy": 0.9, "found": len(wrong), "rows": wrong},
        "neighbours": {**near, "similarity": np.full((len(held), 3), 0.9).tolist()},
        "learned_from": {**others, **told, "similarity": np.full((len(learned), 3), 0.9).tolist()},
        "corrections": None,
    }
    write_json(run.insight_file, found, durable=False)
    labels = np.array([file["label"] for file in files])
    points = {name: random.normal(3 * labels, 1).round(4).tolist() for name in "xy"} | {"explained": [0.3, 0.1]}
    shown = list(range(len(files)))
    write_json(run.embedding_file, {"files": shown, "maps": {"1": points, "2": points}}, durable=False)


def running(home: Path, data: Path, events: int) -> Run:
    """A run with that many events whose status says `running`; the caller holds its lock."""
    config = RunConfig(data=str(data), task="image")
    found = manifest(config)
    run = run_list.create_run(config.replace(name="Long one"), {"python": "3"}, home / "runs")
    write_json(run.dataset_file, found.to_json(), durable=False)
    run.events_file.write_text(_lines(found, found.rows("validation"), epochs=events // 50, batches=48))
    tick(run, 0)
    return run


def tick(run: Run, step: int) -> None:
    """One more batch event and a fresh status, as a worker writes them five times a second."""
    event = {"t": time.time(), "kind": "batch", "phase": 2, "epoch": 200, "step": step, "steps": 1000, "loss": 0.3}
    with open(run.events_file, "a") as file:
        file.write(json.dumps({**event, "accuracy": 0.9, "images_per_second": 100.0}) + "\n")
    run.write_status(
        state=record.RUNNING, phase=2, epoch=200, epochs=400, step=step, steps=1000, images_per_second=100.0,
        eta_s=60.0, elapsed_s=step / 5, heartbeat=time.time(), message="Phase 2: training",
    )  # fmt: skip


def _lines(found: Manifest, rows: list[int], epochs: int, batches: int) -> str:
    lines: list[dict[str, Any]] = []
    shown = rows[:12]
    for epoch in range(1, epochs + 1):
        phase = 1 if epoch <= epochs // 2 else 2
        loss = 1 / epoch + 0.1
        common = {"t": float(epoch), "phase": phase, "epoch": epoch}
        values = {"loss": loss, "accuracy": 1 - loss / 2}
        lines += [
            {**common, "kind": "batch", "step": i + 1, "steps": batches, "images_per_second": 99.0, **values}
            for i in range(batches)
        ]
        held = {"val_loss": loss * 1.1, "val_accuracy": 1 - loss / 2, "learning_rate": 1e-3, "seconds": 1.0}
        lines.append({**common, "kind": "epoch", **values, **held})
        lines.append({**common, "kind": "samples", "rows": shown, "probabilities": [[0.4, 0.6]] * len(shown)})
    return "".join(json.dumps(line) + "\n" for line in lines)
