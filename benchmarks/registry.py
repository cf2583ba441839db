"""What a benchmark is: a question, a goal, and a function that measures pairs."""

import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

FASTER = "faster"  # their time over ours: larger is better
RATE = "rate"  # our rate over theirs: larger is better
TIMES = "times"  # ours over theirs: smaller is better
ALONE = "alone"  # ours alone: smaller is better


@dataclass(frozen=True)
class Settings:
    """How to measure."""

    home: Path  # an empty folder for runs, caches and made pictures; removed afterwards
    quick: bool = False  # a try-out on a few tiny pictures: its figures mean nothing
    pairs: int | None = None  # instead of each benchmark's own number


@dataclass
class Measured:
    """What a benchmark found."""

    ours: list[float]
    theirs: list[float] = field(default_factory=list)  # as many as ours, measured in alternation; empty where alone
    how: str = ""  # what was done, in a sentence; says where something was scaled
    more: dict[str, Any] = field(default_factory=dict)  # further figures, kept in the JSON
    profile: dict[str, float] = field(default_factory=dict)  # of our last round: seconds (or MB) by what took them


@dataclass(frozen=True)
class Benchmark:
    """One row of the table."""

    name: str
    what: str
    against: str
    kind: str  # FASTER, RATE, TIMES or ALONE
    goal: float  # at least, for FASTER and RATE; at most, for TIMES and ALONE
    unit: str
    measure: Callable[[Settings], "Measured | dict[str, Measured]"]
    group: str  # benchmarks of one group are measured together

    @property
    def goal_words(self) -> str:
        """The goal as the table shows it."""
        unit = f" {self.unit}" if self.kind == ALONE else "×"
        return f"{'≥' if self.kind in (FASTER, RATE) else '≤'} {self.goal:g}{unit}"

    def row(self, found: Measured) -> dict[str, Any]:
        """The finished row: medians, the median ratio of the pairs, and whether the goal is met."""
        ours = statistics.median(found.ours)
        theirs = statistics.median(found.theirs) if found.theirs else None
        pairs = list(zip(found.ours, found.theirs, strict=True)) if found.theirs else []
        ratios = [(b / a if self.kind == FASTER else a / b) for a, b in pairs]
        judged = statistics.median(ratios) if ratios else ours
        return {
            "name": self.name,
            "what": self.what,
            "against": self.against,
            "kind": self.kind,
            "goal": self.goal,
            "goal_words": self.goal_words,
            "unit": self.unit,
            "ours": ours,
            "theirs": theirs,
            "ratio": judged if ratios else None,
            "pairs": len(found.ours),
            "met": judged >= self.goal if self.kind in (FASTER, RATE) else judged <= self.goal,
            "how": found.how,
            "all_ours": found.ours,
            "all_theirs": found.theirs,
            **({"more": found.more} if found.more else {}),
            **({"profile": found.profile} if found.profile else {}),
        }


BENCHMARKS: dict[str, Benchmark] = {}


def benchmark(
    name: str, what: str, against: str, *, kind: str, goal: float, unit: str = "s", group: str = ""
) -> Callable[[Callable[[Settings], Any]], Callable[[Settings], Any]]:
    """Register the decorated function. One that measures a group returns a dictionary by name."""

    def register(measure: Callable[[Settings], Any]) -> Callable[[Settings], Any]:
        BENCHMARKS[name] = Benchmark(name, what, against, kind, goal, unit, measure, group or name)
        return measure

    return register


def load() -> dict[str, Benchmark]:
    """All benchmarks, in the order of the table."""
    for case in (
        "phase1",
        "tutorial_vgg16",
        "text_phase1",
        "extraction",
        "service_answer",
        "second_run",
        "evaluation_share",
        "growth",
        "scan_50000",
        "page_500_runs",
        "results_2000",
        "live_tick",
    ):
        import_module(f"benchmarks.cases.{case}")
    return BENCHMARKS
