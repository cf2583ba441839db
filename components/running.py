"""The running view: is it learning?"""

from typing import Any

import streamlit as st

from components import live, run_state, selection
from components.charts import curves
from components.escape import as_markdown
from components.facts import Fact, facts
from components.guard import guarded, say
from components.numbers import UNKNOWN, count, duration
from components.plot import plot
from components.running_samples import show_samples
from core import launcher, record
from core.errors import ThawError
from core.record import Run

_EVERY = 1.0  # seconds between two looks at the run


def show_run(run: Run) -> None:
    """Follow a run while it lives; once it has ended, show how it ended and where to go on."""
    st.title(as_markdown(run.name()))
    alive = run.state() in record.LIVE
    if not alive:
        _ending(run, run.status())
    # Without run_every, the same fragment draws an ended run once.
    st.fragment(_look, run_every=_EVERY if alive else None)(run, alive)


def _look(run: Run, alive: bool) -> None:
    with guarded():
        status = run.status()
        if alive and status["state"] not in record.LIVE:
            st.rerun()
        seen = live.events(run)
        _facts_and_buttons(run, status, alive)
        _curves(run, seen)
        st.subheader("Held-out samples", help="The same dozen pictures, never trained on, after every epoch.")
        show_samples(run, seen)


def _facts_and_buttons(run: Run, status: dict[str, Any], alive: bool) -> None:
    left, right = st.columns([5, 2], vertical_alignment="center")
    left.html(facts(_facts(status)))
    if not alive:
        return
    with right.container(horizontal=True, horizontal_alignment="right"):
        early = status.get("phase", 0) < 2
        st.button(
            "Skip to phase 2",
            icon=":material/skip_next:",
            key="skip",
            disabled=not early,
            on_click=_ask,
            args=("skip", run),
        )
        st.button("Stop", icon=":material/stop:", key="stop", on_click=_ask, args=("stop", run))
    share = _share(status)
    st.progress(share, text=as_markdown(run_state.message(status)))


def _ask(what: str, run: Run) -> None:
    try:
        launcher.stop(run) if what == "stop" else launcher.skip(run)
    except ThawError as error:
        say(error)


def _share(status: dict[str, Any]) -> float:
    """How far the whole run is, from 0 to 1, by epochs and steps."""
    epochs = status.get("epochs") or 0
    if not epochs:
        return 0.0
    within = (status.get("step") or 0) / max(1, status.get("steps") or 1)
    done = max(0, (status.get("epoch") or 0) - 1) + within if status.get("epoch") else 0.0
    return min(1.0, max(0.0, done / epochs))


def _facts(status: dict[str, Any]) -> list[Fact]:
    phase = status.get("phase") or 0
    rate = status.get("images_per_second")
    phases = {0: Fact("Preparing", "phase"), 1: Fact("Phase 1", "frozen", tone="ice")}
    return [
        phases.get(phase, Fact("Phase 2", "thawed", tone="ember")),
        Fact(_of(status, "epoch", "epochs"), "epoch", "One pass over all training pictures."),
        Fact(_of(status, "step", "steps"), "step", "One batch of pictures."),
        Fact(count(round(rate)) if rate else UNKNOWN, "images a second"),
        Fact(duration(status.get("elapsed_s")), "elapsed"),
        Fact(duration(status.get("eta_s")), "remaining"),
    ]


def _of(status: dict[str, Any], part: str, whole: str) -> str:
    return f"{status[part]} / {status[whole]}" if status.get(part) and status.get(whole) else UNKNOWN


def _curves(run: Run, seen: list[dict[str, Any]]) -> None:
    config = run.config()
    epochs = (config.phase1.epochs, config.phase2.epochs)
    for place, measure, name in zip(st.columns(2), ("accuracy", "loss"), ("Accuracy", "Loss"), strict=True):
        with place:
            st.subheader(name, help=_HELP[measure])
            figure = curves.curves(seen, measure, epochs, run.id)  # type: ignore[arg-type]
            words = curves.in_words(seen, measure)  # type: ignore[arg-type]
            plot(figure, title=f"{name} by epoch", text=words, key=f"curve-{measure}", height=300)
    st.caption("Solid: held-out pictures, which it never trains on. Dotted: the pictures it learns from.")


_HELP = {
    "accuracy": "The share of pictures that get their right class.",
    "loss": "How wrong and how unsure the answers are. Lower is better.",
}


def _ending(run: Run, status: dict[str, Any]) -> None:
    """How the run ended, and the next step."""
    state = status["state"]
    if state in (record.FAILED, record.INTERRUPTED, record.DAMAGED):
        why = {record.INTERRUPTED: "The training was interrupted. Resume takes it to its end from the last checkpoint."}
        st.error(
            as_markdown(str(status.get("error") or why.get(state) or status.get("message"))), icon=":material/error:"
        )
    elif state == record.STOPPED:
        st.info("Stopped. The best model so far is kept.", icon=":material/stop_circle:")
    with st.container(horizontal=True):
        if run.phase_model_file(1).exists():
            if st.button("See the results", type="primary", icon=":material/insights:", key="to_results"):
                selection.go("results", run=run.id)
            if st.button("Try a picture", icon=":material/add_a_photo:", key="to_try"):
                selection.go("try", run=run.id)
        if state in (record.INTERRUPTED, record.STOPPED, record.FAILED) and st.button(
            "Resume", icon=":material/play_arrow:", key="resume"
        ):
            launcher.resume(run)
            st.rerun()
        _another()


def _another() -> None:
    if st.button("Set up another run", icon=":material/add:", key="another"):
        selection.choose(run=None)
        st.query_params["new"] = "1"
        st.rerun()
