"""The states of a run in words and colours."""

import time
from typing import Any

from core import record

# state: word, Material icon, Streamlit colour
WORDS: dict[str, tuple[str, str, str]] = {
    record.QUEUED: ("waiting", "hourglass_empty", "gray"),
    record.RUNNING: ("training", "local_fire_department", "orange"),
    record.STOPPING: ("stopping", "stop_circle", "gray"),
    record.DONE: ("done", "check_circle", "green"),
    record.STOPPED: ("stopped", "stop_circle", "gray"),
    record.FAILED: ("failed", "error", "red"),
    record.INTERRUPTED: ("interrupted", "power_off", "violet"),
    record.DAMAGED: ("damaged", "broken_image", "red"),
}
_SILENT = 30  # seconds without a heartbeat after which the page says so


def message(status: dict[str, Any]) -> str:
    """What the run is doing, in a sentence; says so when its worker has not been heard of."""
    quiet = time.time() - float(status.get("heartbeat") or time.time())
    if status["state"] == record.RUNNING and quiet > _SILENT:
        return f"The worker has not been heard of for {quiet:.0f} s. It may be frozen, or the machine very busy."
    if status["state"] == record.QUEUED and status.get("place"):
        return f"Waiting for its turn: place {status['place']} in line."
    return str(status.get("message") or "Working")
