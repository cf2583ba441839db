"""Data, settings and models that cannot be used: exit status 2 and one sentence, from every command that meets them."""

import json
import os
import shutil
import zipfile

import pytest
from served_run import make_run, picture
from test_cli import run_main, shell

from core import record, run_list
from tests.core.odd_data import another_networks


def fill(folder, count):
    """Distinct pictures, in a folder."""
    for n in range(count):
        picture(folder / f"{n}.png", (24, 24), seed=1000 * sum(os.fsencode(folder.name)) + n)


def one_class(root):
    fill(root / "cat", 5)


def a_single_picture(root):
    fill(root / "cat", 5)
    fill(root / "dog", 1)


def only_in_train(root):
    for split in ("train", "validation"):
        for name in ("cat", "dog"):
            fill(root / split / name, 3)
    fill(root / "train" / "bird", 3)


def only_in_validation(root):
    only_in_train(root)
    os.replace(root / "train" / "bird", root / "validation" / "bird")


def no_picture(root):
    (root / "cat").mkdir(parents=True)
    (root / "dog").mkdir()
    (root / "cat" / "notes.txt").write_text("none")


def a_file(root):
    picture(root.with_suffix(".png")).rename(root)


def nothing(root):
    pass


def a_zip(root):
    root.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(root, "w") as archive:
        archive.writestr("cat/0.png", b"")


def names_of_bytes(root):
    """Class names that are no text, in data that cannot train."""
    fill(root / os.fsdecode(b"caf\xe9\n<b>"), 5)
    fill(root / os.fsdecode(b"\xff"), 1)


@pytest.mark.parametrize(
    ("make", "part"),
    [
        (one_class, "At least two classes"),
        (a_single_picture, "'dog' has one"),
        (only_in_train, "'bird' has them only in train"),
        (only_in_validation, "'bird' has them only in validation"),
        (no_picture, "two classes"),
        (a_file, "Received a file"),
        (a_zip, "Received a file"),
        (nothing, "no folder"),
        (names_of_bytes, "has one"),
    ],
)
@pytest.mark.parametrize("command", ["scan", "train"])
def test_data_that_cannot_train_are_refused(capsys, tmp_path, make, part, command):
    make(tmp_path / "data")
    words = ["--data", tmp_path / "data"] if command == "train" else [tmp_path / "data"]
    status, out, err = run_main(capsys, command, *words, "--json")
    assert (status, out, len(err.strip().splitlines())) == (2, "", 1)
    assert part in err
    assert run_list.list_runs() == []


def test_a_picture_in_train_and_validation_is_listed_as_a_leak(capsys, tmp_path):
    for split in ("train", "validation"):
        for name in ("cat", "dog"):
            fill(tmp_path / split / name, 3)
    fill(tmp_path / "more", 1)
    for split in ("train", "validation"):
        shutil.copy(tmp_path / "more" / "0.png", tmp_path / split / "cat" / "same.png")
    shutil.rmtree(tmp_path / "more")
    status, out, _ = run_main(capsys, "scan", tmp_path, "--json")
    assert status == 0
    assert "leak" in {problem["kind"] for problem in json.loads(out)["problems"]}
    status, out, _ = run_main(capsys, "scan", tmp_path)
    assert (status, "  leak: " in out) == (0, True)


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ('{"version": 7}', "version 7"),
        ('{"colour": 1}', "phase1.learning_rate"),
        ('{"phase1": {"learning_rate": 0}}', "above 0"),
        ('{"phase1": {"learning_rate": -1}}', "above 0"),
        ('{"phase1": {"learning_rate": NaN}}', "above 0"),
        ('{"unfreeze": "half"}', "blocks:N"),
        ('{"preset": "best"}', "recommended"),
        ("[1]", "one JSON object"),
        ("{", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ('{"seed": ' + "1" * 5000 + "}", "is not JSON"),
        ("\udcff", "cannot be read"),
    ],
)
def test_a_settings_file_that_cannot_be_used_is_refused(capsys, tmp_path, content, part):
    file = tmp_path / "settings.json"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    status, out, err = run_main(capsys, "train", "--data", tmp_path, "--config", file)
    assert (status, out, len(err.strip().splitlines())) == (2, "", 1)
    assert part in err


