import os
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from core.config import from_json
from core.errors import NoRoomError
from core.run_list import create_run
from core.training.reporter import Reporter
from core.training.store import ArraySpec, FeatureStore, key_of
from core.training.trainer import train
from tests.core.conftest import ROOT

SPEC = [ArraySpec((3,), "float32")]
ROWS, BYTES = 1000, 12_000  # of an entry
ROOM = 2000  # for what describes the entries


def fill(store: FeatureStore, key: str, rows: int = 4):
    writer = store.create(key, rows, SPEC, {"examples": rows})
    writer.append([np.arange(rows * 3).reshape(rows, 3)], np.arange(rows) != 1)
    return writer.commit()


def test_entry_gives_back_what_was_written(tmp_path):
    entry = fill(FeatureStore(tmp_path, 10**6), "a")
    assert entry.mapped(0).tolist() == np.arange(12.0).reshape(4, 3).tolist()
    assert entry.unreadable == {1}


def test_memory_of_what_was_looked_at_is_given_back(tmp_path):
    entry = fill(FeatureStore(tmp_path, 10**9), "a", 2_000_000)  # 24 MB
    before, total = _mapped_megabytes(), entry.mapped(0).sum(dtype="float64")
    assert _mapped_megabytes() > before + 20
    entry.let_go()
    assert _mapped_megabytes() < before + 2
    assert entry.mapped(0).sum(dtype="float64") == total == 6_000_000 * 5_999_999 / 2


def test_training_reads_the_same_rows_while_their_memory_is_given_back(tmp_path):
    import keras

    from core.training.batches import stored
    from core.training.callbacks import LetGo

    n, most = 2_000_000, []
    entry = fill(FeatureStore(tmp_path, 10**9), "a", n)  # 24 MB
    data = stored(entry, np.arange(n)[None], np.zeros((n, 1), "float32"), 10_000)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")])
    model.compile("sgd", "mae", steps_per_execution=20)
    model.optimizer.learning_rate = 0.0
    look = keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: most.append(_mapped_megabytes()))
    fitted = model.fit(data, epochs=2, verbose=0, shuffle=False, callbacks=[LetGo(entry), look])
    rows = np.arange(n * 3, dtype="float64").reshape(n, 3).sum(axis=1)
    assert fitted.history["loss"] == pytest.approx([rows.mean()] * 2, rel=1e-3)
    assert max(most) - min(most) < 16


