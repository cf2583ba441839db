"""What a data set holds: counts, balance, sizes, problems, and examples of each class."""

from collections import Counter
from collections.abc import Sequence
from statistics import median

import streamlit as st

from components import draft, text_examples
from components.bars import balance_bar
from components.data_problems import problems_line
from components.escape import as_markdown, shown
from components.facts import Fact, facts
from components.guard import guarded
from components.nouns import noun
from components.numbers import count, plural
from components.pictures import strip
from components.samples_of import by_class, paths, spread
from components.thumbnails import thumbnails
from core import tasks
from core.config import RunConfig
from core.data.scan import Scan

_SPLITS = {"train": "to learn from", "validation": "held out", "test": "for the final test"}
_AT_ONCE = 10  # classes whose examples are shown at once
_EXAMPLES = 12  # pictures of each
_TEXTS = 3  # texts of each


def overview(scan: Scan, held_out: float) -> None:
    """The whole of it, most important first."""
    counts = {name: sum(splits.values()) for name, splits in scan.counts().items()}
    st.html(facts(_facts(scan, held_out)))
    st.html(balance_bar(counts, noun=noun(scan.task)))
    problems_line(scan)
    for note in scan.notes:
        st.caption(as_markdown(note))
    _examples(scan, counts)
    with st.expander("All counts", icon=":material/table_rows:"):
        _table(scan, counts)


def _facts(scan: Scan, held_out: float) -> list[Fact]:
    splits = Counter(f.split for f in scan.files)
    shown = [
        Fact(count(len(scan.files)), tasks.task(scan.task).NOUN),
        Fact(count(len(scan.classes)), "classes", "What the network will tell apart."),
    ]
    if splits[""]:
        kept = f"{held_out * 100:.0f} % of each class"
        shown.append(Fact(kept, "will be held out", "Never trained on; they show how good it is."))
    else:
        shown += [Fact(count(splits[s]), word) for s, word in _SPLITS.items() if splits[s]]
    if scan.sizes:
        width, height = (round(median(side)) for side in zip(*scan.sizes, strict=True))
        low, high = min(map(min, scan.sizes)), max(map(max, scan.sizes))
        shown.append(Fact(f"{width} × {height}", "pixels, typically", f"Sides from {low} to {high} pixels."))
    return shown


def _examples(scan: Scan, counts: dict[str, int]) -> None:
    rows = by_class(scan)
    page, start = 0, st.session_state.get("examples-start", 0)
    pages = -(-len(scan.classes) // _AT_ONCE)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.subheader("Examples")
        if pages > 1:
            page = int(st.number_input(f"Page of {pages}", 1, pages, key="examples-page", width=140)) - 1
        st.button("Others", icon=":material/shuffle:", type="tertiary", key="examples-more", on_click=_others)
    shown = range(page * _AT_ONCE, min(len(scan.classes), (page + 1) * _AT_ONCE))
    show = _text_strips if scan.task == "text" else _picture_strips
    st.html("".join(show(scan, shown, rows, start, _notes(scan, counts))))


def _notes(scan: Scan, counts: dict[str, int]) -> list[str]:
    """How many examples each class has, in words."""
    split, one, notes = scan.counts(), noun(scan.task), []
    for name in scan.classes:
        held = split[name].get("validation")
        notes.append(plural(counts[name], one) + (f", {count(held)} held out" if held else ""))
    return notes


def _picture_strips(
    scan: Scan, labels: Sequence[int], rows: Sequence[list[int]], start: int, notes: Sequence[str]
) -> list[str]:
    picked = [spread(rows[label], _EXAMPLES, start) for label in labels]
    pictures = iter(thumbnails(paths(scan, [row for group in picked for row in group])))
    return [
        strip(scan.classes[label], notes[label], [next(pictures) for _ in group])
        for label, group in zip(labels, picked, strict=True)
    ]


def _text_strips(
    scan: Scan, labels: Sequence[int], rows: Sequence[list[int]], start: int, notes: Sequence[str]
) -> list[str]:
    texts = text_examples.texts_of(RunConfig(data=scan.source or scan.root).replace(**draft.columns()))
    picked = [[scan.files[row].path for row in spread(rows[n], _TEXTS, start)] for n in labels]
    shown = [[texts[path] for path in some if path in texts] for some in picked]
    return [text_examples.strip(scan.classes[n], notes[n], some) for n, some in zip(labels, shown, strict=True)]


@guarded()
def _others() -> None:
    st.session_state["examples-start"] = st.session_state.get("examples-start", 0) + 1


def _table(scan: Scan, counts: dict[str, int]) -> None:
    used = [s for s in _SPLITS if any(f.split == s for f in scan.files)]
    split = scan.counts()
    total, nouns = len(scan.files), tasks.task(scan.task).NOUN
    st.dataframe(
        [
            {"class": shown(name), nouns: n, **{s: split[name].get(s, 0) for s in used}, "share": n / total}
            for name, n in counts.items()
        ],
        hide_index=True,
        column_config={
            "class": st.column_config.TextColumn("Class"),
            "share": st.column_config.ProgressColumn("Share", format="percent", min_value=0, max_value=1),
        },
        alt=as_markdown(f"{nouns.capitalize()} by class and split, {plural(len(counts), 'class', 'classes')}"),
    )
