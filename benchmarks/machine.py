"""The machine that a figure was measured on."""

import os
import platform
import subprocess
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any


def machine() -> dict[str, Any]:
    """Processor, cores, memory and versions."""
    return {
        "cpu": _field("/proc/cpuinfo", "model name") or platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(int((_field("/proc/meminfo", "MemTotal") or "0 kB").split()[0]) / 1e6, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        **{name: version(name) for name in ("tensorflow", "keras", "streamlit")},
    }


def state() -> dict[str, str]:
    """The day, and the commit of the code; with a `+` where files differ from it."""
    commit = _git("rev-parse", "--short", "HEAD") or "–"
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", "core", "components", "benchmarks/*.py")
    return {"day": time.strftime("%Y-%m-%d"), "commit": commit + ("+" if changed else "")}


def _git(*command: str) -> str:
    try:
        found = subprocess.run(["git", *command], cwd=Path(__file__).parent.parent, capture_output=True, text=True)
    except OSError:
        return ""
    return found.stdout.strip()


def load() -> float:
    """How many processes wanted a core, averaged over the last minute."""
    return round(os.getloadavg()[0], 2)


def memory(pid: int) -> dict[str, int]:
    """Bytes that a process holds: `peak` and `now` with mapped files, `own` without; zeros once it has gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        lines = []
    table = {name: rest for name, _, rest in (line.partition(":") for line in lines)}
    fields = {"peak": "VmHWM", "now": "VmRSS", "own": "RssAnon"}
    return {key: int(table.get(field, "0 kB").split()[0]) * 1024 for key, field in fields.items()}


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used, its threads included; 0 once it has gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def chromium_seconds() -> float:
    """Processor time that the processes of all Chromiums on this machine have used."""
    return sum(cpu_seconds(pid) for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _is_chromium(pid))


def _is_chromium(pid: int) -> bool:
    try:
        return "chrom" in Path(f"/proc/{pid}/comm").read_text()
    except OSError:
        return False


def _field(file: str, name: str) -> str:
    lines = Path(file).read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), "")
