"""Texts: what `core.tasks.Task` asks, by the rooms that know texts."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core import catalog, words
from core.config import TEXT_POOLINGS, RunConfig
from core.data import text_scan, texts
from core.data.manifest import Manifest
from core.data.scan import Scan
from core.data.text_source import Source  # noqa: F401 -- given as it is
from core.errors import ConfigError, DataError, TooLargeError, unknown
from core.models import own_encoder
from core.models import weights as places
from core.models.text_network import base, build, inference, inference_by, servable  # noqa: F401 -- given as they are
from core.presets import Preset
from core.tasks import Exhibit, Explaining, Progress, Wording
from core.words import Words

if TYPE_CHECKING:
    import keras
    import numpy as np

    from core.exports.story import Story
    from core.predict import Predictors
    from core.record import Run

NOUN = "texts"
WORDING = Wording(
    one="a text",
    classifier="A text",
    verb="read",
    others="writer, source, time or language",
    groups="writer, source, dialect, age",
)
DEFAULT_BACKBONE = "MiniLM"
WEIGHTS = "folder"
LIBRARIES: tuple[str, ...] = ("keras_hub",)
AT_ONCE = 32
TYPED = True
SENT_CHARACTERS = 1_000_000  # of a text in a request; encoders read the first few thousand
SENT_AS = 'a text: {"text": "…"}'
EXPLAINING = Explaining(methods=(words.METHOD,), found="The words", schema=words.SCHEMA)

_FINE = {"optimizer": "adamw", "schedule": "linear", "weight_decay": 0.01}

PRESETS: dict[str, Preset] = {
    "recommended": Preset(
        "Recommended",
        "A head on the frozen encoder, then its last three layers learn along.",
        {
            "sequence_length": 64,
            "unfreeze": "blocks:3",
            "head": {"hidden_units": 256, "dropout": 0.3},
            "phase1": {"epochs": 10, "learning_rate": 1e-3},
            "phase2": {"epochs": 3, "learning_rate": 1e-4, **_FINE},
            "patience": 2,
        },
    ),
    "quick": Preset(
        "Quick look",
        "A first answer soon: short texts, the last layer only.",
        {
            "sequence_length": 32,
            "unfreeze": "blocks:1",
            "phase1": {"epochs": 6, "learning_rate": 5e-3},
            "phase2": {"epochs": 2, "learning_rate": 2e-4, **_FINE},
            "patience": 2,
        },
    ),
    "tutorial": Preset(
        "Tutorial",
        "BERT's classic recipe: the first token, dropout, all encoder layers at 2e-5.",
        {
            "sequence_length": 128,
            "unfreeze": "all",
            "head": {"pooling": "cls", "dropout": 0.1},
            "phase1": {"epochs": 3, "learning_rate": 1e-3},
            "phase2": {"epochs": 3, "learning_rate": 2e-5, **_FINE},
        },
    ),
}


def reads(data: Path) -> bool:
    """Whether a data set is of this modality: a table, or folders of `.txt` files."""
    return texts.is_text(data)


def refuse(config: RunConfig) -> None:
    """Raise ConfigError for settings that no texts could mend."""
    if config.augmentation != "off":
        raise ConfigError(
            f"Texts have no augmented copies: augmentation must be off. Received: {config.augmentation!r}."
        )
    if config.head.pooling not in TEXT_POOLINGS:
        raise ConfigError(unknown("pooling of texts", config.head.pooling, TEXT_POOLINGS))
    row = own_encoder.row_of(config)
    if row.encoder and config.sequence_length > row.encoder.positions:
        raise ConfigError(
            f"The encoder reads at most {row.encoder.positions} tokens: sequence_length must not be above. "
            f"Received: {config.sequence_length}."
        )
    if config.lora_rank >= row.head_width > 0:
        raise ConfigError(
            f"lora_rank must be below {row.head_width}, the width of an attention head of {row.key}; from there on "
            f"LoRA is no smaller than what it replaces. Received: {config.lora_rank}."
        )


def scan(config: RunConfig, progress: Progress | None = None, *, to_train: bool = True) -> Scan:
    """What the data set of `config` holds. Raises DataError where it cannot train (or score) a classifier."""
    return text_scan.scan(config, progress=progress, to_train=to_train)


def cached(config: RunConfig) -> Scan | None:
    """An earlier scan of the data set of `config` if it still holds; None otherwise."""
    return text_scan.cached(config)


def prepare(config: RunConfig, progress: Progress | None = None) -> Manifest:
    """The manifest of a run: every usable text with its class, split and content hash."""
    return text_scan.manifest(config, progress=progress)


def read(paths: Sequence[str | Path], config: RunConfig) -> Iterator[str | DataError]:
    """The text of each file, in order, or why there is none."""
    for path in paths:
        try:
            yield texts.text_file(path)
        except DataError as error:
            yield error


def examples(found: Scan, config: RunConfig) -> list[str]:
    """What a model takes of every example of a scan, in order."""
    return text_scan.contents(found, config)


def received(sent: str, config: RunConfig) -> str:
    """The text in a request, as it is.

    Raises:
        TooLargeError: it has more than SENT_CHARACTERS.
    """
    if len(sent) > SENT_CHARACTERS:
        raise TooLargeError(f"A text may have {SENT_CHARACTERS:,} characters. Received: {len(sent):,}.")
    return sent


def blank() -> str:
    """The empty text."""
    return ""


def recipe(config: RunConfig) -> dict[str, Any]:
    """What shapes a text before the trunk sees it; part of the feature store's key."""
    return {"sequence_length": config.sequence_length, "vocabulary": _vocabulary_digest(config)}


