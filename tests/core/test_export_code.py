"""The exported `train.py` stands alone and comes to the run's own figures."""

import ast
import re
import subprocess
import sys

import pytest
from dicom_files import bundled
from served_run import make_run, picture

from core import launcher
from core.catalog import BACKBONES
from core.config import AugmentConfig, HeadConfig, PhaseConfig, RunConfig, apply
from core.errors import RunError
from core.exporters import export
from core.exports.train_script import script
from core.files import write_json
from core.models.structure import structure
from core.record import Run
from core.run_list import create_run
from core.training.callbacks import Watcher
from core.training.reporter import Reporter
from core.training.trainer import train
from tests.core.conftest import make_pictures
from tests.core.conftest import train as train_small
from tests.core.test_training_resume import config as small


def run_of(config, suffix="jpg"):
    """A run with these settings and a manifest, without training."""
    run = make_run(("a", "b"), phases=())
    write_json(run.config_file, {**config.to_json(), "versions": {}, "created": 0})
    files = [{"path": f"a/1.{suffix}", "label": 0, "split": "train", "hash": ""}]
    write_json(run.dataset_file, {"task": "image", "root": "/d", "classes": ["a", "b"], "files": files})
    return run


def test_the_script_comes_to_the_runs_own_figures(pictures, tmp_path):
    """In steps this large: from maps that are not rounded as the run's are, they would lead elsewhere."""
    how = ("--unfreeze", "blocks:3", "--set", "batch_size=8", "--set", "phase2.learning_rate=0.01")
    run = Run(train_small(pictures, *how)["run_dir"])
    assert [event["mode"] for event in run.events(("phase",))] == ["cached", "cached"]
    same_figures(export(run, "code", tmp_path / "train.py"), run)
    assert (tmp_path / "m.keras").is_file()


@pytest.mark.slow
def test_the_script_of_a_run_on_many_photos_comes_to_its_figures(shared_data, tmp_path):
    """With the pretrained weights, whose BatchNormalization the run would fold for so many."""
    how = ("--image-size", "96", "--unfreeze", "blocks:5", "--epochs2", "3")
    run = Run(train_small(shared_data / "cats_vs_dogs", *how)["run_dir"])
    assert run.evaluation(2)["accuracy"] > 0.9
    same_figures(export(run, "code", tmp_path / "train.py"), run)


