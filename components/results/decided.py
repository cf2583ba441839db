"""Probabilities as predictions give them: with the temperature that is switched on."""

from collections.abc import Sequence

import numpy as np

from components.results.report import Report
from core import decision
from core.evaluation.calibration import apply_temperature


def temperature(report: Report) -> float | None:
    """The temperature in use, None for none."""
    value = decision.temperature(report.run.notes(), report.config.calibrate, report.held_out)
    return value if value and value > 0 and value != 1 else None


def probabilities(report: Report, rows: Sequence[int] | np.ndarray | None = None) -> np.ndarray:
    """The kept model's, float (N, C), of some rows of the report's cases; by default of those its figures are about."""
    assert report.cases is not None
    found = report.cases.probabilities[report.kept][report.rows if rows is None else rows]
    now = temperature(report)
    return found if now is None else apply_temperature(found, now)
