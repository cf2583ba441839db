from datetime import timedelta

import pytest

from components.runs_table import table_rows, thawed_words
from core.record import Run


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


def test_accuracies_are_in_percent(tmp_path):
    run = Run(tmp_path)
    run.config_file.write_text("{}")
    run.write_status(state="done")
    run.evaluation_file(1).parent.mkdir()
    run.evaluation_file(1).write_text('{"accuracy": 0.125}')
    [row] = table_rows([run])
    assert (row["phase 1"], row["phase 2"]) == (12.5, None)


@pytest.mark.parametrize(("seconds", "took"), [(431.6, timedelta(minutes=7, seconds=12)), (None, None), (1e300, None)])
def test_a_run_tells_how_long_it_took(tmp_path, seconds, took):
    run = Run(tmp_path)
    run.config_file.write_text("{}")
    run.write_status(state="done", seconds_total=seconds)
    assert [row["took"] for row in table_rows([run])] == [took]
