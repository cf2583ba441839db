"""The states of a run in words and colours."""

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


def message(status: dict[str, Any]) -> str:
    """What the run is doing, in a sentence; says so when its worker has not been heard of."""
    if silent := record.silence(status):
        return silent
    if status["state"] == record.QUEUED and status.get("place"):
        return f"Waiting for its turn: place {status['place']} in line."
    return str(status.get("message") or "Working")
