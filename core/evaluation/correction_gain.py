"""What training again with corrections brought, judged fairly: both models, the same pictures, the corrected labels."""

from typing import Any

import numpy as np

from core.evaluation import cases
from core.evaluation.verdict import ALPHA, compare, format_p
from core.record import Run


def gain(run: Run, earlier: Run, unit: str = "pictures") -> dict[str, Any]:
    """The difference between a corrected run and the one that was corrected.

    Args:
        run: trained with corrections.
        earlier: the run that they were noted beside.
        unit: what an example is called, in the plural.

    Returns:
        `of` (the earlier run's id), `relabelled` and `excluded` (examples, in all), `n` (held-out examples that both
        runs know), the accuracies `before` and `after` on them, `mended`, `broken`, `mcnemar_p`, `difference`,
        `difference_interval`, and a `sentence`.

    Raises:
        RunError: one of the runs has no predictions.
    """
    old, new = cases.read(earlier), cases.read(run)
    places = {old.paths[row]: row for row in old.rows("validation")}
    rows = np.array([row for row in new.rows("validation") if new.paths[row] in places], np.int64)
    p1 = _kept(earlier, old)[[places[new.paths[row]] for row in rows]]
    p2 = _kept(run, new)[rows]
    found = compare(p1, p2, new.labels[rows], 0.0, unit=unit)
    made = run.corrections().values()
    left_out = sum(bool(row.get("exclude")) for row in made)
    counts = {"relabelled": sum("label" in row for row in made), "excluded": left_out}
    shares = [float((p.argmax(axis=1) == new.labels[rows]).mean()) if len(rows) else None for p in (p1, p2)]
    kept = {name: found[name] for name in ("n", "mended", "broken", "mcnemar_p", "difference", "difference_interval")}
    result = {"of": earlier.id, **counts, **kept, "before": shares[0], "after": shares[1]}
    return {**result, "sentence": _sentence(result, unit)}


def _kept(run: Run, found: cases.Cases) -> np.ndarray:
    """The probabilities of the run's kept model, (N, C)."""
    return found.probabilities[min(run.kept(), max(found.probabilities))]


def _sentence(found: dict[str, Any], unit: str) -> str:
    changes = ((found["relabelled"], "labels", "changed"), (found["excluded"], unit, "left out"))
    made = ", ".join(f"{n} {what.removesuffix('s') if n == 1 else what} {done}" for n, what, done in changes if n)
    made = made or "Nothing corrected"
    if not found["n"]:
        return f"{made}. The two runs share no held-out {unit}, so they cannot be compared."
    moved = f"{100 * found['before']:.1f} % before, {100 * found['after']:.1f} % after"
    chance = found["mcnemar_p"] >= ALPHA
    told = f"no difference that these {found['n']} {unit} could show" if chance else "more than chance"
    return f"{made}: {moved}, on the same {unit} and the corrected labels ({format_p(found['mcnemar_p'])}: {told})."
