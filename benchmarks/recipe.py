"""The tutorial's recipe, as users write it. Each function is one side, run in a process of its own.

References: https://www.tensorflow.org/tutorials/images/transfer_learning, https://keras.io/guides/transfer_learning,
F. Chollet's "Building powerful image classification models using very little data" and
https://keras.io/keras_hub/guides/classification.
"""

import time
from pathlib import Path
from typing import Any

import keras


def lite0(data: str, size: int, epochs: int) -> dict[str, Any]:
    """Phase 1: EfficientNet-Lite0 frozen inside a Sequential, a new head trained with `fit`.

    Returns:
        `setup`: seconds until `fit` begins; `epochs`: seconds of each; `val_accuracy` after the last.
    """
    from core.catalog import backbone
    from core.models.backbones import build_base

    began = time.perf_counter()
    train, validation = _data(data, size)
    base = build_base(backbone("EfficientNetLite0"), size)
    base.trainable = False
    model = keras.Sequential(
        [
            keras.Input((size, size, 3)),
            keras.layers.Rescaling(1 / 128, offset=-127 / 128),
            base,
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(1),
        ]
    )
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss, metrics=["accuracy"])
    setup = time.perf_counter() - began
    clock = _fit(model, train, validation, epochs)
    return {"setup": setup, "epochs": clock.seconds, "val_accuracy": clock.val_accuracy}


def vgg16(data: str, size: int, epochs1: int, epochs2: int) -> dict[str, Any]:
    """Both phases with VGG16, pixels divided by 255, a hidden layer of 256, then the last four layers at 1e-5.

    The weights are random, so that nothing needs to be fetched: speed does not depend on them.

    Returns:
        `setup`: seconds until the first `fit` begins; `epochs1` and `epochs2`: seconds of each epoch.
    """
    began = time.perf_counter()
    train, validation = _data(data, size)
    base = keras.applications.VGG16(include_top=False, weights=None, input_shape=(size, size, 3))
    base.trainable = False
    model = keras.Sequential(
        [
            keras.Input((size, size, 3)),
            keras.layers.Rescaling(1 / 255),
            base,
            keras.layers.Flatten(),
            keras.layers.Dense(256, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss, metrics=["accuracy"])
    setup = time.perf_counter() - began
    first = _fit(model, train, validation, epochs1)
    base.trainable = True
    for layer in base.layers[:-4]:
        layer.trainable = False
    model.compile(optimizer=keras.optimizers.Adam(1e-5), loss=loss, metrics=["accuracy"])
    second = _fit(model, train, validation, epochs2)
    return {"setup": setup, "epochs1": first.seconds, "epochs2": second.seconds}


def minilm(data: str, length: int, epochs: int) -> dict[str, Any]:
    """MiniLM frozen inside KerasHub's BERT classifier, its head trained with `fit` on raw sentences.

    Returns:
        `setup`: seconds until `fit` begins; `epochs`: seconds of each.
    """
    import keras_hub
    import pandas as pd
    from sklearn.model_selection import train_test_split

    from core.catalog import backbone
    from core.models.text_backbones import folder

    began = time.perf_counter()
    table = pd.read_csv(data)
    labels = (table["label"] == table["label"].max()).astype(int)
    parts = train_test_split(table["text"], labels, test_size=0.2, stratify=labels, random_state=0)
    x, x_validation, y, y_validation = (part.to_numpy() for part in parts)
    preset = str(folder(backbone("MiniLM"), "pretrained"))
    preprocessor = keras_hub.models.BertTextClassifierPreprocessor.from_preset(preset, sequence_length=length)
    encoder = keras_hub.models.BertBackbone.from_preset(preset)
    encoder.trainable = False
    model = keras_hub.models.BertTextClassifier(encoder, num_classes=2, preprocessor=preprocessor)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss=loss, metrics=["accuracy"])
    setup = time.perf_counter() - began
    clock = _Clock()
    model.fit(
        x, y, validation_data=(x_validation, y_validation), batch_size=32, epochs=epochs, callbacks=[clock], verbose=0
    )
    return {"setup": setup, "epochs": clock.seconds}


class _Clock(keras.callbacks.Callback):
    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self.val_accuracy = 0.0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self._began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.seconds.append(time.perf_counter() - self._began)
        self.val_accuracy = float((logs or {})["val_accuracy"])


def _data(data: str, size: int) -> Any:
    return (
        keras.utils.image_dataset_from_directory(
            Path(data, split), label_mode="binary", image_size=(size, size), batch_size=32, verbose=False
        )
        for split in ("train", "validation")
    )


def _fit(model: keras.Model, train: Any, validation: Any, epochs: int) -> _Clock:
    clock = _Clock()
    model.fit(train, validation_data=validation, epochs=epochs, callbacks=[clock], verbose=0)
    return clock
