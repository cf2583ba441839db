"""The newcomer's way: from the first page to an answered picture, then into the run, on a desk and a phone."""

import json
import os
import re
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

from core import record, run_list
from core.evaluation.metrics import figures

SHOTS = Path(__file__).with_name("screenshots")
TRAINING_MS = 420_000  # the longest that both phases may take on a busy machine

pytestmark = pytest.mark.browser


def _shot(page, step):
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"{page.size}-{step}.png")


def _expect_no_error(page):
    assert page.get_by_test_id("stException").count() == 0
    assert page.get_by_test_id("stAlertContentError").count() == 0


def _traces(page):
    """The points of every curve of the first chart, and what its horizontal axis shows."""
    return page.evaluate(
        "() => { const node = document.querySelector('.thaw-plot');"
        " return [node.data.map(t => t.x.length), node.layout.xaxis.range]; }"
    )


def test_from_the_first_page_to_a_tested_picture(app, page):
    page.goto(app.address)
    begin = page.get_by_role("button", name=re.compile("handwritten digits"))
    begin.first.wait_for()
    _shot(page, "1-first")
    begin.first.click()

    start = page.get_by_role("button", name="Start", exact=True)
    start.wait_for()
    page.locator(".thaw-map .warm").nth(1).wait_for()
    page.wait_for_function(
        "() => [...document.querySelectorAll('button')].some(b => /Start$/.test(b.innerText.trim()) && !b.disabled)"
    )
    _expect_no_error(page)
    _shot(page, "2-train")
    start.click()

    page.get_by_role("button", name="Stop").wait_for()
    page.wait_for_function(
        "() => document.querySelector('.thaw-plot')?.data?.some(t => t.x.length > 1)", timeout=TRAINING_MS
    )
    page.locator(".thaw-card .mark").first.wait_for()
    _shot(page, "3-running")
    run = page.url
    page.reload()  # the page finds its run again
    page.locator(".thaw-plot .nsewdrag").first.wait_for(state="attached", timeout=TRAINING_MS)

    results = page.get_by_role("button", name="See the results")
    results.wait_for(timeout=TRAINING_MS)
    assert page.url == run
    points, _ = _traces(page)
    assert points[0] > 0
    assert points[2] > 0  # held out and learned from, in both phases
    assert page.locator(".thaw-card .mark").count() == 12
    _expect_no_error(page)
    _shot(page, "4-ended")
    results.click()

    page.locator(".thaw-figure.big b").wait_for()
    page.locator(".thaw-plot .nsewdrag").first.wait_for(state="attached")
    assert float(page.locator(".thaw-figure.big b").inner_text().split()[0]) > 60
    _expect_no_error(page)
    _shot(page, "5-results")
    page.get_by_role("button", name="Try a picture").click()

    page.get_by_test_id("stFileUploader").wait_for()
    picture = next(Path(_data_of(page)).rglob("*.png"))
    page.locator("input[type=file]").set_input_files(picture)
    page.locator(".thaw-answer").wait_for(timeout=TRAINING_MS)
    assert page.locator(".thaw-answer").inner_text().strip() in "0123456789"
    page.locator(".thaw-phase").nth(1).wait_for(timeout=TRAINING_MS)  # the other model may still load
    assert page.locator(".thaw-phase").count() == 2
    page.get_by_role("radio", name="Grad-CAM").click()
    page.locator("img[alt^='Grad-CAM']").nth(1).wait_for(timeout=TRAINING_MS)
    assert page.locator("img[alt^='Grad-CAM']").evaluate_all("all => all.every(image => image.naturalWidth > 0)")
    _expect_no_error(page)
    _shot(page, "6-try")


def _data_of(page):
    from urllib.parse import parse_qs, urlsplit

    return parse_qs(urlsplit(page.url).query)["data"][0]


def _part(page, app, run, part):
    page.goto(f"{app.address}/results?run={run.id}&part={part}")
    page.locator(".thaw-figure.big b").wait_for()


