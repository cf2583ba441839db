"""Features of JPEG files, decoding included, against the bare forward pass on decoded batches in memory."""

import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.pictures import cats_and_dogs, files
from benchmarks.registry import RATE, Measured, Settings, benchmark
from benchmarks.side import fresh

_AGAINST = "the bare Keras forward pass (`tf.function`) on decoded batches in memory"
_WHAT = "extraction from JPEG files, {}, {} px"
ROUNDS = 5
N = 1_024  # enough for the trunk to be turned into constants, as in a run on so many pictures


@benchmark("extraction_lite0", _WHAT.format("EfficientNet-Lite0", 160), _AGAINST, kind=RATE, goal=1.2, unit="images/s")
def lite0(settings: Settings) -> Measured:
    """The default backbone."""
    return _pairs("EfficientNetLite0", 160, N, settings)


@benchmark("extraction_resnet50", _WHAT.format("ResNet50", 160), _AGAINST, kind=RATE, goal=1.2, unit="images/s")
def resnet50(settings: Settings) -> Measured:
    """A middling backbone."""
    return _pairs("ResNet50", 160, N, settings)


@benchmark("extraction_vgg16", _WHAT.format("VGG16", 150), _AGAINST, kind=RATE, goal=0.95, unit="images/s")
def vgg16(settings: Settings) -> Measured:
    """A backbone that is at the processor's limit already."""
    return _pairs("VGG16", 150, 512, settings, rounds=3)


def _pairs(backbone: str, size: int, n: int, settings: Settings, rounds: int = ROUNDS) -> Measured:
    data, words = cats_and_dogs(settings.home, settings.quick)
    n, size = (128, 64) if settings.quick else (n, size)
    result = fresh(
        "benchmarks.cases.extraction:sides",
        data=str(data),
        backbone=backbone,
        size=size,
        n=n,
        rounds=settings.pairs or (1 if settings.quick else rounds),
    )
    how = (
        f"{n} photos of {words}, batches of 32; both in one process in alternation, after a warm-up; ours reads, "
        "decodes, resizes, runs the trunk and writes the store"
    )
    return Measured(result["ours"], result["theirs"], how, profile=result["profile"])


def sides(data: str, backbone: str, size: int, n: int, rounds: int) -> dict[str, Any]:
    """Images a second of both sides, `rounds` times, and what our parts take alone."""
    import keras
    import tensorflow as tf

    from core.catalog import backbone as row
    from core.config import RunConfig
    from core.data.manifest import Example, Manifest
    from core.tasks import image

    paths = files(Path(data))[:: max(1, len(files(Path(data))) // n)][:n]
    config = RunConfig(data=data, backbone=backbone, image_size=size, weights=_weights(row(backbone)))
    examples = tuple(Example(p, 0, "train", str(i)) for i, p in enumerate(paths))
    source = image.Source(Manifest("image", "/", ("a", "b"), examples), config)
    network = image.build(config, 2)
    pixels = keras.Input((size, size, 3))
    bare_model = keras.Model(pixels, network.pooling(network.base(network.inputs(pixels))))
    bare = tf.function(lambda x: bare_model(x, training=False))
    batches = _decoded(source, len(paths))
    found: dict[str, Any] = {"ours": [], "theirs": []}
    for i in range(rounds + 1):  # the first one warms up
        began = time.perf_counter()
        for x in batches:
            bare(x).numpy()
        theirs = len(paths) / (time.perf_counter() - began)
        ours = len(paths) / _extract(network, source, len(paths))
        if i:
            found["ours"].append(ours)
            found["theirs"].append(theirs)
    return {**found, "profile": _parts_alone(network, source, batches)}


def _parts_alone(network: Any, source: Any, batches: list[Any]) -> dict[str, float]:
    """Seconds of each part of ours with nothing beside it; together they share the cores, so they take their sum."""
    import tensorflow as tf

    from core.training.batches import passed

    n = sum(len(x) for x in batches)
    trunk = network.trunk(None)
    graph = network.inference(lambda x: trunk(x, training=False), *source.specs, examples=n)
    ready = [((x,), tf.ones(len(x), tf.bool)) for x in batches]
    for _ in passed(graph, ready[:2]):  # warms up
        pass
    began = time.perf_counter()
    for _ in passed(graph, ready):
        pass
    middle = time.perf_counter()
    _decoded(source, n)
    return {
        f"the trunk on {n:,} decoded photos alone": round(middle - began, 2),
        "reading, decoding and resizing them alone": round(time.perf_counter() - middle, 2),
    }


def _extract(network: Any, source: Any, n: int) -> float:
    """Seconds that the pass over the files takes once it runs: tracing is not part of a rate."""
    import numpy as np

    from core.config import RunConfig
    from core.run_list import create_run
    from core.training.extract import Rows, Target, activations
    from core.training.reporter import Reporter
    from core.training.store import FeatureStore

    with tempfile.TemporaryDirectory() as folder:
        run = create_run(RunConfig(), {}, Path(folder))
        reporter = _Timed(Reporter(run))
        rows = Rows(np.arange(n), np.full(n, -1), tuple(map(str, range(n))), {})
        store = FeatureStore(Path(folder, "store"))
        activations(network, source, rows, [Target(network, None, rows)], store, reporter, exact=False)  # type: ignore[arg-type]
        reporter.close("done")
        return reporter.seconds(n)


class _Timed:
    """A reporter that remembers when each batch was done."""

    def __init__(self, reporter: Any) -> None:
        self._reporter = reporter
        self._moments: list[tuple[int, float]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reporter, name)

    def status(self, **changes: Any) -> None:
        """Passes it on, and notes `step`."""
        if changes.get("step"):
            self._moments.append((changes["step"], time.perf_counter()))
        self._reporter.status(**changes)

    def seconds(self, n: int) -> float:
        """Seconds for `n` examples, from the rate after the first batches, which go through the network together."""
        from core.training.batches import AT_ONCE

        if len(self._moments) <= AT_ONCE:
            return float("nan")
        (first, began), (last, ended) = self._moments[AT_ONCE - 1], self._moments[-1]
        return (ended - began) / (last - first) * n


def _decoded(source: Any, n: int) -> list[Any]:
    import numpy as np

    from core.training import batches

    return [x[0] for x, _ in batches.loaded(source, np.arange(n), np.full(n, -1), 32)]


def _weights(row: Any) -> str:
    """Pretrained where they are on this machine, else random: speed does not depend on them."""
    from core.models.weights import locate

    return "pretrained" if locate(row).state == "here" else "random"