@pytest.mark.parametrize("pattern", ["(a){99999999999}", "(" * 3000 + ")" * 3000])
def test_a_pattern_beyond_all_measure_is_refused(capsys, tmp_path, pattern):
    status, out, err = run_main(capsys, "train", "--data", tmp_path, "--set", f"patient_pattern={pattern}")
    assert (status, out, len(err.strip().splitlines())) == (2, "", 1)
    assert "a regular expression with a group" in err


@pytest.mark.parametrize("named", ["--data", "--weights"])
def test_a_path_in_the_home_of_nobody_is_not_there(capsys, tmp_path, named):
    for class_name in ("cat", "dog"):
        fill(tmp_path / "data" / class_name, 3)
    nobody = "~no-such-user/pictures"
    more = [nobody] if named == "--data" else [tmp_path / "data", "--weights", nobody]
    status, out, err = run_main(capsys, "train", "--data", *more)
    assert (status, out, len(err.strip().splitlines())) == (2, "", 1)
    assert nobody in err
    assert run_list.list_runs() == []


@pytest.mark.parametrize("name", ["other.h5", "text.h5", "text.pth"])
def test_weights_of_another_network_are_refused_before_there_is_a_run(capsys, tmp_path, name):
    file = tmp_path / name
    another_networks(file) if name == "other.h5" else file.write_text("no weights")
    for class_name in ("cat", "dog"):
        fill(tmp_path / "data" / class_name, 3)
    status, out, err = run_main(capsys, "train", "--data", tmp_path / "data", "--weights", file)
    assert (status, out, len(err.strip().splitlines())) == (2, "", 1)
    assert ("another network than EfficientNet-Lite 0" if name == "other.h5" else name) in err
    assert run_list.list_runs() == []


@pytest.mark.parametrize("damage", [b"", b"no model", b"PK\x03\x04 torn"])
@pytest.mark.parametrize("command", ["predict", "evaluate", "export"])
def test_a_damaged_model_is_refused(capsys, tmp_path, damage, command):
    run = make_run(phases=(1,))
    run.phase_model_file(1).write_bytes(damage)
    for name in ("blue ice", "красный"):
        fill(tmp_path / "data" / name, 2)
    more = {
        "predict": [tmp_path / "data" / "красный" / "0.png"],
        "evaluate": [tmp_path / "data"],
        "export": ["--format", "tf_saved_model", "--out", tmp_path / "out"],
    }[command]
    status, out, err = run_main(capsys, command, run.id, *more)
    assert (status, out) == (2, "")
    assert "damaged" in err
    assert "Traceback" not in err


def test_what_cannot_be_resumed_says_why(capsys):
    run = make_run(phases=(1,))
    status, _, err = run_main(capsys, "resume", run.id)
    assert (status, "It is done" in err) == (2, True)
    run.config_file.write_text("{")
    status, _, err = run_main(capsys, "resume", run.id)
    assert (status, "cannot be read" in err) == (2, True)
    status, out, _ = run_main(capsys, "runs", "--json")
    assert (status, json.loads(out)[0]["state"]) == (0, record.DAMAGED)
    status, out, _ = run_main(capsys, "runs")
    assert f"The run {run.id!r} is damaged: config.json cannot be read." in out
    assert "None" not in out


def test_names_with_half_an_emoji_are_printed(tmp_path):
    run = make_run(phases=())
    run.write_notes(name="half \ud83d")
    (tmp_path / "x.jsonl").write_text(
        "".join(
            json.dumps({"text": f"{name} {n} \ud83d", "label": f"{name} \ud83d"}) + "\n"
            for n in range(3)
            for name in "ab"
        )
    )
    listed, scanned = shell("runs"), shell("scan", tmp_path / "x.jsonl")
    assert (listed.returncode, scanned.returncode) == (0, 0), listed.stderr + scanned.stderr
    assert "half ?" in listed.stdout
    assert "a \ufffd: 3" in scanned.stdout
