"""Going on with smaller batches when the memory of the machine or the accelerator has run out."""

import gc
from collections.abc import Callable
from typing import TypeVar

from core.failures import is_out_of_memory
from core.training.reporter import Reporter

Result = TypeVar("Result")


def with_room(work: Callable[[int], Result], batch: int, reporter: Reporter) -> Result:
    """`work(batch)`, begun anew with half the batch as often as the memory runs out; each time with a note.

    Raises:
        Exception: whatever `work` raised, where it was something else or the batch cannot be halved.
    """
    while True:
        try:
            return work(batch)
        except Exception as error:
            if batch < 2 or not is_out_of_memory(error):
                raise
        batch //= 2
        note_halved(reporter, batch)


def note_halved(reporter: Reporter, batch: int, more: str = "") -> None:
    """Say that batches are smaller from now on, and let go of what the failed attempt held."""
    gc.collect()
    reporter.event("note", message=f"The memory ran out. Going on with {batch} examples at a time.{more}")
