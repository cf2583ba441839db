"""What every section of the Results page is given."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import streamlit as st

from components.escape import shown
from core.config import RunConfig
from core.data import patients
from core.data.reading import Reading, reading
from core.errors import RunError, ThawError
from core.evaluation import cases, insight
from core.evaluation.cases import Cases
from core.evaluation.corrected_after import corrected_after
from core.evaluation.insight import Insight, LabelError
from core.evaluation.learned_too import learned_too
from core.files import is_file
from core.record import Run

Figures = dict[str, Any]


@dataclass
class Report:
    """A run that has figures; what is heavy is read when a section asks for it."""

    run: Run
    config: RunConfig
    figures: dict[int, Figures]  # by phase
    kept: int  # the phase whose model is the run's
    status: dict[str, Any]
    asked: str = "test"  # the split that is to be looked at, where the run has it

    @property
    def held_out(self) -> Figures:
        """Figures of the kept model on the held-out examples."""
        return self.figures[self.kept]

    @property
    def test(self) -> Figures | None:
        """Figures of the kept model on the test split, where there is one."""
        return self.held_out.get("test")

    @property
    def split(self) -> str:
        """Which examples the page is about: test or validation. Every section follows it."""
        return "test" if self.test and self.asked == "test" else "validation"

    @property
    def best(self) -> Figures:
        """Figures of the kept model on those; unless held-out ones are asked for, the fairest there are."""
        return self.test if self.test and self.split == "test" else self.held_out

    @property
    def split_name(self) -> str:
        """The same in words."""
        return "test" if self.split == "test" else "held-out"

    @property
    def reading(self) -> Reading:
        """How its pictures are read."""
        return reading(self.config)

    @property
    def is_text(self) -> bool:
        """Whether examples are texts."""
        return self.config.task == "text"

    @property
    def unit(self) -> str:
        """What one example is called."""
        return "text" if self.is_text else "picture"

    @property
    def classes(self) -> list[str]:
        """The names in order, as they can be shown."""
        return [shown(row["class"]) for row in self.best["per_class"]]

    @cached_property
    def cases(self) -> Cases | None:
        """The held-out and test examples with their probabilities; None where the run has not written them."""
        try:
            stamp = self.run.predictions_file.stat().st_mtime_ns
            return _cases(str(self.run.path), stamp)
        except (OSError, RunError):
            return None

    @property
    def no_cases(self) -> str:
        """Why `cases` are not there, and what goes with them; nothing where they are."""
        if self.cases is not None and self.kept in self.cases.probabilities:
            return ""
        file = self.run.predictions_file
        why = "cannot be read" if is_file(file) else "is not there"
        return (
            f"{file.name} {why}, so no {self.unit} can be shown here, and neither can calibration, the line or "
            "“none of these”. Training again writes it anew."
        )

    @property
    def rows(self) -> np.ndarray:
        """The rows of `cases` that `best` is about."""
        return self.cases.rows(self.split) if self.cases else np.zeros(0, int)

    @property
    def held_out_rows(self) -> np.ndarray:
        """Those of held-out examples, which choices are made on; a test split takes part in none."""
        return self.cases.rows("validation") if self.cases else np.zeros(0, int)

    @property
    def test_rows(self) -> np.ndarray:
        """Those of the test split, which judge what was chosen; none where there is no such split."""
        return self.cases.rows("test") if self.cases else np.zeros(0, int)

    @cached_property
    def notes(self) -> dict[str, Any]:
        """What people had decided when the page was drawn; `run.notes()` is what they have by now."""
        return self.run.notes()

    @cached_property
    def insight(self) -> Insight | None:
        """What the worker found when it looked into the network; None for a run that was never looked into."""
        try:
            return _insight(str(self.run.path), self.run.insight_file.stat().st_mtime_ns)
        except (OSError, KeyError, ThawError):
            return None

    @property
    def label_errors(self) -> list[LabelError]:
        """Labels that may be wrong, the most suspicious first."""
        return self.insight.label_errors if self.insight else []

    @property
    def classes_as_named(self) -> list[str]:
        """The names in order, as they are written in the data."""
        return [str(row["class"]) for row in self.best["per_class"]]

    @property
    def learned_too(self) -> int:
        """How many of the examples that `best` is about the network has learned from: copies in the training split."""
        try:
            return _learned_too(str(self.run.path), self.run.dataset_file.stat().st_mtime_ns, self.split)
        except (OSError, KeyError, TypeError):
            return 0

    def corrected(self, split: str) -> int | None:
        """How many examples of a split people put right or left out before this run; None where nobody noted which."""
        return corrected_after(self.run, self.insight.corrections if self.insight else None, split)

    @property
    def patients_unknown(self) -> str:
        """That nothing tells the patients apart, in a sentence; nothing where something does."""
        try:
            return _patients_unknown(str(self.run.path), self.run.dataset_file.stat().st_mtime_ns)
        except (OSError, KeyError, TypeError):
            return ""

    @cached_property
    def _places(self) -> dict[str, int]:
        return {path: row for row, path in enumerate(self.cases.paths)} if self.cases else {}

    def row_of(self, path: str) -> int | None:
        """The row of an example among `cases`; None for one that the network learned from."""
        return self._places.get(path)

    @cached_property
    def _known(self) -> dict[str, tuple[str, str]]:
        dataset = self.run.dataset() or {"classes": [], "files": []}
        return {file["path"]: (dataset["classes"][file["label"]], file["split"]) for file in dataset["files"]}

    def label_of(self, path: str) -> tuple[str, str]:
        """The class and the split that an example is filed under."""
        return self._known.get(path, ("", ""))

    def text(self, path: str) -> str:
        """The text of an example, where examples are texts and their file is still there."""
        if not self.is_text:
            return ""
        try:
            return _texts(self.config).get(path, "")
        except (OSError, ThawError):
            return ""


@st.cache_resource(max_entries=6, show_spinner=False)
def _cases(path: str, stamp: int) -> Cases:
    return cases.read(Run(path))


@st.cache_resource(max_entries=64, show_spinner=False)
def _learned_too(path: str, stamp: int, split: str) -> int:
    return learned_too(Run(path).dataset() or {"files": []}, split)


@st.cache_resource(max_entries=64, show_spinner=False)
def _patients_unknown(path: str, stamp: int) -> str:
    dataset = Run(path).dataset()
    return patients.unknown(dataset) if dataset else ""


@st.cache_resource(max_entries=4, show_spinner=False)
def _insight(path: str, stamp: int) -> Insight | None:
    return insight.read(Run(path))


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs={RunConfig: lambda config: repr(config)})
def _texts(config: RunConfig) -> dict[str, str]:
    from core.data import roots, texts

    return texts.to_show(texts.source(str(roots.check(config.data))), config)


def report(run: Run, asked: str = "test") -> Report | None:
    """The report of a run, about the split that is asked for where there is one; None while it has no figures."""
    found = run.figures()
    if not found:
        return None
    kept = run.kept()
    return Report(run, run.config(), found, kept if kept in found else max(found), run.status(), asked)
