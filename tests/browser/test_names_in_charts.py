"""Under the pointer and in legends a name is text, whatever Plotly would read in it."""

import numpy as np
import pytest

from components.charts import embedding, overlay, rates, scores, trajectory
from components.plot import _plotly_folder
from core.evaluation.insight import Map
from core.exports import report_charts

pytestmark = pytest.mark.browser
NAME = "%{y} 5 % <b>&lt;"
ROWS = [{"epoch": 1, "val_accuracy": 0.25}, {"epoch": 2, "val_accuracy": 0.5}]
SAMPLES = [{"epoch": n, "phase": 1, "probabilities": [[0.4, 0.6]]} for n in (1, 2)]
CURVE = {"fpr": [0, 0.5, 1], "tpr": [0, 0.7, 1], "recall": [0, 0.5, 1], "precision": [1, 0.7, 0.5]}
POINTS = Map(
    paths=("a", "b"),
    splits=("validation", "validation"),
    labels=(NAME, NAME),
    x=np.array([0.0, 1.0]),
    y=np.array([0.0, 1.0]),
    explained=(),
    total=2,
)
FIGURES = {
    "overlay": overlay.overlay({NAME: ROWS}),
    "rates": rates.rates({NAME: CURVE}, "roc", [NAME]),
    "scores": scores.scores(np.array([0.2, 0.7]), np.array([0.1]), (NAME, "dog"), 0.5),
    "trajectory": trajectory.trajectories(SAMPLES, [1], [NAME], 1, "key"),
    "embedding": embedding.embedding(POINTS, [NAME], "key"),
    "report: confusion": report_charts.confusion([[2, 1], [1, 2]], [NAME, "dog"]),
    "report: roc": report_charts.roc({NAME: CURVE}, {NAME: 0.7}),
}
HOVER = """([figure, point]) => {
  const node = document.getElementById("chart");
  // Without a graphics card nothing is found under the pointer in WebGL.
  const data = figure.data.map((trace) => ({...trace, type: trace.type.replace("scattergl", "scatter")}));
  return Plotly.newPlot(node, data, {...figure.layout, hovermode: "closest"}).then(() => {
    Plotly.Fx.hover(node, point === null ? {xval: 0, yval: 0} : [{curveNumber: 0, pointNumber: point}]);
    return node.querySelector(".hoverlayer").textContent;
  });
}"""


@pytest.fixture(scope="module")
def page(chromium):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        shown = browser.new_page()
        shown.set_content('<div id="chart" style="width: 700px; height: 420px"></div>')
        shown.add_script_tag(path=_plotly_folder() / "plotly.min.js")
        yield shown
        browser.close()


@pytest.mark.parametrize("chart", FIGURES)
def test_a_name_shows_under_the_pointer_as_it_is(chart, page):
    point = None if "confusion" in chart else 1
    assert NAME in page.evaluate(HOVER, [FIGURES[chart], point])


def test_a_name_stands_in_the_legend_as_it_is(page):
    page.evaluate(HOVER, [FIGURES["overlay"], 1])
    assert page.locator(".legendtext").first.text_content() == NAME
