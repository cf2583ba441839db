"""One run directory: its states, and how its files are read and written. `core.run_folder` names them."""

import csv
import io
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from core import config as configs
from core import locks
from core.any_text import AS_BYTES
from core.config import RunConfig
from core.errors import ConfigError, RunError
from core.files import exists, is_file, read_json, replace_atomically, write_json
from core.run_folder import RunFolder
from core.shapes import is_count, is_event, is_headline, is_manifest

# What `status.json` may say, and what is derived from it.
QUEUED = "queued"  # waits for its turn
RUNNING = "running"  # a worker is on it
STOPPING = "stopping"  # a stop was asked for, the worker has not ended yet
DONE = "done"  # ended by itself; its model and figures are there
STOPPED = "stopped"  # ended by a stop; keeps its best model
FAILED = "failed"  # ended by an error, which `status.json` words
INTERRUPTED = "interrupted"  # begun, not finished, and nobody holds its lock: derived, never written
DAMAGED = "damaged"  # its files cannot be read: derived, never written

SILENT_SECONDS = 30  # without a heartbeat after which readers are told
_NOTES_SECONDS = 10  # to wait for somebody else who changes the notes, which takes an instant
LAST_DATE = 32_503_680_000  # the year 3000; no run is later
_TEXTS = ("state", "message", "error")
_NUMBERS = (
    *("phase", "epoch", "epochs", "step", "steps", "eta_s", "images_per_second", "elapsed_s", "heartbeat"),
    *("kept", "seconds_total", "place", "pid"),
)
# What a status says where nothing else is said, and what a resume does not change.
_BLANK = {
    "state": QUEUED,
    "phase": 0,
    "epoch": 0,  # counted over the whole run, from 1
    "epochs": 0,
    "step": 0,
    "steps": 0,  # 0: not known
    "eta_s": None,
    "heartbeat": None,
    "message": "",
    "kept": None,
    "error": None,
}
_LASTING = ("kept", "seconds_total")

ENDED = (DONE, STOPPED, FAILED, INTERRUPTED, DAMAGED)
LIVE = (QUEUED, RUNNING, STOPPING)


