"""The HTML of one self-contained page: its style, its parts, and Plotly once inside it."""

import base64
import html
import importlib.util
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

STYLE = """
:root { --ink: #1a202c; --soft: #4a5568; --line: #e2e8f0; --ice: #2b6cb0; --ember: #c05621; color-scheme: light; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem 4rem; color: var(--ink); background: #fff;
  font: 16px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
h1 { font-size: 2.2rem; line-height: 1.15; margin: 0 0 .3rem; overflow-wrap: anywhere; }
h2 { margin: 2.6rem 0 .7rem; padding-top: .7rem; border-top: 1px solid var(--line); font-size: 1.45rem; }
h3 { margin: 1.5rem 0 .4rem; font-size: 1.05rem; }
p, li { max-width: 46rem; } small, figcaption, .soft { color: var(--soft); font-size: .86rem; }
.big { margin: .6rem 0; font-size: 3.6rem; font-weight: 700; line-height: 1; letter-spacing: -.02em; }
.verdict { border-left: 5px solid var(--ember); padding: .5rem 0 .5rem 1rem; font-size: 1.12rem; }
.verdict.ice { border-color: var(--ice); }
table { border-collapse: collapse; margin: .6rem 0 1rem; font-size: .94rem; }
th, td { text-align: left; padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td.long { min-width: 10em; overflow-wrap: anywhere; } /* shorter names break at underscores only, a number never does */
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.wide { overflow-x: auto; } .chart { width: 100%; } .two { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .9rem; }
figure { margin: 0; break-inside: avoid; overflow-wrap: anywhere; } figure img { width: 100%; border-radius: 6px; }
figure.text { margin: 0 0 .9rem; padding-left: .8rem; border-left: 3px solid var(--line); }
figure.text p { margin: 0; }
mark { color: inherit; padding: 0 .1em; text-underline-offset: .2em; text-decoration: underline solid var(--ember)
  calc(1px + 2px * var(--w)); background: color-mix(in srgb, #fce4d4 calc(35% + 65% * var(--w)), transparent); }
mark.against { text-decoration-style: dashed; text-decoration-color: var(--ice);
  background: color-mix(in srgb, #dcebf8 calc(35% + 65% * var(--w)), transparent); }
@media (max-width: 44rem) { .two { grid-template-columns: 1fr; } }
@media print { body { max-width: none; padding: 0; font-size: 11pt; }
  h2, h3, h2 + p { break-after: avoid; } table { font-size: 9pt; } th, td { padding-right: .5rem; }
  table, .chart, figure, .verdict, li { break-inside: avoid; } .two { grid-template-columns: 1fr 1fr; }
  mark { print-color-adjust: exact; } }
@page { margin: 16mm; }
"""
_LONG = 20  # letters
_TIED = re.compile(r"(?<=\d) %|\bp (=|&lt;) (?=\d)")  # what does not part at the end of a line
_DRAW = """
for (const node of document.querySelectorAll(".chart")) {
  const figure = JSON.parse(node.querySelector("script").textContent);
  node.textContent = "";
  Plotly.newPlot(node, figure.data, figure.layout, {displayModeBar: false, responsive: true});
}
addEventListener("beforeprint", () => document.querySelectorAll(".chart").forEach((node) => Plotly.Plots.resize(node)));
"""


def page(title: str, body: Sequence[str]) -> str:
    """The whole document. Nothing in it is fetched from anywhere."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + _TIED.sub(lambda found: found[0].replace(" ", "\N{NO-BREAK SPACE}"), "\n".join(body))
        + f"\n<script>{_plotly()}</script>\n<script>{_DRAW}</script>\n</body>\n</html>\n"
    )


def text(value: object) -> str:
    """Anything as text that HTML shows as it is; bytes that are no text become question marks."""
    return html.escape(str(value).encode("utf-8", "replace").decode())


def table(head: Sequence[str], rows: Sequence[Sequence[object]], numbers: Sequence[int] = ()) -> str:
    """A table; `numbers` are the columns that stand on the right. Thousands are set apart."""

    def line(tag: str, cells: Sequence[object]) -> str:
        return f"<tr>{''.join(_cell(tag, value, i in numbers) for i, value in enumerate(cells))}</tr>"

    top = f"<thead>{line('th', head)}</thead>" if any(head) else ""
    return f'<div class="wide"><table>{top}<tbody>{"".join(line("td", row) for row in rows)}</tbody></table></div>'


def _cell(tag: str, value: object, is_number: bool) -> str:
    shown = f"{value:,}" if isinstance(value, int) else str(value)
    kind = " class=n" if is_number else " class=long" if _too_long(shown) else ""
    return f"<{tag}{kind}>{_parted(shown)}</{tag}>"


def _too_long(shown: str) -> bool:
    """Whether a word would take too much of a line; it then breaks anywhere."""
    return any(len(word) > _LONG for word in re.split(r"[\s_-]", shown))


def _parted(shown: str) -> str:
    """As `text`, but a name may break after its underscores."""
    return text(shown).replace("_", "_<wbr>")


def chart(figure: dict[str, Any], words: str) -> str:
    """A live chart, with what it shows in words for those who cannot see it."""
    data = json.dumps(figure).replace("<", "\\u003c")
    source = f'<script type="application/json">{data}</script>'
    drawn = f'<div class="chart" role="img" aria-label="{text(words)}">{source}</div>'
    return f'<div>{drawn}<p class="soft">{text(words)}</p></div>'


def picture(data: bytes | None, caption: str, alt: str) -> str:
    """A picture inside the page with a caption; a sentence where its file is gone."""
    if data is None:
        shown = '<p class="soft">The file is no longer where it was.</p>'
    else:
        kind = "png" if data.startswith(b"\x89PNG") else "jpeg"
        shown = f'<img alt="{text(alt)}" src="data:image/{kind};base64,{base64.b64encode(data).decode()}">'
    return f"<figure>{shown}<figcaption>{_parted(caption)}</figcaption></figure>"


def cards(figures: Sequence[str], columns: int = 0) -> str:
    """Pictures side by side, as many as fit, or so many in a row."""
    style = f' style="grid-template-columns: repeat({columns}, minmax(0, 12rem))"' if columns else ""
    return f'<div class="cards"{style}>{"".join(figures)}</div>'


def _plotly() -> str:
    """Plotly's library, as the installed package ships it; found without importing it."""
    spec = importlib.util.find_spec("plotly")
    assert spec is not None
    assert spec.origin is not None
    source = (Path(spec.origin).parent / "package_data" / "plotly.min.js").read_text(encoding="utf-8")
    return source.replace("</script", "<\\/script")
