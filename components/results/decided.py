"""Probabilities and answers as predictions give them: by the temperature, the line and the share in force."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from components.results.report import Report
from core import decision
from core.decision import Line
from core.evaluation.calibration import apply_temperature
from core.evaluation.cases import Cases


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


def cases_as_shown(report: Report) -> Cases:
    """The report's cases with the kept model's probabilities as cards show them: what is put in order, goes by these.

    Of more than two classes a temperature may change which of two examples is surer.
    """
    assert report.cases is not None
    if temperature(report) is None:
        return report.cases
    everyone = probabilities(report, np.arange(len(report.cases.paths)))
    return dataclasses.replace(report.cases, probabilities={**report.cases.probabilities, report.kept: everyone})


def line(report: Report) -> Line | None:
    """The line that was drawn; None where the most probable class is the answer."""
    return decision.drawn(report.classes_as_named, report.run.notes())


def answers(report: Report, row: int) -> dict[int, dict[str, Any]]:
    """What each phase's model answers to a row of the report's cases, by phase, as `core.decision.answer` gives it."""
    assert report.cases is not None
    found, notes = {}, report.run.notes()
    for phase, p in sorted(report.cases.probabilities.items()):
        own = decision.of_phase(notes, report.config.calibrate, report.figures.get(phase), phase == report.kept)
        found[phase] = decision.answer(p[row], report.cases.classes, own)
    return found


def asked_of(answer: Mapping[str, Any] | None) -> str | None:
    """The class that an explanation of an answer is asked for; None, which all models know, for the most probable."""
    if answer is None or answer["label"] is None:
        return None
    shares = answer["probabilities"]
    return None if shares[answer["label"]] >= max(shares.values()) else answer["label"]


def answered(report: Report, rows: np.ndarray) -> np.ndarray:
    """Those of some rows of the report's cases that get an answer from the kept model, int (n,)."""
    share = decision.least_sure(report.run.notes())
    return rows[decision.chosen(probabilities(report, rows), share=share) != decision.NONE] if share else rows


def follow(report: Report) -> None:
    """Draw the whole page again where people decided something in a part of it: all parts go by it."""
    if report.notes != report.run.notes():
        st.rerun()
