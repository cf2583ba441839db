"""How many steps go into one call of the training function, so that Keras costs little and Stop is soon heard."""

import numpy as np
import pytest

from core.training import fitting
from core.training.batches import EpochOrder
from core.training.fitting import MOST_STEPS, PhaseData


@pytest.mark.parametrize(
    ("seconds", "steps", "expected"),
    [(0.0, 1_000, MOST_STEPS), (0.0, 5, 5), (0.002, 1_000, 12), (0.05, 1_000, 1), (3.0, 1_000, 1)],
)
def test_an_execution_takes_as_many_steps_as_its_time_allows(seconds, steps, expected, monkeypatch):
    """`seconds` is what the answer for 12 samples takes; a step of 32 takes three times that of 32 samples."""
    clock, asked = [0.0], []

    def answer(samples):
        asked.append(samples)
        clock[0] += 100.0 if len(asked) == 1 else seconds  # the first one includes the making of the graph

    monkeypatch.setattr(fitting.time, "perf_counter", lambda: clock[0])
    data = PhaseData(None, None, np.zeros((12, 4)), list(range(12)), EpochOrder(0), steps, 32, 1, None, None)
    assert fitting._steps_per_execution(answer, data) == expected
    assert len(asked) == 2
