"""What the network feels about the examples after each phase: a map, nearest examples, and labels that look wrong.

Computed in the worker, from features that training has stored or that judging makes anyway, so it costs little.
"""

import io
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from core.errors import ThawError
from core.evaluation import embedding
from core.evaluation.correction_gain import gain
from core.evaluation.insight import LOOK_FAILED
from core.files import read_json, replace_atomically, write_json
from core.record import Run
from core.run_list import find_run
from core.strict_json import strict_json
from core.training import batches, scoring
from core.training.examples import Examples
from core.training.likeness import Felt, likeness
from core.training.network import Network, unwrapped
from core.training.plan import CACHED, Plan
from core.training.reporter import Reporter, StopAskedError
from core.training.store import Entry

MOST_POINTS = 5_000  # of a map; also of the training examples that are computed for it
MOST_BYTES = 50_000_000  # of training features that are looked through


class Insight:
    """Writes `insight.json`, `embedding.json`, `components.npz` and `words.json` of a run."""

    def __init__(
        self,
        run: Run,
        network: Network,
        examples: Examples,
        entries: dict[int, Entry],
        judged: np.ndarray,
        reporter: Reporter,
    ) -> None:
        """`judged` are the examples, by their place in the manifest, whose features `after` is given."""
        self.run, self.network, self.examples, self.entries = run, network, examples, entries
        self.judged, self.reporter = judged, reporter

    def after(self, p: Plan, features: np.ndarray, model: Any, answer: Callable[..., np.ndarray]) -> None:
        """Look at the network as phase `p` left it. A failure is noted and ends nothing; a stop leaves the look out.

        Args:
            p: the phase.
            features: float32 (M, F) of the first M examples of `judged`, from the complete network.
            model: the servable model, as it was saved.
            answer: the same network as a graph that there is already: a batch's tensors -> probabilities `(N, C)`.
        """
        if self.reporter.asked(at_once=True) == "stop":
            return
        self.reporter.stage(f"Phase {p.phase}: looking into the network")
        began = time.monotonic()
        try:
            self._look(p, features)
            self._explain(p, model, answer)
        except StopAskedError:
            return
        except Exception as error:  # noqa: BLE001 -- a trained model is worth more than a look into it
            message = f"{LOOK_FAILED} ({type(error).__name__}: {str(error)[:200]})."
            self.reporter.event("note", message=message)
            return
        found = read_json(self.run.insight_file, {})
        found.setdefault("seconds", {})[str(p.phase)] = round(time.monotonic() - began, 3)
        write_json(self.run.insight_file, found)

    def compare_with_earlier(self) -> None:
        """After a run with corrections: what they brought."""
        name = self.examples.config.corrections_of
        found = read_json(self.run.insight_file, {})  # nothing where looking into the network failed
        if not name or not isinstance(found, dict):
            return
        try:
            earlier = find_run(name, self.run.path.parent)
            found["corrections"] = gain(self.run, earlier, self.examples.task.NOUN)
        except ThawError as error:
            self.reporter.event("note", message=f"The corrected run cannot be compared with the earlier one: {error}")
        write_json(self.run.insight_file, found)

    def _look(self, p: Plan, features: np.ndarray) -> None:
        judged = self.judged[: len(features)]
        shown = np.sort(self._sample(np.arange(len(judged)), MOST_POINTS // 2))
        most = min(MOST_POINTS - len(shown), max(1, MOST_BYTES // (4 * features.shape[1])))
        sample = self._sample(self.examples.rows("train"), most)
        training = self._training_rows(p, features.shape[1], sample)
        known = self._training_features(p, training)
        self.reporter.obey()
        values, explained = embedding.components(features, known, seed=self.examples.config.seed)
        on_map = np.concatenate([shown, len(judged) + np.flatnonzero(np.isin(training, sample))])
        self._map(p.phase, np.concatenate([judged, training])[on_map], values[on_map], explained)
        self.reporter.obey()
        if p.phase == 1:
            felt = Felt(judged, features, training, known, values, sample)
            write_json(self.run.insight_file, {**likeness(self.examples, felt), "corrections": None})

    def _explain(self, p: Plan, model: Any, answer: Callable[..., np.ndarray]) -> None:
        """What speaks for the answers to the sample examples, where that is found out beforehand."""
        examples = self.examples
        rows = self._until_a_stop(examples.sample_rows().tolist())
        if found := examples.task.explained(model, answer, examples.manifest, examples.config, rows, p.phase):
            before = read_json(self.run.words_file, {}) if p.phase == 2 else {}
            write_json(self.run.words_file, {"phases": {**before.get("phases", {}), str(p.phase): found}})

    def _until_a_stop(self, rows: list[int]) -> Iterator[int]:
        for row in rows:
            self.reporter.obey()
            yield row

    def _training_rows(self, p: Plan, width: int, sample: np.ndarray) -> np.ndarray:
        """Which training examples are looked at: all that are stored and fit into memory, or only the map's sample."""
        if p.phase != 1 or p.mode != CACHED:
            return sample
        return np.union1d(sample, self._sample(self.examples.rows("train"), MOST_BYTES // (4 * width)))

    def _training_features(self, p: Plan, rows: np.ndarray) -> np.ndarray:
        """Features float32 (len(rows), F) after the phase, of the originals or of their first augmented copies."""
        entry = self.entries.get(p.phase)
        if p.mode != CACHED or entry is None:
            source, n_classes = self.examples.source, self.examples.n_classes
            answer = scoring.answering(self.network, source, len(rows), n_classes)
            return scoring.score(answer, self.network, source, rows, n_classes, self.reporter, optional=True)[1]
        positions = self.examples.positions(rows)
        if p.phase == 1:
            return entry.read(0, positions[0]).astype(np.float32, copy=False)
        tail = self.network.tail(p.cut)
        specs = [tf.TensorSpec(t.shape, t.dtype) for t in tail.inputs]
        run = self.network.inference(lambda *x: tail(unwrapped(x), training=False), *specs)
        order = batches.reading_order(self.examples.source.lengths, rows, len(rows))
        labels, lengths = np.zeros(len(rows), "int32"), self.examples.lengths(p, rows[order])
        stored = batches.stored(entry, positions[:, order], labels, scoring.BATCH, lengths=lengths)
        found = []
        for x, _ in stored:
            found.append(run(*_listed(x))[0].numpy())
            entry.let_go()
            self.reporter.obey()
        return np.concatenate(found)[np.argsort(order)]

    def _map(self, phase: int, rows: np.ndarray, values: np.ndarray, explained: list[float]) -> None:
        """Principal components of some examples; phase 2's are turned to lie as phase 1's do."""
        files = self.examples.place(rows)
        before = read_json(self.run.embedding_file, {}) if phase == 2 else {}
        maps, points = dict(before.get("maps", {})) if before.get("files") == files else {}, values[:, :2]
        if "1" in maps:
            points = embedding.aligned(points, np.array([maps["1"]["x"], maps["1"]["y"]]).T)
        maps[str(phase)] = {**_columns(points), "explained": [round(share, 4) for share in explained]}
        self._keep_components(phase, values)
        self.run.tsne_file.unlink(missing_ok=True)  # made of what the phases had left before
        replace_atomically(self.run.embedding_file, strict_json({"files": files, "maps": maps}).encode())

    def _keep_components(self, phase: int, values: np.ndarray) -> None:
        kept = {}
        if phase == 2 and self.run.components_file.exists():
            with np.load(self.run.components_file) as file:
                kept = {name: file[name] for name in file.files}
        buffer = io.BytesIO()
        np.savez(buffer, **{**kept, f"phase{phase}": values.astype(np.float16)})
        replace_atomically(self.run.components_file, buffer.getvalue())

    def _sample(self, rows: np.ndarray, most: int) -> np.ndarray:
        """At most `most` of the rows, the same ones every time, in order."""
        if len(rows) <= most:
            return rows
        return np.sort(np.random.default_rng(self.examples.config.seed).choice(rows, most, replace=False))


def _columns(points: np.ndarray) -> dict[str, list[float]]:
    return {name: points[:, k].astype(float).round(4).tolist() for k, name in enumerate("xy")}


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]
