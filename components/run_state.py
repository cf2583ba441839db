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
    """What the run is doing, in a sentence; says so, and what to do, when its worker has not been heard of."""
    if silent := record.silence(status):
        return f"{silent} {_wake(status['pid'])}" if status.get("pid") else silent
    if status["state"] == record.QUEUED and status.get("place"):
        return f"Waiting for its turn: place {status['place']} in line."
    return str(status.get("message") or "Working")


def _wake(pid: int) -> str:
    """What to do about a worker that may be frozen."""
    return (
        f"In a terminal where Thaw runs, kill -CONT {pid} wakes a frozen one; kill -KILL {pid} ends it, "
        "and Resume goes on from its last checkpoint."
    )
