import json

import numpy as np

from core.data.manifest import Example, Manifest

MANIFEST = Manifest(
    "image",
    "/data",
    ("cat", "chien été 🐶", "<script>"),
    (
        Example("cat/a.png", 0, "train", "00ff", "p1"),
        Example("dog/\udcff\n.png", 1, "validation", "11"),
        Example("x/b.png", 2, "train"),
    ),
)


def test_rows_of_some_splits_keep_the_order():
    assert MANIFEST.rows("train") == [0, 2]
    assert MANIFEST.rows("train", "validation") == MANIFEST.rows() == [0, 1, 2]
    assert MANIFEST.rows("test") == []


def test_paths_are_absolute_and_labels_are_int32():
    assert MANIFEST.paths([0]) == ["/data/cat/a.png"]
    assert len(MANIFEST.paths()) == 3
    assert MANIFEST.labels([2, 1]).tolist() == [2, 1]
    assert MANIFEST.labels().dtype == np.int32


def test_survives_json_with_odd_names():
    assert Manifest.from_json(json.loads(json.dumps(MANIFEST.to_json()))) == MANIFEST


def test_a_patient_is_written_only_where_there_is_one():
    files = MANIFEST.to_json()["files"]
    assert files[0]["patient"] == "p1"
    assert "patient" not in files[1]
