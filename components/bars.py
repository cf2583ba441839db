"""Bars: the probabilities of an answer, and the balance of a data set."""

from collections.abc import Mapping

from components.escape import as_html
from components.numbers import percent, plural


def probability_bars(probabilities: Mapping[str, float], top: int = 5, tone: str = "var(--quiet)") -> str:
    """The most probable classes as bars.

    Args:
        probabilities: a share from 0 to 1 for every class.
        top: how many are shown.
        tone: the colour of the bars, as CSS.
    """
    best = sorted(probabilities.items(), key=lambda item: -item[1])[:top]
    rows = "".join(
        f'<div class="row"><div class="head"><span>{as_html(name)}</span><span>{percent(share)}</span></div>'
        f'<div class="track" aria-hidden="true"><i style="width:{100 * share:.2f}%"></i></div></div>'
        for name, share in best
    )
    return f'<div class="thaw-bars" style="--tone:{tone}">{rows}</div>'


def balance_bar(counts: Mapping[str, int], most: int = 24, noun: str = "picture") -> str:
    """How the examples, each a `noun`, are shared out among the classes, in one bar."""
    total = sum(counts.values()) or 1
    largest = sorted(counts.items(), key=lambda item: -item[1])
    named = {name for name, _ in largest[:most]}
    shown, rest = [item for item in counts.items() if item[0] in named], largest[most:]
    if rest:
        shown = [*shown, (f"{len(rest):,} more classes", sum(n for _, n in rest))]
    parts = []
    for number, (name, n) in enumerate(shown):
        label = as_html(name) if n / total > 0.07 else ""
        tone = 26 + 34 * ((number * 3) % 4) / 3
        title = f"{as_html(name)}: {plural(n, noun)}, {percent(n / total)}"
        parts.append(f'<i style="flex:{n} 1 0;--tone:{tone:.0f}%" title="{title}"><span>{label}</span></i>')
    words = "; ".join(f"{as_html(name)} {percent(n / total, 0)}" for name, n in shown[:12])
    return f'<div class="thaw-balance" role="img" aria-label="Balance: {words}">{"".join(parts)}</div>'
