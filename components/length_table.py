"""What each sequence length costs, on the texts at hand."""

import streamlit as st

from components.network import Structure
from components.numbers import UNKNOWN, megabytes, percent, plural
from components.samples_of import spread
from components.text_examples import texts_of
from core import cost
from core.catalog import backbone
from core.config import RunConfig
from core.data.scan import Scan
from core.data.split import sizes
from core.data.token_counts import token_counts
from core.errors import ConfigError, ThawError
from core.length_cost import length_costs
from core.models import own_encoder, thaw

_LOOKED_AT = 1_000  # texts, spread evenly


def cut_words(config: RunConfig, data: Scan) -> str:
    """How many texts the chosen length cuts, in a sentence; empty where the texts are gone."""
    counts, counted = _counts(config, data)
    if not counts:
        return ""
    share = sum(n > config.sequence_length for n in counts) / len(counts)
    about = "" if counted else "About "
    if not share:
        return f"No text is longer than {config.sequence_length} tokens."
    return f"{about}{percent(share)} of the texts are longer than {config.sequence_length} tokens and are cut there."


def length_table(config: RunConfig, data: Scan | None, structure: Structure | None) -> None:
    """For the usual lengths and the chosen one: how many texts are cut, and what time and disk it takes."""
    encoder = own_encoder.row_of(config).encoder
    counts, counted = _counts(config, data) if data is not None else ([], False)
    if data is None or encoder is None or not counts:
        return
    rows = [
        {
            "tokens": f"{one.length}, chosen" if one.length == config.sequence_length else str(one.length),
            "cut": percent(one.cut),
            "time": f"× {one.work:.2f}",
            "disk": _disk(config.replace(sequence_length=one.length), data, structure),
        }
        for one in length_costs(counts, encoder, config.batch_size, config.sequence_length)
    ]
    st.dataframe(
        rows,
        hide_index=True,
        column_config={"tokens": "Tokens", "cut": "Texts cut", "time": "Time", "disk": "Kept on disk"},
        alt="Texts cut, relative time and disk for each sequence length: "
        + "; ".join(f"{row['tokens']} tokens: {row['cut']}, {row['time']}, {row['disk']}" for row in rows),
    )
    how = "Counted" if counted else "Estimated, since the vocabulary is not on this machine yet,"
    st.caption(
        f"{how} on {plural(len(counts), 'text')}. Time is that of the encoder, relative to the chosen length: short "
        "texts are padded to the longest in their batch only, so a length that few texts reach costs little. Disk is "
        "kept for the full length."
    )


def _disk(config: RunConfig, data: Scan, structure: Structure | None) -> str:
    if structure is None:
        return UNKNOWN
    try:
        warm = thaw.learning(config, structure)
    except ConfigError:
        return UNKNOWN
    return megabytes(cost.estimate(config, structure, warm, *sizes(data.files, config.validation_share)).megabytes)


def _counts(config: RunConfig, data: Scan) -> tuple[list[int], bool]:
    """Tokens of a sample of the texts, and whether they are counted rather than guessed."""
    columns = (config.text_column, config.label_column, config.split_column)
    try:
        return _remembered(data.source or data.root, len(data.files), columns, config.backbone, config.weights)
    except ThawError:  # such as a column that there is not; Start says so
        return [], False


@st.cache_data(max_entries=8, ttl=600, show_spinner=False)
def _remembered(path: str, files: int, columns: tuple[str, str, str], key: str, weights: str) -> tuple[list[int], bool]:
    names = ("text_column", "label_column", "split_column")
    config = RunConfig(data=path).replace(**dict(zip(names, columns, strict=True)))
    texts = list(texts_of(config).values())
    some = [texts[row] for row in spread(range(len(texts)), _LOOKED_AT)]
    return token_counts(some, backbone(key), weights)
