"""A data set that is refused says what was left out of it, which is often why."""

import pytest
from data_pictures import class_folders, fill, picture

from core import tasks
from core.config import RunConfig
from core.data.left_out import told
from core.errors import DataError


def refusal(data):
    with pytest.raises(DataError) as caught:
        tasks.task(tasks.detect(data)).scan(RunConfig(data=str(data)))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def spoil(folder, *names):
    """Files that are no pictures, whatever they are called."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("no picture")


def test_a_class_in_another_format_is_told_of_where_one_is_left(tmp_path):
    fill(tmp_path / "a", 5)
    spoil(tmp_path / "b", "1.HEIC", "2.heic", "3.jpg")
    said = refusal(tmp_path)
    assert "Received one, 'a'" in said
    assert said.endswith(" 3 files were left out: 2 .heic, 1 unreadable .jpg. Save .heic as JPEG or PNG.")


def test_pictures_of_one_format_alone_are_told_of_where_none_is_left(tmp_path):
    spoil(tmp_path / "a", "1.heic", "2.heic")
    spoil(tmp_path / "b", "3.heic")
    said = refusal(tmp_path)
    assert said.endswith(" 3 files were left out: 3 .heic. Save .heic as JPEG or PNG.")
    assert "Choose another folder" not in said


def test_a_class_with_one_picture_left_says_what_became_of_the_others(tmp_path):
    fill(tmp_path / "cat", 5)
    fill(tmp_path / "dog", 1)
    spoil(tmp_path / "dog", "2.jpg")
    said = refusal(tmp_path)
    assert "'dog' has one" in said
    assert said.endswith(" 1 file was left out: 1 unreadable .jpg.")


def test_pictures_without_class_folders_are_told_to_get_some(tmp_path):
    fill(tmp_path, 5)
    assert refusal(tmp_path).endswith(" 5 pictures lie directly here; put them into one folder for each class.")


def test_pictures_between_the_class_folders_are_told_of(tmp_path):
    fill(tmp_path / "data" / "cat", 5)
    picture().save(tmp_path / "data" / "loose.png")
    assert refusal(tmp_path / "data").endswith(" 1 picture lies directly here; put it into one folder for each class.")
    class_folders(tmp_path / "split" / "train")
    fill(tmp_path / "split" / "train", 2)
    fill(tmp_path / "split" / "val" / "cat", 3, 900)
    assert " 2 pictures lie in no class folder, such as in 'train';" in refusal(tmp_path / "split")


def test_other_files_without_class_folders_are_told_of(tmp_path):
    spoil(tmp_path, "1.heic", "2.heic")
    assert " 2 files were left out: 2 .heic." in refusal(tmp_path)


def test_of_several_tables_one_is_to_be_chosen(tmp_path):
    for name in ("b.csv", "a.csv"):
        (tmp_path / name).write_text("text,label\ngood,1\nbad,0\n")
    said = refusal(tmp_path)
    assert said.endswith(f" For texts, choose one of the tables: '{tmp_path}/a.csv'.")
    assert "left out" not in said


def test_a_table_without_usable_texts_is_named_with_its_rows(tmp_path):
    (tmp_path / "x.csv").write_text("text,label\n,1\n,0\ngood,\n")
    said = refusal(tmp_path / "x.csv")
    assert f"none with a usable text, in '{tmp_path}/x.csv'. 3 rows were left out: 2 empty, 1 without a label." in said


def test_many_endings_are_summed_up():
    problems = [(f"a/{n}.{ending}", "unsupported") for n, ending in enumerate(["svg"] * 3 + ["a", "b", "c", "d", "e"])]
    assert told("/x", problems, {}) == "8 files were left out: 3 .svg, 1 .a, 1 .b, 1 .c, 2 others."


def test_where_nothing_was_left_out_nothing_is_said():
    assert told("/x", [("a", "few"), ("b", "empty_class")], {}) == ""
