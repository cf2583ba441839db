import pytest

from components.runs_table import thawed_words


@pytest.mark.parametrize(
    ("unfreeze", "rank", "words"),
    [
        ("blocks:3", 0, "last 3 blocks"),
        ("blocks:3", 8, "last 3 blocks, LoRA rank 8"),
        ("blocks:1", 0, "last block"),
        ("names:a,b", 0, "2 layers"),
        ("all", 4, "all, LoRA rank 4"),
        ("none", 4, "none"),
        (None, 0, ""),
    ],
)
def test_what_a_run_thawed_is_told_in_a_few_words(unfreeze, rank, words):
    assert thawed_words(unfreeze, rank) == words
