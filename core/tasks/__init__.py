"""What differs between modalities, one file each, and nothing else.

`Task` lists what a modality has to give, and every file in this folder is one; outside of it nothing asks which one it
is. None imports TensorFlow at its top, because the page asks tasks too: what needs it imports it where it is used.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Any, Protocol, cast

from core.errors import ConfigError, unknown
from core.paths import expanded

if TYPE_CHECKING:
    import keras
    import numpy as np

    from core.catalog import Backbone
    from core.config import RunConfig
    from core.data.manifest import Manifest
    from core.data.scan import Scan
    from core.errors import DataError
    from core.exports.story import Story
    from core.predict import Predictors
    from core.presets import Preset
    from core.record import Run
    from core.training.batches import Source
    from core.training.network import Network

TASKS = tuple(sorted(module.name for module in iter_modules(__path__)))
_REST = "image"  # takes the data sets that none of the others reads

Progress = Callable[[int, int | None], None]  # files so far, files in all where that is known


@dataclass(frozen=True)
class Wording:
    """How reports and cards speak of a modality."""

    one: str  # an example: a picture
    classifier: str  # what stands before `classifier`: An image
    verb: str  # what its pretrained networks know how to do: see
    others: str  # what sets examples from elsewhere apart: camera, place, …
    groups: str  # by which figures may differ among people and sources: camera, place, sex, …


@dataclass(frozen=True)
class Explaining:
    """How an answer is explained on demand."""

    methods: tuple[str, ...]  # the first one where none is asked for
    found: str  # what comes back: The map
    schema: Mapping[str, Any]  # of the JSON, as OpenAPI has it: what stands beside class, method, phase and probability
    draw: Callable[[Any, Any], bytes] | None = None  # an example and what was found -> PNG; None: as JSON only

    @property
    def formats(self) -> tuple[str, ...]:
        """What it comes as; the first one where none is asked for."""
        return ("json", "png") if self.draw else ("json",)


class Exhibit(Protocol):
    """A run's examples in its report."""

    def gallery(self, shown: Sequence[tuple[str, str]]) -> str:
        """HTML with some examples, pairs of path and caption."""

    def why(self) -> str:
        """The section that says what spoke for the answers, empty where nothing is known."""


class Task(Protocol):
    """What the module of a modality gives.

    An *example* is what its model takes one of: the pixels of a picture, uint8 `(H, W, 3)`, or a text, `str`.
    """

    NOUN: str  # examples, in the plural
    WORDING: Wording
    DEFAULT_BACKBONE: str  # a key of the catalogue
    PRESETS: "dict[str, Preset]"  # `recommended` among them
    WEIGHTS: str  # what somebody's own weights are: file or folder
    LIBRARIES: tuple[str, ...]  # imported before Keras loads a model, so that it knows the model's layers
    AT_ONCE: int  # examples that go through the model together
    TYPED: bool  # whether people give an example as a text (`--text`, JSON), else as a file
    SENT_AS: str  # how a request carries an example, for those who write one
    EXPLAINING: Explaining

    # Data

    def reads(self, data: Path) -> bool:
        """Whether a data set is of this modality."""

    def scan(self, config: "RunConfig", progress: Progress | None = None, *, to_train: bool = True) -> "Scan":
        """What the data set of `config` holds. Raises DataError where it cannot train (or score) a classifier."""

    def cached(self, config: "RunConfig") -> "Scan | None":
        """An earlier scan of the data set of `config` if it still holds; None otherwise."""

    def prepare(self, config: "RunConfig", progress: Progress | None = None) -> "Manifest":
        """The manifest of a run: every usable example with its class, split and content hash."""

    def examples(self, found: "Scan", config: "RunConfig") -> "Iterable[Any | DataError]":
        """Every example of a scan, in order, or why there is none."""

    def read(self, paths: Sequence[str | Path], config: "RunConfig") -> "Iterator[Any | DataError]":
        """The example in each file, in order, or why there is none."""

    def received(self, sent: Any, config: "RunConfig") -> Any:
        """The example in a request: in a file's bytes, or in a text where examples are TYPED.

        Raises:
            TooLargeError: it would take more memory than a stranger may ask for.
            DataError: it cannot be read.
        """

    def blank(self) -> Any:
        """An example that says nothing."""

    # Training

    def refuse(self, config: "RunConfig") -> None:
        """Raise ConfigError for settings that no data could mend."""

    def recipe(self, config: "RunConfig") -> dict[str, Any]:
        """What shapes an example before the trunk sees it; part of the feature store's key."""

    def size(self, config: "RunConfig") -> str:
        """How large the network sees an example, in words."""

    def resized(self, numbers: int, config: "RunConfig", structure: Mapping[str, Any]) -> int:
        """How large a map is in a run, from its size (numbers or bytes) in the backbone's described structure."""

    def Source(self, manifest: "Manifest", config: "RunConfig") -> "Source":  # noqa: N802 -- a class of the task
        """The examples of a manifest as tensors."""

    def base(self, row: "Backbone", size: int, weights: str) -> "tuple[keras.Model, tuple[Any, ...]]":
        """A backbone without head, and those of its inputs that later layers read too."""

    def build(self, config: "RunConfig", n_classes: int) -> "Network":
        """The network of a run."""

    # Answers

    def servable(self, network: "Network", config: "RunConfig", n_classes: int) -> "keras.Model":
        """The model that is saved, preprocessing inside: examples -> probabilities `(N, n_classes)`."""

    def inference(self, model: "keras.Model") -> "Callable[[Sequence[Any]], np.ndarray]":
        """A function from at most AT_ONCE examples to probabilities float32 `(N, n_classes)`."""

    def explained(
        self,
        model: "keras.Model",
        answer: "Callable[..., np.ndarray]",
        manifest: "Manifest",
        config: "RunConfig",
        rows: Iterable[int],
        phase: int,
    ) -> Any:
        """What is found out about examples' answers once a phase has ended, by path; empty for nothing.

        `model` is the servable and `answer` the same network from a batch's tensors on, whose graph there is already.
        """

    def explainer(self, predictors: "Predictors") -> Callable[[Any, str | None, str, int], Any]:
        """A function from example, class (None: the most probable), method and phase to what has `to_json`.

        It raises ConfigError for an unknown class, RunError where there is no such model.
        """

    # Exports

    def script(self, run: "Run", config: "RunConfig", dataset: dict[str, Any]) -> str:
        """The standalone train.py of a run. Raises RunError or DataError where there can be none."""

    def shown(self, told: "Story") -> Exhibit:
        """A run's examples in its report."""


def task(name: str) -> Task:
    """The module of a modality.

    Raises:
        ConfigError: there is none of that name.
    """
    if name not in TASKS:
        raise ConfigError(unknown("task", name, TASKS))
    return cast(Task, import_module(f"core.tasks.{name}"))


def detect(data: str | Path) -> str:
    """The name of the modality of a data set, told by its files."""
    return next((name for name in TASKS if name != _REST and task(name).reads(expanded(data))), _REST)
