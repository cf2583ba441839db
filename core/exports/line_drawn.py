"""The line that set one class apart, for report and card, and what it does on the examples that judge the run."""

from core import decision
from core.evaluation import thresholds
from core.evaluation.calibration import apply_temperature
from core.exports.story import Story
from core.exports.wording import interval, percent


def line_drawn(told: Story) -> str:
    """In sentences; empty where nobody drew one."""
    notes, cases = told.run.notes(), told.cases
    line = decision.drawn(told.classes, notes)
    if line is None:
        return ""
    place, value = line
    rest = "all else the other class" if len(told.classes) == 2 else "all else by the most probable of the others"
    said = (
        f"Predictions call “{told.classes[place]}” whatever has a probability of {percent(value)} or more, and {rest}."
    )
    if cases is None or told.kept not in cases.probabilities:
        return said
    rows = cases.rows("test" if told.best.get("test") else "validation")
    temperature = decision.temperature(notes, told.config.calibrate, told.best)
    shares = apply_temperature(cases.probabilities[told.kept][rows], temperature or 1.0)
    found = thresholds.at(shares[:, place], cases.labels[rows] == place, value)
    sensitivity, specificity = (
        f"{name} {percent(found[name])} ({interval(found[f'{name}_interval'])})"
        for name in ("sensitivity", "specificity")
    )
    return (
        f"{said} On the {len(rows):,} {told.judged_on} that is {sensitivity}, {specificity}; 95 %, Clopper-Pearson. "
        "The other figures are of the most probable class, and the model itself gives probabilities alone."
    )
