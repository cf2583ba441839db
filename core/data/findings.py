"""What a data set should be warned about: copies, leaks, look-alike names, few pictures, imbalance."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from core.data.check import Verdict
from core.data.hashes import content_hashes
from core.data.manifest import TRAIN, Example
from core.data.walk import Entry

FEW = 10  # pictures in a class
IMBALANCE = 5  # times the smallest class

Found = tuple[str, str, str]  # path, kind, message


def copies(root: str, entries: Sequence[Entry], verdicts: Sequence[Verdict]) -> tuple[tuple[int, ...], ...]:
    """Groups of rows with exactly the same bytes.

    Only files of equal size and fingerprint are read in full, and each inode once.
    """
    looks = [(entry.size, verdict.fingerprint) for entry, verdict in zip(entries, verdicts, strict=True)]
    counts = Counter(looks)
    alike: dict[tuple[int, int], list[int]] = defaultdict(list)
    for row, look in enumerate(looks):
        if counts[look] > 1:
            alike[look].append(row)
    paths: dict[tuple[int, int], str] = {}
    for rows in alike.values():
        if len({entries[row].inode for row in rows}) > 1:
            paths.update({entries[row].inode: os.path.join(root, entries[row].path) for row in rows})  # noqa: PTH118
    hashes = dict(zip(paths, content_hashes(list(paths.values())), strict=True))
    groups: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for number, rows in enumerate(alike.values()):
        for row in rows:
            inode = entries[row].inode
            groups[number, hashes.get(inode, "") or inode].append(row)
    return tuple(tuple(rows) for rows in groups.values() if len(rows) > 1)


def repeated(
    files: Sequence[Example], classes: Sequence[str], groups: Sequence[Sequence[int]], noun: str = "picture"
) -> Iterator[Found]:
    """One finding for each group of copies, two where it both leaks and has two labels. `noun` names an example."""
    for group in groups:
        members = [files[row] for row in group]
        first, more = members[0], f" ({len(members)} copies in all)" if len(members) > 2 else ""
        other_label = next((m for m in members if m.label != first.label), None)
        trained = next((m for m in members if m.split == TRAIN), None)
        held_out = next((m for m in members if m.split not in (TRAIN, "")), None)
        if other_label:
            names = f"{classes[first.label]!r} and {classes[other_label.label]!r}"
            message = f"The same {noun} as {first.path!r}, under two labels: {names}{more}. Keep the right one."
            yield other_label.path, "duplicate", message
        if trained and held_out:
            message = f"The same {noun} as {trained.path!r} in train{more}. Take one of them out."
            yield held_out.path, "leak", message
        elif not other_label:
            message = f"The same {noun} as {first.path!r}{more}. One is enough."
            yield members[1].path, "duplicate", message


def empty_classes(folders: Sequence[str], files: Sequence[Example], noun: str = "picture") -> Iterator[Found]:
    """Class folders without a usable example. `noun` names one."""
    used = set()
    for path in {f.path.rpartition("/")[0] for f in files}:
        parts = path.split("/", 2)
        used.add(parts[0])
        used.add("/".join(parts[:2]))
    for folder in folders:
        if folder not in used:
            yield folder, "empty_class", f"This folder holds no usable {noun}, so it is not a class."


def unbalanced(files: Sequence[Example], classes: Sequence[str], noun: str = "picture") -> Iterator[Found]:
    """Names that differ only in case, small classes, and a strong imbalance. `noun` names an example."""
    by_folded: dict[str, list[str]] = defaultdict(list)
    for name in classes:
        by_folded[name.casefold()].append(name)
    for names in by_folded.values():
        if len(names) > 1:
            listed = ", ".join(map(repr, names))
            yield names[1], "case", f"These classes differ only in case: {listed}. Merge them if they mean the same."
    counts = Counter(f.label for f in files)
    for label, n in sorted(counts.items()):
        if n < FEW:
            message = f"Only {n} {noun}s: fewer than {FEW} are rarely enough. Add some, or take the class out."
            yield classes[label], "few", message
    most, least = max(counts, key=lambda c: counts[c]), min(counts, key=lambda c: counts[c])
    if counts[most] >= IMBALANCE * counts[least]:
        message = (
            f"{classes[most]!r} has {counts[most]} {noun}s, {classes[least]!r} has {counts[least]}. "
            "Switch class weights on, or even the numbers out."
        )
        yield classes[least], "imbalance", message
