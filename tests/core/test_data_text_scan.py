"""What is found of texts, and what is wrong with them."""

import json
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import tasks
from core.config import RunConfig
from core.data import text_scan
from core.data.scan import PROBLEM_KINDS, last
from core.errors import DataError


def table(path, rows, header="text,label"):
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def many(n=12):
    return [f"text number {i},{'good' if i % 2 else 'bad'}" for i in range(n)]


def scan(path, **settings):
    return text_scan.scan(RunConfig(data=str(path), **settings))


def kinds(found):
    return Counter(p.kind for p in found.problems)


def test_a_table_is_scanned_as_folders_are(tmp_path):
    found = scan(table(tmp_path / "reviews.csv", many(20))).to_json()
    assert found["task"] == "text"
    assert found["classes"] == [{"name": "bad", "count": 10}, {"name": "good", "count": 10}]
    assert found["splits"] == {"train": 16, "validation": 4, "test": 0}
    assert found["problems"] == []


def test_paths_are_rows_and_hashes_are_of_the_text(tmp_path):
    path = table(tmp_path / "reviews.csv", many())
    found = text_scan.manifest(RunConfig(data=str(path)))
    assert found.root == str(tmp_path)
    assert found.files[0].path == "reviews.csv#2"
    assert found.files[0].hash == text_scan.content_hash("text number 0")
    assert text_scan.contents(found, RunConfig())[:2] == ["text number 0", "text number 1"]


def test_the_split_is_seeded_and_stratified(tmp_path):
    path = table(tmp_path / "reviews.csv", many(50))
    splits = [[f.split for f in text_scan.manifest(RunConfig(data=str(path), seed=s)).files] for s in (0, 0, 1)]
    assert splits[0] == splits[1] != splits[2]
    held_out = Counter(f.label for f in text_scan.manifest(RunConfig(data=str(path))).files if f.split == "validation")
    assert held_out == {0: 5, 1: 5}


def test_every_problem_is_named_with_its_row(tmp_path):
    rows = [*many(24), '"  ",good', "lost,", "text number 1,good", "text number 2,good", "torn"]
    found = scan(table(tmp_path / "reviews.csv", rows))
    by_kind = {p.kind: p for p in found.problems}
    assert kinds(found) == {"empty": 1, "unlabelled": 1, "unreadable": 1, "duplicate": 2}
    assert by_kind["empty"].path == "reviews.csv#26"
    assert "under two labels" in by_kind["duplicate"].message
    assert set(kinds(found)) <= set(PROBLEM_KINDS)


@pytest.mark.parametrize("name", ["val", "valid", "dev", "eval", "Evaluation ", "development", "held-out"])
def test_the_usual_names_of_validation_are_understood(tmp_path, name):
    rows = [f"{row},{'train' if i < 8 else name}" for i, row in enumerate(many())]
    found = scan(table(tmp_path / "x.csv", rows, "text,label,split"))
    assert Counter(f.split for f in found.files) == {"train": 8, "validation": 4}


def test_rows_of_an_unknown_split_are_told_and_the_others_keep_theirs(tmp_path):
    splits = ["train"] * 8 + ["dev"] * 4 + ["unused"]
    rows = [f"{row},{split}" for row, split in zip(many(13), splits, strict=True)]
    found = scan(table(tmp_path / "x.csv", rows, "text,label,split"))
    assert Counter(f.split for f in found.files) == {"train": 8, "validation": 4}
    assert [(p.path, p.kind) for p in found.problems if "unused" in p.message] == [("x.csv#14", "ignored")]


def test_an_empty_split_column_leaves_the_split_to_be_made_and_says_so(tmp_path):
    found = scan(table(tmp_path / "x.csv", [f"{row}," for row in many(20)], "text,label,split"))
    assert found.layout == "table"
    assert len(found.files) == 20
    assert "'split' is not taken" in found.notes[0]


def test_a_text_with_signs_that_cannot_be_read_is_kept_and_told(tmp_path):
    content = "\n".join(["text,label", *(f"déjà vu {i},{'ab'[i % 2]}" for i in range(20)), "odd \ue000,a"])
    (tmp_path / "x.csv").write_bytes(content.encode().replace("\ue000".encode(), b"\xff"))
    found = scan(tmp_path / "x.csv")
    assert [(p.path, p.kind) for p in found.problems if p.kind == "doubtful"] == [("x.csv#22", "doubtful")]
    assert len(found.files) == 21


def test_the_same_text_in_train_and_held_out_is_a_leak(tmp_path):
    rows = [f"{row},{'train' if i < 16 else 'validation'}" for i, row in enumerate(many(24))]
    rows.append("text number 1,good,test")
    found = scan(table(tmp_path / "x.csv", rows, "text,label,split"))
    assert found.layout == "table_with_splits"
    assert kinds(found)["leak"] == 1
    assert {f.split for f in found.files} == {"train", "validation", "test"}


