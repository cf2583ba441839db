"""The answer to one picture: class, bars, phase 1 beside phase 2, and the time it took."""

from collections.abc import Mapping
from typing import Any

from components.bars import probability_bars
from components.escape import as_html
from components.numbers import duration, percent
from components.theme import icon, phase_chip

_TONES = {1: "var(--ice)", 2: "var(--ember)"}


def answer(row: Mapping[str, Any], truth: str | None, seconds: float) -> str:
    """HTML of the answer.

    Args:
        row: `label`, `probability`, and `probabilities` of the kept model.
        truth: the picture's class, where it is known.
        seconds: how long the answer took.
    """
    label = row["label"]
    named = as_html(label) if label is not None else "None of these"
    sure = percent(row["probability"]) if row.get("probability") is not None else ""
    likeliest = max(row["probabilities"].values(), default=0.0)
    drawn = label is not None and row["probability"] < likeliest
    why = " · by the line that was drawn, not the most probable" if drawn else ""
    return (
        f'<div class="thaw-answer" aria-live="polite">{named}</div>'
        f'<p class="thaw-lead">{sure} sure{why}{mark(label, truth)} · answered in {_time(seconds)}</p>'
    )


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else duration(seconds)


def mark(label: str | None, truth: str | None) -> str:
    """HTML that says whether an answer is right; nothing where the truth is not known."""
    if truth is None:
        return ""
    if label == truth:
        return f' · <span style="color:var(--good)">{icon("check_circle")} right</span>'
    return f' · <span style="color:var(--bad)">{icon("cancel")} it is {as_html(truth)}</span>'


def phase_bars(phase: int, row: Mapping[str, Any], top: int = 5, way: str = "thawed") -> str:
    """HTML of one phase's most probable classes; `way` is how the backbone adapts in phase 2."""
    return f"<p>{phase_chip(phase, way)}</p>" + probability_bars(row["probabilities"], top, _TONES[phase])


def changed_words(phases: Mapping[int, Mapping[str, Any]]) -> str:
    """Whether phase 2 changed the mind, in a sentence."""
    one, two = phases[1], phases[2]
    if one["label"] != two["label"]:
        before, after = (said["label"] or "none of these" for said in (one, two))
        return f"Phase 2 changed its mind: {before} became {after}."
    was, now = one["probability"] or 0.0, two["probability"] or 0.0
    if abs(now - was) < 0.005:
        return "Phase 2 changed nothing here."
    return f"Phase 2 made it {'surer' if now > was else 'less sure'}: {percent(was)} became {percent(now)}."
