"""Where a network looks: Grad-CAM, and occlusion as a second opinion. TensorFlow is imported when a model is loaded.

Grad-CAM: Selvaraju et al. 2017, https://arxiv.org/abs/1610.02391. Occlusion: Zeiler and Fergus 2014,
https://arxiv.org/abs/1311.2901. That a map means something is checked as in Adebayo et al. 2018,
https://arxiv.org/abs/1810.03292: with random weights it must be another one.
"""

import threading
from typing import Any

import numpy as np

from core import tasks
from core.errors import ConfigError, RunError, unknown
from core.explanations import METHODS, Explanation
from core.files import is_file
from core.predict import labels, load_model
from core.record import Run

CELLS = 8  # of the occlusion map, each way; the patch that covers is two cells wide
BATCH = 16  # covered pictures at a time


class Explainer:
    """The model of one phase, split at the last map before pooling. Safe to use from several threads."""

    def __init__(self, run: Run, phase: int | None = None) -> None:
        """Load a model.

        Raises:
            RunError: there is no such model, or it does not read pictures.
        """
        classes, name = labels(run)
        task = tasks.task(name)
        if task.EXPLAINING.methods != METHODS:
            raise RunError(f"The run {run.name()!r} reads {task.NOUN}. Only pictures can be explained by a heat map.")
        self.classes = list(classes)
        self.phase = phase or run.kept()
        self._parts = Parts(load_model(run, self.phase), len(self.classes))
        self._lock = threading.Lock()

    def explain(self, pixels: np.ndarray, label: str | None = None, method: str = METHODS[0]) -> Explanation:
        """Where the network finds what speaks for a class.

        Args:
            pixels: uint8 (H, W, 3), RGB, of any size.
            label: a class; by default the most probable one.
            method: `gradcam` or `occlusion`.

        Raises:
            ConfigError: class or method is unknown.
        """
        if label is not None and label not in self.classes:
            raise ConfigError(unknown("class", label, self.classes))
        if method not in METHODS:
            raise ConfigError(unknown("method", method, METHODS))
        with self._lock:
            return self._explain(pixels, label, method)

    def _explain(self, pixels: np.ndarray, label: str | None, method: str) -> Explanation:
        resized = self._parts.resized(pixels)
        logits = self._parts.logits(resized)[0]  # (C,)
        index = int(logits.argmax()) if label is None else self.classes.index(label)
        grid = self._parts.gradcam(resized, index) if method == METHODS[0] else self._parts.occlusion(resized, index)
        shares = _shares(logits)
        return Explanation(self.classes[index], method, self.phase, float(shares[index]), grid)


