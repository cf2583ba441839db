"""After a phase: its probabilities on examples it did not learn from, its figures, its model, and which one is kept."""

import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from core import keeping
from core.config import RunConfig
from core.evaluation.calibration import expected_calibration_error, log_loss
from core.evaluation.metrics import figures
from core.evaluation.verdict import changed, compare
from core.files import copy_atomically, write_json
from core.record import Run
from core.tasks import Task
from core.training import checkpoint, scoring
from core.training.checkpoint import Progress
from core.training.examples import Examples
from core.training.insight import Insight
from core.training.network import Network
from core.training.plan import Plan
from core.training.reporter import Reporter
from core.training.store import Entry


class Judge:
    """Writes `evaluation/`, `models/`, `model.keras` and `predictions.csv` of a run."""

    def __init__(
        self,
        run: Run,
        config: RunConfig,
        task: Task,
        network: Network,
        examples: Examples,
        entries: dict[int, Entry],
        reporter: Reporter,
    ) -> None:
        """Held-out examples come first, then the test split. `entries` are the stored activations by phase."""
        self.run, self.config, self.task, self.network = run, config, task, network
        self.examples, self.reporter = examples, reporter
        held_out, test = examples.rows("validation"), examples.rows("test")
        self.rows, self.n_held_out = np.concatenate([held_out, test]), len(held_out)
        self.entries, self.insight = entries, Insight(run, network, examples, entries, self.rows, reporter)

    def phase(self, p: Plan, progress: Progress, began: float, graph: Callable[..., Any] | None = None) -> float:
        """Judge the network as it is now, as the outcome of phase `p`; returns the phase's wall time in seconds.

        `graph` is one of the backbone with its pooling as it is now, if there is one already.
        """
        self.examples.check_unchanged()
        self.reporter.stage(f"Phase {p.phase}: judging on {len(self.rows):,} {self.task.NOUN}", len(self.rows))
        n_classes = self.examples.n_classes
        source, rows = self.examples.source, self.rows
        answer = scoring.answering(self.network, source, len(rows), n_classes, graph)
        scores, features = scoring.score(answer, self.network, source, rows, n_classes, self.reporter)
        checkpoint.save_probabilities(self.run, p.phase, scores)
        self._write_table()
        self.reporter.stage(f"Phase {p.phase}: saving the model")
        before = self.run.kept()
        model = self.task.servable(self.network, self.config, n_classes)
        save_model(model, self.run.phase_model_file(p.phase))
        found = self._figures(scores) | {"phase": p.phase, "epochs": progress.epoch, "best_epoch": progress.best_epoch}
        found["seconds"] = seconds = time.monotonic() - began
        kept = p.phase
        if p.phase == 2:
            first = checkpoint.load_probabilities(self.run, 1)
            if first is not None:
                found |= self._comparison(first, scores, seconds) | {"megabytes": self._megabytes()}
                kept = found["kept"]
        of_run = self._of_run(kept)
        copy_atomically(self.run.phase_model_file(of_run), self.run.model_file)
        write_json(self.run.evaluation_file(p.phase), found)
        if keeping.follow(self.run, p.phase, before, of_run):
            self.reporter.event("note", message=_SET_ASIDE)
        self.reporter.status(kept=of_run)
        self.insight.after(p, features, model, lambda *tensors: answer(*tensors)[0].numpy())
        return seconds

    def _of_run(self, kept: int) -> int:
        """The phase whose model is the run's: the one that people chose before a resume, else `kept`."""
        chosen = self.run.notes().get("kept")
        return chosen if chosen in (1, 2) and self.run.has_model(chosen) else kept

    def end(self) -> None:
        """After the last phase: what a run with corrections brought."""
        self.insight.compare_with_earlier()

    def _write_table(self) -> None:
        """Write `predictions.csv` from the probabilities that the phases have left so far."""
        phases = {n: checkpoint.load_probabilities(self.run, n) for n in (1, 2)}
        known = {n: p for n, p in phases.items() if p is not None and len(p) == len(self.rows)}
        if not known:
            return
        manifest, table = self.examples.manifest, []
        for i, row in enumerate(self.rows):
            example = manifest.files[row]
            values = [f"{value:.9g}" for p in known.values() for value in p[i].tolist()]
            table.append([example.path, manifest.classes[example.label], example.split, *values])
        names = [f"p{n}:{name}" for n in known for name in manifest.classes]
        self.run.write_predictions(["path", "label", "split", *names], table)

    def _figures(self, scores: np.ndarray) -> dict[str, Any]:
        classes, labels, n = self.examples.manifest.classes, self.examples.labels[self.rows], self.n_held_out
        found = {"split": "validation", **figures(scores[:n], labels[:n], classes)}
        if len(labels) > n:
            found["test"] = figures(scores[n:], labels[n:], classes, fits=False)
        return found

    def _comparison(self, first: np.ndarray, second: np.ndarray, seconds: float) -> dict[str, Any]:
        n, labels = self.n_held_out, self.examples.labels[self.rows]
        found = compare(first[:n], second[:n], labels[:n], seconds, unit=self.task.NOUN)
        files = self.examples.manifest.files
        changes = zip(("mended", "broken"), changed(first[:n], second[:n], labels[:n]), strict=True)
        found["changes"] = {name: [files[self.rows[i]].path for i in places] for name, places in changes}
        found["calibration"] = {
            "before": _calibration(first[:n], labels[:n]),
            "after": _calibration(second[:n], labels[:n]),
        }
        if len(labels) > n:
            found["test_comparison"] = compare(first[n:], second[n:], labels[n:], seconds, unit=self.task.NOUN)
        return found

    def _megabytes(self) -> dict[str, float]:
        """What phase 2 takes: its model and what is stored for it on disk, and the most memory so far."""
        entry = self.entries.get(2)
        stored = entry.rows * sum(spec.row_bytes for spec in entry.specs) if entry else 0
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        size = self.run.phase_model_file(2).stat().st_size
        return {name: round(n / 1e6, 1) for name, n in (("model", size), ("stored", stored), ("memory_peak", peak))}


_SET_ASIDE = (
    "The line or the share without an answer was chosen on another model than the one that the run has now, "
    "so neither is used. Choose them anew on the results page."
)


def _calibration(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float]:
    p = probabilities.astype(np.float64)
    return {"ece": expected_calibration_error(p, labels), "loss": log_loss(p, labels)}


def save_model(model: keras.Model, path: Path) -> None:
    """Save beside `path`, then move into place."""
    beside = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        model.save(beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
