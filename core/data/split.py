"""Which pictures are held out: as the folders say, or by a seeded stratified split, by patient where known."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from core.data.manifest import TRAIN, VALIDATION, Example
from core.data.scan import Scan
from core.errors import DataError


def assign_splits(
    scan: Scan, *, validation_share: float, seed: int, patients: Mapping[str, str] | None = None
) -> tuple[Example, ...]:
    """The scan's files with a split each.

    Examples that come with a validation split keep theirs. Elsewhere a share of every class is held out, at least one
    example and never all, so that a class of two gives one each. (scikit-learn's stratified split refuses such classes,
    and test splits smaller than the number of classes.) Copies of one example are kept on one side as far as the
    shares allow.

    Args:
        scan: what the folder holds.
        validation_share: of each class, above 0 and below 1.
        seed: decides which pictures; the same seed and files give the same split.
        patients: path -> patient; no patient is then on both sides. A picture without one stands for itself.

    Raises:
        DataError: a class has pictures of one patient only.
    """
    files = [f._replace(patient=patients.get(f.path)) if patients else f for f in scan.files]
    if any(f.split == VALIDATION for f in files):
        return tuple(files)
    rows = [i for i, f in enumerate(files) if f.split in ("", TRAIN)]
    if patients:
        held_out = _by_patient(files, rows, scan.classes, validation_share, seed)
    else:
        held_out = _stratified(files, rows, validation_share, seed)
        _unite_copies(files, scan.copies, held_out)
    for row in rows:
        files[row] = files[row]._replace(split=VALIDATION if row in held_out else TRAIN)
    return tuple(files)


def sizes(files: Sequence[Example], share: float) -> tuple[int, int]:
    """How many examples a run will learn from, and how many it will be judged by, before they are split.

    A `share` of each class is held out unless some are already; a split by patient may come to a few more or less.
    """
    held_out = sum(f.split == VALIDATION for f in files)
    by_class = Counter(f.label for f in files if f.split in ("", TRAIN))
    if held_out:
        return by_class.total(), held_out
    held_out = sum(held_out_count(n, share) for n in by_class.values())
    return by_class.total() - held_out, held_out


def held_out_count(n: int, share: float) -> int:
    """How many of a class's `n` pictures are held out: the rounded share, at least 1 and at most n - 1."""
    return min(max(int(n * share + 0.5), 1), n - 1)


def _stratified(files: Sequence[Example], rows: Sequence[int], share: float, seed: int) -> set[int]:
    by_class: dict[int, list[int]] = defaultdict(list)
    for row in rows:
        by_class[files[row].label].append(row)
    held_out: set[int] = set()
    for label, members in by_class.items():
        order = np.random.default_rng([seed, label]).permutation(len(members))
        held_out.update(members[i] for i in order[: held_out_count(len(members), share)])
    return held_out


def _unite_copies(files: Sequence[Example], groups: Sequence[Sequence[int]], held_out: set[int]) -> None:
    """Where copies of a picture fell on both sides, trade the held-out ones for other pictures of their class."""
    copied = {row for group in groups for row in group}
    spare: dict[int, list[int]] = defaultdict(list)
    for row in reversed(range(len(files))):
        if files[row].split in ("", TRAIN) and row not in copied and row not in held_out:
            spare[files[row].label].append(row)
    for group in groups:
        outside = [row for row in group if row in held_out]
        if not outside or len(outside) == len(group):
            continue
        for row in outside:
            if spare[files[row].label]:
                held_out.remove(row)
                held_out.add(spare[files[row].label].pop())


def _by_patient(
    files: Sequence[Example], rows: Sequence[int], classes: Sequence[str], share: float, seed: int
) -> set[int]:
    """Whole patients, taken as long as they bring every class nearer to its share.

    The greedy rule of scikit-learn's StratifiedGroupKFold, for two parts of unequal size: the largest groups first,
    in seeded order among equals.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        patient = files[row].patient
        groups[f"p{patient}" if patient is not None else f"f{files[row].path}"].append(row)
    order = np.random.default_rng(seed).permutation(len(groups))
    shuffled = [list(groups.values())[i] for i in order]
    shuffled.sort(key=len, reverse=True)
    totals = Counter(files[row].label for row in rows)
    owners = Counter(label for members in shuffled for label in {files[row].label for row in members})
    for label, n in owners.items():
        if n < 2:
            raise DataError(
                f"To split by patient, every class needs pictures of at least two. {classes[label]!r} has those of one."
            )
    missing = {label: float(held_out_count(n, share)) for label, n in totals.items()}
    held_out: set[int] = set()
    for members in shuffled:
        counts = Counter(files[row].label for row in members)
        last = any(owners[label] == 1 for label in counts)  # the training side must keep one of every class
        gain = sum(abs(missing[c]) - abs(missing[c] - n) for c, n in counts.items())
        if gain > 0 and not last:
            held_out.update(members)
            for label, n in counts.items():
                missing[label] -= n
                owners[label] -= 1
    _ensure_held_out(files, shuffled, held_out, classes)
    return held_out


def _ensure_held_out(
    files: Sequence[Example], groups: Sequence[list[int]], held_out: set[int], classes: Sequence[str]
) -> None:
    """Give every class that has nothing held out its smallest group that training can spare."""
    for label in range(len(classes)):
        if any(files[row].label == label for row in held_out):
            continue
        left = [g for g in groups if not held_out.intersection(g)]
        owners = Counter(c for g in left for c in {files[row].label for row in g})
        for members in reversed(left):
            labels = {files[row].label for row in members}
            if label in labels and all(owners[c] > 1 for c in labels):
                held_out.update(members)
                break
        else:
            raise DataError(
                f"The pictures of {classes[label]!r} cannot be split by patient: too few patients share its classes."
            )
