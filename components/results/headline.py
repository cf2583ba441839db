"""How good is it: the one figure, what it means, and the verdict on phase 2."""

import streamlit as st

from components.escape import as_html
from components.facts import Fact, facts
from components.numbers import interval, percent, plural
from components.results.report import Report
from components.theme import phase_chip


def show(report: Report) -> None:
    """The accuracy with its interval, figures beside it, and what to make of them."""
    best = report.best
    left, right = st.columns([2, 3], gap="large", vertical_alignment="center")
    with left:
        spread = interval(best.get("accuracy_interval"))
        label = f"right on {plural(best['n'], 'held-out picture')}"
        st.html(facts([Fact(percent(best["accuracy"]), label, tone="big")]))
        st.markdown(
            f"Likely between **{spread}**",
            help="Wilson's 95 % interval: how much the figure could move with other pictures of the same kind.",
        )
        st.html(phase_chip(report.kept))
    with right:
        _verdict(report)
        st.html(facts(_beside(report)))
        st.caption(
            "These pictures were held out from training, yet they also chose the best epoch, so the figure is "
            "a little kind. Only pictures that the run has never seen are a fair test."
        )


def _verdict(report: Report) -> None:
    last = report.figures.get(2, {})
    if "verdict" in last:
        st.html(f'<div class="thaw-verdict">{as_html(last["verdict"])}</div>')
    elif 2 not in report.figures:
        st.html('<div class="thaw-verdict ice">There was no phase 2: the network stayed frozen.</div>')


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
