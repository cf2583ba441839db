"""A real run directory with tiny Keras models in it, made without training."""

import numpy as np
from PIL import Image

from core import environment
from core.config import RunConfig
from core.files import write_json
from core.record import Run
from core.run_list import create_run

CLASSES = ("blue ice", "красный", "🔥 <script>")


def make_run(classes=CLASSES, phases=(1, 2), data="", **status) -> Run:
    """A finished run whose models tell colours apart; phase 2 is surer than phase 1."""
    environment.runs_dir().mkdir(parents=True, exist_ok=True)
    run = create_run(RunConfig(data=str(data), image_size=16), {"keras": "3"})
    write_json(run.dataset_file, {"task": "image", "root": str(data), "classes": list(classes), "files": []})
    for phase in phases:
        picture_model(len(classes), phase * 4.0, phase).save(run.phase_model_file(phase))
    run.write_status(state="done", kept=max(phases, default=1), **status)
    return run


def picture_model(n_classes, sharpness, seed=0):
    """RGB pixels of any size -> probabilities, with a layer that folds when frozen."""
    import keras

    init = keras.initializers.GlorotUniform(seed)
    x = inputs = keras.Input((None, None, 3))
    x = keras.layers.Resizing(16, 16, antialias=True)(x)
    x = keras.layers.Rescaling(sharpness / 127.5, -sharpness)(x)
    x = keras.layers.Conv2D(8, 3, strides=2, kernel_initializer=init)(x)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, keras.layers.Dense(n_classes, "softmax", kernel_initializer=init)(x))


def text_run(classes=("bad", "good")) -> Run:
    """A finished run whose model takes raw strings, with built-in layers."""
    import keras

    run = make_run(classes, phases=())
    write_json(run.dataset_file, {"task": "text", "root": "", "classes": list(classes), "files": []})
    words = keras.layers.TextVectorization(output_mode="multi_hot", vocabulary=["good", "bad", "film"])
    inputs = keras.Input((), dtype="string")
    keras.Model(inputs, keras.layers.Dense(2, "softmax")(words(inputs))).save(run.phase_model_file(1))
    return run


def picture(path, size=(20, 14), seed=0, **save):
    """Write a picture of noise, in the format of its ending; its path."""
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **save)
    return path
