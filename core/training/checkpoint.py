"""What resume needs, in one file that is replaced atomically after every epoch."""

import io
import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from core.files import replace_atomically
from core.record import Run

Weights = list[np.ndarray]
ARRAYS = ("weights", "optimizer", "best", "accumulated")


@dataclass
class Progress:
    """How far a run has come. Plain data, kept inside the checkpoint as JSON."""

    phase: int = 1  # the phase that is running, or has just ended
    epoch: int = 0  # epochs of this phase that are over
    epochs_before: int = 0  # epochs of earlier phases
    ended: bool = False  # whether the phase's training is over
    best_loss: float = float("inf")  # the lowest held-out loss of this phase
    best_epoch: int = 0  # when that was, counted within the phase
    wait: int = 0  # epochs since then
    seconds: float = 0.0  # spent on this phase so far
    parts: int = 1  # into how many a batch is split, because the memory ran out with larger ones
    events: int = 0  # bytes of events.jsonl that belong to this checkpoint
    left_out: list[str] = field(default_factory=list)  # files that could not be decoded


@dataclass
class Checkpoint:
    """Progress, and the variables that learn."""

    progress: Progress
    weights: Weights  # of the variables that train, in the model's order
    optimizer: Weights  # the optimizer's variables, in its order
    best: Weights  # the weights with the lowest held-out loss
    accumulated: Weights  # gradients of a batch that is not complete; empty where batches are whole


def save(run: Run, checkpoint: Checkpoint) -> None:
    """Replace the run's checkpoint."""
    arrays: dict[str, Any] = {}
    for name in ARRAYS:
        arrays |= {f"{name}{i}": value for i, value in enumerate(getattr(checkpoint, name))}
    arrays["progress"] = np.array(json.dumps(asdict(checkpoint.progress)))  # last: missed where the archive ends early
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    replace_atomically(run.checkpoints / "state.npz", buffer.getvalue())


def load(run: Run) -> Checkpoint | None:
    """The run's checkpoint; None where there is none that can be read."""
    try:
        with open(run.checkpoints / "state.npz", "rb") as file, np.load(file, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        written, known = json.loads(str(arrays.pop("progress"))), {f.name for f in fields(Progress)}
        progress = Progress(**{name: value for name, value in written.items() if name in known})
        return Checkpoint(progress, *(_numbered(arrays, name) for name in ARRAYS))
    except Exception:  # noqa: BLE001 - damage to an archive shows as a dozen kinds of error
        return None


def drop(run: Run) -> None:
    """Forget the run's checkpoint and what its phases left for its table."""
    for name in ("state.npz", "probabilities1.npy", "probabilities2.npy"):
        (run.checkpoints / name).unlink(missing_ok=True)


def save_probabilities(run: Run, phase: int, probabilities: np.ndarray) -> None:
    """Keep a phase's held-out probabilities until the run's table is written."""
    buffer = io.BytesIO()
    np.save(buffer, probabilities)
    replace_atomically(run.checkpoints / f"probabilities{phase}.npy", buffer.getvalue())


def load_probabilities(run: Run, phase: int) -> np.ndarray | None:
    """The probabilities that `save_probabilities` kept, float32 `(N, n_classes)`; None where none can be read."""
    try:
        return np.load(run.checkpoints / f"probabilities{phase}.npy", allow_pickle=False)
    except Exception:  # noqa: BLE001 - damage to the header shows as several kinds of error
        return None


def _numbered(arrays: dict[str, np.ndarray], name: str) -> Weights:
    count = sum(key.startswith(name) for key in arrays)
    return [arrays[f"{name}{i}"] for i in range(count)]
