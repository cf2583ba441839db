"""All other settings: folded away, and good without being opened."""

import streamlit as st

from components import draft, selection
from components.augment_preview import preview
from components.draft import bound
from components.guard import guarded
from components.held import held
from components.length_table import length_table
from components.network import Structure
from components.nouns import noun
from components.reading_settings import reading_settings
from components.text_settings import text_settings
from core.config import OPTIMIZERS, SCHEDULES, PhaseConfig, RunConfig
from core.data import roots
from core.data.scan import Scan

_POOLINGS = {"avg": "Average", "max": "Maximum", "flatten": "Flatten"}
_TEXT_POOLINGS = {"avg": "Mean over tokens", "max": "Maximum", "cls": "First token"}
_OPTIMIZERS = {"adam": "Adam", "adamw": "AdamW", "sgd": "SGD"}
_SCHEDULES = {"constant": "Constant", "cosine": "Cosine with warm-up", "linear": "Linear with warm-up"}


def all_settings(config: RunConfig, data: Scan | None, structure: Structure | None) -> None:
    """Everything about head, phases, examples and training."""
    one, two, three = st.columns(3, gap="large")
    with one:
        _phase("phase1", config, ":blue[Phase 1, frozen]")
    with two:
        _phase("phase2", config, f":orange[Phase 2, {config.way}]")
    with three:
        _head(_TEXT_POOLINGS if config.task == "text" else _POOLINGS)
    st.divider()
    left, right = st.columns(2, gap="large")
    with left:
        if config.task == "text":
            text_settings(selection.data_path())
            length_table(config, data, structure)
        else:
            _augmentation(config, data.root if data else None)
    with right:
        _shared(config)
    if config.task != "text":
        st.divider()
        reading_settings()


def _phase(name: str, config: RunConfig, title: str) -> None:
    phase: PhaseConfig = getattr(config, name)
    st.markdown(f"**{title}**")
    st.number_input(
        "Epochs",
        0 if name == "phase2" else 1,
        10_000,
        help=f"Passes over all training {noun(config.task)}s.",
        **bound(f"{name}.epochs"),
    )
    st.number_input(
        "Learning rate",
        format="%.1e",
        step=1e-4,
        min_value=0.0,
        help="How far each step moves what learns. Fine-tuning needs a much smaller one.",
        **bound(f"{name}.learning_rate"),
    )
    st.selectbox(
        "Optimizer", OPTIMIZERS, format_func=_OPTIMIZERS.__getitem__, **bound(f"{name}.optimizer", options=OPTIMIZERS)
    )
    st.selectbox(
        "Schedule", SCHEDULES, format_func=_SCHEDULES.__getitem__, **bound(f"{name}.schedule", options=SCHEDULES)
    )
    st.slider(
        "Warm-up",
        0.0,
        0.9,
        step=0.05,
        format="percent",
        disabled=phase.schedule == "constant",
        help="The share of the phase's steps over which the learning rate climbs, before it falls.",
        **bound(f"{name}.warmup"),
    )
    st.number_input(
        "Weight decay",
        0.0,
        0.5,
        step=1e-3,
        format="%.4f",
        disabled=phase.optimizer == "adam",
        help="How much weights shrink at each step, against overfitting. AdamW and SGD use it.",
        **bound(f"{name}.weight_decay"),
    )


def _head(poolings: dict[str, str]) -> None:
    st.markdown("**New head**")
    st.selectbox(
        "Pooling",
        list(poolings),
        format_func=poolings.__getitem__,
        help="How a map, or the tokens of a text, become one vector.",
        **bound("head.pooling", options=list(poolings)),
    )
    st.number_input("Hidden units", 0, 8192, step=64, help="0 for none.", **bound("head.hidden_units"))
    st.slider(
        "Dropout",
        0.0,
        0.9,
        step=0.05,
        help="The share of inputs left out at random while learning.",
        **bound("head.dropout"),
    )