class Explainers:
    """The explainers of a run by phase, each loaded when it is first asked for, and again when its model changed."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._loaded: dict[int, tuple[int, Explainer]] = {}  # phase -> when its model was written, the explainer
        self._lock = threading.Lock()

    def of(self, phase: int) -> Explainer:
        """The explainer of a phase. Raises RunError where there is no such model."""
        with self._lock:
            file = self.run.phase_model_file(phase)
            written = file.stat().st_mtime_ns if is_file(file) else 0
            if phase not in self._loaded or self._loaded[phase][0] != written:
                self._loaded[phase] = written, Explainer(self.run, phase)
            return self._loaded[phase][1]


class Parts:
    """A picture model in three parts: resizing, pixels to the last map, and that map to logits."""

    def __init__(self, model: Any, n_classes: int) -> None:
        """`model` is a run's servable: a chain of layers, of which `classifier` gives the logits.

        Raises:
            RunError: the model is of another kind.
        """
        import tensorflow as tf

        chain = model.layers[1:]  # without its input
        names = [layer.name for layer in chain]
        maps = [i for i, layer in enumerate(chain) if len(layer.output.shape) == 4]
        if "classifier" not in names or not maps or names[0] != "resize":
            raise RunError("This model was not made by Thaw, so where it looks cannot be shown.")
        split, end = maps[-1] + 1, names.index("classifier") + 1
        self._resize, self._tf, self._two = chain[0], tf, n_classes == 2
        specs = [tf.TensorSpec((None, *layer.output.shape[1:]), tf.float32) for layer in (chain[0], chain[split - 1])]
        run = [lambda x, layers=layers: _through(layers, x) for layers in (chain[1:split], chain[split:end])]
        self._map = tf.function(run[0], input_signature=specs[:1])
        self._logits = tf.function(lambda x: self._of_all(run[1](x)), input_signature=specs[1:])
        self._gradient = tf.function(
            lambda x, c: self._slope(run[1], x, c), input_signature=[*specs[1:], tf.TensorSpec((), tf.int32)]
        )

    def resized(self, pixels: np.ndarray) -> Any:
        """uint8 (H, W, 3) -> float32 (1, S, S, 3)."""
        return self._resize(self._tf.constant(pixels[None], self._tf.float32))

    def logits(self, resized: Any) -> np.ndarray:
        """float32 (N, S, S, 3) -> (N, C)."""
        return self._logits(self._map(resized)).numpy()

    def gradcam(self, resized: Any, index: int) -> np.ndarray:
        """float32 (h, w), 0 to 1: the last map, each channel weighed by its mean effect on the class's logit."""
        activations = self._map(resized)
        weights = self._tf.reduce_mean(self._gradient(activations, index), axis=(1, 2), keepdims=True)
        return _scaled(self._tf.reduce_sum(weights * activations, axis=-1)[0].numpy())

    def occlusion(self, resized: Any, index: int) -> np.ndarray:
        """float32 (8, 8), 0 to 1: how far the class's logit falls when a part of the picture is covered."""
        picture = resized.numpy()[0]  # (S, S, 3)
        edges = np.linspace(0, len(picture), CELLS + 1).round().astype(int)
        corners = [(i, j) for i in range(CELLS - 1) for j in range(CELLS - 1)]
        covered = np.repeat(picture[None], len(corners), axis=0)
        for k, (i, j) in enumerate(corners):
            covered[k, edges[i] : edges[i + 2], edges[j] : edges[j + 2]] = picture.mean(axis=(0, 1))
        parts = [self.logits(self._tf.constant(covered[k : k + BATCH])) for k in range(0, len(covered), BATCH)]
        falls = self.logits(resized)[0, index] - np.concatenate(parts)[:, index]
        total, times = np.zeros((CELLS, CELLS)), np.zeros((CELLS, CELLS))
        for (i, j), fall in zip(corners, falls, strict=True):
            total[i : i + 2, j : j + 2] += fall
            times[i : i + 2, j : j + 2] += 1
        return _scaled(total / times)

    def _of_all(self, logits: Any) -> Any:
        """One logit for each class: of two classes the network gives that of the second."""
        return self._tf.concat([-logits, logits], axis=-1) if self._two else logits

    def _slope(self, head: Any, activations: Any, index: Any) -> Any:
        with self._tf.GradientTape() as tape:
            tape.watch(activations)
            logit = self._of_all(head(activations))[:, index]
        return tape.gradient(logit, activations)


def _through(layers: list[Any], tensor: Any) -> Any:
    for layer in layers:
        tensor = layer(tensor, training=False)
    return tensor


def _scaled(values: np.ndarray) -> np.ndarray:
    """What speaks for the class, the strongest as 1; all 0 where nothing does."""
    positive = np.maximum(values, 0)
    most = float(positive.max())  # of no known size: through an untrained network a signal fades to 1e-13
    return (positive / most if most > 0 else positive).astype(np.float32)


def _shares(logits: np.ndarray) -> np.ndarray:
    """Probabilities (C,) from logits (C,); of two classes z and -z, as the network makes them."""
    if len(logits) == 2:
        return 1 / (1 + np.exp(-logits))
    odds = np.exp(logits - logits.max())
    return odds / odds.sum()
