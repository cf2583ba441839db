"""The settings of a run as frozen dataclasses, and their way from and to JSON and the shell."""

import dataclasses
import json
import re
import types
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core import tasks
from core.errors import ConfigError, unknown

VERSION = 1
OPTIMIZERS = ("adam", "adamw", "sgd")
SCHEDULES = ("constant", "cosine", "linear")
PICTURE_POOLINGS = ("avg", "max", "flatten")
TEXT_POOLINGS = ("avg", "max", "cls")  # cls: the first token
POOLINGS = (*PICTURE_POOLINGS, "cls")
PREPROCESSINGS = ("backbone", "unit")


@dataclass(frozen=True)
class PhaseConfig:
    """How one phase learns."""

    epochs: int = 10  # passes over the training split
    learning_rate: float = 1e-3  # step size at the peak of the schedule
    optimizer: str = "adam"  # one of OPTIMIZERS
    schedule: str = "constant"  # one of SCHEDULES
    warmup: float = 0.1  # share of the phase's steps that cosine and linear climb over
    weight_decay: float = 0.0  # per step, used by adamw and sgd


@dataclass(frozen=True)
class HeadConfig:
    """The new layers on top of the backbone."""

    pooling: str = "avg"  # one of POOLINGS; flatten is for pictures, cls (the first token) for texts
    hidden_units: int = 0  # width of the one hidden layer, 0 for none
    dropout: float = 0.2  # share of inputs dropped before the last layer


@dataclass(frozen=True)
class AugmentConfig:
    """How far augmented copies may differ, for the modes `views:K` and `live`."""

    flip: bool = True  # mirror left to right
    rotation: float = 10.0  # degrees, each way
    zoom: float = 0.1  # share, in and out
    shift: float = 0.1  # share of the side, each way
    brightness: float = 0.1  # share of the range, each way
    contrast: float = 0.1  # share, each way


@dataclass(frozen=True)
class RunConfig:
    """Everything that a run needs to know. Round-trips through JSON."""

    data: str = ""  # folder (or table) of labelled examples
    task: str = ""  # image or text; empty: told by the data when the run is made
    preset: str = "recommended"  # the preset that the settings started from
    name: str = ""  # what people call the run
    backbone: str = "EfficientNetLite0"  # a key of core.catalog.BACKBONES
    weights: str = "pretrained"  # pretrained, random, or a file
    image_size: int = 0  # pixels a side, 0 for the backbone's default
    preprocessing: str = "backbone"  # the backbone's own, or unit: pixels / 255
    unfreeze: str = "blocks:5"  # none, all, blocks:N, layers:N, names:a,b,c
    lora_rank: int = 0  # of the matrices that learn beside the chosen layers in their place; 0: the layers thaw
    head: HeadConfig = field(default_factory=HeadConfig)
    phase1: PhaseConfig = field(default_factory=PhaseConfig)
    phase2: PhaseConfig = field(default_factory=lambda: PhaseConfig(learning_rate=1e-4))
    batch_size: int = 32  # examples a step
    seed: int = 0  # of the split, the head, shuffling, augmentation and dropout
    validation_share: float = 0.2  # of a folder without a validation split
    augmentation: str = "off"  # off, views:K, live
    augment: AugmentConfig = field(default_factory=AugmentConfig)
    early_stopping: bool = True  # end a phase when held-out loss no longer falls
    patience: int = 4  # epochs without a better held-out loss
    cache: bool = True  # compute the frozen part once
    class_weights: bool = False  # weigh rare classes up
    calibrate: bool = False  # answer with probabilities corrected by the temperature found on held-out examples
    mixed_precision: bool = False  # float16 arithmetic, where there is a GPU
    text_column: str = ""  # of a table; empty: found by itself
    label_column: str = ""
    split_column: str = ""
    sequence_length: int = 128  # tokens
    window_center: float = 0.0  # of the grey levels shown of DICOM and of 12 and 16 bits, in the file's unit
    window_width: float = 0.0  # of that window; 0 for the one that DICOM stores, and the high byte elsewhere
    frame: int = 0  # of DICOM and TIFF files with several, from 0
    patient_column: str = ""  # of a CSV beside the pictures
    patient_pattern: str = ""  # regular expression on the file name; its first group is the patient
    corrections_of: str = ""  # a run, by folder or id: train with the corrections that are noted beside it
    version: int = VERSION  # of this layout of settings

    @property
    def views(self) -> int:
        """How many augmented copies of each training example are kept, 0 when there are none."""
        return int(self.augmentation.partition(":")[2]) if self.augmentation.startswith("views:") else 0

    @property
    def has_own_weights(self) -> bool:
        """Whether the weights are a file or folder of somebody's own."""
        return self.weights not in ("pretrained", "random")

    @property
    def way(self) -> str:
        """How the backbone adapts in phase 2, in a word."""
        return "LoRA" if self.lora_rank else "thawed"

    def to_json(self) -> dict[str, Any]:
        """The settings as plain data."""
        return dataclasses.asdict(self)

    def replace(self, **changes: Any) -> "RunConfig":
        """A checked copy with some top-level fields changed."""
        return check(dataclasses.replace(self, **changes))