class Run(RunFolder):
    """One run directory. Cheap to make; every answer is read from disk."""

    # Reading.
    def exists(self) -> bool:
        """Whether the folder is there and holds settings."""
        return is_file(self.config_file)

    def has_model(self, phase: int) -> bool:
        """Whether the model of a phase is there."""
        return is_file(self.phase_model_file(phase))

    def settings(self) -> dict[str, Any]:
        """`config.json` as it stands, `versions` and `created` included.

        Raises:
            RunError: it is missing or not an object.
        """
        data = read_json(self.config_file)
        if not isinstance(data, dict):
            damaged = f"The run {self.id!r} is damaged: {self.config_file.name} cannot be read."
            raise RunError(self.closed() or damaged)
        return data

    def config(self) -> RunConfig:
        """The settings of the run.

        Raises:
            RunError: they cannot be read.
        """
        try:
            return configs.from_record(self.settings())
        except ConfigError as error:
            raise RunError(f"The run {self.id!r} is damaged: {error}") from None

    def created(self) -> float:
        """When the run was created, seconds since 1970."""
        with suppress(RunError, KeyError, TypeError, ValueError, OverflowError):
            created = float(self.settings()["created"])
            if 0 <= created < LAST_DATE:
                return created
        try:
            return self.path.stat().st_mtime
        except OSError:
            return 0.0

    def status(self) -> dict[str, Any]:
        """`status.json` with `state` corrected by what is true now: see `INTERRUPTED` and `DAMAGED`.

        A live run's status also says how many seconds ago its worker was heard of, in `stale_s`.
        """
        status = self._written_status()
        if not isinstance(read_json(self.config_file), dict):
            return {**status, "state": DAMAGED, "error": self._unreadable()}
        if status["state"] in LIVE and not self.is_held():
            status = self._written_status()  # it may have ended between the two looks
            if status["state"] in (DONE, STOPPED, FAILED):
                return status
            had_worker = status["state"] != QUEUED or "place" in status or exists(self.events_file)
            if had_worker or not self.is_new():
                return {**status, "state": INTERRUPTED, "error": self._interrupted(status)}
        if status["state"] in LIVE:
            status["stale_s"] = max(0.0, time.time() - (status.get("heartbeat") or time.time()))
        if status["state"] == RUNNING and self.request().get("action") == "stop":
            return {**status, "state": STOPPING}
        return status

    def _unreadable(self) -> str:
        """Why there are no settings, and what to do."""
        if not exists(self.path):
            return "The run was deleted or renamed meanwhile."
        return self.closed() or f"The run is damaged: {self.config_file.name} cannot be read."

    def closed(self) -> str:
        """What to do where its folder may not be looked into, as that of somebody else's run; else nothing."""
        if not exists(self.path) or not self.path.is_dir() or os.access(self.path, os.R_OK | os.X_OK):
            return ""
        return f"The folder {str(self.path)!r} may not be read. Ask its owner for the right to, or change its rights."

    def _written_status(self) -> dict[str, Any]:
        """`status.json` with every value of the type that readers rely on; one that makes no sense is left out."""
        status = read_json(self.status_file, {})
        if not isinstance(status, dict):
            damaged = f"The run is damaged: {self.status_file.name} holds no status. Remove that file, then resume."
            return {"state": DAMAGED, "message": "", "error": damaged}
        if status.get("state") not in (*LIVE, DONE, STOPPED, FAILED):
            return {"state": QUEUED, "message": ""}
        return {
            key: value
            for key, value in status.items()
            if (isinstance(value, str) if key in _TEXTS else is_count(value) or value is None or key not in _NUMBERS)
        }

    def _interrupted(self, status: dict[str, Any]) -> str:
        """Why a worker ended without a word, as far as that is known, and what to do."""
        known = self.known_end(status)
        if known.get("out_of_memory") is True:
            return (
                "The memory ran out, and the system ended the worker for it. Resume goes on from the last checkpoint; "
                "if it happens again, choose a smaller batch size, smaller pictures, or a smaller backbone."
            )
        if known.get("signal") == "SIGKILL":
            return (
                "The worker was killed from outside (SIGKILL). If nobody did that, the memory may have run out. "
                "Resume goes on from the last checkpoint."
            )
        if isinstance(known.get("signal"), str):
            return f"The worker was ended by {known['signal']}. Resume goes on from the last checkpoint."
        if said := self._last_words():
            return said
        if self.path.is_dir() and not os.access(self.path, os.W_OK):
            return f"The folder {str(self.path)!r} can no longer be written. Change its rights, then resume."
        return (
            "The worker ended without a word: the machine may have been switched off, its memory may have run out, or "
            "its disk be full or read-only. Resume goes on from the last checkpoint."
        )

    def known_end(self, status: dict[str, Any]) -> dict[str, Any]:
        """What `exit.json` says of how the worker of a status ended; empty where it says nothing of that one."""
        ended = read_json(self.exit_file)
        return ended if isinstance(ended, dict) and ended.get("pid") == status.get("pid") else {}

    def _last_words(self) -> str:
        """How the worker said that it ended, where it could still append that but replace its status no more."""
        try:
            with open(self.events_file, "rb") as file:
                file.seek(max(0, self.events_file.stat().st_size - 4096))
                last = json.loads(file.read().splitlines()[-1])
        except (OSError, ValueError, IndexError, RecursionError):
            return ""
        said = last.get("message") if isinstance(last, dict) and last.get("kind") == "end" else ""
        return said if isinstance(said, str) else ""

    def is_new(self) -> bool:
        """Whether its first worker may still be on its way. With a clock that was set back, it no longer is."""
        return -5 < time.time() - self.created() < 30

    def state(self) -> str:
        """One of the states above."""
        return str(self.status()["state"])

    def dataset(self) -> dict[str, Any] | None:
        """The manifest as plain data: `task`, `root`, `classes`, `files`; None before it is written, or damaged."""
        found = read_json(self.dataset_file)
        return found if is_manifest(found) else None

    def events(self, kinds: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        """All events, or those of some kinds. A half-written last line is ignored."""
        return read_events(self.events_file, 0, kinds)[0]

    def evaluation(self, phase: int) -> dict[str, Any] | None:
        """Figures after a phase, None before they are written. A headline that makes no sense is left out."""
        found = read_json(self.evaluation_file(phase))
        if not isinstance(found, dict):
            return None
        sound: dict[str, Any] = {
            "verdict": str,
            "accuracy": (int, float),
            "loss": (int, float),
            "seconds": (int, float),
        }
        return {key: value for key, value in found.items() if key not in sound or isinstance(value, sound[key])}

    def figures(self) -> dict[int, dict[str, Any]]:
        """By phase, the figures that are there and hold what pages and reports draw."""
        found = {phase: self.evaluation(phase) for phase in (1, 2)}
        return {phase: figures for phase, figures in found.items() if figures and is_headline(figures)}

    def predictions(self) -> list[dict[str, str]]:
        """The rows of `predictions.csv`."""
        try:
            text = self.predictions_file.read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return []
        return list(csv.DictReader(io.StringIO(text, newline="")))

    def notes(self) -> dict[str, Any]:
        """What people decided: `name`, `threshold`, `kept`, `corrections`."""
        notes = read_json(self.notes_file, {})
        return notes if isinstance(notes, dict) else {}

    def corrections(self) -> dict[str, Any]:
        """The corrections that this run was trained with: see `core.corrections`."""
        found = read_json(self.corrections_file, {})
        return found if isinstance(found, dict) else {}

    def request(self) -> dict[str, Any]:
        """What is asked of the worker: `action` is stop or skip."""
        request = read_json(self.request_file, {})
        return request if isinstance(request, dict) else {}

    def name(self) -> str:
        """What people call the run; its id where they have not named it."""
        try:
            return str(self.notes().get("name") or self.settings().get("name") or self.id)
        except RunError:
            return self.id

    def kept(self) -> int:
        """Which phase's model is the run's: 1 or 2."""
        chosen = self.notes().get("kept") or self.status().get("kept")
        return 2 if chosen == 2 or (chosen is None and self.has_model(2)) else 1

    # Writing.
    def write_status(self, **status: Any) -> None:
        """Replace `status.json`. Every key of the contract is in it; some go on to say what they said before."""
        before = self._written_status()
        lasting = {key: before.get(key) for key in _LASTING}
        whole = {**_BLANK, "heartbeat": time.time(), **lasting, **status}
        write_json(self.status_file, whole, durable=whole["state"] not in LIVE)

    def write_kept(self, phase: int) -> None:
        """Say in `status.json` which phase's model is the run's, and nothing else. The caller holds the lock."""
        if exists(self.status_file):
            write_json(self.status_file, {**self._written_status(), "kept": phase}, durable=True)

    def write_notes(self, **changes: Any) -> None:
        """Change some notes, keep the others, those included that somebody else changes at the same moment.

        Raises:
            RunError: the folder is gone, full or read-only.
        """
        with self.changing():
            self.path.stat()  # a lock would make the folder of a run that is gone anew
            with FileLock(self.notes_lock_file, timeout=_NOTES_SECONDS):
                write_json(self.notes_file, {**self.notes(), **changes})

    def ask(self, action: str) -> None:
        """Ask the worker to `stop`, or to `skip` to phase 2. A stop takes a skip's place, a skip takes nobody's.

        Raises:
            RunError: the folder is gone, full or read-only.
        """
        asked = {"action": action, "t": time.time()}
        with self.changing():
            if action == "stop":
                write_json(self.request_file, asked)
                return
            with suppress(FileExistsError), open(self.request_file, "x", encoding="ascii") as file:
                json.dump(asked, file)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Turn what the file system says into a sentence."""
        try:
            yield
        except FileNotFoundError:
            raise RunError(f"The run {self.id!r} was deleted or renamed meanwhile.") from None
        except Timeout:
            raise RunError(f"The run {self.id!r} is being changed by somebody else. Try again.") from None
        except OSError as error:
            raise RunError(f"The run {self.id!r} cannot be changed: {error.strerror}.") from None

    def write_predictions(self, header: list[str], rows: list[list[str]]) -> None:
        """Replace `predictions.csv`."""
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerow(header)
        writer.writerows(rows)
        replace_atomically(self.predictions_file, text.getvalue().encode("utf-8", AS_BYTES))

    def delete(self) -> None:
        """Remove the run's folder.

        Raises:
            RunError: a worker is still on it.
        """
        if self.is_held():
            raise RunError(f"The run {self.name()!r} is still training. Stop it first, then delete it.")
        doomed = self.path.with_name(f".deleted-{self.id}-{secrets.token_hex(3)}")
        if not exists(self.path):
            return
        with self.changing():
            os.replace(self.path, doomed)
        shutil.rmtree(doomed, ignore_errors=True)

    # The lock that a worker holds while it lives.
    def lock(self) -> FileLock:
        """The operating-system lock of the run; it goes when its holder dies."""
        return FileLock(self.lock_file)

    def is_held(self) -> bool:
        """Whether a worker is on the run now."""
        return locks.is_held(self.lock_file)


def silence(status: dict[str, Any]) -> str:
    """A sentence where a live run's worker has not been heard of for long; else nothing."""
    quiet = status.get("stale_s") or 0.0
    if status["state"] not in LIVE or quiet < SILENT_SECONDS:
        return ""
    return f"The worker has not been heard of for {quiet:.0f} s. It may be frozen, or the machine very busy."


def read_events(path: Path, offset: int = 0, kinds: tuple[str, ...] = ()) -> tuple[list[dict[str, Any]], int]:
    """Events from a byte offset on, and the offset after the last whole line.

    Lines that are not a JSON object with a `kind`, and with epoch and phase where it is of an epoch, are passed over.
    """
    try:
        with open(path, "rb") as file:
            file.seek(offset)
            data = file.read()
    except OSError:
        return [], offset
    whole = data[: data.rfind(b"\n") + 1]
    events = []
    for line in whole.splitlines():
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if is_event(event) and (not kinds or event["kind"] in kinds):
            events.append(event)
    return events, offset + len(whole)
