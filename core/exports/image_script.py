"""The standalone `train.py` of a run on pictures: TensorFlow and Keras only, and only what this run needs.

`core/exports/train.py.txt` is the script with gaps; the pieces that fill them are chosen here by the run's settings.
"""

import textwrap
from functools import reduce
from pathlib import Path, PurePosixPath
from typing import Any

from core import catalog
from core.catalog import Backbone
from core.config import RunConfig
from core.data import dicom
from core.data.reading import AS_STORED, reading
from core.errors import RunError
from core.exports.script_parts import common, filled, fine_tuned, keeping, kept_layers
from core.models.structure import structure
from core.record import Run

_RESCALE = {
    "lite": "keras.layers.Rescaling(1 / 128, -127 / 128)",
    "tf": "keras.layers.Rescaling(1 / 127.5, -1.0)",
    "torch": "keras.layers.Rescaling([1 / 58.395, 1 / 57.12, 1 / 57.375], [-2.1179, -2.0357, -1.8044])",
    "unit": "keras.layers.Rescaling(1 / 255)",
    "none": "keras.layers.Rescaling(1.0)  # this network normalises by itself",
}
_CAFFE = """
# RGB to BGR minus the mean, as a fixed 1x1 convolution: no layer of Keras reorders channels.
normalise = keras.layers.Conv2D(3, 1, trainable=False)
normalise.build((None, None, None, 3))
normalise.set_weights([np.eye(3)[::-1].reshape(1, 1, 3, 3), np.array([-103.939, -116.779, -123.68])])
"""
_SAVED_BASE = """
def backbone(run):
    \"\"\"The backbone as the run started with it: phase 1 left it untouched, so it is in that phase's model.\"\"\"
    saved = keras.saving.load_model(run / "models" / "phase1.keras", compile=False)
    other = ("inputs", "pooling", "classifier")
    return next(x for x in saved.layers if isinstance(x, keras.Model) and x.name not in other)
"""
_KERAS_BASE = """
def backbone(run):
    \"\"\"The pretrained network without its classifier.\"\"\"
    return keras.applications.{key}(include_top=False, weights="imagenet", input_shape=(SIZE, SIZE, 3))
"""
_POOLING = {
    "avg": "keras.layers.GlobalAveragePooling2D()",
    "max": "keras.layers.GlobalMaxPooling2D()",
    "flatten": "keras.layers.Flatten()",
}
_AUGMENT = """
    if shuffle:  # changed copies of the training pictures
        data = data.map(lambda image, label: (AUGMENT(image, training=True), label), tf.data.AUTOTUNE)
""".strip("\n")
_PLAIN = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp")
_MARKS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"RIFF")  # what files that TensorFlow decodes begin with
_DECODE_PLAIN = '''
    """One picture: () string -> (SIZE, SIZE, 3) float32, 0 to 255. JPEG and PNG."""
    image = tf.io.decode_jpeg(tf.io.read_file(path), 3, dct_method="INTEGER_ACCURATE")  # decodes PNG too
'''.strip("\n")
_DECODE_ANY = '''
    """One picture: () string -> (SIZE, SIZE, 3) float32, 0 to 255. JPEG, PNG, GIF, BMP and WebP."""
    data = tf.io.read_file(path)
    if tf.strings.substr(data, 0, 3) == b"\\xff\\xd8\\xff":
        image = tf.io.decode_jpeg(data, 3, dct_method="INTEGER_ACCURATE")
    elif tf.strings.substr(data, 8, 4) == b"WEBP":
        image = tf.image.decode_webp(data, channels=3)[0]
    else:
        image = tf.io.decode_image(data, 3, expand_animations=False)
'''.strip("\n")
_NO_DROPOUT = """
    for layer in base.layers:  # Thaw switches off dropout within the backbone
        for name in {"rate", "drop_path_rate"} & set(vars(layer)):
            setattr(layer, name, 0.0)
""".strip("\n")
_THAW = """
    # Phase 2. Thaw the chosen layers and go on in small steps; BatchNormalization stays as it is.
    base.trainable = True
    for i, layer in enumerate(base.layers):
        layer.trainable = THAWED_HERE and not isinstance(layer, keras.layers.BatchNormalization)
REMEMBER_HERE
    fit(LEARNER_HERE, (paths[train], labels[train]), (paths[held_out], labels[held_out]), weights, done, *PHASE_2)
    second = accuracy(model, paths[held_out], labels[held_out])
    print(f"held-out accuracy after phase 2: {second:.4f}")
KEEP_HERE
""".strip("\n")
_ROUNDED = """
    # The run stored in half precision what the first layers say. Without the same rounding, learning goes elsewhere.
    cut = base.layers[STORED].input
    said = keras.Model(base.input, cut)(normalise(inputs))
    rounded = keras.ops.cast(keras.ops.saturate_cast(said, "float16"), "float32")
    learner = keras.Model(inputs, head(POOLING_HERE(keras.Model(cut, base.output)(rounded))))
""".strip("\n")