def from_json(data: dict[str, Any], base: RunConfig | None = None) -> RunConfig:
    """Checked settings from plain data; what `data` leaves out comes from `base`.

    Raises:
        ConfigError: a key or the preset is unknown, a value is of the wrong type or out of its range,
            or the settings were written by another version.
    """
    if not isinstance(data, dict):
        raise ConfigError(f"Settings are one JSON object. Received: {type(data).__name__}.")
    if data.get("version", VERSION) != VERSION:
        raise ConfigError(
            f"These settings are of version {data['version']}, this app reads version {VERSION}. "
            "Save them again with the app that wrote them, or start from a preset."
        )
    return _of_known_preset(check(_merge(base or RunConfig(), data, "")), data)


def from_record(data: dict[str, Any]) -> RunConfig:
    """Checked settings of a run that this or an older version has written: what is not known any more is left out.

    Raises:
        ConfigError: a value is of the wrong type or out of its range, or a newer version wrote them.
    """
    version = data.get("version", VERSION)
    if not isinstance(version, int) or version > VERSION:
        raise ConfigError(f"a newer version of the app wrote its settings (version {version!r}, this one: {VERSION}).")
    return check(_merge(RunConfig(), _known(RunConfig, {**data, "version": VERSION}), ""))


def load(path: str | Path, base: RunConfig | None = None) -> RunConfig:
    """Checked settings from a JSON file, as the page saves it."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"The settings file {str(path)!r} cannot be read: {error}.") from None
    try:
        return from_json(json.loads(text), base)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"The settings file {str(path)!r} is not JSON: {error}.") from None


def apply(config: RunConfig, settings: dict[str, str]) -> RunConfig:
    """Settings by dotted name and text value, as `--set key=value` gives them."""
    tree: dict[str, Any] = {}
    for key, text in settings.items():
        *parents, leaf = key.split(".")
        node = tree
        for parent in parents:
            node = node.setdefault(parent, {})
            if not isinstance(node, dict):
                raise ConfigError(unknown("setting", key, setting_names()))
        node[leaf] = text
    return _of_known_preset(check(_merge(config, tree, "")), tree)


def setting_names() -> list[str]:
    """The dotted name of every setting."""
    names: list[str] = []
    for f in dataclasses.fields(RunConfig):
        nested = _nested(f.type)
        names += [f"{f.name}.{n.name}" for n in dataclasses.fields(nested)] if nested else [f.name]
    return names


def check(config: RunConfig) -> RunConfig:
    """The same settings, if every value is in its range.

    Raises:
        ConfigError: names the setting, its rule and the value received.
    """
    for name, ok, rule in _rules(config):
        if not ok:
            value = config
            for part in name.split("."):
                value = getattr(value, part)
            raise ConfigError(f"{name} must be {rule}. Received: {value!r}.")
    return config


def _of_known_preset(config: RunConfig, given: dict[str, Any]) -> RunConfig:
    """The same settings, if the preset that is given exists; that of a run made earlier may be gone."""
    known = [name for task in tasks.TASKS if config.task in ("", task) for name in tasks.task(task).PRESETS]
    if "preset" in given and config.preset not in known:
        raise ConfigError(unknown("preset", config.preset, dict.fromkeys(known)))
    return config


def _rules(c: RunConfig) -> list[tuple[str, bool, str]]:
    """Name, whether it holds, and the rule in words, for every setting with a rule."""
    rules = [
        ("task", c.task in ("", *tasks.TASKS), " or ".join(sorted(tasks.TASKS))),
        ("lora_rank", 0 <= c.lora_rank <= 256, "0 (no LoRA: the chosen layers thaw) or 1 to 256"),
        ("unfreeze", _UNFREEZE.fullmatch(c.unfreeze) is not None, "none, all, blocks:N, layers:N or names:a,b,c"),
        (
            "augmentation",
            _AUGMENTATION.fullmatch(c.augmentation) is not None,
            "off, live or views:K with K from 1 to 99",
        ),
        (
            "image_size",
            c.image_size == 0 or 8 <= c.image_size <= 2048,
            "0 (the backbone's default) or 8 to 2048 pixels",
        ),
        ("preprocessing", c.preprocessing in PREPROCESSINGS, f"one of {', '.join(PREPROCESSINGS)}"),
        ("batch_size", 1 <= c.batch_size <= 4096, "from 1 to 4096"),
        ("seed", 0 <= c.seed < 2**31, "from 0 to 2147483647"),
        ("validation_share", 0 < c.validation_share < 1, "above 0 and below 1"),
        ("patience", 1 <= c.patience <= 1000, "from 1 to 1000"),
        ("sequence_length", 8 <= c.sequence_length <= 512, "from 8 to 512 tokens"),
        ("window_center", abs(c.window_center) < 1e9, "a number between -1e9 and 1e9"),
        ("window_width", 0 <= c.window_width < 1e9, "0 (the stored window) or a number above 0 and below 1e9"),
        ("frame", 0 <= c.frame <= 1_000_000, "from 0 to 1000000"),
        ("patient_pattern", _is_pattern(c.patient_pattern), "empty, or a regular expression with a group"),
        ("head.pooling", c.head.pooling in POOLINGS, f"one of {', '.join(POOLINGS)}"),
        ("head.hidden_units", 0 <= c.head.hidden_units <= 8192, "from 0 to 8192"),
        ("head.dropout", 0 <= c.head.dropout < 1, "at least 0 and below 1"),
        ("phase1.epochs", c.phase1.epochs >= 1, "at least 1"),
        ("augment.rotation", 0 <= c.augment.rotation <= 180, "from 0 to 180 degrees"),
    ]
    for name in ("zoom", "shift", "brightness", "contrast"):
        rules.append((f"augment.{name}", 0 <= getattr(c.augment, name) <= 0.9, "from 0 to 0.9"))
    for name in ("phase1", "phase2"):
        phase: PhaseConfig = getattr(c, name)
        rules += [
            (f"{name}.epochs", 0 <= phase.epochs <= 10_000, "from 0 to 10000"),
            (f"{name}.learning_rate", 0 < phase.learning_rate < float("inf"), "above 0"),
            (f"{name}.optimizer", phase.optimizer in OPTIMIZERS, f"one of {', '.join(OPTIMIZERS)}"),
            (f"{name}.schedule", phase.schedule in SCHEDULES, f"one of {', '.join(SCHEDULES)}"),
            (f"{name}.warmup", 0 <= phase.warmup < 1, "at least 0 and below 1"),
            (f"{name}.weight_decay", 0 <= phase.weight_decay < 1, "at least 0 and below 1"),
        ]
    return rules


_UNFREEZE = re.compile(r"none|all|(?:blocks|layers):[0-9]{1,6}|names:.+", re.DOTALL)
_AUGMENTATION = re.compile(r"off|live|views:[1-9][0-9]?")


def _is_pattern(text: str) -> bool:
    try:
        return not text or re.compile(text).groups >= 1
    except (re.error, OverflowError, RecursionError):  # the last two: a repeat, or brackets, beyond all measure
        return False


def _merge(base: Any, data: dict[str, Any], prefix: str) -> Any:
    """A copy of the dataclass `base` with the values of `data`, nested ones included."""
    hints = typing.get_type_hints(type(base))
    changes: dict[str, Any] = {}
    for key, value in data.items():
        if key not in hints:
            raise ConfigError(unknown("setting", prefix + str(key), setting_names()))
        nested = _nested(hints[key])
        if nested is None:
            changes[key] = _convert(prefix + key, hints[key], value)
        elif isinstance(value, dict):
            changes[key] = _merge(getattr(base, key), value, f"{prefix}{key}.")
        else:
            inside = ", ".join(f"{prefix}{key}.{n.name}" for n in dataclasses.fields(nested))
            raise ConfigError(f"{prefix}{key} is a group of settings: {inside}. Received: {value!r}.")
    return dataclasses.replace(base, **changes)


def _known(kind: type, data: dict[str, Any]) -> dict[str, Any]:
    """`data` without the keys that the dataclass `kind` does not have, nested ones included."""
    found = {}
    for f in dataclasses.fields(kind):
        if f.name in data:
            value, nested = data[f.name], _nested(f.type)
            found[f.name] = _known(nested, value) if nested and isinstance(value, dict) else value
    return found


def _nested(kind: Any) -> Any:
    return kind if dataclasses.is_dataclass(kind) else None


_SWITCH = {"on": True, "off": False, "true": True, "false": False}


def _convert(name: str, kind: type | types.UnionType, value: Any) -> Any:
    """`value` as `kind`, from JSON or from the text of a shell."""
    try:
        if kind is bool:
            return value if isinstance(value, bool) else _SWITCH[str(value).lower()]
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise ValueError
        if kind is int:
            number = int(value)
            if isinstance(value, float) and number != value:
                raise ValueError
            return number
        return float(value) if kind is float else str(value) if isinstance(value, str) else _not_text()
    except (ValueError, KeyError, OverflowError):
        wanted = {bool: "on or off", int: "a whole number", float: "a number", str: "text"}[kind]  # type: ignore[index]
        raise ConfigError(f"{name} must be {wanted}. Received: {value!r}.") from None


def _not_text() -> str:
    raise ValueError