def test_a_run_is_looked_into(app, page, tmp_path):
    run = _newcomers_run(app)

    _part(page, app, run, "wrong")
    page.locator(".thaw-plot .nsewdrag").first.wait_for(state="attached")
    _click_cell(page, 0, 0)
    _wait_for_choice(page, "0, found")
    page.locator(".thaw-grid [data-open]").first.wait_for()
    true, answer, count = _mistaken(run)
    _click_cell(page, true, answer)
    _wait_for_choice(page, f"{true} taken for {answer}")
    page.wait_for_function(
        "n => document.querySelector('.thaw-grid').querySelectorAll('[data-open]').length === n", arg=count
    )
    _expect_no_error(page)
    _shot(page, "7-wrong")

    _part(page, app, run, "why")
    last = max(event["epoch"] for event in run.events(("samples",)))
    _wait_for_mark(page, last)
    slider = page.get_by_role("slider").first
    slider.focus()
    slider.press("Home")
    _wait_for_mark(page, 1)  # drawn from what the app answers, not by the slider itself
    page.locator(".thaw-grid [data-open]").first.click()
    page.get_by_role("dialog").locator("img[alt^='Grad-CAM']").nth(1).wait_for(timeout=TRAINING_MS)
    assert page.get_by_role("dialog").locator("img[alt^='Grad-CAM']").count() == 2
    _expect_no_error(page)
    _shot(page, "8-why")

    _part(page, app, run, "phases")
    kept = run.kept()
    for phase in (3 - kept, kept):
        page.get_by_role("radio", name=re.compile(f"Phase {phase}$")).click()
        words = {1: "Phase 1, frozen", 2: "Phase 2, thawed"}[phase]
        page.locator(".thaw-phase").first.filter(has_text=words).wait_for()
        assert run.kept() == phase

    _part(page, app, run, "take")
    page.get_by_role("button", name="Make it").first.click()
    with page.expect_download(timeout=TRAINING_MS) as download:
        page.get_by_role("button", name="Download report.html").click(timeout=TRAINING_MS)
    download.value.save_as(tmp_path / "report.html")
    page.goto((tmp_path / "report.html").as_uri())
    assert page.locator("h1").count()
    assert "Was phase 2 worth it?" in page.locator("h2").all_inner_texts()
    page.wait_for_function("() => [...document.querySelectorAll('.chart')].every(node => node._fullLayout)")
    assert page.locator(".chart .main-svg").count() >= 6
    assert page.evaluate("() => [...document.images].every(image => image.naturalWidth > 0)")
    _shot(page, "9-report")


def _wait_for_mark(page, epoch):
    """Wait until the chart of the epochs marks one of them."""
    page.wait_for_function(
        """epoch => document.querySelector(".thaw-plot[aria-label='Probability of the true class']")
          ?.layout?.shapes?.some(shape => shape.type === "line" && shape.x0 === epoch)""",
        arg=epoch,
    )


def _click_cell(page, true, answer):
    """Click a cell of the confusion matrix of ten classes; the first row is on top."""
    matrix = page.locator(".thaw-plot .nsewdrag").first
    matrix.scroll_into_view_if_needed()
    box = matrix.bounding_box()
    page.mouse.click(box["x"] + box["width"] * (answer + 0.5) / 10, box["y"] + box["height"] * (true + 0.5) / 10)


def _wait_for_choice(page, words):
    page.wait_for_function(
        "words => [...document.querySelectorAll('input')].some(input => input.value.startsWith(words))", arg=words
    )


def _mistaken(run):
    """A digit, another one that the kept model took it for, and how often: seldom."""
    matrix = run.evaluation(run.kept())["confusion"]
    return next((i, j, n) for i, row in enumerate(matrix) for j, n in enumerate(row) if n and i != j)


def test_a_threshold_is_set_and_kept(app, page):
    run = _newcomers_run(app)
    two = _of_two_classes(run, app.runs / f"line-{page.size}")
    two.write_notes(threshold={"class": "1", "value": 1.0})  # nobody is called it
    _part(page, app, two, "good")
    before = _at_the_line(page)
    page.get_by_role("button", name="Sensitivity at least 0.95").click()
    page.wait_for_function(f"before => JSON.stringify({_MATRIX}) !== before", arg=json.dumps(before[0]))
    figures = page.locator(".thaw-figures", has_text="right when")
    figures.filter(has_not_text="–").wait_for()  # they come after the matrix
    reached = two.notes()["threshold"]
    assert reached["class"] == "1"
    matrix, shares = _at_the_line(page)
    assert len(shares) == 4
    assert shares != before[1]
    assert float(shares[0].split()[0]) >= 95
    _, (missed, found) = matrix
    assert shares[0] == f"{100 * found / (found + missed):.1f} %"
    slider = page.get_by_role("slider").first
    slider.focus()
    slider.press("ArrowLeft")
    for _ in range(100):
        if two.notes()["threshold"]["value"] < reached["value"]:
            break
        time.sleep(0.1)
    assert two.notes()["threshold"]["value"] == pytest.approx(round(reached["value"], 3) - 0.001)
    _expect_no_error(page)
    _shot(page, "7-threshold")


_MATRIX = (
    """document.querySelector(".thaw-plot[aria-label='At this line']")?.data?.[0]"""
    """?.customdata?.map(row => row.map(cell => parseInt(cell[2].replace(/\\D.*/, ""))))"""
)


def _at_the_line(page):
    """The counts of the matrix beside the slider, and the four figures under it."""
    page.wait_for_function(f"() => {_MATRIX}")
    shown = page.locator(".thaw-figures", has_text="right when").locator("b").all_inner_texts()
    return page.evaluate(f"() => {_MATRIX}"), shown