def same_figures(script, run):
    """Run a script beside itself: each phase comes to the run's own accuracy, each epoch to its losses."""
    done = subprocess.run(
        [sys.executable, script, "--out", "m.keras"],
        cwd=script.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    for phase in (1, 2):
        got = float(re.search(rf"after phase {phase}: ([\d.]+)", done.stdout)[1])
        assert got == pytest.approx(run.evaluation(phase)["accuracy"], abs=0.005)
    epochs = run.events(("epoch",))
    for name in ("loss", "val_loss"):  # to the digits that Keras prints, which no other rounding would do
        losses = [float(loss) for loss in re.findall(rf" {name}: ([\d.e-]+)", done.stdout)]
        assert losses == pytest.approx([e[name] for e in epochs], abs=2e-4, rel=1e-4)


SETTINGS = {
    "all of everything": RunConfig(
        backbone="VGG16",
        task="image",
        unfreeze="all",
        augmentation="live",
        class_weights=True,
        mixed_precision=True,
        head=HeadConfig("flatten", 256, 0.5),
        phase1=PhaseConfig(optimizer="sgd", schedule="cosine"),
        phase2=PhaseConfig(optimizer="adamw", weight_decay=0.01, schedule="linear"),
    ),
    "nothing thawed": RunConfig(task="image", unfreeze="none", augment=AugmentConfig(flip=False)),
    "by name": RunConfig(backbone="InceptionV3", task="image", unfreeze="names:conv2d,conv2d_1"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_script_is_short_valid_python_that_imports_nothing_of_thaw(name):
    text = script(run_of(SETTINGS[name], "webp"))
    tree = ast.parse(text)
    imported = {n.name.split(".")[0] for x in ast.walk(tree) if isinstance(x, ast.Import) for n in x.names}
    assert imported <= {"argparse", "json", "os", "keras", "numpy", "tensorflow"}
    assert len(text.splitlines()) < 200
    assert max(len(line) for line in text.splitlines() if not line.startswith("RUN = ")) <= 120


@pytest.mark.parametrize("key", [key for key, row in BACKBONES.items() if row.task == "image"])
def test_every_backbone_has_a_short_script(key):
    text = script(run_of(RunConfig(backbone=key, task="image")))
    ast.parse(text)
    assert len(text.splitlines()) < 200
    assert (f"keras.applications.{key}(" in text) == (BACKBONES[key].source == "keras")


def test_the_script_splits_every_backbone_where_the_run_did():
    described = structure("ConvNeXtTiny", 224)["layers"]
    text = script(run_of(RunConfig(backbone="ConvNeXtTiny", task="image", unfreeze="blocks:2")))
    stored = int(re.search(r"^STORED = (\d+)", text, re.M)[1])  # where blocks meet in a sum that is no layer
    assert (described[stored - 1]["block"], described[stored]["block"]) == ("stage_3_block_0", "stage_3_block_1")


@pytest.mark.parametrize("settings", [{"cache": False}, {"augmentation": "live"}, {"unfreeze": "all"}])
def test_nothing_is_rounded_where_the_run_stored_nothing(settings):
    text = script(run_of(RunConfig(task="image", unfreeze="blocks:2").replace(**settings)))
    assert "float16" not in text
    assert "STORED" not in text


def test_what_the_run_did_counts_more_than_what_it_was_to_do():
    run = run_of(RunConfig(task="image", unfreeze="blocks:2"))
    assert "float16" in script(run)
    with run.lock():
        Reporter(run).event("phase", phase=2, trainable=1, mode="plain", message="The store has no room.")
    assert "float16" not in script(run)


def test_the_script_of_a_run_that_went_on_from_stored_maps_says_so():
    run = run_of(RunConfig(task="image"))
    assert "rounded there too" not in script(run)
    with run.lock():
        Reporter(run).event("note", message="It is rounded twice.", stored_from="block_3")
    assert "rounded there too" in script(run)


def test_only_what_the_run_needs_is_in_the_script():
    text = script(run_of(SETTINGS["nothing thawed"]))
    assert "Phase 2" not in text
    assert "webp" not in text.lower()
    assert "AUGMENT" not in text
    assert "cosine" not in text


@pytest.mark.parametrize("unfreeze", ["blocks:0", "layers:0", "names:conv1_relu"])
def test_where_nothing_thawed_can_learn_there_is_no_phase_2_as_in_the_run(unfreeze):
    text = script(run_of(RunConfig(backbone="ResNet50", task="image", unfreeze=unfreeze)))
    assert "Phase 2" not in text
    assert "PHASE_2" not in text


def test_the_phase_that_people_chose_is_kept():
    run = run_of(RunConfig(task="image"))
    assert "if second < first" in script(run)
    for phase, line in ((1, "    kept = first\n"), (2, "    kept = second ")):
        run.write_notes(kept=phase)
        text = script(run)
        ast.parse(text)
        assert line in text
        assert "if second < first" not in text
        assert ("model.set_weights(frozen)" in text) == ("frozen = " in text) == (phase == 1)


@pytest.mark.parametrize("suffix", ["dcm", "tif", "TIFF"])
def test_scans_which_the_script_would_decode_otherwise_are_refused(suffix):
    with pytest.raises(RunError, match="neither DICOM nor TIFF"):
        script(run_of(RunConfig(task="image"), suffix))


@pytest.mark.parametrize("chosen", [{"window_width": 80.0}, {"frame": 1}])
def test_a_chosen_window_or_frame_is_refused(chosen):
    with pytest.raises(RunError, match="chosen window or frame"):
        script(run_of(RunConfig(task="image", **chosen), "png"))


def test_dicom_without_an_ending_is_told_by_its_mark(tmp_path):
    run = run_of(RunConfig(task="image"))
    (tmp_path / "IM0001").write_bytes(bundled("MR_small.dcm").read_bytes())
    files = [{"path": "IM0001", "label": 0, "split": "train", "hash": ""}]
    write_json(run.dataset_file, {"task": "image", "root": str(tmp_path), "classes": ["a", "b"], "files": files})
    with pytest.raises(RunError, match="neither DICOM nor TIFF"):
        script(run)


@pytest.mark.parametrize("suffix", ["ppm", "jp2", "TGA", "avif", "ico"])
def test_pictures_that_tensorflow_does_not_decode_are_refused_with_what_to_do(suffix, tmp_path):
    run = run_of(RunConfig(task="image"), suffix)
    picture(tmp_path / "a" / f"1.{suffix}")
    write_json(run.dataset_file, {**run.dataset(), "root": str(tmp_path)})
    with pytest.raises(RunError, match=rf"1 of this run's pictures .* such as 'a/1.{suffix}': save them as PNG"):
        script(run)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_pictures_without_a_usual_ending_are_told_by_their_mark(kind, tmp_path):
    run = run_of(RunConfig(task="image"), "bin")
    picture(tmp_path / "a" / "1.bin", format=kind)
    write_json(run.dataset_file, {**run.dataset(), "root": str(tmp_path)})
    assert "decode_image" in script(run)


TEN = PhaseConfig(epochs=10)


@pytest.mark.parametrize(
    ("found", "config", "cut"),
    [
        ((2, 2), RunConfig(phase1=TEN), True),
        ((10, 9), RunConfig(phase1=TEN), False),
        ((7, 3), RunConfig(phase1=TEN, patience=4), False),  # early stopping
        ((7, 3), RunConfig(phase1=TEN, patience=4, early_stopping=False), True),
    ],
)
def test_a_script_says_that_phase_1_was_cut_short(found, config, cut):
    run = run_of(config.replace(task="image"))
    write_json(run.evaluation_file(1), {"accuracy": 0.5, "epochs": found[0], "best_epoch": found[1]})
    text = script(run)
    assert (f"left for phase 2 after {found[0]} of its 10 epochs" in text) == cut


def test_the_script_of_a_run_that_was_skipped_to_phase_2_says_so(pictures, monkeypatch):
    settings = {"phase1.epochs": "9", "phase2.epochs": "1"}
    run, honest = create_run(apply(small(pictures), settings).replace(task="image"), {}), Watcher.on_epoch_end

    def ended(self, epoch, logs=None):
        honest(self, epoch, logs)
        if self.phase == 1 and epoch == 0:
            launcher.skip(run)

    monkeypatch.setattr(Watcher, "on_epoch_end", ended)
    with run.lock():
        train(run, Reporter(run))
    assert run.status()["state"] == "done"
    trained = run.evaluation(1)["epochs"]
    assert trained < 9
    assert f"Phase 1 was left for phase 2 after {trained} of its 9 epochs" in script(run)


def test_the_script_of_the_tutorials_head_comes_to_the_runs_accuracy(tmp_path):
    data = make_pictures(tmp_path / "data", ["blue", "red"], 20)
    how = ("--preset", "tutorial", "--weights", "random", "--unfreeze", "layers:4", "--set", "preprocessing=backbone")
    run = Run(train_small(data, *how, "--set", "phase1.learning_rate=0.01")["run_dir"])
    assert (run.config().backbone, run.config().head.pooling) == ("VGG16", "flatten")
    made = export(run, "code", tmp_path / "train.py")
    assert "np.eye(3)[::-1]" in made.read_text(encoding="utf-8")  # BGR minus the mean
    assert run.evaluation(2)["accuracy"] > 0.6  # a guess would agree with any other
    same_figures(made, run)
