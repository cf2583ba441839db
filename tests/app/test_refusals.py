"""What the shell refuses in a sentence, the page refuses in a sentence too."""

import ast
import dataclasses
import json
import re
import shutil
import time

import pytest
from PIL import Image
from test_pages import ROOT, _open

from components import again
from core import launcher, run_list
from core.config import RunConfig
from core.data.scan import scan
from core.errors import DataError
from core.record import Run
from tests.core.odd_data import another_networks
from tests.core.served_run import make_run
from tests.core.test_training_resume import wait

# What evaluations have held from the first version on.
FIRST_FIGURES = ("n", "accuracy", "loss", "balanced_accuracy", "macro_f1", "confusion", "per_class")


@pytest.mark.parametrize(
    ("changes", "part"),
    [
        ({"backbone": "ResNet9000"}, "EfficientNetLite0"),
        ({"image_size": 16}, "at least 32"),
        ({"unfreeze": "names:nope"}, "stem\\_conv"),
        ({"unfreeze": "layers:9999"}, "9999"),
        ({"weights": "/nowhere.h5"}, "nowhere"),
        ({"weights": "other.h5"}, "another network than EfficientNet"),
    ],
)
def test_settings_that_cannot_train_start_no_run(pictures, tmp_path, changes, part):
    if "weights" in changes and not changes["weights"].startswith("/"):
        changes = {"weights": str(another_networks(tmp_path / changes["weights"]))}
    scan(pictures)
    app = _open("train", data=str(pictures))
    app.session_state["draft"] = dataclasses.replace(RunConfig(task="image"), **changes)
    app.button(key="start").click().run()
    assert not app.exception
    assert part in " ".join(error.value for error in app.error)
    assert run_list.list_runs() == []


def test_a_run_on_data_outside_the_roots_is_not_resumed_from_the_page(pictures, run_of, monkeypatch, tmp_path):
    run = run_of(pictures, state="stopped")
    (tmp_path / "inside").mkdir()
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path / "inside"))
    monkeypatch.setattr(launcher.EXECUTOR, "submit", lambda run: pytest.fail("it was resumed"))
    app = _open("train", run=run.id)
    app.button(key="resume").click().run()
    assert not app.exception
    assert "within the allowed roots" in " ".join(error.value for error in app.error).replace("\\", "")
    assert run.state() == "stopped"


def test_a_worker_that_a_page_starts_is_bound_to_the_roots(pictures, monkeypatch):
    scan(pictures)
    monkeypatch.setattr(launcher.EXECUTOR, "submit", lambda run: None)
    app = _open("train", data=str(pictures))
    app.button(key="start").click().run()
    (run,) = run_list.list_runs()
    assert run.bound_file.exists()
    run.bound_file.unlink()
    run.write_status(state="stopped")
    monkeypatch.setattr(Run, "is_held", lambda run: run.bound_file.exists())
    _open("train", run=run.id).button(key="resume").click().run()
    assert run.bound_file.exists()
    run.write_notes(corrections={"a.png": {"exclude": True}})
    assert again.train_corrected(run).bound_file.exists()


def test_corrections_of_data_outside_the_roots_train_no_run_from_the_page(pictures, run_of, monkeypatch, tmp_path):
    run = run_of(pictures)
    run.write_notes(corrections={run.dataset()["files"][0]["path"]: {"exclude": True}})
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path / "inside"))
    with pytest.raises(DataError, match="allowed roots"):
        again.train_corrected(run)
    assert [found.id for found in run_list.list_runs()] == [run.id]


@pytest.mark.parametrize("which", ["weights", "corrections_of"])
def test_settings_that_lead_out_of_the_roots_or_the_runs_start_no_run(pictures, tmp_path, monkeypatch, which):
    outside = make_run(phases=())
    weights = tmp_path / "weights.h5"
    weights.symlink_to(__file__)
    outside.write_notes(corrections={"a.png": {"exclude": True}})
    monkeypatch.setenv("THAW_RUNS", str(tmp_path / "runs"))
    scan(pictures)
    app = _open("train", data=str(pictures))
    named = {"weights": str(weights), "corrections_of": str(outside.path)}[which]
    app.session_state["draft"] = dataclasses.replace(RunConfig(task="image"), **{which: named})
    app.button(key="start").click().run()
    assert not app.exception
    part = {"weights": "within the allowed roots", "corrections_of": "must be the id of a run"}[which]
    assert part in " ".join(error.value for error in app.error).replace("\\", "")
    assert run_list.list_runs() == []


@pytest.mark.parametrize(("keep", "part"), [(1, "At least two classes"), (0, "No picture")])
def test_data_that_cannot_train_are_refused_on_the_page(pictures, keep, part):
    for folder in sorted(pictures.iterdir())[keep:]:
        shutil.rmtree(folder)
    app = _open("data", data=str(pictures))
    end = time.monotonic() + 60
    while not app.error and time.monotonic() < end:
        time.sleep(0.3)
        app.run()
    assert not app.exception
    assert part in app.error[0].value
    assert "Traceback" not in app.error[0].value


def test_a_run_deleted_elsewhere_leaves_every_page_whole(pictures, run_of):
    run = run_of(pictures)
    pages = {page: _open(page, run=run.id) for page in ("train", "results", "runs")}
    shutil.rmtree(run.path)
    for page, app in pages.items():
        app.run()
        assert not app.exception, page


