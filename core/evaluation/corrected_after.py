"""Examples that judge a run and were put right, or left out, by people who had seen a model's answers to them."""

from collections.abc import Mapping
from typing import Any

from core.evaluation import insight
from core.record import Run


def splits_of_corrected(run: Run, earlier: Run) -> dict[str, str]:
    """The splits of the examples that a run's corrections change or leave out, by path, as far as they are known.

    Args:
        run: trained with corrections.
        earlier: the run that they were noted beside; it may have been corrected itself.
    """
    known = insight.read(earlier)
    splits = dict((known.corrections or {}).get("splits", {})) if known else {}
    for each in (earlier, run):
        splits |= {file["path"]: file["split"] for file in (each.dataset() or {"files": []})["files"]}
    return {path: splits[path] for path in run.corrections() if path in splits}


def corrected_after(run: Run, brought: Mapping[str, Any] | None, split: str) -> int | None:
    """How many examples of a split were corrected or left out; None where nobody noted which.

    Args:
        run: the run.
        brought: what its corrections brought, as `insight.json` tells it.
        split: validation or test.
    """
    if not run.corrections():
        return 0
    splits = (brought or {}).get("splits")
    return list(splits.values()).count(split) if isinstance(splits, Mapping) else None


def in_words(n: int | None, whom: str) -> str:
    """The same as a sentence about `whom`, as "held-out pictures"; nothing where there are none."""
    how = "corrected or left out after a model's answers were seen"
    if n is None:
        return f"Examples were {how}, which may flatter."
    return f"Of the {whom} {n:,} {'was' if n == 1 else 'were'} {how}, which flatters." if n else ""
