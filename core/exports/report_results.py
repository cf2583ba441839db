"""The results in the report: how good, where wrong, why, and was phase 2 worth it."""

from typing import Any

import numpy as np

from core.evaluation.verdict import changed
from core.exports import report_charts as charts
from core.exports.decided import decided
from core.exports.page import chart, table, text
from core.exports.story import Story
from core.exports.wording import (
    area_method,
    average_precision,
    duration,
    interval,
    interval_methods,
    measured,
    number,
    percent,
    points,
    span,
    too_few,
    with_interval,
)

MOST = 12  # examples in a gallery


def how_good(told: Story) -> str:
    """The figures, for each class and as charts."""
    found = told.headline
    figures = [
        ("Balanced accuracy", percent(found["balanced_accuracy"]), "the mean over classes of the share that is found"),
        ("Macro F1", number(found["macro_f1"]), "precision and recall in one, every class alike"),
        ("Log loss", number(found["loss"]), "how wrong and how sure at once; lower is better"),
        ("Area under the ROC curve", *_area(found, "auc")),
        (average_precision(told.classes), *_area(found, "average_precision")),
        ("Calibration error", percent(found.get("ece")), "the gap between how sure it is and how often it is right"),
    ]
    rows = [_class_row(row) for row in found["per_class"]]
    few, line = too_few(found["per_class"], told.noun), decided(told)
    return (
        f"<h2>How good is it?</h2><p>On {found['n']:,} {told.judged_on}.</p>{table((), figures, (1,))}"
        + table(_HEAD, rows, (3, 6))
        + f'<p class="soft">{interval_methods("what is found")} {text(few)}</p>'
        + (f"<p>{text(line)}</p>" if line else "")
        + "<h3>What is taken for what</h3>"
        + chart(charts.confusion(found["confusion"], told.classes), _CONFUSION)
        + _curves(found)
        + _sureness(told)
    )


def _curves(found: dict[str, Any]) -> str:
    """ROC and precision-recall curves, or why there are none."""
    curves = found.get("curves") or {}
    if not any(curves.values()):
        said = "There are too many classes to draw a curve for each; their areas stand in the table."
        return f'<p class="soft">{said}</p>' if found.get("auc") is not None else ""
    of = f"Of {next(iter(curves)) if len(curves) == 1 else 'each class'}: "
    aucs, precisions = ({row["class"]: row[key] for row in found["per_class"]} for key in ("auc", "average_precision"))
    return (
        f"<h3>Found or false alarm</h3>{chart(charts.roc(curves, aucs), of + _ROC)}"
        f"<h3>Right when named</h3>{chart(charts.precision_recall(curves, precisions), of + _PR)}"
    )


def _sureness(told: Story) -> str:
    """How often it was right against how sure it was, after each phase."""
    bins = {phase: told.judged(found).get("reliability") for phase, found in told.figures.items()}
    drawn = charts.reliability({phase: rows for phase, rows in bins.items() if rows})
    words = f"How often it was right against how sure it was, on {told.judged_on}; on the dotted line the two agree."
    return f"<h3>Is it as sure as it is right?</h3>{chart(drawn, words)}"


def _class_row(row: dict[str, Any]) -> tuple[object, ...]:
    row = measured(row)
    recall = f"{percent(row['recall'])} ({interval(row.get('recall_interval'))})"
    areas = (with_interval(row[key], row.get(f"{key}_interval")) for key in ("auc", "average_precision"))
    return row["class"], percent(row["precision"]), recall, number(row["f1"]), *areas, row["support"]


_HEAD = ("Class", "Precision", "Found (95 % interval)", "F1", "AUC (95 %)", "Average precision (95 %)", "Examples")
_CONFUSION = "Rows are the true class, columns what it was called."
_ROC = "the share found against the share of false alarms, as the threshold moves; the upper left corner is perfect."
_PR = "how often a name that it gives is right, against the share found; the upper right corner is perfect."


def _area(found: dict[str, Any], key: str) -> tuple[str, str]:
    """The area, and what to make of it: of the second of two classes, else the mean over classes."""
    bounds, n = found.get(f"{key}_interval"), len(found["per_class"])
    of = "the mean over classes, " if n > 2 else ""
    said = f"95 % interval {span(bounds)}, {area_method(key, n)}" if bounds else "no interval"
    return number(found.get(key)), f"{of}{said}; 1 is perfect"


