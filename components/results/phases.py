"""Was phase 2 worth it: the same examples after both phases."""

from typing import Any

import streamlit as st

from components.escape import as_markdown
from components.facts import Fact, facts
from components.guard import guarded
from components.held import held
from components.numbers import UNKNOWN, duration, megabytes, parameters, percent, points
from components.results.gallery import gallery
from components.results.report import Report
from components.runs_table import thawed_words
from core import decision, keeping
from core.evaluation.no_verdict import no_verdict
from core.evaluation.verdict import format_p, on

Events = list[dict[str, Any]]
_NAMES = {1: ":blue[:material/ac_unit:] Phase 1", 2: ":orange[:material/local_fire_department:] Phase 2"}


def show(report: Report) -> None:
    """Both accuracies, what was mended and broken, what it cost, and which model is kept."""
    st.header("Was phase 2 worth it?")
    if 2 not in report.figures:
        st.markdown(as_markdown(no_verdict(report.run)))
        return
    if 1 not in report.figures:
        st.info(f"{report.run.evaluation_file(1).name} cannot be read, so the phases cannot be compared.")
        return
    one, two = report.figures[1], report.figures[2]
    st.html(facts(_accuracy(one, two, report.config.way)))
    begun = [event for event in report.run.events(("phase",)) if event["phase"] == 2]
    st.html(facts([*_adapted(report, begun), *_cost(two, begun)]))
    if test := two.get("test_comparison"):
        chose = f"These figures are of the held-out {report.unit}s, which choose the model that is kept."
        st.caption(f"{chose} {on(f'test {report.unit}s', test['verdict'])}")
    _choice(report)
    _galleries(report)


def _accuracy(one: dict[str, Any], two: dict[str, Any], way: str) -> list[Fact]:
    bounds = two.get("difference_interval")
    spread = f"{points(bounds[0]).removesuffix(' points')} to {points(bounds[1])}" if bounds else ""
    help = f"Likely {spread} (95 %, Bonett and Price, for answers to the same examples)." if bounds else ""
    shown = [
        Fact(percent(one["accuracy"]), "after phase 1, frozen", tone="ice"),
        Fact(percent(two["accuracy"]), f"after phase 2, {way}", tone="ember"),
        Fact(points(two["accuracy"] - one["accuracy"]), f"likely {spread}" if spread else "difference", help),
    ]
    if "mcnemar_p" in two:
        p = format_p(two["mcnemar_p"]).removeprefix("p ").removeprefix("= ")
        help = "McNemar's exact test: how often chance alone would part mended from broken at least this far."
        shown.append(Fact(p, "McNemar's p", help))
    return shown


def _adapted(report: Report, begun: Events) -> list[Fact]:
    """What learned in phase 2: the choice, and how many parameters."""
    begun = [event for event in begun if event.get("trainable")]
    rank, words = report.config.lora_rank, thawed_words(report.config.unfreeze)
    choice = Fact(f"LoRA rank {rank}", f"on the {words}", _LORA) if rank else Fact(words.capitalize(), "thawed")
    return [choice, *(Fact(parameters(event["trainable"]), "learned in phase 2") for event in begun[-1:])]


_STORED = (
    "Training and judging. What it trains from was computed before phase 1, in the same pass over the data, and counts "
    "there; after a resume within phase 2 it counts here."
)
_WHOLE = "Reading the data, training and judging included."
_LORA = "The network's own weights stay frozen; two small matrices learn beside the attention of each of these layers."


def _cost(two: dict[str, Any], begun: Events) -> list[Fact]:
    shown = []
    if two.get("seconds"):
        stored = bool(begun) and begun[-1].get("mode") == "cached"
        shown.append(Fact(duration(two["seconds"]), "for phase 2", _STORED if stored else _WHOLE))
    size = two.get("megabytes") or {}
    for key, label in (("stored", "stored for it"), ("memory_peak", "memory at most"), ("model", "its model")):
        if size.get(key):
            shown.append(Fact(megabytes(size[key]), label))
    change = two.get("calibration") or {}
    if change:
        before, after = change["before"], change["after"]
        words = f"Expected calibration error {percent(before['ece'])} before, {percent(after['ece'])} after; "
        words += f"log loss {before['loss']:.3f} before, {after['loss']:.3f} after."
        shown.append(Fact(f"{percent(before['ece'])} → {percent(after['ece'])}", "calibration error", words))
    return shown or [Fact(UNKNOWN, "cost")]


def _choice(report: Report) -> None:
    key = f"keep-{report.run.id}"
    st.segmented_control(
        "Keep and use the model of",
        [1, 2],
        format_func=_NAMES.__getitem__,
        required=True,
        help="Predictions, exports and this page's figures follow. What was decided for a model stays with it.",
        on_change=guarded()(lambda: _keep(report, st.session_state[key])),
        **held(key, report.kept, "default"),
    )
    if words := _set_aside(report):
        st.caption(words)


def _set_aside(report: Report) -> str:
    """What was decided for the other phase's model and does not hold for the kept one, in a sentence."""
    other = 3 - report.kept
    aside = keeping.set_aside(report.run.notes(), other)
    parts = []
    if line := decision.drawn(report.classes_as_named, aside):
        parts.append(f"the line on {as_markdown(report.classes[line[0]])} at {percent(line[1])}")
    if share := decision.least_sure(aside):
        parts.append(f"no answer below {percent(share)}")
    if not parts:
        return ""
    return (
        f"Set aside with phase {other}, on whose probabilities it was decided: {' and '.join(parts)}. "
        "That returns with that model; for this one, decide anew under “In numbers”."
    )


@guarded()
def _keep(report: Report, phase: int) -> None:
    keeping.keep(report.run, phase)


@st.fragment
@guarded()
def _galleries(report: Report) -> None:
    cases = report.cases
    if cases is None or not {1, 2} <= set(cases.probabilities):
        return
    mended, broken = cases.changed(cases.rows("validation"))
    left, right = st.columns(2, gap="large")
    for place, key, title, rows in ((left, "mended", "Mended", mended), (right, "broken", "Broken", broken)):
        with place:
            st.subheader(f"{title}: {len(rows)}")
            gallery(report, rows, key, most=4 if report.is_text else 8, phase=2)
