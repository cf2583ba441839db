"""Where everything of a run lies. Nothing else in the code spells these names.

```
runs/<run_id>/
├── config.json  dataset.json  status.json  events.jsonl  predictions.csv
├── evaluation/phase1.json  phase2.json  insight.json  embedding.json  components.npz  tsne.json  words.json
├── evaluation/other_data.json  explanations/  exports/  jobs/  corrections.json
├── models/phase1.keras  models/phase2.keras  model.keras
├── checkpoints/  scratch/  worker.log  worker.lock  exit.json
└── request.json  notes.json  notes.lock  bound
```
"""

from pathlib import Path


class RunFolder:
    """The places of one run directory."""

    def __init__(self, path: str | Path) -> None:
        """`path` is the run's folder; it need not exist yet."""
        self.path = Path(path)
        self.id = self.path.name

    @property
    def config_file(self) -> Path:
        """Settings and versions, written once by the launcher."""
        return self.path / "config.json"

    @property
    def dataset_file(self) -> Path:
        """The manifest."""
        return self.path / "dataset.json"

    @property
    def status_file(self) -> Path:
        """Where the run is."""
        return self.path / "status.json"

    @property
    def events_file(self) -> Path:
        """What happened, one JSON object a line."""
        return self.path / "events.jsonl"

    @property
    def predictions_file(self) -> Path:
        """Probabilities for every held-out and test example after each phase."""
        return self.path / "predictions.csv"

    @property
    def model_file(self) -> Path:
        """A copy of the kept phase's model."""
        return self.path / "model.keras"

    @property
    def checkpoints(self) -> Path:
        """What resume needs."""
        return self.path / "checkpoints"

    @property
    def scratch(self) -> Path:
        """The worker's temporary files; there only while it lives, or after it was killed until it is resumed."""
        return self.path / "scratch"

    @property
    def log_file(self) -> Path:
        """Everything that the worker printed."""
        return self.path / "worker.log"

    @property
    def exit_file(self) -> Path:
        """How the worker's process ended, written by the process that watches it: only where a signal ended it."""
        return self.path / "exit.json"

    @property
    def request_file(self) -> Path:
        """What page or shell ask of the worker."""
        return self.path / "request.json"

    @property
    def bound_file(self) -> Path:
        """There where a page started the worker, which then reads within the allowed roots; left by the launcher."""
        return self.path / "bound"

    @property
    def notes_file(self) -> Path:
        """What people decided about the run."""
        return self.path / "notes.json"

    @property
    def notes_lock_file(self) -> Path:
        """What is locked for the instant in which the notes change."""
        return self.path / "notes.lock"

    def evaluation_file(self, phase: int) -> Path:
        """Figures on the held-out set after a phase."""
        return self.path / "evaluation" / f"phase{phase}.json"

    @property
    def insight_file(self) -> Path:
        """Probable label errors, nearest training examples, and what corrections changed; written by the worker."""
        return self.path / "evaluation" / "insight.json"

    @property
    def words_file(self) -> Path:
        """What each word of the sample texts does to their answer, after each phase; written by the worker."""
        return self.path / "evaluation" / "words.json"

    @property
    def embedding_file(self) -> Path:
        """The map of features by principal components after each phase; written by the worker."""
        return self.path / "evaluation" / "embedding.json"

    @property
    def components_file(self) -> Path:
        """The principal components that other maps are made from; written by the worker."""
        return self.path / "evaluation" / "components.npz"

    @property
    def tsne_file(self) -> Path:
        """The map by t-SNE, made on demand."""
        return self.path / "evaluation" / "tsne.json"

    @property
    def other_data_file(self) -> Path:
        """Figures of the kept model on other data, made on demand."""
        return self.path / "evaluation" / "other_data.json"

    @property
    def other_data_request(self) -> Path:
        """Which other data the page asked to score."""
        return self.path / "jobs" / "evaluate.ask.json"

    @property
    def explanations(self) -> Path:
        """Heat maps, made on demand and kept."""
        return self.path / "explanations"

    @property
    def corrections_file(self) -> Path:
        """The corrections that this run was trained with, written once by the launcher; absent without any."""
        return self.path / "corrections.json"

    @property
    def exports(self) -> Path:
        """What the page took along: report, code and model card, made on demand."""
        return self.path / "exports"

    def job_file(self, kind: str) -> Path:
        """Where a job on demand says how far it is."""
        return self.path / "jobs" / f"{kind}.json"

    def phase_model_file(self, phase: int) -> Path:
        """The best model of a phase."""
        return self.path / "models" / f"phase{phase}.keras"

    @property
    def lock_file(self) -> Path:
        """What the worker holds locked while it lives."""
        return self.path / "worker.lock"
