"""Probabilities as predictions give them: with the temperature that is switched on."""

from collections.abc import Sequence

import numpy as np

from components.results.report import Report
from core import decision
from core.evaluation.calibration import apply_temperature


def temperature(report: Report, phase: int | None = None) -> float | None:
    """The temperature that a phase's model, by default the kept one, answers with; None for none."""
    phase = phase or report.kept
    notes, figures = report.run.notes(), report.figures.get(phase)
    value = decision.temperature(notes, report.config.calibrate, figures, phase == report.kept)
    return value if value and value > 0 and value != 1 else None


def probabilities(
    report: Report, rows: Sequence[int] | np.ndarray | None = None, phase: int | None = None
) -> np.ndarray:
    """A phase's, by default the kept one's, float (N, C), of some rows of the report's cases.

    By default of those rows that the report's figures are about.
    """
    assert report.cases is not None
    found = report.cases.probabilities[phase or report.kept][report.rows if rows is None else rows]
    now = temperature(report, phase)
    return found if now is None else apply_temperature(found, now)