def test_a_run_of_an_older_version_is_shown(pictures, run_of):
    run = run_of(pictures)
    older = {"data": str(pictures), "phase1": {"momentum": 0.9}, "colour": "blue", "version": 0}
    run.config_file.write_text(json.dumps(older))
    run.status_file.write_text('{"state": "done"}')
    for phase in (1, 2):
        kept = {name: run.evaluation(phase)[name] for name in FIRST_FIGURES}
        run.evaluation_file(phase).write_text(json.dumps(kept))
    run.insight_file.write_text("[]")
    for page in ("train", "results", "runs"):
        app = _open(page, run=run.id)
        assert not app.exception, page
        assert not [e.value for e in app.error if "did not foresee" in e.value], page


def test_pictures_that_vanished_after_the_run_leave_its_results_whole(pictures, run_of):
    run = run_of(pictures)
    Image.new("RGB", (3, 3)).save(pictures / "stray.png")
    shutil.rmtree(pictures)
    for page in ("train", "results", "runs"):
        app = _open(page, run=run.id)
        assert not app.exception, page
        assert not [e.value for e in app.error if "did not foresee" in e.value], page


@pytest.mark.slow
def test_a_batch_larger_than_the_data_set_trains_from_the_page(pictures):
    scan(pictures)
    app = _open("train", data=str(pictures))
    app.session_state["fold-settings"] = True
    app.run()
    small = {"image_size": 32, "unfreeze": "none", "seed": 1}
    app.session_state["draft"] = app.session_state["draft"].replace(**small)
    app.run()
    app.number_input(key="set-batch_size").set_value(4096).run()
    app.button(key="start").click().run()
    (run,) = run_list.list_runs()
    assert wait(run) == "done"
    assert run.config().batch_size == 4096
    assert not [*app.run().exception, *app.error]


def _asked_for_weights(pictures):
    """The Train page with its field for a weights file."""
    scan(pictures)
    app = _open("train", data=str(pictures))
    app.session_state["fold-settings"] = True
    app.run()
    return app.button_group(key="weights-kind").set_value("file").run()


@pytest.mark.parametrize("typed", ["/etc/passwd", "/etc/no-such", "~no-such-user/w.h5", "/" + "n" * 5000, "/a\0b"])
def test_a_typed_weights_path_is_checked_before_anything_looks_at_it(pictures, typed):
    app = _asked_for_weights(pictures)
    app.text_input(key="set-weights").set_value(typed).run()
    said = " ".join(error.value for error in [*app.error, *app.exception]).replace("\\", "")
    wanted = ("There is no folder or file", "within the allowed roots") if typed[0] == "/" else ("Give the whole path",)
    assert any(part in said for part in wanted)
    assert typed not in app.session_state["draft"].weights
    assert "did not foresee" not in said
    app.button_group(key="weights-kind").set_value("pretrained").run()
    assert not [*app.error, *app.exception]


def test_a_typed_weights_path_within_the_roots_is_taken(pictures):
    app = _asked_for_weights(pictures)
    file = another_networks(pictures.parent / "mine.h5")
    app.text_input(key="set-weights").set_value(f" {file} ").run()
    assert not [*app.error, *app.exception]
    assert app.session_state["draft"].weights == str(file)


def _unguarded(source):
    """The lines where Streamlit is given a fragment, a dialog or a callback that may show its bare error."""
    tree = ast.parse(source)
    guarded = {
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and "guarded()" in map(ast.unparse, node.decorator_list)
    }

    def is_safe(given):
        if isinstance(given, ast.Name):
            return given.id in guarded
        body = given.body if isinstance(given, ast.Lambda) else given
        return isinstance(body, ast.Constant) or ast.unparse(given).startswith("guarded()(")

    for node in ast.walk(tree):
        given = []
        if isinstance(node, ast.FunctionDef) and re.search(
            r"\bst\.(fragment|dialog)\b", " ".join(map(ast.unparse, node.decorator_list))
        ):
            given = [ast.Name(node.name)]
        elif isinstance(node, ast.Call):
            given = [word.value for word in node.keywords if (word.arg or "").startswith("on_")]
            is_dialog = isinstance(node.func, ast.Call) and ast.unparse(node.func.func) == "st.dialog"
            given += node.args[:1] if is_dialog or ast.unparse(node.func) == "st.fragment" else []
        elif isinstance(node, ast.Dict):
            named = zip(node.keys, node.values, strict=True)
            given = [value for key, value in named if key and ast.unparse(key).startswith("'on_")]
        yield from (node.lineno for one in given if not is_safe(one))


@pytest.mark.parametrize("file", [*(ROOT / "components").rglob("*.py")], ids=lambda file: file.stem)
def test_no_fragment_dialog_or_callback_can_show_a_traceback(file):
    lines = [f"{file.name}:{line}" for line in _unguarded(file.read_text(encoding="utf-8"))]
    assert not lines, "Put @guarded() on it, or hand over guarded()(…)."


def test_the_reader_of_callbacks_sees_every_form():
    source = (
        "@st.fragment\n@guarded()\ndef fine(): ...\n"
        "@st.dialog('x')\ndef bare(): ...\n"  # line 5
        "st.fragment(bare, run_every=1)()\nst.fragment(fine)()\nst.dialog('x')(bare)(1)\nst.dialog('x')(fine)(1)\n"
        "b(on_click=bare)\nb(on_click=fine)\nb(on_click='ignore')\nb(on_x_change=lambda: None)\n"
        "b(on_change=lambda: f(1))\nb(on_change=guarded()(lambda: f(1)))\nb(on_change=draft.change)\n"
        "d = {'on_click': bare, 'args': ()}\n"
    )
    assert sorted(_unguarded(source)) == [5, 6, 8, 10, 14, 16, 17]
