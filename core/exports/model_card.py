"""A model card in Markdown, after Mitchell et al. 2019, Model Cards for Model Reporting (arXiv:1810.03993)."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from core import catalog
from core.evaluation.no_verdict import no_verdict
from core.exports.decided import decided
from core.exports.story import Story, story
from core.exports.wording import (
    area_method,
    average_precision,
    counts,
    interval,
    interval_methods,
    measured,
    number,
    percent,
    recipe,
    span,
    with_interval,
)
from core.record import Run


def card(run: Run) -> str:
    """The card of a run.

    Raises:
        RunError: it has no figures yet.
    """
    told = story(run)
    parts = [_details(told), _use(told), _factors(told), _metrics(told), _data(told), _results(told), _caveats(told)]
    return "\n\n".join(parts) + "\n"


def _details(told: Story) -> str:
    row, made = catalog.backbone(told.config.backbone), datetime.fromtimestamp(told.run.created(), UTC)
    lines = "\n".join(f"- {name}: {_safe(value)}" for name, value in recipe(told.config, told.versions, _seconds(told)))
    return (
        f"# Model card: {_safe(told.run.name())}\n\n## Model details\n\n"
        f"{told.task.WORDING.classifier} classifier for {len(told.classes)} classes "
        f"({', '.join(map(_safe, told.classes))}), made with Thaw on {made:%Y-%m-%d} as run `{told.run.id}`. "
        f"A pretrained {row.title} ([paper]({row.paper})) with a new head. Phase {told.kept} is kept.\n\n"
        f"{lines}"
    )


def _use(told: Story) -> str:
    return (
        f"## Intended use\n\nTelling {told.noun} of these classes apart, like those it was trained on, with a person "
        "who looks at what matters. Out of scope: anything that is none of the classes, and decisions about people "
        "without a person's judgement. *Who may use it, for what, is for its owner to say here.*"
    )


def _factors(told: Story) -> str:
    return (
        f"## Factors\n\nFigures are given for each class. Other groups ({told.task.WORDING.groups}) were not "
        f"recorded with the {told.noun}, so differences between them are not known."
    )


def _metrics(told: Story) -> str:
    found = told.headline
    rows = [
        ("Accuracy", f"{percent(found['accuracy'])} (95 % interval {interval(found['accuracy_interval'])}, Wilson)"),
        ("Balanced accuracy", percent(found["balanced_accuracy"])),
        ("Macro F1", number(found["macro_f1"])),
        ("Log loss", number(found["loss"])),
        ("Area under the ROC curve", _area(found, "auc")),
        (average_precision(told.classes), _area(found, "average_precision")),
        ("Expected calibration error", number(found.get("ece"))),
        ("Always answering the most frequent class", percent(found["baseline"])),
    ]
    said = f"On {found['n']:,} {told.judged_on}. {told.caveat()} {told.beside()}".rstrip()
    line = decided(told)
    return f"## Metrics\n\n{said}\n\n" + _table(("Figure", "Value"), rows) + (f"\n\n{_safe(line)}" if line else "")


def _area(found: dict[str, Any], key: str) -> str:
    value, bounds = number(found.get(key)), found.get(f"{key}_interval")
    method = area_method(key, len(found["per_class"]))
    return f"{value} (95 % interval {span(bounds)}, {method})" if bounds else value


def _data(told: Story) -> str:
    rows = [(name, *map(str, split.values())) for name, split in counts(told.dataset).items()]
    changed = f"\n\n{_safe(told.corrections['sentence'])}" if told.corrections else ""
    return (
        f"## Training and evaluation data\n\n`{told.config.data}`: {len(told.dataset['files']):,} {told.noun}.\n\n"
        + _table(("Class", "Train", "Held out", "Test"), rows)
        + changed
    )


def _results(told: Story) -> str:
    rows = [
        (
            row["class"],
            percent(row["precision"]),
            f"{percent(row['recall'])} ({interval(row.get('recall_interval'))})",
            number(row["f1"]),
            with_interval(row["auc"], row.get("auc_interval")),
            with_interval(row["average_precision"], row.get("average_precision_interval")),
            str(row["support"]),
        )
        for row in map(measured, told.headline["per_class"])
    ]
    verdict = told.verdict if 2 in told.figures else _safe(no_verdict(told.run))
    said = f"\n\nWas phase 2 worth it? {verdict}" if verdict else ""
    return f"## Results for each class\n\n{_table(_HEAD, rows)}\n\n{interval_methods('recall')}{said}"


_HEAD = ("Class", "Precision", "Recall (95 %)", "F1", "AUC (95 %)", "Average precision (95 %)", "Examples")


def _caveats(told: Story) -> str:
    listed = "\n".join(f"- {line}" for line in told.limits())
    return (
        f"## Ethical considerations\n\nThe backbone was pretrained on data that Thaw did not choose; it brings their "
        "slant along. *What the data mean for the people in them is for its owner to say here.*\n\n"
        f"## Caveats and recommendations\n\n{listed}"
    )


def _seconds(told: Story) -> float | None:
    value = told.status.get("seconds_total")
    return float(value) if value else None


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([_safe(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _safe(text: str) -> str:
    """A name that Markdown shows as it is."""
    flat = " ".join(text.encode("utf-8", "replace").decode().split())
    return re.sub(r"([\\`*_{}\[\]<>|#])", r"\\\1", flat)