def script(run: Run, config: RunConfig, dataset: dict[str, Any]) -> str:
    """The script of a run on pictures.

    Raises:
        RunError: its pictures are read in a way that TensorFlow alone does not know.
    """
    _refuse(config, dataset)
    row = catalog.backbone(config.backbone)
    endings = {PurePosixPath(file["path"]).suffix.lower() for file in dataset["files"]}
    return filled("train.py.txt", _gaps(run, config, row, str(dataset["root"]), endings))


def _refuse(config: RunConfig, dataset: dict[str, Any]) -> None:
    root = Path(dataset["root"])
    others = [file["path"] for file in dataset["files"] if not _is_plain(root / file["path"])]
    if reading(config) != AS_STORED or any(_is_scan(root / path) for path in others):
        raise RunError(
            "A standalone train.py reads neither DICOM nor TIFF files, nor a chosen window or frame, as this run did; "
            "export the model, or train again in Thaw from its settings."
        )
    if others:
        raise RunError(
            f"A standalone train.py reads JPEG, PNG, GIF, BMP and WebP, but {len(others):,} of this run's pictures are "
            f"none of these, such as {others[0]!r}: save them as PNG and train on those, or export the model."
        )


def _is_plain(path: Path) -> bool:
    """Whether TensorFlow decodes a file, by its ending or, without a usual one, by its mark."""
    if path.suffix.lower() in _PLAIN:
        return True
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(4).startswith(_MARKS)
    except OSError:
        return False


def _is_scan(path: Path) -> bool:
    """Whether a file that is not plain is DICOM or TIFF, by its ending or its mark."""
    return path.suffix.lower() in (".tif", ".tiff", *dicom.ENDINGS) or dicom.is_dicom(path)


def _gaps(run: Run, config: RunConfig, row: Backbone, root: str, endings: set[str]) -> dict[str, object]:
    kind = row.preprocessing if config.preprocessing == "backbone" else config.preprocessing
    keras_own = row.source == "keras" and config.weights == "pretrained"
    augmented = config.augmentation != "off"
    described = structure(row.key, row.default_size)  # names are the same at every size
    if described is None:
        raise RunError(f"The layers of {row.title} are not known here.")
    learning = fine_tuned(config, described)
    thawed, condition = _thawed(config.unfreeze, described["layers"], learning) if learning else ("", "")
    stored = kept_layers(run, config, described, learning) if learning else 0
    if stored:
        thawed += f"\nSTORED = {stored}  # so many of its first layers the run computed once, and stored"
    drops = any("Dropout" in layer["type"] or "Depth" in layer["type"] for layer in described["layers"])
    return {
        **common(run, config, root, [_UPRIGHT], learning),
        "needs": "" if keras_own else " and models/phase1.keras (the backbone that it started from)",
        "size": config.image_size or row.default_size,
        "augment": _augmentation(config) if augmented else "",
        "augment_batches": _AUGMENT if augmented else "",
        "normalise": _CAFFE if kind == "caffe" else f"normalise = {_RESCALE[kind]}",
        "thawed": thawed,
        "phase_2": _phase_2(run, config, condition, bool(stored)) if learning else "    kept = first",
        "decode": _DECODE_PLAIN if endings <= {".jpg", ".jpeg", ".png"} else _DECODE_ANY,
        "no_dropout": _NO_DROPOUT if drops else "",
        "backbone": (_KERAS_BASE.format(key=row.key) if keras_own else _SAVED_BASE).strip("\n"),
        "pooling": _POOLING[config.head.pooling],
        "learn_from": _LEARN_AUGMENTED if augmented else _LEARN_FEATURES,
    }


