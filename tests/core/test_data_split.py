from collections import Counter

import pytest
from data_pictures import class_folders, fill, picture, split_folders

from core.config import RunConfig
from core.data.patients import on_both_sides, patients
from core.data.pseudonym import pseudonym
from core.data.scan import scan
from core.data.split import assign_splits, held_out_count, sizes
from core.errors import DataError


def counts(files):
    return Counter((f.label, f.split) for f in files)


def test_every_class_gives_its_share(tmp_path):
    fill(tmp_path / "a", 20)
    fill(tmp_path / "b", 5, 100)
    fill(tmp_path / "c", 2, 200)
    files = assign_splits(scan(tmp_path), validation_share=0.2, seed=0)
    expected = {(0, "train"): 16, (0, "validation"): 4, (1, "train"): 4, (1, "validation"): 1}
    assert counts(files) == expected | {(2, "train"): 1, (2, "validation"): 1}


def test_the_seed_decides_and_nothing_else(tmp_path):
    found = scan(class_folders(tmp_path, 20))
    first = assign_splits(found, validation_share=0.3, seed=1)
    assert assign_splits(found, validation_share=0.3, seed=1) == first
    assert assign_splits(found, validation_share=0.3, seed=2) != first


def test_split_folders_keep_theirs(tmp_path):
    found = scan(split_folders(tmp_path, 10, 12))
    assert assign_splits(found, validation_share=0.5, seed=3) == found.files


def test_neither_side_is_ever_empty():
    assert [held_out_count(2, share) for share in (0.001, 0.5, 0.999)] == [1, 1, 1]
    assert held_out_count(100, 0.2) == 20


def test_copies_of_a_picture_stay_on_one_side(tmp_path):
    class_folders(tmp_path, 20)
    for number in range(6):
        picture(number).save(tmp_path / "cat" / f"copy{number}.png")
    found = scan(tmp_path)
    for seed in range(5):
        files = assign_splits(found, validation_share=0.2, seed=seed)
        assert counts(files)[0, "validation"] == 5
        for group in found.copies:
            assert len({files[row].split for row in group}) == 1


def test_a_folder_of_nothing_but_copies_still_splits(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        for number in range(10):
            picture(0).save(tmp_path / folder / f"{number}.png")
    files = assign_splits(scan(tmp_path), validation_share=0.2, seed=0)
    assert counts(files) == {(0, "train"): 8, (0, "validation"): 2, (1, "train"): 8, (1, "validation"): 2}


def patient_folder(root, each=3, people=8):
    for label, name in enumerate(("ill", "well")):
        (root / name).mkdir(parents=True)
        for person in range(people):
            for shot in range(each):
                number = 10_000 * label + 100 * person + shot
                picture(number).save(root / name / f"p{person}_{label}{shot}.png")
    return root


def test_no_patient_is_on_both_sides(tmp_path):
    found = scan(patient_folder(tmp_path))
    named = patients(found, RunConfig(patient_pattern=r"^(p\d+)_"))
    for seed in range(5):
        files = assign_splits(found, validation_share=0.25, seed=seed, patients=named)
        assert not on_both_sides(files)
        assert {f.patient for f in files} == {pseudonym(f"p{n}") for n in range(8)}
        assert counts(files)[0, "validation"] == counts(files)[1, "validation"] == 6


def test_patients_come_from_a_table_too(tmp_path):
    patient_folder(tmp_path)
    rows = [f"{p.relative_to(tmp_path)},{p.name.partition('_')[0]}" for p in tmp_path.rglob("*.png")]
    (tmp_path / "people.csv").write_text("path,person\n" + "\n".join(rows))
    named = patients(scan(tmp_path), RunConfig(patient_column="person"))
    assert len(named) == 48
    assert named["ill/p3_01.png"] == named["well/p3_10.png"] == pseudonym("p3")


def test_a_picture_without_a_patient_stands_for_itself(tmp_path):
    patient_folder(tmp_path)
    fill(tmp_path / "ill", 10, 500)
    found = scan(tmp_path)
    files = assign_splits(
        found, validation_share=0.25, seed=0, patients=patients(found, RunConfig(patient_pattern=r"^(p\d+)_"))
    )
    assert not on_both_sides(files)
    assert sum(f.patient is None for f in files) == 10


def test_one_patient_a_class_is_refused(tmp_path):
    patient_folder(tmp_path, people=1)
    found = scan(tmp_path)
    named = patients(found, RunConfig(patient_pattern=r"^(p\d+)_"))
    with pytest.raises(DataError, match="by patient"):
        assign_splits(found, validation_share=0.2, seed=0, patients=named)


def test_patient_settings_that_match_nothing_are_refused(tmp_path):
    found = scan(class_folders(tmp_path))
    with pytest.raises(DataError, match="matches no file name"):
        patients(found, RunConfig(patient_pattern="(zzz)"))
    with pytest.raises(DataError, match="patient_column"):
        patients(found, RunConfig(patient_column="person"))
    assert patients(found, RunConfig()) is None


def test_how_many_are_learned_from_and_held_out_is_foretold_without_the_test_split(tmp_path):
    for split, n in (("train", 10), ("validation", 4), ("test", 7)):
        class_folders(tmp_path / "three" / split, n)
    assert sizes(scan(tmp_path / "three").files, 0.2) == (20, 8)
    assert sizes([f for f in scan(tmp_path / "three").files if f.split != "validation"], 0.2) == (16, 4)
    class_folders(tmp_path / "flat", 10)
    found = scan(tmp_path / "flat")
    held_out = [f for f in assign_splits(found, validation_share=0.3, seed=0) if f.split == "validation"]
    assert sizes(found.files, 0.3) == (20 - len(held_out), len(held_out)) == (14, 6)
