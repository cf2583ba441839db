"""The results: rows merged into `results.json`, and the table that people read."""

import json
import time
from pathlib import Path
from typing import Any

from benchmarks.registry import ALONE, FASTER, RATE, Benchmark

FOLDER = Path(__file__).parent
JSON, TABLE = FOLDER / "results.json", FOLDER / "results.md"
QUIET = 2.5  # load average above which other processes took part in what was measured


def read(path: Path = JSON) -> dict[str, dict[str, Any]]:
    """The rows measured so far, by name."""
    return json.loads(path.read_text())["rows"] if path.exists() else {}


def merge(rows: dict[str, dict[str, Any]], known: dict[str, Benchmark], path: Path = JSON) -> dict[str, dict[str, Any]]:
    """Put new rows among the earlier ones, in the table's order, and write both files."""
    together = {**read(path), **rows}
    ordered = {name: together[name] for name in known if name in together}
    path.write_text(json.dumps({"written": time.strftime("%Y-%m-%d"), "rows": ordered}, indent=1) + "\n")
    path.with_suffix(".md").write_text(table(ordered))
    return ordered


def table(rows: dict[str, dict[str, Any]]) -> str:
    """The rows in Markdown, with the machines that they were measured on."""
    lines = [
        "# Measured side by side",
        "",
        "Written by `make bench`; single rows by `python -m benchmarks NAME`. Both sides ran on the same machine, one",
        "after the other, pair by pair; each in a fresh process, or both warm in one where the row says so. Figures",
        "are medians, and the ratio is the median of the pairs' ratios. `results.json` has every value and the load;",
        "the last column names the day and the commit of the code.",
        "",
        f"A goal is **provisional** where the load average was above {QUIET:g} before or after: other processes took",
        "part, and with a single pair perhaps in one side more than in the other. Such a row is to be measured again.",
        "",
        "| what | against | goal | ours | theirs | ratio | pairs | met? | how | measured |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | --- | --- | --- |",
    ]
    for row in rows.values():
        met = ("yes" if row["met"] else "**no**") + (", provisional" if provisional(row) else "")
        lines.append(
            f"| {row['what']} | {row['against']} | {row['goal_words']} | {amount(row['ours'], row['unit'])} "
            f"| {amount(row['theirs'], row['unit'])} | {ratio(row)} | {row['pairs']} | {met} | {row['how']} "
            f"| {row['code']['day']}, {row['code']['commit']} |"
        )
    lines += ["", *_profiles(rows), *_machines(rows)]
    return "\n".join(lines) + "\n"


def provisional(row: dict[str, Any]) -> bool:
    """Whether the machine was busy with something else while the row was measured."""
    return max(row["load"]) > QUIET


def amount(value: float | None, unit: str) -> str:
    """A figure with its unit, to three digits."""
    if value is None:
        return "–"
    if unit == "s" and value < 1:
        value, unit = value * 1000, "ms"
    return f"{value:,.0f} {unit}" if value >= 100 else f"{value:.3g} {unit}"


def ratio(row: dict[str, Any]) -> str:
    """How the sides compare, in words that say which is better."""
    if row["kind"] == ALONE or row["ratio"] is None:
        return "–"
    words = {FASTER: "× faster", RATE: "×"}.get(row["kind"], "×")
    return f"{row['ratio']:.3g}{words}"


def _profiles(rows: dict[str, dict[str, Any]]) -> list[str]:
    """Where the time or the memory went, of the rows below their goal."""
    missed = [row for row in rows.values() if not row["met"]]
    if not missed:
        return []
    lines = ["## What keeps the others from their goals", "", "Where our time, or memory, went in the last round.", ""]
    for row in missed:
        unit = "MB" if row["unit"] == "MB" else "s"
        parts = [f"{part} {amount(value, unit)}" for part, value in row.get("profile", {}).items()]
        lines.append(f"- **{row['what']}**: {'; '.join(parts) or 'no profile'}.")
    return [*lines, ""]


def _machines(rows: dict[str, dict[str, Any]]) -> list[str]:
    seen: dict[str, list[str]] = {}
    for row in rows.values():
        m = row["machine"]
        words = (
            f"{m['cpu']}, {m['cores']} cores, {m['memory_gb']:g} GB, {m['system']}, Python {m['python']}, "
            f"TensorFlow {m['tensorflow']}, Keras {m['keras']}, Streamlit {m['streamlit']}"
        )
        seen.setdefault(words, []).append(f"{row['name']} {row['load'][0]:g}/{row['load'][1]:g}")
    return [f"Machine: {words}. Load average before/after: {', '.join(names)}.\n" for words, names in seen.items()]
