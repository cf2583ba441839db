"""A dozen held-out pictures with the model's current answer."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from components.pictures import Card, bones, cards
from components.text_examples import shortened, texts_of
from components.thumbnails import thumbnails
from core.config import RunConfig
from core.data.reading import reading
from core.record import Run

Event = Mapping[str, Any]


def show_samples(run: Run, events: Sequence[Event]) -> None:
    """The grid, or its skeleton before the first epoch has ended."""
    rounds = [event for event in events if event["kind"] == "samples"]
    sampled = _sampled(run, rounds[-1]["rows"]) if rounds else None
    if sampled is None:
        st.html(bones(12))
        return
    now, before = rounds[-1], rounds[-2] if len(rounds) > 1 else None
    files, config = sampled["files"], run.config()
    made = answers(sampled["classes"], files, _pictures(config, sampled["root"], files), now, before)
    if config.task == "text":
        texts = texts_of(config)
        shown = [shortened(texts.get(file["path"], file["path"])) for file in files]
        made = [card._replace(text=text) for card, text in zip(made, shown, strict=False)]
    st.html(cards(made, dozen=config.task != "text"))


def _pictures(config: RunConfig, root: str, files: Sequence[Mapping[str, Any]]) -> list[bytes | None]:
    if config.task == "text":
        return [None] * len(files)
    return list(thumbnails([str(Path(root) / file["path"]) for file in files], 320, reading(config)))


def _sampled(run: Run, rows: list[int]) -> dict[str, Any] | None:
    """What the manifest says of the sampled files, read once a session: it never changes."""
    kept: dict[str, Any] = st.session_state.setdefault("sampled", {})
    if (kept.get("run"), kept.get("rows")) != (run.id, rows):
        dataset = run.dataset()
        if dataset is None:
            return None
        kept.update(run=run.id, rows=rows, root=dataset["root"], classes=dataset["classes"])
        kept["files"] = [dataset["files"][row] for row in rows]
    return kept


def answers(
    classes: Sequence[str],
    files: Sequence[Mapping[str, Any]],
    pictures: Sequence[bytes | None],
    now: Event,
    before: Event | None,
) -> list[Card]:
    """Cards of this epoch's probabilities, with what changed since the epoch before; without any where they broke."""
    rows = zip(before["rows"], before["probabilities"], strict=False) if before else ()
    earlier = {row: shares for row, shares in rows if None not in shares}
    made = []
    for row, file, picture, shares in zip(now["rows"], files, pictures, now["probabilities"], strict=False):
        if None in shares:
            made.append(Card(picture, classes[file["label"]], "", None))
            continue
        best = max(range(len(shares)), key=shares.__getitem__)
        change = _change(classes, shares, best, earlier.get(row))
        made.append(Card(picture, classes[file["label"]], classes[best], shares[best], change, best == file["label"]))
    return made


def _change(classes: Sequence[str], shares: Sequence[float], best: int, earlier: Sequence[float] | None) -> str:
    if earlier is None:
        return ""
    was = max(range(len(earlier)), key=earlier.__getitem__)
    if was != best:
        return f"was {classes[was]}"
    moved = round(100 * shares[best]) - round(100 * earlier[best])
    return f"{'▲' if moved > 0 else '▼'} {abs(moved)} points" if moved else "± 0 points"
