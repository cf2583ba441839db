"""Reading what the worker found when it looked into the network. Needs neither TensorFlow nor scikit-learn."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from core.files import read_json
from core.record import Run

LOOK_FAILED = "The look into the network failed"  # how the note begins that says so


@dataclass(frozen=True)
class Neighbour:
    """A training example that the network takes for similar."""

    path: str  # relative to the data
    label: str  # its class
    similarity: float  # cosine between features, at most 1


@dataclass(frozen=True)
class LabelError:
    """An example whose label may be wrong."""

    path: str  # relative to the data
    split: str  # train or validation
    label: str  # the class that it is filed under
    suggested: str  # the class that it rather looks like
    p_given: float  # probability of the label, from a head that has not seen the example
    p_suggested: float  # of the suggested class


@dataclass(frozen=True)
class Map:
    """Examples as N points: those that lie close together look alike to the network."""

    paths: tuple[str, ...]  # relative to the data
    splits: tuple[str, ...]
    labels: tuple[str, ...]  # class names
    x: np.ndarray  # float (N,)
    y: np.ndarray  # float (N,)
    explained: tuple[float, ...]  # share of the variance that each axis shows; empty where that means nothing
    total: int = 0  # examples of the run, of which N were drawn at random where they are more


class Insight:
    """What was found in one run."""

    def __init__(self, dataset: dict[str, Any], found: dict[str, Any]) -> None:
        """`dataset` is the run's manifest, `found` its `insight.json`."""
        self._dataset, self._found = dataset, found

    @property
    def looked(self) -> bool:
        """Whether the network was looked into after phase 1; else there is at most what corrections brought."""
        return "label_errors" in self._found

    @property
    def label_errors(self) -> list[LabelError]:
        """The most suspicious labels, the worst first."""
        files = self._dataset["files"]
        known = self._found.get("label_errors") or {"rows": []}
        return [
            LabelError(
                files[row["file"]]["path"],
                files[row["file"]]["split"],
                *(row[name] for name in ("label", "suggested", "p_given", "p_suggested")),
            )
            for row in known["rows"]
        ]

    @property
    def label_errors_found(self) -> int | None:
        """How many labels look wrong in all; None where it could not be told."""
        known = self._found.get("label_errors")
        return None if known is None else int(known["found"])

    @property
    def label_head_accuracy(self) -> float | None:
        """The share of the labels that the head which doubts some of them gives itself, 0…1; None where not noted."""
        share = (self._found.get("label_errors") or {}).get("accuracy")
        return float(share) if isinstance(share, (int, float)) else None

    @property
    def labels_searched(self) -> tuple[int, int]:
        """How many examples were searched for wrong labels, and how many of training and held-out ones there are."""
        known = self._found.get("label_errors") or {}
        total = sum(file["split"] in ("train", "validation") for file in self._dataset["files"])
        return int(known.get("n", total)), total

    @property
    def neighbours_searched(self) -> tuple[int, int]:
        """How many training examples the nearest ones were sought among, and how many there are."""
        known = self._found.get("neighbours") or {}
        total = sum(file["split"] == "train" for file in self._dataset["files"])
        return int(known.get("searched", total)), total

    @property
    def corrections(self) -> dict[str, Any] | None:
        """What this run's corrections changed, compared with the run that they were made on."""
        return self._found.get("corrections")

    def neighbours(self, path: str) -> list[Neighbour]:
        """The training examples most like an example, never itself, the nearest first; empty where none were sought."""
        table, place = self._places.get(path, ("", 0))
        if not table:
            return []
        files, classes = self._dataset["files"], self._dataset["classes"]
        near, similarity = (self._found[table][name][place] for name in ("nearest", "similarity"))
        return [
            Neighbour(files[i]["path"], classes[files[i]["label"]], float(share))
            for i, share in zip(near, similarity, strict=True)
        ]

    def out_of_fold(self, path: str) -> dict[str, float]:
        """The likeliest classes of a training example, by a head on frozen features that has not seen it.

        Empty where they are not known: only examples on the map, or of a doubted label, are kept.
        """
        table, place = self._places.get(path, ("", 0))
        found = self._found.get(table) or {}
        if "shares" not in found:
            return {}
        names = [self._dataset["classes"][k] for k in found["classes"][place]]
        return dict(zip(names, map(float, found["shares"][place]), strict=True))

    @cached_property
    def _places(self) -> dict[str, tuple[str, int]]:
        """In which table, and at which place of it, an example stands."""
        files = self._dataset["files"]
        return {
            files[i]["path"]: (table, place)
            for table in ("neighbours", "learned_from")
            for place, i in enumerate((self._found.get(table) or {"files": []})["files"])
        }


def read(run: Run) -> Insight | None:
    """What was found in a run; None where nothing was."""
    dataset, found = run.dataset(), read_json(run.insight_file)
    if not isinstance(dataset, dict) or not isinstance(found, dict):
        return None
    return Insight(dataset, found)


def failure(run: Run) -> str:
    """What the worker noted where its look into the network failed; else nothing."""
    notes = [str(event.get("message", "")) for event in run.events(("note",))]
    return next((note for note in notes if note.startswith(LOOK_FAILED)), "")


def embedding(run: Run, kind: str = "pca") -> dict[int, Map]:
    """The map after each phase, by phase; `pca` is there after a run, `tsne` once it was made. May be empty."""
    dataset, found = run.dataset(), read_json(run.embedding_file if kind == "pca" else run.tsne_file)
    if not isinstance(dataset, dict) or not isinstance(found, dict):
        return {}
    files = [dataset["files"][i] for i in found["files"]]
    paths, splits = (tuple(f[name] for f in files) for name in ("path", "split"))
    labels = tuple(dataset["classes"][f["label"]] for f in files)
    return {
        int(phase): Map(
            paths,
            splits,
            labels,
            np.array(one["x"]),
            np.array(one["y"]),
            tuple(one.get("explained") or ()),
            len(dataset["files"]),
        )
        for phase, one in found["maps"].items()
    }
