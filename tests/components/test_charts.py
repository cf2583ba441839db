from components.charts import curves, matrix, overlay, rates
from core.evaluation.confusions import most_confused


def _epoch(epoch, phase, **values):
    return {"kind": "epoch", "epoch": epoch, "phase": phase, "loss": 1.0, "accuracy": 0.5, **values}


EVENTS = [
    _epoch(1, 1, val_loss=0.9, val_accuracy=0.6),
    _epoch(2, 1, val_loss=0.8, val_accuracy=0.7),
    _epoch(3, 2, val_loss=0.7, val_accuracy=0.8),
    {"kind": "batch", "epoch": 2, "phase": 1, "step": 1, "steps": 2, "loss": 1.0, "accuracy": 0.4},
    {"kind": "batch", "epoch": 4, "phase": 2, "step": 1, "steps": 2, "loss": 0.4, "accuracy": 0.9},
]


def _trace(figure, name):
    return next(trace for trace in figure["data"] if trace.get("name") == name)


def test_each_phase_has_a_held_out_line_in_its_colour():
    figure = curves.curves(EVENTS, "accuracy", (5, 5), "run")
    one, two = (_trace(figure, f"held out, phase {phase}") for phase in (1, 2))
    assert (one["x"], one["y"], one["line"]["color"]) == ([1, 2], [0.6, 0.7], "@blue")
    assert (two["x"], two["y"], two["line"]["color"]) == ([3], [0.8], "@orange")


def test_phase_2_begins_where_phase_1_really_ended():
    figure = curves.curves(EVENTS, "loss", (5, 5), "run")
    line = next(shape for shape in figure["layout"]["shapes"] if shape["type"] == "line")
    assert line["x0"] == 2
    waiting = curves.curves(EVENTS[:2], "loss", (5, 5), "run")
    assert next(shape for shape in waiting["layout"]["shapes"] if shape["type"] == "line")["x0"] == 5


def test_batches_are_drawn_only_within_the_epoch_that_goes_on():
    figure = curves.curves(EVENTS, "loss", (5, 5), "run")
    assert [trace["x"] for trace in figure["data"][-2:]] == [[], [3.5]]


def test_a_ring_marks_the_epoch_with_the_lowest_held_out_loss():
    seen = [_epoch(1, 1, val_loss=0.5, val_accuracy=0.6), *EVENTS[1:3], _epoch(4, 2, val_loss=0.7, val_accuracy=0.9)]
    for measure, values in (("loss", [0.5, 0.7]), ("accuracy", [0.6, 0.8])):
        rings = [t for t in curves.curves(seen, measure, (5, 5), "run")["data"] if t["mode"] == "markers"]
        assert [(ring["x"], ring["y"]) for ring in rings] == [([1], values[:1]), ([3], values[1:])]
    assert "the lowest held-out loss was in epoch 3." in curves.in_words(seen, "loss")
    assert not any(t["x"] for t in curves.curves([], "loss", (5, 5), "run")["data"])


def test_zoom_is_kept_for_a_run():
    layouts = [curves.curves(EVENTS[:n], "loss", (5, 5), "run")["layout"] for n in (1, 3)]
    assert layouts[0]["uirevision"] == layouts[1]["uirevision"] == "run"


def test_without_phase_2_there_is_no_line():
    assert len(curves.curves(EVENTS[:2], "loss", (2, 0), "run")["layout"]["shapes"]) == 1


def test_curves_in_words():
    assert "went from 60.0 % to 70.0 %" in curves.in_words(EVENTS, "accuracy")
    assert "No epoch has ended" in curves.in_words([], "loss")


def test_the_matrix_shows_shares_of_rows_and_hides_zeros():
    figure = matrix.matrix([[3, 1], [0, 4]], ["a", "<b>"], shares=True)["data"][0]
    assert figure["z"] == [[0.75, 0.25], [0.0, 1.0]]
    assert figure["text"] == [["75 %", "25 %"], ["", "100 %"]]
    assert matrix.matrix([[3, 1], [0, 4]], ["a", "<b>"], shares=False)["layout"]["xaxis"]["ticktext"][1] == "&lt;b&gt;"


def test_of_many_classes_the_most_confused_are_shown_with_shares_of_their_whole_rows():
    confusion = [[9, 0, 1], [0, 5, 0], [2, 0, 6]]
    assert most_confused(confusion, 2) == [0, 2]
    assert most_confused(confusion, 3) == [0, 1, 2]
    figure = matrix.matrix([[8, 1, 1], [0, 5, 0], [2, 0, 6]], ["a", "b", "c"], shares=True, picked=[0, 2])["data"][0]
    assert figure["z"] == [[0.8, 0.1], [0.25, 0.75]]
    assert [cell[:2] for row in figure["customdata"] for cell in row] == [[0, 0], [0, 2], [2, 0], [2, 2]]


def test_the_matrix_in_words_names_the_worst_first():
    assert matrix.in_words([[3, 1], [2, 4]], ["a", "b"]).startswith("Most frequent confusions: 2 of b taken for a")
    assert matrix.in_words([[1, 0], [0, 1]], ["a", "b"]) == "No picture is confused with another class."


def test_a_class_with_nothing_to_tell_apart_has_no_curve():
    line = {"fpr": [0, 1], "tpr": [0, 1], "recall": [0, 1], "precision": [1, 0.5]}
    assert [t.get("name") for t in rates.rates({"a": line, "b": None}, "pr", ["a", "b"])["data"]] == ["a"]


def test_overlaid_runs_differ_in_sign_as_well_as_colour():
    runs = dict.fromkeys(("one", "two"), EVENTS[:3])
    first, second = overlay.overlay(runs)["data"]
    assert first["marker"]["symbol"] != second["marker"]["symbol"]
    assert first["line"]["color"] != second["line"]["color"]
    assert "one: 80.0 %" in overlay.in_words(runs)
