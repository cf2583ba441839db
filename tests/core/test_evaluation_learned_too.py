"""What the network has learned from does not count as unseen because it lies in another split as well."""

import pytest

from core.evaluation.learned_too import in_words, learned_too
from core.exports.wording import number


def file(split, digest):
    return {"path": f"{split}/{digest}", "split": split, "hash": digest}


def test_copies_in_the_training_split_are_counted_by_split():
    files = [
        *(file("train", name) for name in "abc"),
        *(file("validation", name) for name in "bcxx"),
        *(file("test", name) for name in "ax"),
        file("train", ""),
        file("test", ""),  # of which nothing is known
    ]
    assert [learned_too({"files": files}, split) for split in ("validation", "test")] == [2, 1]
    assert learned_too({"files": []}, "test") == 0


@pytest.mark.parametrize(("n", "words"), [(0, ""), (1, "1 of them is in"), (1200, "1,200 of them are in")])
def test_it_is_said_where_there_are_any(n, words):
    assert in_words(n).startswith(words)
    assert bool(in_words(n)) == bool(n)


def test_what_is_not_quite_1_is_not_rounded_up_to_it():
    assert [number(value) for value in (1.0, 0.9998, 0.9992, 0.5)] == ["1.000", "above 0.999", "0.999", "0.500"]