def test_a_row_and_a_bar_show_their_pictures(app, page):
    run = _newcomers_run(app)
    two = _of_two_classes(run, app.runs / f"marks-{page.size}")
    _part(page, app, two, "good")
    table = page.locator("[data-testid=stDataFrame] .dvn-scroller").first
    table.scroll_into_view_if_needed()
    table.click(position={"x": 30, "y": 54})  # the first row below the header
    page.get_by_text("wrong first").first.wait_for()
    page.locator(".thaw-grid [data-open]").first.wait_for()
    _click_point(page, "Reliability diagram", 1, -1)
    page.get_by_text("90 % to 100 % sure").wait_for()
    _click_point(page, "Found against false alarms", 0, -1)  # in the corner beside the chart's tools
    page.get_by_text("from", exact=False).filter(has_text="Called").first.wait_for()
    _expect_no_error(page)
    _shot(page, "7-marks")


def test_the_map_shows_pictures_under_the_pointer_and_within_a_lasso(app, page):
    _part(page, app, _newcomers_run(app), "wrong")
    chart = page.locator(".thaw-plot[aria-label='Map of features']")
    x, y = _place_of_point(page, chart, 0, 0)
    page.mouse.move(x - 2, y)
    page.mouse.move(x, y)
    page.wait_for_function(
        "() => [...document.querySelectorAll('.thaw-plot-tip')].some(tip => !tip.hidden && tip.naturalWidth > 0)"
    )
    _shot(page, "7-map-hover")
    area = chart.locator(".nsewdrag").bounding_box()
    left, top = area["x"] + area["width"] * 0.1, area["y"] + area["height"] * 0.1
    right, bottom = area["x"] + area["width"] * 0.9, area["y"] + area["height"] * 0.9
    page.mouse.move(left, top)
    page.mouse.down()
    for corner in ((right, top), (right, bottom), (left, bottom), (left, top)):
        page.mouse.move(*corner, steps=5)
    page.mouse.up()
    side = page.locator(".st-key-map-side")
    side.get_by_text(re.compile(r"^[\d,]+ pictures$")).wait_for()
    side.locator(".thaw-grid [data-open]").nth(11).wait_for()
    _expect_no_error(page)
    _shot(page, "7-map-lasso")


def _newcomers_run(app):
    """The one that the first test trained, not a copy that another one altered."""
    runs = (run for run in run_list.list_runs(app.runs) if not run.id.startswith(("line-", "marks-")))
    run = next((run for run in runs if run.state() == record.DONE), None)
    if run is None:
        give_up = pytest.fail if os.environ.get("THAW_REQUIRE_BROWSER") == "1" else pytest.skip
        give_up("the newcomer has trained no run")
    return run


def _click_point(page, title, trace, place):
    """Click a point of a chart, a bar in its middle; a negative place counts from the end."""
    x, y = _place_of_point(page, page.locator(f".thaw-plot[aria-label='{title}']"), trace, place)
    page.mouse.move(x - 2, y)  # a chart hears of a click only where the pointer has hovered before
    page.mouse.move(x, y)
    page.wait_for_timeout(200)
    page.mouse.click(x, y)


def _place_of_point(page, chart, trace, place):
    """Bring a chart into view, and say where a point of it lies."""
    chart.locator(".nsewdrag").first.wait_for(state="attached")
    chart.evaluate("node => node.scrollIntoView({block: 'center'})")  # at the top the page's header would cover it
    page.wait_for_timeout(500)  # a chart above it may still take its height
    x, y = chart.evaluate(
        """(node, [trace, place]) => {
          const { xaxis, yaxis } = node._fullLayout, box = node.getBoundingClientRect(), data = node.data[trace];
          const x = data.x.at(place), y = data.y.at(place) / (data.type === "bar" ? 2 : 1);
          return [box.left + xaxis._offset + xaxis.d2p(x), box.top + yaxis._offset + yaxis.d2p(y)];
        }""",
        [trace, place],
    )
    return x, y


def _of_two_classes(run, folder):
    """A copy of a run that knows its first two classes only."""
    shutil.copytree(run.path, folder, ignore=shutil.ignore_patterns("notes.json", "worker.lock"))
    two = record.Run(folder)
    dataset = run.dataset()
    classes = dataset["classes"][:2]
    rows = [row for row in run.predictions() if row["label"] in classes]
    labels = np.array([classes.index(row["label"]) for row in rows])
    table = [[row["path"], row["label"], row["split"]] for row in rows]
    for phase in (1, 2):
        p = np.array([[float(row[f"p{phase}:{name}"]) for name in classes] for row in rows]) + 1e-9
        p /= p.sum(axis=1, keepdims=True)
        found = run.evaluation(phase) | figures(p, labels, classes)
        two.evaluation_file(phase).write_text(json.dumps(found))
        table = [[*row, *map(str, values)] for row, values in zip(table, p.tolist(), strict=True)]
    two.write_predictions(["path", "label", "split", *(f"p{n}:{name}" for n in (1, 2) for name in classes)], table)
    dataset["classes"] = classes
    dataset["files"] = [file for file in dataset["files"] if file["label"] < 2]
    two.dataset_file.write_text(json.dumps(dataset))
    for file in (two.insight_file, two.embedding_file):
        file.unlink(missing_ok=True)
    return two
