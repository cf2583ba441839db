"""What corrections brought, on each split by itself, and which of the examples that judge were corrected."""

import json

import pytest

from core import run_list
from core.config import RunConfig
from core.evaluation.corrected_after import corrected_after
from core.evaluation.correction_gain import gain
from core.files import write_json

CLASSES = ["cat", "dog"]


@pytest.fixture
def run_with(tmp_path):
    """Makes a run of examples: path -> split, class, and whether the run's one model is right."""

    def made(examples, corrections=None):
        run = run_list.create_run(RunConfig(data="d"), {}, tmp_path)
        files = [{"path": path, "split": split, "label": label} for path, (split, label, _) in examples.items()]
        table = {"task": "image", "root": "d", "classes": CLASSES, "files": files}
        run.dataset_file.write_text(json.dumps(table))
        judged = [(path, *of) for path, of in examples.items() if of[0] != "train"]
        shares = {True: [["0.9", "0.1"], ["0.1", "0.9"]], False: [["0.1", "0.9"], ["0.9", "0.1"]]}
        rows = [[path, CLASSES[label], split, *shares[right][label]] for path, split, label, right in judged]
        run.write_predictions(["path", "label", "split", "p1:cat", "p1:dog"], rows)
        run.write_status(state="done", kept=1)
        if corrections:
            write_json(run.corrections_file, corrections)
        return run

    return made


def _examples(split, n, right):
    return {f"{split}/{k}": (split, k % 2, k < right) for k in range(n)}


def test_both_splits_are_compared_and_named(run_with):
    old = run_with({**_examples("validation", 10, 8), **_examples("test", 20, 10), "train/0": ("train", 0, True)})
    again = {**_examples("validation", 10, 9), **_examples("test", 19, 19), "train/0": ("train", 1, True)}
    new = run_with(again, {"train/0": {"label": "dog"}, "test/19": {"exclude": True}})
    found = gain(new, old)
    assert (found["n"], found["before"], found["after"]) == (10, 0.8, 0.9)
    assert found["test"]["n"] == 19
    assert (found["test"]["mended"], found["test"]["broken"]) == (9, 0)
    assert found["sentence"] == (
        "1 label changed, 1 picture left out: on the same 10 held-out pictures 80.0 % before and 90.0 % after "
        "(p = 1.00: no difference that these could show), by the corrected labels; on the same 19 test pictures "
        "52.6 % before and 100.0 % after (p = 0.004: more than chance)."
    )
    assert found["splits"] == {"train/0": "train", "test/19": "test"}


def test_without_a_test_split_only_held_out_ones_are_compared(run_with):
    old, new = run_with(_examples("validation", 4, 2)), run_with(_examples("validation", 4, 4))
    found = gain(new, old)
    assert found["test"] is None
    assert "test" not in found["sentence"]


def test_an_example_that_was_left_out_two_runs_ago_still_counts(run_with):
    first = run_with({**_examples("validation", 4, 4), **_examples("test", 4, 2)})
    one = {"test/3": {"exclude": True}}
    second = run_with({**_examples("validation", 4, 4), **_examples("test", 3, 2)}, one)
    write_json(second.insight_file, {"corrections": gain(second, first)})
    two = {**one, "validation/0": {"label": "dog"}}
    third = run_with({**_examples("validation", 4, 4), **_examples("test", 3, 2)}, two)
    brought = gain(third, second)
    assert [corrected_after(third, brought, split) for split in ("test", "validation")] == [1, 1]
    assert corrected_after(third, None, "test") is None  # nobody noted which
    assert corrected_after(first, None, "test") == 0
