"""The confusion matrix as a heat map."""

from collections.abc import Sequence

from components.escape import as_plotly, shortened
from components.numbers import percent, plural
from components.plot import Figure

_MOST_WRITTEN = 14  # classes up to which the numbers stand in the cells


def matrix(
    confusion: Sequence[Sequence[int]],
    classes: Sequence[str],
    shares: bool,
    unit: str = "picture",
    picked: Sequence[int] | None = None,
) -> Figure:
    """Rows are the true classes, columns the answers.

    Args:
        confusion: counts (C, C).
        classes: the C names.
        shares: show shares of each row instead of counts.
        unit: what an example is called.
        picked: the classes that are shown, by default all.

    A cell carries its row and its column.
    """
    picked = range(len(classes)) if picked is None else picked
    names = [as_plotly(shortened(classes[i], 18)) for i in picked]
    counts = [[confusion[i][j] for j in picked] for i in picked]
    totals = [max(1, sum(confusion[i])) for i in picked]
    share = [[n / total for n in row] for row, total in zip(counts, totals, strict=True)]
    written = [
        [(percent(s, 0) if shares else str(n)) if n else "" for s, n in zip(*rows, strict=True)]
        for rows in zip(share, counts, strict=True)
    ]
    cells = [
        [[i, j, plural(n, unit), percent(s)] for j, n, s in zip(picked, row, shown, strict=True)]
        for i, row, shown in zip(picked, counts, share, strict=True)
    ]
    trace = {
        "type": "heatmap",
        "z": share,
        "x": list(range(len(names))),
        "y": list(range(len(names))),
        "text": written,
        "customdata": cells,
        "texttemplate": "%{text}" if len(names) <= _MOST_WRITTEN else "",
        "hovertemplate": "%{customdata[2]} (%{customdata[3]})<extra></extra>",
        "colorscale": [[0, "@text%0.03"], [0.004, "@text%0.10"], [1, "@primary%1"]],
        "zmin": 0,
        "zmax": 1,
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
    }
    ticks = {"tickmode": "array", "tickvals": list(range(len(names))), "ticktext": names, "showgrid": False}
    layout = {
        "xaxis": {**ticks, "title": {"text": "answer"}, "side": "bottom", "autotickangles": [0, -35, -90]},
        "yaxis": {**ticks, "title": {"text": "truth"}, "autorange": "reversed"},
        "dragmode": False,
        "margin": {"l": 60, "r": 10, "t": 10, "b": 60},
    }
    return {"data": [trace], "layout": layout}


def in_words(confusion: Sequence[Sequence[int]], classes: Sequence[str], unit: str = "picture") -> str:
    """The most frequent confusions in a sentence."""
    wrong = [(n, classes[i], classes[j]) for i, row in enumerate(confusion) for j, n in enumerate(row) if i != j and n]
    if not wrong:
        return f"No {unit} is confused with another class."
    most = sorted(wrong, key=lambda cell: -cell[0])[:5]
    return (
        "Most frequent confusions: " + "; ".join(f"{n} of {true} taken for {answer}" for n, true, answer in most) + "."
    )
