"""A rate that is too high need not end in not-a-number: the loss may stay a number, far above what guessing costs."""

import math
from typing import Any

TIMES = 10.0  # the loss of guessing, above which nothing sensible can have been learnt


def note(phase: int, epochs: list[dict[str, Any]], rate: float, n_classes: int) -> str:
    """A sentence where a phase ended in a loss far above that of guessing; empty where it did not.

    Args:
        phase: 1 or 2.
        epochs: the `epoch` events of the run.
        rate: the phase's learning rate.
        n_classes: how many classes there are; guessing costs the logarithm of it.
    """
    last = next((row for row in reversed(epochs) if row["phase"] == phase), None)
    guessing = math.log(n_classes)
    if last is None or (loss := max(last["loss"], last["val_loss"])) <= TIMES * guessing:
        return ""
    return (
        f"The loss of phase {phase} rose to {loss:,.0f}, where guessing costs {guessing:.2f}: it diverged. "
        f"A smaller learning rate (it was {rate:g}) usually mends that."
    )
