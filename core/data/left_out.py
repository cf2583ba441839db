"""What took no part in a data set that is refused: sentences that follow the one that refuses it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from core.data import table
from core.data.check import HEIC

_WORDS = {  # how a file is called that was left out for a kind of problem; its ending follows
    "unsupported": "",
    "unreadable": "unreadable",
    "empty": "empty",
    "unlabelled": "without a label",
    "too_large": "too large",
    "permission": "forbidden",
    "link": "linked",
    "ignored": "ignored",
}
_NAMED = 4  # groups of files


def told(root: str, problems: Sequence[tuple[str, str]], outside: Mapping[str, int], noun: str = "file") -> str:
    """Sentences on what was left out, with what to do; empty where there is nothing to say.

    Args:
        root: the data set's folder.
        problems: path and kind of each.
        outside: pictures that lie in no class folder, by folder; "." is `root` itself.
        noun: what a path stands for: a file, or a row of a table.
    """
    tables = [path for path, kind in problems if kind == "unsupported" and _is_table(path)]
    rest = [(path, kind) for path, kind in problems if kind in _WORDS and path not in tables]
    return " ".join(filter(None, (_outside(outside), _left_out(rest, noun), _tables(root, tables))))


def _outside(outside: Mapping[str, int]) -> str:
    count = sum(outside.values())
    if not count:
        return ""
    where = "directly here" if set(outside) == {"."} else f"in no class folder, such as in {_fullest(outside)!r}"
    lie = "1 picture lies" if count == 1 else f"{count:,} pictures lie"
    return f"{lie} {where}; put {'it' if count == 1 else 'them'} into one folder for each class."


def _fullest(outside: Mapping[str, int]) -> str:
    """The folder below the root with most of them."""
    return max((folder for folder in outside if folder != "."), key=outside.__getitem__)


def _left_out(problems: Sequence[tuple[str, str]], noun: str) -> str:
    if not problems:
        return ""
    groups = Counter(_group(path, kind) for path, kind in problems)
    named = [f"{n:,} {name}" for name, n in groups.most_common(_NAMED)]
    if len(groups) > _NAMED:
        named.append(f"{len(problems) - sum(n for _, n in groups.most_common(_NAMED)):,} others")
    were = f"1 {noun} was" if len(problems) == 1 else f"{len(problems):,} {noun}s were"
    remedy = " Save .heic as JPEG or PNG." if any(name.endswith(HEIC) for name in groups) else ""
    return f"{were} left out: {', '.join(named)}.{remedy}"


def _group(path: str, kind: str) -> str:
    ending = PurePosixPath(path).suffix.lower()
    known = ending if ending[1:].isalnum() and len(ending) < 8 else ""
    return f"{_WORDS[kind]} {known}".strip() or "without an ending"


def _is_table(path: str) -> bool:
    return "/" not in path and PurePosixPath(path).suffix.lower() in table.SUFFIXES


def _tables(root: str, tables: Sequence[str]) -> str:
    if not tables:
        return ""
    return f"For texts, choose {'the table' if len(tables) == 1 else 'one of the tables'}: {root + '/' + tables[0]!r}."