def _augmentation(config: RunConfig, data: str | None) -> None:
    st.markdown(
        "**Augmentation**", help="Changed copies of the training pictures, so that small differences do not matter."
    )
    mode = config.augmentation.partition(":")[0]
    names = {"off": "Off", "views": "Some copies", "live": "Live"}
    st.segmented_control(
        "Mode",
        list(names),
        format_func=names.__getitem__,
        **held("augment-mode", mode, "default"),
        required=True,
        on_change=_choose_augmentation,
    )
    if mode == "off":
        return
    if mode == "views":
        st.slider("Copies of each picture", 1, 20, on_change=_choose_views, **held("augment-views", config.views))
    left, right = st.columns(2)
    with left:
        st.toggle("Flip left to right", **bound("augment.flip"))
        st.slider("Rotation, degrees", 0.0, 45.0, **bound("augment.rotation"))
        st.slider("Zoom", 0.0, 0.5, **bound("augment.zoom"))
    with right:
        st.slider("Shift", 0.0, 0.5, **bound("augment.shift"))
        st.slider("Brightness", 0.0, 0.5, **bound("augment.brightness"))
        st.slider("Contrast", 0.0, 0.5, **bound("augment.contrast"))
    preview(config, data)


@guarded()
def _choose_augmentation() -> None:
    mode = st.session_state["augment-mode"]
    draft.change(augmentation="views:4" if mode == "views" else mode)


@guarded()
def _choose_views() -> None:
    draft.change(augmentation=f"views:{st.session_state['augment-views']}")


def _shared(config: RunConfig) -> None:
    st.markdown("**Training**")
    left, right = st.columns(2)
    with left:
        if config.task != "text":
            st.number_input(
                "Image size", 0, 2048, step=32, help="Pixels a side. 0 for the backbone's own.", **bound("image_size")
            )
        st.number_input("Batch size", 1, 4096, help=f"{noun(config.task).capitalize()}s a step.", **bound("batch_size"))
        st.number_input(
            "Seed", 0, 2**31 - 1, help="The same seed gives the same split and the same history.", **bound("seed")
        )
        st.slider(
            "Held out",
            0.05,
            0.5,
            step=0.05,
            help="Of a folder without a validation split.",
            **bound("validation_share"),
        )
    with right:
        st.toggle(
            "Early stopping", help="End a phase once the held-out loss no longer falls.", **bound("early_stopping")
        )
        st.number_input("Patience, epochs", 1, 1000, **bound("patience"))
        st.toggle("Class weights", help="Weigh rare classes up.", **bound("class_weights"))
        st.toggle(
            "Calibrate",
            help="Answer as sure as the held-out examples showed it to be right.",
            **bound("calibrate"),
        )
        st.toggle("Cache the frozen part", help="Compute it once and keep it.", **bound("cache"))
        st.toggle("Mixed precision", help="Faster on a GPU, no effect without one.", **bound("mixed_precision"))
    _weights(config.task)


def _weights(task: str) -> None:
    now = draft.settings().weights
    kind = now if now in ("pretrained", "random") else "file"
    names = {"pretrained": "Pretrained", "file": "From a file", "random": "Random"}
    st.segmented_control(
        "Weights",
        list(names),
        format_func=names.__getitem__,
        **held("weights-kind", kind, "default"),
        required=True,
        on_change=_choose_weights,
    )
    if kind == "file":
        is_text = task == "text"
        st.text_input(
            "Weights folder" if is_text else "Weights file",
            help="A folder in KerasHub's or Hugging Face's format." if is_text else "A Keras .h5 file of this network.",
            **bound("weights", _own_weights),
        )
    elif kind == "random":
        st.warning("Random weights know nothing. This is not transfer learning.", icon=":material/warning:")


def _own_weights(typed: str) -> str:
    """The setting that a typed path stands for. Checked before anything looks at it: it is drawn with at every rerun.

    Raises:
        DataError: the app may not read there.
    """
    path = typed.strip()
    return str(roots.check_typed(typed)) if path not in ("", "pretrained", "random") else path or "pretrained"


@guarded()
def _choose_weights() -> None:
    kind = st.session_state["weights-kind"]
    draft.change(weights="weights.h5" if kind == "file" else kind)