def test_copies_are_kept_on_one_side(tmp_path):
    path = table(tmp_path / "x.csv", [*many(40), "text number 3,good", "text number 5,good"])
    for seed in range(5):
        files = text_scan.manifest(RunConfig(data=str(path), seed=seed)).files
        sides = {h: {f.split for f in files if f.hash == h} for h in {f.hash for f in files}}
        assert all(len(side) == 1 for side in sides.values())


def test_folders_of_txt_are_read_by_class(tmp_path):
    for name in ("good", "bad"):
        (tmp_path / name / "deep").mkdir(parents=True)
        for i in range(10):
            (tmp_path / name / "deep" / f"{i}.txt").write_text(f"{name} text {i}", encoding="utf-8")
    (tmp_path / "bad" / "empty.txt").write_text("\n")
    (tmp_path / "bad" / "odd.pdf").write_bytes(b"%PDF")
    (tmp_path / "none").mkdir()
    found = scan(tmp_path)
    assert found.classes == ("bad", "good")
    assert kinds(found) == {"empty": 1, "unsupported": 1, "empty_class": 1}
    assert not any("picture" in p.message for p in found.problems)
    assert text_scan.contents(found, RunConfig())[0] == "bad text 0"
    assert tasks.detect(tmp_path) == "text"


@pytest.mark.parametrize("names", [("C#/{}.txt", "Java/{}.txt"), ("bad/review #{}.txt", "good/a.csv#{}.txt")])
def test_names_with_a_number_sign_are_files_all_the_same(names, tmp_path):
    for i in range(8):
        file = tmp_path / names[i % 2].format(i)
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"text {i}")
    found = text_scan.manifest(RunConfig(data=str(tmp_path)))
    assert sorted(text_scan.contents(found, RunConfig())) == [f"text {i}" for i in range(8)]


def test_a_tables_name_may_have_a_number_sign(tmp_path):
    path = table(tmp_path / "reviews #1.csv", many())
    assert text_scan.contents(text_scan.manifest(RunConfig(data=str(path))), RunConfig())[0] == "text number 0"


def test_what_a_data_set_is_is_told_by_its_files(tmp_path):
    path = table(tmp_path / "x.csv", many())
    assert tasks.detect(path) == tasks.detect(tmp_path) == "text"
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "1.jpg").write_bytes(b"")
    assert tasks.detect(tmp_path) == "image"


def test_a_second_scan_reads_nothing_and_other_columns_are_another_scan(tmp_path, monkeypatch):
    path = table(tmp_path / "x.csv", [f"{row},{i % 3}" for i, row in enumerate(many(12))], "text,label,other")
    first = scan(path)
    assert last(path) == first
    with monkeypatch.context() as patch:
        patch.setattr("core.data.texts.read", lambda *_: pytest.fail("it was read again"))
        assert scan(path) == first
    assert scan(path, label_column="other").classes == ("0", "1", "2")


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (["a,x", "b,x"], "two classes"),
        (["a,x", "b,x", "c,y"], "at least two texts"),
        ([], "At least two|holds no|No column"),
    ],
)
def test_what_cannot_train_is_refused_in_a_sentence(tmp_path, rows, reason):
    with pytest.raises(DataError, match=reason):
        scan(table(tmp_path / "x.csv", rows))


@pytest.mark.parametrize("data", ["", "missing.csv", "x\0y"])
def test_a_path_to_nothing_is_refused(tmp_path, data):
    with pytest.raises(DataError):
        text_scan.scan(RunConfig(data=data and str(tmp_path / data)))


def test_a_note_beside_pictures_does_not_make_them_texts(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "README.txt").write_text("about these photos")
        (tmp_path / name / "photo.jpg").write_bytes(b"\xff\xd8")
    assert tasks.detect(tmp_path) == "image"
    for name in ("cat", "dog"):
        (tmp_path / name / "photo.jpg").unlink()
    assert tasks.detect(tmp_path) == "text"


WORDS = ["text", "label", "split", "good", "bad", "train", "validation", "", "a, b", "\0", "é", "🐈", "1"]
CELLS, DELIMITERS = st.sampled_from(WORDS), st.sampled_from([",", ";", "\t"])
ROWS = st.builds(lambda cells, delimiter: delimiter.join(cells), st.lists(CELLS, max_size=4), DELIMITERS)
VALUES = CELLS | st.integers() | st.lists(CELLS, max_size=2)
RECORDS = st.dictionaries(CELLS, VALUES, max_size=4).map(json.dumps)
CONTENTS = st.builds(
    lambda lines, kind: "\n".join(lines).encode(kind),
    st.lists(ROWS, max_size=12) | st.lists(RECORDS, max_size=12),
    st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]),
)


@settings(max_examples=150)
@given(CONTENTS | st.binary(max_size=200), st.sampled_from([".csv", ".tsv", ".jsonl"]))
def test_any_table_is_scanned_or_refused_in_a_sentence(tmp_path_factory, content, ending):
    path = tmp_path_factory.getbasetemp() / f"any{ending}"
    path.write_bytes(content)
    try:
        found = scan(path)
    except DataError:
        return
    assert {p.kind for p in found.problems} <= set(PROBLEM_KINDS)
    assert found.to_json()["total"] == len(found.files) >= 2