def explained(
    model: "keras.Model",
    answer: "Callable[..., np.ndarray]",
    manifest: Manifest,
    config: RunConfig,
    rows: Iterable[int],
    phase: int,
) -> dict[str, Any]:
    """What each word of some texts does to their answer, by path."""
    texts, paths = text_scan.contents(manifest, config), [file.path for file in manifest.files]
    ask = inference_by(model, answer)
    return words.look_at_all(((paths[i], texts[i]) for i in rows), ask, list(manifest.classes), phase)


def explainer(predictors: "Predictors") -> Callable[[str, str | None, str, int], Words]:
    """A function from text, class, method and phase to what each word does to the answer."""
    return lambda text, label, method, phase: words.look_with(predictors.of(phase), text, label)


def size(config: RunConfig) -> str:
    """How much of a text the network sees, in words."""
    return f"up to {config.sequence_length} tokens"


def resized(numbers: int, config: RunConfig, structure: Mapping[str, Any]) -> int:
    """The count at the run's sequence length: an encoder is described at its default one."""
    return numbers * config.sequence_length // int(structure["image_size"])


def script(run: "Run", config: RunConfig, dataset: dict[str, Any]) -> str:
    """The standalone train.py of a run on texts."""
    from core.exports import text_script

    return text_script.script(run, config, dataset)


def shown(told: "Story") -> Exhibit:
    """A run's texts in its report."""
    from core.exports.text_examples import Texts

    return Texts(told)


def _vocabulary_digest(config: RunConfig) -> str:
    """A key made of the tokeniser's files."""
    state = places.locate(
        catalog.backbone(config.backbone), "pretrained" if config.weights == "random" else config.weights
    )
    if state.path is None:
        return ""
    folder = state.path if state.path.is_dir() else state.path.parent
    digest = hashlib.blake2b(digest_size=16)
    for file in sorted(f for f in folder.rglob("*") if f.suffix in (".txt", ".json", ".model") and f.is_file()):
        digest.update(file.read_bytes())
    return digest.hexdigest()


if TYPE_CHECKING:
    from core.tasks import Task, text

    _GIVEN: Task = text  # the type checker compares this file with the list
