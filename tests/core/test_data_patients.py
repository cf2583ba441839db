"""No patient is on both sides where that can be helped, everybody is told where it cannot, and nobody is named."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from core.config import RunConfig
from core.data.patients import leaks, on_both_sides, tables, told
from core.data.prepare import manifest
from core.data.pseudonym import pseudonym
from core.data.scan import scan
from core.data.texts import is_text
from core.errors import DataError
from core.tasks import task
from tests.core.data_pictures import fill
from tests.core.dicom_files import write

IDS = [f"MRN-{n:06d}" for n in range(12)]


def slices(root: Path, folders=("healthy", "ill"), patients=IDS, each=3) -> Path:
    """DICOM slices of patients, `each` of every one; the file names tell nothing."""
    for number, name in enumerate(patients):
        folder = folders[number * len(folders) // len(patients)]
        for i in range(each):
            values = np.random.default_rng(100 * number + i).integers(0, 4000, (8, 8)).astype(np.uint16)
            write(root / folder / f"{number * each + i:03d}", values, PatientID=name, PatientName="Doe^Jane")
    return root


def kinds(found) -> dict[str, str]:
    return {p.kind: p.message for p in found.problems if p.kind.startswith("patient")}


def test_dicom_is_split_by_patient_without_being_asked(tmp_path):
    root = slices(tmp_path / "data")
    found = scan(root)
    assert not kinds(found)
    assert "tell of 12 patients" in " ".join(found.notes)
    made = manifest(RunConfig(data=str(root)))
    assert on_both_sides(made.files) == []
    assert {f.patient for f in made.files} == set(map(pseudonym, IDS))
    assert {f.split for f in made.files} == {"train", "validation"}
    assert leaks(made.files) == []


def test_nothing_that_is_kept_names_a_patient(tmp_path):
    root = slices(tmp_path / "data")
    made = manifest(RunConfig(data=str(root)))
    cache = Path(os.environ["THAW_CACHE_DIR"])
    kept = [path.read_bytes() for path in cache.rglob("*") if path.is_file()] + [json.dumps(made.to_json()).encode()]
    assert len(kept) > 3
    for text in kept:
        assert b"MRN-" not in text
        assert b"Doe" not in text


def test_a_class_of_one_patient_is_split_at_random_and_told(tmp_path):
    root = slices(tmp_path / "data", patients=IDS[:2], each=6)
    assert "so no split can keep them apart" in kinds(scan(root))["patients"]
    made = manifest(RunConfig(data=str(root)))
    assert leaks(made.files) == [
        "2 patients have pictures to learn from and held-out ones, so the held-out figures flatter."
    ]


def test_split_by_hand_with_a_patient_on_both_sides_is_told(tmp_path):
    for split in ("train", "validation"):
        slices(tmp_path / "data" / split, patients=IDS[:4] if split == "train" else IDS[3:7])
    found = scan(tmp_path / "data")
    assert kinds(found)["patient_leak"].startswith("One patient has pictures to learn from and held-out ones.")
    assert leaks(manifest(RunConfig(data=str(tmp_path / "data"))).files)


def test_scans_from_the_cache_know_the_patients(tmp_path):
    root = slices(tmp_path / "data")
    first, second = scan(root), scan(root)
    assert first == second
    assert {f.patient for f in second.files} == set(map(pseudonym, IDS))


def test_table_with_patients_is_found_and_used(tmp_path):
    root = tmp_path / "data"
    for label in ("a", "b"):
        fill(root / label, 12, 100 * (label == "b"))
    with open(root / "about.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["image", "patient_id"])
        for path in sorted(root.rglob("*.png")):
            rows.writerow([f"{path.parent.name}/{path.name}", f"{path.parent.name}{int(path.stem) % 4}"])
    message = kinds(scan(root))["patients"]
    assert message.startswith("8 patients have several pictures")
    assert "patient_column=patient_id" in message
    made = manifest(RunConfig(data=str(root), patient_column="patient_id"))
    assert on_both_sides(made.files) == []
    assert {f.patient for f in made.files} == {pseudonym(f"{c}{n}") for c in "ab" for n in range(4)}
    assert on_both_sides(manifest(RunConfig(data=str(root))).files) == []  # unknown without the column


def pictures_and_rows(root: Path) -> list[tuple[str, str]]:
    """Twelve pictures of each of two classes, and the path and patient of each."""
    for label in ("a", "b"):
        fill(root / label, 12, 100 * (label == "b"))
    paths = sorted(root.rglob("*.png"))
    return [(f"{p.parent.name}/{p.name}", f"{p.parent.name}{int(p.stem) % 4}") for p in paths]


TABLES = {
    "semicolons": lambda root, rows: "image;patient_id\n" + "\n".join(f"{n};{p}" for n, p in rows),
    "tabs": lambda root, rows: "image\tpatient_id\n" + "\n".join(f"{n}\t{p}" for n, p in rows),
    "spaces in the header": lambda root, rows: "image, patient_id \n" + "\n".join(f"{n},{p}" for n, p in rows),
    "cp1252": lambda root, rows: "image,patient_id,name\n" + "\n".join(f"{n},{p},Müller" for n, p in rows),
    "dots": lambda root, rows: "image,patient_id\n" + "\n".join(f"./{n},{p}" for n, p in rows),
    "whole paths": lambda root, rows: "image,patient_id\n" + "\n".join(f"{root}/{n},{p}" for n, p in rows),
    "backslashes": lambda root, rows: (
        "image,patient_id\n" + "\n".join("{},{}".format(n.replace("/", "\\"), p) for n, p in rows)
    ),
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables_as_people_save_them_are_read(tmp_path, kind):
    root = tmp_path / "data"
    rows = pictures_and_rows(root)
    (root / "patients.csv").write_bytes(TABLES[kind](root, rows).encode("cp1252"))
    assert "patient_column=patient_id" in kinds(scan(root))["patients"]
    made = manifest(RunConfig(data=str(root), patient_column="patient_id"))
    assert {f.path: f.patient for f in made.files} == {path: pseudonym(p) for path, p in rows}
    assert on_both_sides(made.files) == []


def test_tables_that_have_nothing_to_say_or_cannot_be_read_do_not_hide_the_right_one(tmp_path):
    root = tmp_path / "data"
    rows = pictures_and_rows(root)
    (root / "a_notes.csv").write_bytes("file,notiz\nx,für\n".encode("cp1252"))
    (root / "b_folder.csv").mkdir()
    (root / "c_binary.csv").write_bytes(bytes(range(256)) * 400)
    (root / "d_empty.csv").write_bytes(b"")
    (root / "e_other.csv").write_text("image,patient_id\nelsewhere.png,7\n")
    (root / "patients.csv").write_text("image,patient_id\n" + "\n".join(map(",".join, rows)))
    made = manifest(RunConfig(data=str(root), patient_column="patient_id"))
    assert all(f.patient for f in made.files)
    assert "patient_column=patient_id" in kinds(scan(root))["patients"]
    with pytest.raises(DataError, match=r"Tables found: .*b_folder\.csv \(.*cannot be read.*d_empty\.csv \(.*is empty"):
        manifest(RunConfig(data=str(root), patient_column="nobody"))


def test_tables_of_several_splits_are_taken_together(tmp_path):
    root = tmp_path / "data"
    rows = pictures_and_rows(root)
    for name, part in (("train.csv", rows[::2]), ("valid.csv", rows[1::2])):
        (root / name).write_text("path,patient_id\n" + "\n".join(map(",".join, part)))
    assert all(f.patient for f in manifest(RunConfig(data=str(root), patient_column="patient_id")).files)


def test_pictures_whose_patient_is_not_known_are_counted(tmp_path):
    root = tmp_path / "data"
    rows = pictures_and_rows(root)
    assert told(manifest(RunConfig(data=str(root))).files) == []
    (root / "patients.csv").write_text("image,patient_id\n" + "\n".join(map(",".join, rows[:3])))
    sentence = (
        "The patient of 21 of 24 pictures is not known. They count as patients of their own, "
        "so somebody may be both learned from and held out."
    )
    assert f"{sentence} Complete the column 'patient_id'." in scan(root).notes
    settings = RunConfig(data=str(root), patient_column="patient_id")
    made = manifest(settings)
    assert told(made.files) == [sentence]
    assert task("image").Source(made, settings).notes == (sentence,)


@pytest.mark.parametrize("name", ["person{p}_bacteria_{i}", "patient0{p}_study{i}", "sub-0{p}_T1w_{i}"])
def test_names_that_tell_the_patient_are_found_and_used(tmp_path, name):
    for number, label in enumerate(("a", "b")):
        source = fill(tmp_path / "all", 12, 100 * number)
        (tmp_path / "data" / label).mkdir(parents=True)
        for i, path in enumerate(sorted(source.iterdir())):
            path.rename(tmp_path / "data" / label / (name.format(p=4 * number + i % 4, i=i) + ".png"))
    message = kinds(scan(tmp_path / "data"))["patients"]
    pattern = message.partition("patient_pattern=")[2]
    made = manifest(RunConfig(data=str(tmp_path / "data"), patient_pattern=pattern))
    assert len({f.patient for f in made.files}) == 8
    assert on_both_sides(made.files) == []


def test_ordinary_names_are_not_taken_for_patients(tmp_path):
    for number, label in enumerate(("cat", "dog")):
        for path in fill(tmp_path / "data" / label, 12, 100 * number).iterdir():
            path.rename(path.with_name(f"{label}_{path.stem}_{number}.png"))
    assert not kinds(scan(tmp_path / "data"))


def test_split_by_hand_is_judged_by_names_too(tmp_path):
    for number, label in enumerate(("a", "b")):
        for side, first in (("train", 0), ("validation", 6)):
            for i, path in enumerate(
                sorted(fill(tmp_path / "d" / side / label, 12, 100 * number + 50 * (first > 0)).iterdir())
            ):
                path.rename(path.with_name(f"patient{100 * number + first + i}_{side}.png"))
    assert kinds(scan(tmp_path / "d"))["patient_leak"].startswith("12 patients have pictures to learn from")


def test_dicom_that_cannot_be_read_is_a_problem_like_any_other(tmp_path):
    root = slices(tmp_path / "data")
    (root / "ill" / "broken.dcm").write_bytes(bytes(128) + b"DICM" + bytes(40))
    (root / "ill" / "unmarked.dcm").write_bytes(bytes(500))
    problems = {p.path: p.kind for p in scan(root).problems}
    assert problems["ill/broken.dcm"] == problems["ill/unmarked.dcm"] == "unreadable"


def test_no_class_of_one_patient_by_pattern(tmp_path):
    for number, label in enumerate(("a", "b")):
        for path in fill(tmp_path / "data" / label, 4, 100 * number).iterdir():
            path.rename(path.with_name(f"patient{number}_{path.stem}.png"))
    with pytest.raises(DataError, match="pictures of at least two"):
        manifest(RunConfig(data=str(tmp_path / "data"), patient_pattern=r"(patient\d+)"))


def test_grey_and_colour_are_told_apart(tmp_path):
    assert "grey" in scan(slices(tmp_path / "grey")).notes[0]
    for label in ("a", "b"):
        fill(tmp_path / "colour" / label, 4, 100 * (label == "b"))
    assert scan(tmp_path / "colour").notes == ()


def test_sixteen_bits_of_which_twelve_are_used_are_told(tmp_path):
    from PIL import Image

    for label in ("a", "b"):
        (tmp_path / "d" / label).mkdir(parents=True)
        for i in range(3):
            values = np.random.default_rng(i + 10 * (label == "b")).integers(0, 4096, (9, 9)).astype(np.uint16)
            values[0, 0] = 4095
            Image.fromarray(values).save(tmp_path / "d" / label / f"{i}.png")
    assert "window_center=2048 and window_width=4096" in scan(tmp_path / "d").notes[1]


def test_a_table_that_is_a_link_to_itself_is_passed_over(tmp_path):
    (tmp_path / "a.csv").symlink_to(tmp_path / "a.csv")
    assert tables(str(tmp_path)) == []
    assert not is_text(tmp_path)
