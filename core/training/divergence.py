"""A rate that is too high need not end in not-a-number: the loss may stay a number, far above what guessing costs."""

import math
from typing import Any

TIMES = 10.0  # the loss of guessing, above which nothing sensible can have been learnt


def note(phase: int, epochs: list[dict[str, Any]], rates: tuple[float, float], n_classes: int) -> str:
    """A sentence where a phase ended in a loss far above that of guessing; empty where it did not.

    Args:
        phase: 1 or 2.
        epochs: the `epoch` events of the run.
        rates: the learning rates of both phases.
        n_classes: how many classes there are; guessing costs the logarithm of it.
    """
    last = next((row for row in reversed(epochs) if row["phase"] == phase), None)
    guessing = math.log(n_classes)
    if last is None or (loss := max(last["loss"], last["val_loss"])) <= TIMES * guessing:
        return ""
    return (
        f"The loss of phase {phase} rose to {loss:,.0f}, where guessing costs {guessing:.2f}: it diverged. "
        f"{remedy(phase, epochs, rates, n_classes)}"
    )


def remedy(phase: int, epochs: list[dict[str, Any]], rates: tuple[float, float], n_classes: int) -> str:
    """Which rate to make smaller where a phase broke: phase 1's, if what phase 2 began from had diverged already."""
    best = min((row["val_loss"] for row in epochs if row["phase"] == 1), default=0.0)
    if phase == 2 and best > TIMES * math.log(n_classes):
        return (
            f"Phase 1, from which phase 2 starts, had diverged already. A smaller learning rate of phase 1 "
            f"(it was {rates[0]:g}) usually mends that."
        )
    return f"A smaller learning rate (it was {rates[phase - 1]:g}) usually mends that."
