"""What training again with corrections brought, judged fairly: both models, the same pictures, the corrected labels."""

from typing import Any

import numpy as np

from core.evaluation import cases
from core.evaluation.cases import Cases
from core.evaluation.corrected_after import splits_of_corrected
from core.evaluation.verdict import ALPHA, compare, format_p
from core.record import Run

_FIGURES = ("n", "mended", "broken", "mcnemar_p", "difference", "difference_interval")


def gain(run: Run, earlier: Run, unit: str = "pictures") -> dict[str, Any]:
    """The difference between a corrected run and the one that was corrected.

    Args:
        run: trained with corrections.
        earlier: the run that they were noted beside.
        unit: what an example is called, in the plural.

    Returns:
        `of` (the earlier run's id), `relabelled` and `excluded` (examples, in all), `splits` (of those, by path), `n`
        (held-out examples that both runs know), the accuracies `before` and `after` on them, `mended`, `broken`,
        `mcnemar_p`, `difference`, `difference_interval`, the same of the `test` split (None where they share none of
        it), and a `sentence`.

    Raises:
        RunError: one of the runs has no predictions.
    """
    made = run.corrections().values()
    left_out = sum(bool(row.get("exclude")) for row in made)
    counts = {"relabelled": sum("label" in row for row in made), "excluded": left_out}
    old, new = (cases.read(each) for each in (earlier, run))
    answers = _kept(earlier, old), _kept(run, new)
    held_out, test = (_compared(old, new, answers, split) for split in ("validation", "test"))
    result = {"of": earlier.id, **counts, "splits": splits_of_corrected(run, earlier), **held_out}
    result["test"] = test if test["n"] else None
    return {**result, "sentence": _sentence(result, unit)}


def _compared(old: Cases, new: Cases, answers: tuple[np.ndarray, np.ndarray], split: str) -> dict[str, Any]:
    """Both models on the examples of a split that both runs know; `answers` are theirs to all their cases, (N, C)."""
    places = {old.paths[row]: row for row in old.rows(split)}
    rows = np.array([row for row in new.rows(split) if new.paths[row] in places], np.int64)
    p1, p2 = answers[0][[places[new.paths[row]] for row in rows]], answers[1][rows]
    found = compare(p1, p2, new.labels[rows], 0.0)
    shares = [float((p.argmax(axis=1) == new.labels[rows]).mean()) if len(rows) else None for p in (p1, p2)]
    return {**{name: found[name] for name in _FIGURES}, "before": shares[0], "after": shares[1]}


def _kept(run: Run, found: Cases) -> np.ndarray:
    """The probabilities of the run's kept model, (N, C)."""
    return found.probabilities[min(run.kept(), max(found.probabilities))]


def _sentence(found: dict[str, Any], unit: str) -> str:
    changes = ((found["relabelled"], "labels", "changed"), (found["excluded"], unit, "left out"))
    made = ", ".join(f"{n} {what.removesuffix('s') if n == 1 else what} {done}" for n, what, done in changes if n)
    made = made or "Nothing corrected"
    if not found["n"]:
        return f"{made}. The two runs share no held-out {unit}, so they cannot be compared."
    said = f"{made}: {_moved(found, f'held-out {unit}')}, by the corrected labels"
    return f"{said}; {_moved(found['test'], f'test {unit}')}." if found["test"] else f"{said}."


def _moved(found: dict[str, Any], examples: str) -> str:
    shown = "more than chance" if found["mcnemar_p"] < ALPHA else "no difference that these could show"
    return (
        f"on the same {found['n']:,} {examples} {100 * found['before']:.1f} % before and {100 * found['after']:.1f} % "
        f"after ({format_p(found['mcnemar_p'])}: {shown})"
    )
