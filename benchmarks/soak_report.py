"""What the soak found, as a table with its goals."""

import json
import time
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def write(found: dict[str, Any]) -> None:
    """Write `soak.md` and `soak.json`."""
    kept = {**found, "reruns": spread(found["reruns"]), "predictions": spread(found["predictions"])}
    (FOLDER / "soak.json").write_text(json.dumps({"written": time.strftime("%Y-%m-%d"), **kept}, indent=1) + "\n")
    (FOLDER / "soak.md").write_text(text(found))


def text(found: dict[str, Any]) -> str:
    """The report in Markdown."""
    reruns, predictions = spread(found["reruns"]), spread(found["predictions"])
    alone, watched = found["run"]["epoch_seconds_alone"], found["run"]["epoch_seconds_watched"]
    speed = alone / watched if alone and watched else None
    growth = {name: _growth(found["memory"][name]) for name in ("server", "service")}
    errors = len(found["errors"]) + found["server_errors"]
    rows = [
        ("95th percentile of a rerun", "≤ 500 ms", _ms(reruns["p95"]), _ok(reruns["p95"], 0.5)),
        (
            "95th percentile of a prediction, upload included",
            "≤ 1 s",
            _ms(predictions["p95"]),
            _ok(predictions["p95"], 1),
        ),
        ("errors in pages and server", "0", str(errors), _ok(errors, 0)),
        ("dropped connections", "0", str(found["dropped"]), _ok(found["dropped"], 0)),
        (
            "growth of the server after the first minute",
            "≤ 10 %",
            _percent(growth["server"]),
            _ok(growth["server"], 0.1),
        ),
        (
            "growth of the service after the first minute",
            "≤ 10 %",
            _percent(growth["service"]),
            _ok(growth["service"], 0.1),
        ),
        ("the run's speed, against without watchers", "≥ 80 %", _percent(speed), _ok(-speed if speed else None, -0.8)),
    ]
    m = found["machine"]
    lines = [
        "# Under load",
        "",
        f"{found['sessions']} browser sessions for {found['minutes']:g} minutes on one app while a run trains: "
        "all in one Chromium on the same machine as the app, the run and the prediction service.",
        "Written by `make soak`.",
        "",
        "| what | goal | measured | met? |",
        "| --- | --- | ---: | --- |",
        *(f"| {what} | {goal} | {value} | {met} |" for what, goal, value, met in rows),
        "",
        f"Reruns: {reruns['n']:,}, median {_ms(reruns['median'])}. Predictions: {predictions['n']:,}, median "
        f"{_ms(predictions['median'])}. Server at the start, after the first minute and at the end: "
        f"{_megabytes(found, 'server')}; service: {_megabytes(found, 'service')}. "
        f"Epoch of the run: {_ms(alone)} alone, {_ms(watched)} watched. "
        f"Cores that were used: {', '.join(f'{who} {n:.2f}' for who, n in found['cores'].items())}.",
        "",
        f"Machine: {m['cpu']}, {m['cores']} cores, {m['memory_gb']:g} GB. Load average before and at the end: "
        f"{found['load'][0]:g}, {found['load'][1]:g}.",
    ]
    return "\n".join(lines) + "\n"


def spread(values: list[float]) -> dict[str, Any]:
    """How many, their median and 95th percentile; None without any."""
    ordered = sorted(values)
    at = {name: ordered[min(len(ordered) - 1, int(len(ordered) * q))] if ordered else None for name, q in _QUANTILES}
    return {"n": len(ordered), **at, "largest": ordered[-1] if ordered else None}


_QUANTILES = (("median", 0.5), ("p95", 0.95), ("p99", 0.99))


def _growth(samples: list[dict[str, int]]) -> float | None:
    if len(samples) < 2 or not samples[-2]["now"] or not samples[-1]["now"]:
        return None
    return samples[-1]["now"] / samples[-2]["now"] - 1


def _ok(value: float | None, most: float) -> str:
    return "not measured" if value is None else "yes" if value <= most else "**no**"


def _ms(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds * 1000:,.0f} ms"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.0f} %"


def _megabytes(found: dict[str, Any], name: str) -> str:
    return ", ".join(f"{sample['now'] / 1e6:,.0f} MB" if sample["now"] else "–" for sample in found["memory"][name])
