"""The report of a run: one HTML file that a stakeholder reads without the app, live on a screen and fit to print."""

from datetime import UTC, datetime
from typing import Any

from core.evaluation.no_verdict import no_verdict
from core.exports import report_charts as charts
from core.exports.page import chart, page, table, text
from core.exports.report_results import how_good, was_it_worth_it, where_wrong, why
from core.exports.story import Story, story
from core.exports.wording import counts, interval, percent, recipe, thawed
from core.record import Run


def report(run: Run, bound: bool = False) -> str:
    """The report as one HTML document; with `bound`, of the run's data only what the app may read.

    Raises:
        RunError: the run has no figures yet.
    """
    told = story(run, bound)
    sections = (_opening, _data, _recipe, how_good, where_wrong, why, was_it_worth_it, _limits)
    return page(f"{run.name()}: report", [section(told) for section in sections])


_HELP = {"thawed": "to thaw its last layers", "LoRA": "that LoRA learns beside its last layers"}


def _opening(told: Story) -> str:
    found, made = told.headline, datetime.fromtimestamp(told.run.created(), UTC)
    names = ", ".join(told.classes[:8]) + (" …" if len(told.classes) > 8 else "")
    corrections = f"<p>{text(told.corrections['sentence'])}</p>" if told.corrections else ""
    return (
        f"<h1>{text(told.run.name())}</h1>"
        f'<p class="soft">Run {text(told.run.id)}, {made:%d %B %Y}. Made with Thaw.</p>'
        f"<h2>The question</h2><p>Can a network that already knows how to {told.task.WORDING.verb} learn to tell "
        f"{len(told.classes)} classes of {told.noun} apart ({text(names)})? Does it help "
        f"{_HELP[told.config.way]}?</p>"
        f'<p class="big">{percent(found["accuracy"])}</p>'
        f"<p>right on {found['n']:,} {told.judged_on}; likely {interval(found['accuracy_interval'])} (95 %, Wilson). "
        f"Always answering “{text(found['baseline_class'])}” would be right on {percent(found['baseline'])}.</p>"
        f'<p class="verdict">{text(_verdict(told))}</p>{corrections}'
        f'<p class="soft">{text(f"{told.caveat()} {told.beside()}")}</p>'
    )


def _verdict(told: Story) -> str:
    if 2 not in told.figures:
        return no_verdict(told.run)
    lora = f" ({thawed(told.config)})" if told.config.lora_rank else ""
    return f"Phase 2{lora}: {told.verdict or 'it was not compared with phase 1.'}"


def _data(told: Story) -> str:
    rows = [(name, *split.values()) for name, split in counts(told.dataset).items()]
    examples = [(f["path"], told.classes[f["label"]]) for f in _examples(told)]
    return (
        f"<h2>Data</h2><p>{len(told.dataset['files']):,} {told.noun} from <code>{text(told.config.data)}</code>.</p>"
        + table(("Class", "Train", "Held out", "Test"), rows, (1, 2, 3))
        + told.examples.gallery(examples)
    )


def _examples(told: Story) -> list[dict[str, Any]]:
    """A training example of each class, of a few classes."""
    seen: dict[int, dict[str, Any]] = {}
    for file in told.dataset["files"]:
        if file["split"] == "train":
            seen.setdefault(file["label"], file)
    return [seen[label] for label in sorted(seen)][:6]


def _recipe(told: Story) -> str:
    epochs = told.run.events(("epoch",))
    rows = recipe(told.config, told.versions, told.status.get("seconds_total"))
    drawn = [chart(charts.learning(epochs, name), f"{name.capitalize()} by epoch. {_COLOURS}") for name in _MEASURES]
    return f'<h2>Recipe</h2>{table((), rows)}<h3>How it learnt</h3><div class="two">{"".join(drawn)}</div>'


_MEASURES = ("loss", "accuracy")
_COLOURS = (
    "Blue while the backbone was frozen, orange once it was thawed; dotted on the training split. "
    "A ring marks the epoch whose model the phase keeps."
)


def _limits(told: Story) -> str:
    return f"<h2>Limits</h2><ul>{''.join(f'<li>{text(line)}</li>' for line in told.limits())}</ul>"