def _mapped_megabytes():
    """What this process holds of mapped files."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("RssFile"))


def test_half_written_entry_is_never_served(tmp_path):
    store = FeatureStore(tmp_path, 10**6)
    writer = store.create("a", 4, SPEC, {})
    writer.append([np.zeros((2, 3))], np.ones(2, bool))
    assert store.find("a") is None
    assert store.entries() == []
    writer.abandon()
    assert os.listdir(tmp_path) == []


def test_damaged_entry_is_dropped(tmp_path):
    store = FeatureStore(tmp_path, 10**6)
    entry = fill(store, "a")
    entry.file(0).write_bytes(b"short")
    assert store.find("a") is None
    assert not (tmp_path / "a").exists()


def test_what_was_used_longest_ago_goes_first(tmp_path):
    store = FeatureStore(tmp_path, 3 * BYTES + ROOM)
    for key, age in (("old", 100), ("oldest", 300), ("older", 200)):
        fill(store, key, ROWS).close()
        meta = tmp_path / key / "meta.json"
        os.utime(meta, (meta.stat().st_mtime - age,) * 2)
    fill(store, "new", ROWS).close()
    assert [e["key"] for e in store.entries()] == ["new", "old", "older"]
    store.find("older").close()
    fill(store, "newer", ROWS).close()
    assert {e["key"] for e in store.entries()} == {"newer", "older", "new"}


def test_entries_in_the_making_take_their_room_from_the_start(tmp_path):
    store, other = FeatureStore(tmp_path, 2 * BYTES), FeatureStore(tmp_path, 2 * BYTES)
    writers = [store.create("a", ROWS, SPEC, {}), other.create("b", ROWS, SPEC, {})]
    with pytest.raises(NoRoomError, match="THAW_CACHE_GB"):
        store.create("c", ROWS, SPEC, {})
    writers[0].abandon()
    store.create("c", ROWS, SPEC, {}).abandon()
    writers[1].abandon()


def test_nothing_is_dropped_where_that_makes_too_little_room(tmp_path):
    store = FeatureStore(tmp_path, 2 * BYTES + ROOM)
    fill(store, "unused", ROWS).close()
    read = fill(store, "read", ROWS)
    with pytest.raises(NoRoomError):
        store.create("new", 2 * ROWS, SPEC, {})
    assert {e["key"] for e in store.entries()} == {"unused", "read"}
    store.create("new", ROWS, SPEC, {}).abandon()
    assert [e["key"] for e in store.entries()] == ["read"]
    read.close()


@pytest.mark.parametrize(("taken", "modes"), [(0, ["cached"] * 2), (65_000, ["cached", "plain"])])
def test_a_run_that_finds_no_room_trains_plainly_and_says_so(pictures, monkeypatch, taken, modes):
    monkeypatch.setenv("THAW_CACHE_GB", "0.001")  # 40 pictures: features of 205 kB, and 26 kB at the cut
    other = FeatureStore().create("other", taken, SPEC, {})  # what another run is writing
    small = {"image_size": 32, "unfreeze": "blocks:1", "phase1": {"epochs": 1}, "phase2": {"epochs": 1}}
    run = create_run(from_json({"data": str(pictures), "task": "image", **small}), {})
    train(run, Reporter(run))
    assert run.status()["state"] == "done"
    assert [e["mode"] for e in run.events(("phase",))] == modes
    assert any("THAW_CACHE_GB" in e["message"] for e in run.events(("note",))) == bool(taken)
    kept = [entry["about"] for entry in FeatureStore().entries()]
    assert len(kept) == modes.count("cached")
    assert all(about["data"] == pictures.name and about["backbone"] == run.config().backbone for about in kept)
    assert not [about for about in kept if about["tensors"].startswith("keras_tensor")]
    other.abandon()


def test_entry_in_use_is_not_dropped(tmp_path):
    store = FeatureStore(tmp_path, 10**6)
    entry = fill(store, "a")
    assert store.clear() == 0
    entry.close()
    assert store.clear() > 0
    assert store.find("a") is None


class Unlucky(FeatureStore):
    """A store where another run makes room for an entry of its own before and after every step of this one."""

    def _other(self):
        with suppress(NoRoomError):
            FeatureStore(self.folder, self.limit).create("other", ROWS, SPEC, {}).abandon()

    def find(self, key):
        self._other()
        return super().find(key)

    @contextmanager
    def alone(self):
        self._other()
        with super().alone():
            yield
        self._other()


def test_an_entry_is_not_dropped_between_its_writing_and_its_reading(tmp_path):
    entry = fill(Unlucky(tmp_path, BYTES + ROOM), "a", ROWS)
    assert entry.mapped(0).shape == (ROWS, 3)
    assert [e["key"] for e in FeatureStore(tmp_path).entries()] == ["a"]


def test_emptying_frees_what_is_damaged_or_left_by_a_dead_run_and_leaves_what_is_written(tmp_path):
    store = FeatureStore(tmp_path, 10**6)
    fill(store, "whole", ROWS).close()
    for key, meta in (("list", b"[]"), ("text", b'{"about": "x"}'), ("half", b'{"ro'), ("none", None)):
        (tmp_path / key).mkdir()
        (tmp_path / key / "0.bin").write_bytes(bytes(500))
        if meta is not None:
            (tmp_path / key / "meta.json").write_bytes(meta)
    writer = store.create("new", ROWS, SPEC, {})
    (tmp_path / ".gone.1.500.tmp").mkdir()
    (tmp_path / ".gone.1.500.tmp" / "0.bin").write_bytes(bytes(500))
    assert {e["key"]: e["about"] for e in store.entries()} == {
        "whole": {"examples": ROWS}, "list": {}, "text": {}, "half": {}, "none": {}
    }  # fmt: skip
    assert BYTES + 5 * 500 <= store.clear() < BYTES + 5 * 500 + ROOM
    assert store.entries() == []
    writer.append([np.zeros((ROWS, 3))], np.ones(ROWS, bool))
    assert writer.commit().rows == ROWS


WRITER = """
import sys
from pathlib import Path
import numpy as np
from core.training.store import ArraySpec, FeatureStore
writer = FeatureStore(Path(sys.argv[1]), 10**6).create("shared", 2000, [ArraySpec((3,), "float32")], {})
writer.append([np.zeros((2000, 3))], np.ones(2000, bool))
writer.commit().close()
"""


def test_two_processes_may_write_the_same_entry(tmp_path):
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], cwd=ROOT) for _ in range(2)]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    entry = FeatureStore(tmp_path, 10**6).find("shared")
    assert entry is not None
    assert entry.mapped(0).shape == (2000, 3)


def test_leftovers_of_a_dead_writer_are_removed(tmp_path):
    store = FeatureStore(tmp_path, 10**6)
    dead = tmp_path / ".gone.1.tmp"
    dead.mkdir()
    (dead / "0.bin").write_bytes(b"x" * 100)
    fill(store, "a")
    assert not dead.exists()


@pytest.mark.parametrize("change", [{"rows": "2"}, {"weights": "w"}, {"recipe": {"image_size": 1}}])
def test_key_changes_with_every_part(change):
    parts = {"rows": "1", "weights": "v", "recipe": {"image_size": 2}}
    assert key_of(**parts) != key_of(**{**parts, **change})
    assert key_of(**parts) == key_of(**dict(reversed(parts.items())))
