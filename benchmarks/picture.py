"""The picture of the first rows for the README: `docs/benchmarks.svg`, drawn from the results."""

from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from benchmarks.registry import FASTER
from benchmarks.results import amount, provisional

FILE = Path(__file__).resolve().parent.parent / "docs" / "benchmarks.svg"
NAMES = {
    "phase1_10_epochs": "Frozen phase, 10 epochs",
    "phase1_20_epochs": "Frozen phase, 20 epochs",
    "warm_head_epoch": "One more epoch of a head",
    "vgg16_phase2_epoch": "Thawed phase, one epoch (VGG16)",
    "vgg16_both_phases": "Both phases (VGG16)",
}
WIDTH, ROW, TOP, LEFT, BAR = 860, 62, 74, 20, 560
ICE, GREY = "#2f7fc1", "#9aa3ad"


def draw(rows: dict[str, dict[str, Any]], file: Path = FILE) -> None:
    """Draw the rows that compare a training's time, a pair of bars each, the recipe's as long as the picture is."""
    shown = [row for name in NAMES if (row := rows.get(name)) and row["kind"] == FASTER]
    if not shown:
        return
    file.parent.mkdir(exist_ok=True)
    file.write_text(svg(shown))


def svg(rows: list[dict[str, Any]]) -> str:
    """The picture as text. Every pair has its own scale: its longer bar spans the picture."""
    height = TOP + ROW * len(rows) + 26
    machine = rows[0]["machine"]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        'font-family="system-ui, -apple-system, Segoe UI, sans-serif" font-size="14" role="img" '
        'aria-label="Training times of Thaw and of the usual recipe">',
        f'<rect width="{WIDTH}" height="{height}" rx="10" fill="#ffffff"/>',
        _text(LEFT, 30, "The same training, the usual way and with Thaw", size=18, weight=600),
        f'<rect x="{LEFT}" y="44" width="12" height="12" rx="2" fill="{GREY}"/>',
        _text(LEFT + 18, 55, "the tutorial's recipe", colour="#57606a"),
        f'<rect x="{LEFT + 170}" y="44" width="12" height="12" rx="2" fill="{ICE}"/>',
        _text(LEFT + 188, 55, "Thaw", colour="#57606a"),
    ]
    for i, row in enumerate(rows):
        parts += _pair(row, TOP + i * ROW)
    cores = (
        f"{machine['cores']} cores of {machine['cpu']}, no graphics card. The recipe's time is scaled from its first "
        "epochs; benchmarks/results.md says how."
    )
    if any(provisional(row) for row in rows):
        cores = f"Provisional: measured on a busy machine. {cores}"
    parts += [_text(LEFT, height - 12, cores, size=12, colour="#57606a"), "</svg>"]
    return "\n".join(parts) + "\n"


def _pair(row: dict[str, Any], y: int) -> list[str]:
    longest = max(row["ours"], row["theirs"])
    words = NAMES[row["name"]]
    bars = [_text(LEFT, y + 14, words, weight=600), _text(WIDTH - LEFT, y + 14, _times(row), anchor="end", weight=600)]
    for offset, side, colour in ((20, "theirs", GREY), (35, "ours", ICE)):
        length = max(2.0, BAR * row[side] / longest)
        bars.append(f'<rect x="{LEFT}" y="{y + offset}" width="{length:.1f}" height="12" rx="2" fill="{colour}"/>')
        bars.append(
            _text(LEFT + length + 6, y + offset + 11, amount(row[side], row["unit"]), size=12, colour="#57606a")
        )
    return bars


def _times(row: dict[str, Any]) -> str:
    return f"{row['ratio']:.0f} times faster" if row["ratio"] >= 10 else f"{row['ratio']:.1f} times faster"


def _text(
    x: float, y: float, words: str, *, size: int = 14, weight: int = 400, colour: str = "#1f2328", anchor: str = "start"
) -> str:
    return (
        f'<text x="{x:.0f}" y="{y}" font-size="{size}" font-weight="{weight}" fill="{colour}" text-anchor="{anchor}">'
        f"{escape(words)}</text>"
    )
