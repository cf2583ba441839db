"""The exported `train.py` stands alone and comes to the run's own figures."""

import ast
import re
import subprocess
import sys

import pytest
from dicom_files import bundled
from served_run import make_run

from core.catalog import BACKBONES
from core.config import AugmentConfig, HeadConfig, PhaseConfig, RunConfig
from core.errors import RunError
from core.exporters import export
from core.exports.train_script import script
from core.files import write_json
from core.record import Run


def run_of(config, suffix="jpg"):
    """A run with these settings and a manifest, without training."""
    run = make_run(("a", "b"), phases=())
    write_json(run.config_file, {**config.to_json(), "versions": {}, "created": 0})
    files = [{"path": f"a/1.{suffix}", "label": 0, "split": "train", "hash": ""}]
    write_json(run.dataset_file, {"task": "image", "root": "/d", "classes": ["a", "b"], "files": files})
    return run


def test_the_script_comes_to_the_runs_own_accuracy(trained, tmp_path):
    run = Run(trained)
    made = export(run, "code", tmp_path / "train.py")
    done = subprocess.run(
        [sys.executable, made, "--out", "m.keras"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert (tmp_path / "m.keras").is_file()
    for phase in (1, 2):
        got = float(re.search(rf"after phase {phase}: ([\d.]+)", done.stdout)[1])
        assert got == pytest.approx(run.evaluation(phase)["accuracy"], abs=0.005)
    losses = [float(loss) for loss in re.findall(r"val_loss: ([\d.]+)", done.stdout)]
    assert losses == pytest.approx([e["val_loss"] for e in run.events(("epoch",))], rel=0.02)


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


def test_only_what_the_run_needs_is_in_the_script():
    text = script(run_of(SETTINGS["nothing thawed"]))
    assert "Phase 2" not in text
    assert "webp" not in text.lower()
    assert "AUGMENT" not in text
    assert "cosine" not in text


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
