"""The map by t-SNE of a run's features, made on demand from the principal components that the worker kept."""

import numpy as np

from core.errors import RunError
from core.evaluation import embedding
from core.files import read_json, replace_atomically
from core.record import Run
from core.strict_json import strict_json


def make(run: Run) -> None:
    """Write `tsne.json`. Phase 2's map starts where phase 1's ended, so that an example is found again.

    Raises:
        RunError: the run has no components.
    """
    found = read_json(run.embedding_file)
    if not isinstance(found, dict) or not run.components_file.is_file():
        raise RunError(f"The run {run.name()!r} has kept no features, so no map can be made of them. Train it again.")
    with np.load(run.components_file) as file:
        values = {name.removeprefix("phase"): file[name].astype(np.float32) for name in sorted(file.files)}
    maps, points = {}, None
    for phase, features in values.items():
        points = embedding.tsne(features, points)
        x, y = points.astype(float).round(3).T.tolist()
        maps[phase] = {"x": x, "y": y}
    replace_atomically(run.tsne_file, strict_json({"files": found["files"], "maps": maps}).encode())
