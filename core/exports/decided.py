"""What people decided about a run's answers, for report and card: line, share without an answer, temperature."""

import numpy as np

from core import decision
from core.decision import NONE, chosen
from core.evaluation import abstention, thresholds
from core.evaluation.calibration import apply_temperature
from core.evaluation.cases import Cases
from core.exports.story import Story
from core.exports.wording import interval, percent

OTHERS = "The other figures are of the most probable class, and the model itself gives probabilities alone."


def decided(told: Story) -> str:
    """In sentences, with what it does on the examples that judge the run; empty where nobody decided anything."""
    said = " ".join(filter(None, (_line(told), _abstention(told))))
    return " ".join(filter(None, (said, OTHERS if said else "", _temperature(told))))


def _line(told: Story) -> str:
    line = decision.drawn(told.classes, told.run.notes())
    if line is None:
        return ""
    place, value = line
    rest = "all else the other class" if len(told.classes) == 2 else "all else by the most probable of the others"
    said = (
        f"Predictions call “{told.classes[place]}” whatever has a probability of {percent(value)} or more, and {rest}."
    )
    cases, rows = told.cases, told.judging
    if cases is None or not len(rows):
        return said
    share = decision.least_sure(told.run.notes())
    shares = _shares(told, cases)
    answered = chosen(shares, share=share) != NONE
    found = thresholds.at(shares[answered, place], cases.labels[rows][answered] == place, value)
    sensitivity, specificity = (
        f"{name} {percent(found[name])} ({interval(found[f'{name}_interval'])})"
        for name in ("sensitivity", "specificity")
    )
    which = " that get an answer" if share else ""
    n = f"{int(answered.sum()):,} {told.judged_on}{which}"
    return f"{said} On the {n}: {sensitivity}, {specificity}; 95 %, Clopper-Pearson."


def _abstention(told: Story) -> str:
    share = decision.least_sure(told.run.notes())
    if not share:
        return ""
    said = f"Predictions give no answer where even the largest probability is below {percent(share)}."
    cases, rows = told.cases, told.judging
    if cases is None or not len(rows):
        return said
    shares = _shares(told, cases)
    found = abstention.at(shares, cases.labels[rows], share, decision.drawn(told.classes, told.run.notes()))
    if not found["n"]:
        return f"{said} None of the {len(rows):,} {told.judged_on} gets one."
    return (
        f"{said} Of the {len(rows):,} {told.judged_on}, {percent(found['coverage'])} get one, and "
        f"{percent(found['accuracy'])} of those are right."
    )


def _shares(told: Story, cases: Cases) -> np.ndarray:
    """Probabilities as predictions give them, float (N, C), of the examples that judge the run."""
    return apply_temperature(cases.probabilities[told.kept][told.judging], told.temperature or 1.0)


def _temperature(told: Story) -> str:
    value = told.temperature
    if value is None:
        return ""
    return (
        f"Predictions give probabilities at temperature {value:.2f}, fitted on held-out {told.noun}; the figures here "
        "are of the uncorrected ones."
    )
