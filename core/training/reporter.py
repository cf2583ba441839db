"""The worker's side of the run directory: status, events, heartbeat, and what is asked of it."""

import os
import threading
import time
from contextlib import suppress
from typing import Any

from core import record
from core.files import replace_atomically
from core.record import Run
from core.strict_json import strict_json

STATUS_SECONDS = 0.2  # the least time between two progress writes
HEARTBEAT_SECONDS = 1.0
EXAMPLES, STEPS = "examples", "steps"  # what `step` and `steps` count, in `unit`: of a stage, or of an epoch
RESERVE_BYTES = 65_536  # set aside while the run goes on, so that on a full disk it can still say how it ended


class StopAskedError(Exception):
    """People asked for a stop, and what is going on need not come to its end."""


class Reporter:
    """Writes `status.json` and `events.jsonl` of one run. Safe to use from several threads."""

    def __init__(self, run: Run) -> None:
        """Begin to report on `run`, whose lock the caller holds."""
        self.run = run
        self._status: dict[str, Any] = {"state": record.RUNNING, "phase": 0, "epoch": 0, "message": "Starting"}
        self._events = open(run.events_file, "ab")
        self._reserve = run.checkpoints / "reserve"
        with suppress(OSError):
            self._reserve.write_bytes(bytes(RESERVE_BYTES))
        self._lock = threading.RLock()
        self._written = self._looked = 0.0
        self._action: str | None = None
        self._began, self._before = time.monotonic(), float(run.status().get("seconds_total") or 0.0)
        self._over = threading.Event()
        self._beat = threading.Thread(target=self._keep_beating, daemon=True)
        self._beat.start()

    def status(self, *, at_once: bool = True, **changes: Any) -> None:
        """Change some of the status; written at once, or when the last write is old enough."""
        with self._lock:
            self._status |= changes
            if at_once or time.monotonic() - self._written >= STATUS_SECONDS:
                self._write()

    def stage(self, message: str, steps: int = 0) -> None:
        """Say what is being done now, and of how many steps it is made (0: not known)."""
        self.event("stage", message=message)
        self.status(message=message, step=0, steps=steps, unit=EXAMPLES, eta_s=None, images_per_second=None)

    @property
    def steps(self) -> int:
        """Of how many steps the present stage is made."""
        return int(self._status.get("steps") or 0)

    def event(self, kind: str, **values: Any) -> None:
        """Append one line to the events and flush it; what is no number, as a loss that broke, becomes null."""
        line = strict_json({"t": time.time(), "kind": kind, **values}).encode("ascii") + b"\n"
        with self._lock:
            self._events.write(line)
            self._events.flush()

    def elapsed(self) -> float:
        """Seconds since this worker began to report."""
        return time.monotonic() - self._began

    def offset(self) -> int:
        """Bytes of events written so far, all of them safe on the disk; what a checkpoint remembers."""
        with self._lock:
            os.fsync(self._events.fileno())  # as the checkpoint is: after a power cut it must not know more
            return self._events.tell()

    def cut_back(self, offset: int) -> None:
        """Forget the events after `offset`: resume writes them again."""
        with self._lock:
            kept = self.run.events_file.read_bytes()[:offset]
            replace_atomically(self.run.events_file, kept)
            self._events.close()
            self._events = open(self.run.events_file, "ab")

    def asked(self, *, at_once: bool = False) -> str | None:
        """What people want: `stop`, `skip`, or None. The file is looked at five times a second, or `at_once`."""
        if at_once or time.monotonic() - self._looked >= STATUS_SECONDS:
            self._looked = time.monotonic()
            if self._action != "stop":
                self._action = self.run.request().get("action")
            if self._action == "stop" and self._status["state"] == record.RUNNING:
                self.status(state=record.STOPPING, message="Stopping after this step")
        return self._action

    def obey(self, *, at_once: bool = False) -> None:
        """Look for a stop, within what need not be finished.

        Raises:
            StopAskedError: one was asked for.
        """
        if self.asked(at_once=at_once) == "stop":
            raise StopAskedError

    def close(self, state: str, **values: Any) -> None:
        """End the report in a final state. Where nothing can be written any more, readers derive how it ended."""
        self._over.set()
        self._beat.join()
        with suppress(OSError):
            self._reserve.unlink(missing_ok=True)
        with suppress(OSError):
            self.event("end", state=state, **({"message": values["error"]} if values.get("error") else {}))
        with suppress(OSError):
            self.status(state=state, step=0, steps=0, eta_s=None, **values)
        with suppress(OSError):
            self._events.close()

    def _write(self) -> None:
        elapsed = self.elapsed()
        seconds = {"elapsed_s": round(elapsed, 2), "seconds_total": round(self._before + elapsed, 2)}
        self.run.write_status(**self._status, **seconds, heartbeat=time.time(), pid=os.getpid())
        self._written = time.monotonic()

    def _keep_beating(self) -> None:
        while not self._over.wait(HEARTBEAT_SECONDS):
            with self._lock, suppress(OSError):  # a full disk may have room again at the next beat
                if time.monotonic() - self._written >= HEARTBEAT_SECONDS:
                    self._write()