def where_wrong(told: Story) -> str:
    """The surest mistakes among the examples that the headline is of."""
    cases = told.cases
    if cases is None or told.kept not in cases.probabilities:
        file = told.run.predictions_file.name
        return f"<h2>Where is it wrong?</h2><p>{file} cannot be read, so no mistake can be shown.</p>"
    rows, n = cases.mistakes(told.kept, told.judging), len(told.judging)
    few = f"In {len(rows):,} of the {n:,} {told.judged_on}. The surest mistakes first."
    many = few if len(rows) else f"In none of the {n:,} {told.judged_on}."
    head = f"<h2>Where is it wrong?</h2><p>{many}</p>"
    return head + told.examples.gallery([(cases.paths[row], _told_apart(told, int(row))) for row in rows[:MOST]])


def _told_apart(told: Story, row: int) -> str:
    """`cat, called dog (97.1 %)`."""
    cases = told.cases
    assert cases is not None
    called, sure = cases.classes[cases.predicted(told.kept)[row]], cases.confidence(told.kept)[row]
    return f"{cases.classes[cases.labels[row]]}, called {called} ({percent(float(sure))})"


def why(told: Story) -> str:
    """What spoke for the answers to a few examples."""
    return told.examples.why()


def was_it_worth_it(told: Story) -> str:
    """The same examples after both phases."""
    two = told.figures.get(2)
    if not two or "verdict" not in two:
        return ""
    return (
        f'<h2>Was phase 2 worth it?</h2><p class="verdict">{text(told.verdict)}</p>'
        f"<p>{_differences(told, two)} McNemar's exact test asks whether so many more mended than broken could be "
        f"chance. The model of phase {told.kept} is kept. What phase 2 trains from is computed in phase 1's pass over "
        "the data where it can be stored, and its time counts there.</p>"
        + _beside_phase_1(told, two)
        + _galleries(told)
    )


def _beside_phase_1(told: Story, two: dict[str, Any]) -> str:
    """A table of both phases; nothing where phase 1's figures cannot be read."""
    one = told.figures.get(1)
    if not one:
        return ""
    megabytes, calibration = two.get("megabytes") or {}, two.get("calibration") or {}
    rows = [
        *_after_both(f"on held-out {told.noun}", one, two),
        *(_after_both(f"on test {told.noun}", one["test"], two["test"]) if "test_comparison" in two else ()),
        (
            f"Calibration error on held-out {told.noun}",
            *(percent(calibration.get(when, {}).get("ece")) for when in ("before", "after")),
        ),
        ("Time", duration(one.get("seconds")), duration(two.get("seconds"))),
        ("Kept on disk for it", "–", f"{megabytes.get('stored', 0):,.0f} MB"),
    ]
    return table(("", "After phase 1, frozen", f"After phase 2, {told.config.way}"), rows)


def _after_both(examples: str, one: dict[str, Any], two: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Rows of what each phase came to on some examples."""
    return [
        (f"Accuracy {examples}", percent(one["accuracy"]), percent(two["accuracy"])),
        (f"Log loss {examples}", number(one["loss"]), number(two["loss"])),
    ]


def _differences(told: Story, two: dict[str, Any]) -> str:
    """How far the accuracies lie apart on held-out examples and on the test split, where there is one."""
    said = []
    for split, found in (("held-out", two), ("test", two.get("test_comparison"))):
        if found:
            spread = " to ".join(map(points, found["difference_interval"]))
            said.append(
                f"On the {found['n']:,} {split} {told.noun} the difference in accuracy is "
                f"{points(found['difference'])} percentage points (95 % interval {spread}, Bonett and Price)."
            )
    return " ".join(said)


def _galleries(told: Story) -> str:
    cases = told.cases
    if cases is None or not {1, 2} <= cases.probabilities.keys():
        return ""
    rows = cases.rows("validation")
    p1, p2 = (cases.probabilities[p][rows] for p in (1, 2))
    parts = []
    for name, places in zip(("Mended", "Broken"), changed(p1, p2, cases.labels[rows]), strict=True):
        found = rows[np.array(places, int)]
        shown = [(cases.paths[row], cases.classes[cases.labels[row]]) for row in found[: MOST // 2]]
        parts.append(
            f"<h3>{name}: {len(found)} held-out {told.noun}</h3>{told.examples.gallery(shown) if shown else ''}"
        )
    return "".join(parts)
