"""How good is it: the one figure, what it means, and the verdict on phase 2."""

import streamlit as st

from components.escape import as_html, as_markdown
from components.facts import Fact, facts
from components.numbers import interval, percent, plural
from components.results.decided import line, temperature
from components.results.report import Report
from components.theme import phase_chip
from core import decision
from core.evaluation import corrected_after, learned_too
from core.evaluation.no_verdict import no_verdict
from core.evaluation.verdict import on


def show(report: Report) -> None:
    """The accuracy with its interval, figures beside it, and what to make of them."""
    best = report.best
    left, right = st.columns([2, 3], gap="large", vertical_alignment="center")
    with left:
        spread = interval(best.get("accuracy_interval"))
        label = f"right on {plural(best['n'], f'{report.split_name} {report.unit}')}"
        st.html(facts([Fact(percent(best["accuracy"]), label, tone="big")]))
        st.markdown(
            f"Likely **{spread}**",
            help="Wilson's 95 % interval: how much the figure could move with others of the same kind.",
        )
        st.html(phase_chip(report.kept, report.config.way))
    with right:
        _verdict(report)
        st.html(facts(_beside(report)))
        st.caption(fairness(report))
        if words := _decided(report):
            st.caption(words)
        if report.insight and report.insight.corrections:
            st.info(as_markdown(str(report.insight.corrections["sentence"])), icon=":material/edit_note:")


def fairness(report: Report) -> str:
    """How fair a test these figures are, in a few sentences."""
    copies = learned_too.in_words(report.learned_too, "the test ones" if report.split == "test" else "them")
    corrected = corrected_after.in_words(report.corrected(report.split), f"{report.split_name} {report.unit}s")
    if report.split == "test":
        held, alone = report.held_out, f". {corrected}" if corrected else ", nor in any choice."
        return (
            f"The test {report.unit}s took no part in training{alone} On the {held['n']:,} held-out ones, "
            f"which made the choices, it is right on {percent(held['accuracy'])}, "
            f"likely {interval(held.get('accuracy_interval'))}. {copies}"
        ).strip()
    chose = "the best epoch and the model" if 2 in report.figures else "the best epoch"
    fair = f"Only {report.unit}s that the run has never seen are a fair test."
    if test := report.test:
        a_fair_test = ", a fair test," if report.corrected("test") == 0 else ""
        fair = (
            f"On the {test['n']:,} test {report.unit}s{a_fair_test} it is right on {percent(test['accuracy'])}, "
            f"likely {interval(test.get('accuracy_interval'))}."
        )
    held_out = f"These {report.unit}s were held out from training"
    kind = f"{held_out}, yet they also chose {chose}, so the figure is a little kind."
    return " ".join(filter(None, (kind, corrected, copies, fair)))


def _decided(report: Report) -> str:
    """What predictions go by and these figures do not, in sentences; nothing where nobody decided anything."""
    return " ".join(filter(None, (_answered_by(report), _corrected(report))))


def _corrected(report: Report) -> str:
    """What the temperature moves on the page, and what it does not."""
    value = temperature(report)
    if value is None:
        return ""
    return (
        f"Predictions give probabilities at temperature {value:.2f}, and so do the {report.unit}s, calibration and the "
        "line here; log loss, curves and areas are of the uncorrected ones."
    )


def _answered_by(report: Report) -> str:
    parts = []
    if drawn := line(report):
        parts.append(f"{as_markdown(report.classes[drawn[0]])} from {percent(drawn[1])} on")
    if share := decision.least_sure(report.run.notes()):
        parts.append(f"no answer below {percent(share)}")
    if not parts:
        return ""
    return (
        f"Predictions answer by what was decided: {' and '.join(parts)}. What that does stands under “In numbers”; the "
        "other figures, the matrix and the mistakes are of the most probable class."
    )


def _verdict(report: Report) -> None:
    last = report.figures.get(2, {})
    if "verdict" in last:
        said = on(f"held-out {report.unit}s", last["verdict"]) if report.test else last["verdict"]
        st.html(f'<div class="thaw-verdict">{as_html(said)}</div>')
    elif 2 not in report.figures:
        st.html(f'<div class="thaw-verdict ice">{as_html(no_verdict(report.run))}</div>')


def _beside(report: Report) -> list[Fact]:
    best = report.best
    return [
        Fact(
            percent(best.get("baseline")),
            "by always guessing one",
            f"Always answering “{best.get('baseline_class', '')}”, the most frequent class.",
        ),
        Fact(percent(best.get("balanced_accuracy")), "balanced", "The mean over classes of the share that is found."),
        Fact(f"{best.get('macro_f1', 0):.3f}", "macro F1", "Precision and recall in one, every class alike."),
        Fact(f"{best['loss']:.3f}", "log loss", "How wrong and how sure at once. Lower is better."),
    ]
