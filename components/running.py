"""The running view: is it learning?"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from components import again, live, remarks, run_state, selection
from components.charts import curves
from components.escape import as_markdown
from components.facts import Fact, facts, progress
from components.guard import guarded
from components.nouns import noun
from components.numbers import UNKNOWN, count, duration, percent
from components.pace import LEARNED, pace
from components.plot import plot
from components.running_samples import show_samples
from core import launcher, record
from core.record import Run


def show_run(run: Run) -> None:
    """Follow a run while it lives; once it has ended, show how it ended and where to go on."""
    alive = run.state() in record.LIVE
    left, right = st.columns([5, 3], vertical_alignment="bottom")
    left.title(as_markdown(run.name()))
    if alive:
        _buttons(run, right.container(horizontal=True, horizontal_alignment="right", key="head-run"))
    else:
        with right.container(horizontal=True, horizontal_alignment="right", key="head-ended"):
            _next_steps(run)
        _ending(run.status())
    # Without run_every, the same fragments draw an ended run once. What a browser draws quickly is looked at most.
    every, one = pace().seconds() if alive else None, noun(run.config().task)
    with st.container(key="live"):
        st.fragment(guarded()(_now), run_every=every)(run, every, launcher.unskippable(run))
        places = _places(one)
        st.fragment(guarded()(_learned), run_every=every and LEARNED * every)(run, every, places)


def _now(run: Run, every: float | None, unskippable: str) -> None:
    """What the run is doing; `every` so many seconds while it lives, beside a button that can or cannot skip."""
    with _noted(every, 1):
        status = run.status()
        if every is not None and (
            status["state"] not in record.LIVE or unskippable != launcher.unskippable(run) or pace().is_far(every)
        ):
            st.rerun()
        config = run.config()
        if every is None:
            st.html(facts(_ended_facts(run, status)))
        else:
            line = facts(_facts(status, config.way, noun(config.task)), fixed=True)
            st.html(line + progress(_share(status), status.get("phase") or 0, run_state.message(status)))
        st.html(remarks.newest(live.events(run)))


def _places(one: str) -> dict[curves.Measure, DeltaGenerator]:
    """All headings of what the run learns, which no look draws again, and the places of its curves."""
    places: dict[curves.Measure, DeltaGenerator] = {}
    for column, measure in zip(st.columns(2), _NAMES, strict=True):
        column.subheader(_NAMES[measure], help=_HELP[measure].format(one))
        places[measure] = column.container()
    st.caption(
        f"Solid: held-out {one}s. Dotted: the {one}s it learns from. Ring: the lowest held-out loss of a phase, which "
        "keeps that epoch's model."
    )
    st.subheader("Held-out samples", help=f"The same dozen {one}s, never trained on, after every epoch.")
    return places


def _learned(run: Run, every: float | None, places: dict[curves.Measure, DeltaGenerator]) -> None:
    """What the run has learned: curves, samples and notes."""
    with _noted(every, LEARNED):
        seen = live.events(run)
        for measure, place in places.items():
            with place:
                _curve(run, seen, measure, every or 0.0)
        show_samples(run, seen)
        remarks.all_notes(seen)


@contextmanager
def _noted(every: float | None, nth: int) -> Iterator[None]:
    """A look at a run, guarded; while the run lives, the pace learns what it took."""
    began = time.thread_time()
    with guarded():
        yield
    if every is not None:
        watcher = st.session_state.setdefault("watcher", uuid4().hex)
        pace().note(watcher, time.thread_time() - began, nth)


def _buttons(run: Run, place: DeltaGenerator) -> None:
    why = launcher.unskippable(run)
    ask = {"on_click": _ask, "args": ("skip", run), "disabled": bool(why), "help": why or None}
    place.button("Skip to phase 2", icon=":material/skip_next:", key="skip", **ask)
    place.button("Stop", icon=":material/stop:", key="stop", on_click=_ask, args=("stop", run))


@guarded()
def _ask(what: str, run: Run) -> None:
    launcher.stop(run) if what == "stop" else launcher.skip(run)


def _is_training(status: dict[str, Any]) -> bool:
    """Whether steps are those of an epoch; else they are the examples of what the message names."""
    return bool(status.get("epochs")) and status.get("unit") == "steps"


def _share(status: dict[str, Any]) -> float | None:
    """How far the present work is, from 0 to 1; None where that is not known."""
    within = (status.get("step") or 0) / status["steps"] if status.get("steps") else None
    if not _is_training(status):
        return within
    return min(1.0, (max(0, (status.get("epoch") or 1) - 1) + (within or 0.0)) / status["epochs"])


def _facts(status: dict[str, Any], way: str, one: str) -> list[Fact]:
    phase = status.get("phase") or 0
    rate, training = status.get("images_per_second"), _is_training(status)
    phases = {0: Fact("Preparing", "phase"), 1: Fact("Phase 1", "frozen", tone="ice")}
    return [
        phases.get(phase, Fact("Phase 2", way, tone="ember")),
        Fact(_of(status, "epoch", "epochs"), "epoch", f"One pass over all training {one}s."),
        Fact(_of(status, "step", "steps"), "step" if training else "example", f"One batch of {one}s, or one {one}."),
        Fact(count(round(rate)) if rate else UNKNOWN, f"{one}s a second"),
        Fact(duration(status.get("elapsed_s")), "elapsed"),
        Fact(duration(status.get("eta_s")), f"left in phase {phase}" if training else "left in this step"),
    ]


def _of(status: dict[str, Any], part: str, whole: str) -> str:
    return f"{status[part]} / {status[whole]}" if status.get(part) is not None and status.get(whole) else UNKNOWN


def _curve(run: Run, seen: list[dict[str, Any]], measure: curves.Measure, every: float) -> None:
    config = run.config()
    figure = curves.curves(seen, measure, (config.phase1.epochs, config.phase2.epochs), run.id, config.way)
    title, words = f"{_NAMES[measure]} by epoch", curves.in_words(seen, measure)
    plot(figure, title=title, text=words, key=f"curve-{measure}", height=300, every=every)


_NAMES: dict[curves.Measure, str] = {"accuracy": "Accuracy", "loss": "Loss"}
_HELP: dict[curves.Measure, str] = {
    "accuracy": "The share of {}s that get their right class.",
    "loss": "How wrong and how unsure the answers are. Lower is better.",
}


_BEST = "Of its best epoch, the one with the lowest held-out loss."


def _ended_facts(run: Run, status: dict[str, Any]) -> list[Fact]:
    shares = [(run.evaluation(phase) or {}).get("accuracy") for phase in (1, 2)]
    return [
        Fact(run_state.WORDS[status["state"]][0].capitalize(), "state"),
        Fact(percent(shares[0]), "held out after phase 1", _BEST, "ice"),
        Fact(percent(shares[1]), "held out after phase 2", _BEST, "ember"),
        Fact(str(status.get("epoch") or UNKNOWN), "epochs"),
        Fact(duration(status.get("seconds_total") or status.get("elapsed_s")), "in all"),
    ]


_WHY = {
    record.STOPPED: "Stopped. The best model so far is kept.",
}


def _ending(status: dict[str, Any]) -> None:
    """How the run ended, where that needs words."""
    state = status["state"]
    words = as_markdown(str(status.get("error") or _WHY.get(state) or status.get("message") or ""))
    if state in (record.FAILED, record.INTERRUPTED, record.DAMAGED):
        st.error(words, icon=":material/error:")
    elif state == record.STOPPED:
        st.info(words, icon=":material/stop_circle:")


def _next_steps(run: Run) -> None:
    if run.has_model(1):
        if st.button("See the results", type="primary", icon=":material/insights:", key="to_results"):
            selection.go("results", run=run.id)
        is_text = run.config().task == "text"
        icon = ":material/edit_note:" if is_text else ":material/add_a_photo:"
        if st.button(f"Try a {noun(run.config().task)}", icon=icon, key="to_try"):
            selection.go("try", run=run.id)
    resumable = run.state() in (record.INTERRUPTED, record.STOPPED, record.FAILED)
    if resumable and st.button("Resume", icon=":material/play_arrow:", key="resume"):
        again.resume(run)
        st.rerun()
    if st.button("Another run", icon=":material/add:", key="another"):
        selection.choose(run=None)
        st.query_params["new"] = "1"
        st.rerun()
