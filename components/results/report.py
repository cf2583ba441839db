"""What every section of the Results page is given."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import streamlit as st

from components.escape import shown
from core.config import RunConfig
from core.errors import RunError
from core.evaluation import cases
from core.evaluation.cases import Cases
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

    @property
    def best(self) -> Figures:
        """Figures of the kept model."""
        return self.figures[self.kept]

    @property
    def classes(self) -> list[str]:
        """The names in order, as they can be shown."""
        return [shown(row["class"]) for row in self.best["per_class"]]

    @cached_property
    def cases(self) -> Cases | None:
        """The held-out examples with their probabilities; None where the run has not written them."""
        try:
            stamp = self.run.predictions_file.stat().st_mtime_ns
            return _cases(str(self.run.path), stamp)
        except (OSError, RunError):
            return None


@st.cache_resource(max_entries=6, show_spinner=False)
def _cases(path: str, stamp: int) -> Cases:
    return cases.read(Run(path))


def report(run: Run) -> Report | None:
    """The report of a run; None while it has no figures."""
    found = {phase: figures for phase in (1, 2) if (figures := run.evaluation(phase))}
    if not found:
        return None
    kept = run.kept()
    return Report(run, run.config(), found, kept if kept in found else max(found), run.status())
