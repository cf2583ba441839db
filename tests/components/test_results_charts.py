import json

import numpy as np
import pytest

from components.charts.calibration import coverage, reliability
from components.charts.embedding import embedding
from components.charts.rates import rates
from components.charts.scores import scores
from components.charts.trajectory import trajectories
from core.evaluation import abstention, calibration
from core.evaluation.insight import Map

NASTY = "<b>a</b>"


def test_every_point_of_a_map_can_be_told_apart_again():
    n = 60
    rng = np.random.default_rng(0)
    labels = tuple(NASTY if k % 3 else "b" for k in range(n))
    splits = tuple("validation" if k % 2 else "train" for k in range(n))
    points = Map(tuple(map(str, range(n))), splits, labels, rng.normal(size=n), rng.normal(size=n), ())
    figure = embedding(points, [NASTY, "b"], "k")
    told = [row for trace in figure["data"] for row in trace["customdata"]]
    assert sorted(told) == list(range(n))
    assert {trace["type"] for trace in figure["data"]} == {"scattergl"}
    assert "<b>" not in json.dumps(figure)
    for trace in figure["data"]:
        for x, row in zip(trace["x"], trace["customdata"], strict=True):
            assert x == round(float(points.x[row]), 3)


def test_points_of_a_map_are_named_after_their_split_and_each_class_stands_in_the_legend_once():
    splits, labels = ("train", "validation", "test", "train"), ("a", "a", "a", "b")
    points = Map(tuple("0123"), splits, labels, np.arange(4.0), np.zeros(4), ())
    traces = embedding(points, ["a", "b"], "k")["data"]
    told = {trace["customdata"][0]: trace["hovertemplate"] for trace in traces}
    assert told[0].startswith("a, learned from<")
    assert told[1].startswith("a, held out<")
    assert told[2].startswith("a, test split<")
    assert [trace["name"] for trace in traces if trace["showlegend"]] == ["a", "b"]


@pytest.mark.parametrize("classes", [["a", "b"], list("abcdefghij")])
def test_a_class_has_one_colour_in_map_and_curves_and_never_that_of_a_phase(classes):
    n = len(classes)
    points = Map(tuple(classes), ("test",) * n, tuple(classes), np.arange(n), np.zeros(n), ())
    of_map = {trace["name"]: trace["marker"]["color"] for trace in embedding(points, classes, "k")["data"]}
    line = {"fpr": [0, 1], "tpr": [0, 1], "recall": [0, 1], "precision": [1, 0.5]}
    curves = dict.fromkeys(classes[1:], line)  # of two classes only the second has one
    for kind in ("roc", "pr"):
        drawn = {
            trace["name"]: trace["line"]["color"] for trace in rates(curves, kind, classes)["data"] if "name" in trace
        }
        assert drawn == {name: of_map[name] for name in classes[1:]}
        assert not {"@blue", "@orange"} & set(drawn.values())


def test_the_threshold_stands_where_it_was_set():
    figure = scores(np.array([0.9, 0.95]), np.array([0.1]), (NASTY, "b"), 0.7)
    assert figure["layout"]["shapes"][0]["x0"] == 0.7
    bars = [trace["customdata"] for trace in figure["data"]]
    assert [sum(bar[0] for bar in side) for side in bars] == [2, 1]
    assert all(bar[1] < x < bar[2] for bar, x in zip(bars[0], figure["data"][0]["x"], strict=True))
    assert "<b>" not in json.dumps(figure)


def test_a_reliability_bar_knows_its_bounds_and_its_size():
    p = np.array([[0.95, 0.05], [0.4, 0.6], [0.1, 0.9]])
    figure = reliability(calibration.reliability(p, np.array([0, 1, 0])))
    assert [row[2] for row in figure["data"][0]["customdata"]] == [1, 1, 1]
    assert figure["data"][0]["y"] == [1.0, 0.0, 1.0]


@pytest.mark.parametrize("worst", [1.0, 0.9945, 0.5])
def test_coverage_has_no_room_for_a_mark_above_100_percent(worst):
    curve = [{"coverage": 1.0, "accuracy": worst, "share": 0.0}, {"coverage": 0.5, "accuracy": 1.0, "share": 0.9}]
    lower, upper = coverage(curve, None)["layout"]["yaxis"]["range"]
    assert lower < worst <= 1 < upper
    assert upper - 1 < (upper - lower) / 10  # Plotly draws at most ten marks at this height


def test_coverage_shows_the_chosen_point_unless_it_answers_nothing():
    p, labels = np.array([[0.9, 0.1], [0.6, 0.4]]), np.array([0, 1])
    curve = abstention.coverage_curve(p, labels)
    some, none = (coverage(curve, abstention.at(p, labels, share)) for share in (0.7, 0.99))
    assert some["data"][1]["x"] == [0.5]
    assert len(none["data"]) == 1


def test_a_trajectory_follows_the_true_class():
    rounds = [
        {"phase": 1, "epoch": 1, "rows": [4], "probabilities": [[0.2, 0.8]]},
        {"phase": 2, "epoch": 2, "rows": [4], "probabilities": [[0.6, 0.4]]},
    ]
    figure = trajectories(rounds, [0], [NASTY], 2, "run")
    assert figure["data"][0]["y"] == [0.2, 0.6]
    assert len(figure["layout"]["shapes"]) == 3
    assert "<b>" not in json.dumps(figure)
