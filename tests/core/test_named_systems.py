"""Every system that the tutorial names goes through both phases: docs/systems.md describes them.

Weights of Keras's own networks are made here and put where Keras would have downloaded them, so nothing is fetched.
"""

import csv
import functools
import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

from core.catalog import BACKBONES
from core.models.weights import locate
from core.predict import Predictor
from core.record import Run
from tests.core.conftest import core, make_pictures
from tests.core.dicom_files import write

SYSTEMS = {  # smallest size, layers to thaw, one of them, one that stays frozen
    "VGG16": (32, "layers:4", "block5_conv3", "block1_conv1"),
    "ResNet50": (32, "blocks:1", "conv5_block3_3_conv", "conv1_conv"),
    "InceptionV3": (75, "blocks:1", "conv2d_93", "conv2d"),
}


@functools.cache
def published(key: str, size: int):
    """The network as Keras itself builds it, with random weights."""
    import keras

    keras.utils.set_random_seed(7)
    keras.backend.clear_session()  # its layers are numbered from the start, as in the published file
    return getattr(keras.applications, key)(weights=None, include_top=False, input_shape=(size, size, 3))


def put_weights(key: str, size: int, keras_home: Path) -> None:
    """A file in the layout and under the name of the published one, in the folder where Keras looks."""
    file = keras_home / "models" / BACKBONES[key].weights_file
    file.parent.mkdir(parents=True)
    with h5py.File(file, "w") as opened:
        legacy_h5_format.save_weights_to_hdf5_group(opened, published(key, size))


def trained(data: Path, *arguments: str, **environment: str) -> Run:
    """A run of both phases, finished."""
    said = json.loads(core("train", "--data", str(data), *arguments, "--json", **environment).stdout)
    assert said["state"] == "done"
    run = Run(said["run_dir"])
    assert {event["phase"] for event in run.events(("epoch",))} == {1, 2}
    assert run.evaluation(1)["n"] == run.evaluation(2)["n"] > 0
    return run


def shares(said: dict) -> dict[str, float]:
    """The probabilities of one answer, which have to add up."""
    assert said["error"] is None
    assert sum(said["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    return said["probabilities"]


def kernels(run: Run, phase: int, *layers: str) -> list[np.ndarray]:
    """The kernels of some layers in the saved model of a phase."""
    import keras

    model = keras.saving.load_model(run.phase_model_file(phase), compile=False)
    base = next(part for part in model.layers if isinstance(part, keras.Model) and len(part.layers) > 10)
    return [base.get_layer(layer).get_weights()[0] for layer in layers]


@pytest.mark.parametrize("key", SYSTEMS)
def test_networks_of_keras_thaw_from_the_weights_that_keras_would_have_downloaded(tmp_path, monkeypatch, key):
    size, unfreeze, warm, cold = SYSTEMS[key]
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    put_weights(key, size, tmp_path / "keras")
    assert locate(BACKBONES[key]).state == "here"
    data = make_pictures(tmp_path / "data", ["cold", "warm"], 5)
    settings = ["--backbone", key, "--image-size", str(size), "--unfreeze", unfreeze]
    if key == "VGG16":
        settings = ["--preset", "tutorial", "--image-size", str(size)]  # the tutorial's own recipe
    run = trained(data, *settings, "--epochs1", "1", "--epochs2", "1")
    theirs = [published(key, size).get_layer(layer).get_weights()[0] for layer in (warm, cold)]
    first, second = (kernels(run, phase, warm, cold) for phase in (1, 2))
    assert all(map(np.array_equal, first, theirs))
    assert not np.array_equal(second[0], first[0])
    assert np.array_equal(second[1], first[1])
    [said] = Predictor(run).predict_files([next((data / "cold").iterdir())])
    shares(said)


def test_bert_reads_reviews(tmp_path):
    words = {"good": ("lovely", "great", "moving"), "bad": ("dull", "awful", "tired")}
    with open(tmp_path / "reviews.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label"])
        for n in range(24):
            for label, said in words.items():
                rows.writerow([f"A {said[n % 3]} film, {said[(n + 1) % 3]} from start to end, number {n}.", label])
    settings = ["--unfreeze", "blocks:1", "--set", "sequence_length=16", "--epochs1", "3", "--epochs2", "1"]
    run = trained(tmp_path / "reviews.csv", *settings)
    assert run.config().backbone == "MiniLM"
    assert run.evaluation(2)["accuracy"] > 0.8
    found = shares(Predictor(run).predict_texts(["A lovely, moving film."])[0])
    assert found["good"] > found["bad"]


def test_medical_slices_go_through_both_phases(tmp_path):
    random = np.random.default_rng(0)
    for number in range(12):
        for i in range(3):
            values = random.integers(0, 4096, (40, 40)).astype(np.uint16)
            values[10:30, 10:30] = 3000 * (number % 2)
            folder = tmp_path / "data" / ("healthy", "ill")[number % 2]
            write(folder / f"{number}-{i}.dcm", values, PatientID=f"{number}", WindowCenter=2048, WindowWidth=4096)
    small = ["--image-size", "32", "--unfreeze", "blocks:1", "--epochs1", "1", "--epochs2", "1"]
    run = trained(tmp_path / "data", "--preset", "medical", *small)
    sides = {
        split: {f["patient"] for f in run.dataset()["files"] if f["split"] == split}
        for split in ("train", "validation")
    }
    assert not sides["train"] & sides["validation"]
    [said] = Predictor(run).predict_files([next((tmp_path / "data" / "ill").iterdir())])
    shares(said)