def _phase_2(run: Run, config: RunConfig, condition: str, rounds: bool) -> str:
    """Phase 2, in which learns what the condition on a layer and its place `i` says, from rounded maps or pictures."""
    before, after = keeping(run)
    gaps = {
        "THAWED_HERE": condition,
        "REMEMBER_HERE": f"{before}\n{_ROUNDED}" if rounds else before,
        "POOLING_HERE": _POOLING[config.head.pooling],
        "LEARNER_HERE": "learner" if rounds else "model",
        "KEEP_HERE": after,
    }
    return reduce(lambda text, gap: text.replace(*gap), gaps.items(), _THAW)


_UPRIGHT = "Photos that only their EXIF data turn upright are read as they lie; Thaw turns them."


def _thawed(unfreeze: str, layers: list[dict[str, Any]], chosen: list[str]) -> tuple[str, str]:
    """A line that says what learns in phase 2, and the condition on a layer and its place `i` that it gives."""
    first = next((i for i, layer in enumerate(layers) if layer["name"] in chosen), len(layers))
    if all(layer["name"] in chosen for layer in layers[first:] if layer["thawable"]):
        count = len(layers) - first
        return (
            f"THAWED = {count}  # so many of the backbone's last layers ({unfreeze})",
            "i >= len(base.layers) - THAWED",
        )
    names = textwrap.fill(" ".join(layer["name"] for layer in layers if layer["name"] in chosen), 116)
    return f'THAWED = """\n{names}\n""".split()  # {unfreeze}', "layer.name in THAWED"


def _augmentation(config: RunConfig) -> str:
    a, kept = config.augment, []
    if a.flip:
        kept.append('keras.layers.RandomFlip("horizontal", seed=SEED)')
    for name, value in (("Rotation", a.rotation / 360), ("Zoom", a.zoom), ("Contrast", a.contrast)):
        if value:
            kept.append(f"keras.layers.Random{name}({value!r}, seed=SEED)")
    if a.shift:
        kept.append(f"keras.layers.RandomTranslation({a.shift!r}, {a.shift!r}, seed=SEED)")
    if a.brightness:
        kept.append(f"keras.layers.RandomBrightness({a.brightness!r}, seed=SEED)")
    return f"AUGMENT = keras.Sequential(\n    [\n{_rows(kept)}\n    ]\n)"


def _rows(items: list[str]) -> str:
    """The items of a list, as many on a line as fit."""
    lines: list[str] = []
    for item in items:
        if lines and len(lines[-1]) + len(item) < 110:
            lines[-1] += f" {item},"
        else:
            lines.append(f"        {item},")
    return "\n".join(lines)


_LEARN_FEATURES = """
    # Phase 1. The backbone is frozen, so what it says about each picture is computed once.
    trunk = keras.Model(inputs, features)
    seen = trunk.predict(batches(paths, labels, False), verbose=2)
    done = fit(head, (seen[train], labels[train]), (seen[held_out], labels[held_out]), weights, 0, *PHASE_1)
""".strip("\n")
_LEARN_AUGMENTED = """
    # Phase 1. The backbone is frozen; pictures are changed anew every epoch, so they pass it every epoch.
    base.trainable = False
    done = fit(model, (paths[train], labels[train]), (paths[held_out], labels[held_out]), weights, 0, *PHASE_1)
""".strip("\n")
