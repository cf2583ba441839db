"""Which folder is a class and which a split.

```
class folders            split folders (val, valid, training, testing are understood too)
data/                    data/
├── cats/…               ├── train/cats/…  train/dogs/…
└── dogs/…               ├── validation/cats/…  validation/dogs/…
                         └── test/cats/…  test/dogs/…            (optional)
```

Class folders are read with their subfolders. `train` and `test` without `validation` is a third layout, in which
the held-out pictures are taken from `train`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from core.data.manifest import TEST, TRAIN, VALIDATION
from core.errors import DataError

CLASS_FOLDERS = "class_folders"
SPLIT_FOLDERS = "split_folders"
TRAIN_AND_TEST = "train_and_test_folders"

_SPLITS = {
    "train": TRAIN,
    "training": TRAIN,
    "validation": VALIDATION,
    "valid": VALIDATION,
    "val": VALIDATION,
    "test": TEST,
    "testing": TEST,
}
_HELD_OUT = (
    "dev",
    "devel",
    "development",
    "eval",
    "evaluation",
    "holdout",
    "held-out",
    "held_out",
    "held out",
)  # values


@dataclass(frozen=True)
class Layout:
    """How a data set's folders are to be read."""

    name: str  # CLASS_FOLDERS, SPLIT_FOLDERS or TRAIN_AND_TEST
    splits: dict[str, str]  # folder -> split; empty for class folders

    def place(self, folder: str) -> tuple[str, str] | None:
        """(split, class) of the files in a folder by its relative path, None where they lie in no class."""
        first, _, rest = folder.partition("/")
        if not self.splits:
            return ("", first) if first else None
        split, name = self.splits.get(first), rest.partition("/")[0]
        return (split, name) if split is not None and name else None

    def class_folders(self, folders: Sequence[str]) -> list[str]:
        """The folders that stand for a class, empty ones included."""
        depth = 2 if self.splits else 1
        chosen = [f.split("/") for f in folders if f.count("/") == depth - 1]
        return ["/".join(parts) for parts in chosen if not self.splits or parts[0] in self.splits]


def find(root: str, folders: Sequence[str], to_train: bool = True) -> Layout:
    """The layout of the folders below `root`.

    Raises:
        DataError: it is to train on, and there is only a folder for training, or only one for validation or test.
    """
    top = [f for f in folders if "/" not in f]
    splits = {f: _SPLITS[f.lower()] for f in top if f.lower() in _SPLITS}
    kinds = set(splits.values())
    if TRAIN in kinds and len(kinds) > 1:
        return Layout(SPLIT_FOLDERS if VALIDATION in kinds else TRAIN_AND_TEST, splits)
    if splits and len(top) == len(splits):
        if not to_train:
            return Layout(SPLIT_FOLDERS, splits)
        names = " and ".join(sorted(repr(f) for f in splits))
        wanted = "'validation'" if TRAIN in kinds else "'train'"
        raise DataError(
            f"A folder with {names} needs {wanted} beside it with the same classes. Received only {names} in {root!r}. "
            f"To have the pictures split for you, choose {root + '/' + next(iter(splits))!r} itself."
        )
    return Layout(CLASS_FOLDERS, {})


def is_split(name: str) -> bool:
    """Whether a folder of this name may hold a split."""
    return name.lower() in _SPLITS


def split_of(name: str) -> str | None:
    """The split that a value in a table stands for, None where it is none."""
    return (_SPLITS | dict.fromkeys(_HELD_OUT, VALIDATION)).get(name.strip().lower())


def refuse(
    root: str,
    layout: Layout,
    classes: tuple[str, ...],
    counts: Counter[tuple[str, str]],
    to_train: bool = True,
    left_out: str = "",
) -> None:
    """Raise where no classifier can be trained and judged.

    Args:
        root: the data set's folder.
        layout: how it is read.
        classes: those with usable pictures.
        counts: usable pictures by (split, class).
        to_train: False where a picture of one class is enough, to score a model.
        left_out: sentences on what took no part, which may be why.

    Raises:
        DataError: says what is missing and where.
    """
    if not classes:
        missing = f"No picture that can be read lies in a class folder below {root!r}."
        left_out = left_out or "Choose another folder."
    else:
        missing = _missing(root, layout, classes, counts) if to_train else ""
    if missing:
        raise DataError(f"{missing} {left_out}".strip())


def _missing(root: str, layout: Layout, classes: tuple[str, ...], counts: Counter[tuple[str, str]]) -> str:
    """What there is too little of to train a classifier and judge it; empty where nothing is."""
    if len(classes) == 1:
        return (
            f"At least two classes, each a folder of pictures, are needed. Received one, {classes[0]!r}, in {root!r}. "
            "If that folder holds the classes, choose it instead."
        )
    for name in classes:
        if layout.name == SPLIT_FOLDERS:
            for here, missing in ((TRAIN, VALIDATION), (VALIDATION, TRAIN)):
                if not counts[missing, name] and counts[here, name]:
                    return (
                        f"Every class needs pictures in train and in validation. {name!r} has them only in {here}. "
                        f"Add some to {missing}, or take the class out."
                    )
        training = "" if layout.name == CLASS_FOLDERS else TRAIN
        if counts[training, name] == 0:
            return f"Every class needs pictures to train on. {name!r} has them only in test."
        if counts[training, name] < 2 and layout.name != SPLIT_FOLDERS:
            return (
                f"A class needs at least two pictures, one to train on and one held out. {name!r} has one. "
                "Add pictures, or take the class out."
            )
    return ""
