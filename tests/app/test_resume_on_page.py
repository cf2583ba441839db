"""A run whose worker was killed is taken to its end from the pages."""

import pytest
from test_pages import _errors, _open

from core import launcher, record
from core.config import from_json
from tests.core.conftest import make_pictures
from tests.core.test_training_resume import SETTINGS, history, kill_at, wait


def _ticked_on_runs(run):
    app = _open("runs")
    assert list(app.dataframe[0].value["state"]) == [record.INTERRUPTED]
    app.session_state[app.dataframe[0].key] = {"selection": {"rows": [0], "columns": []}}
    return app.run().button(key="runs-resume")


def _opened_on_train(run):
    return _open("train", run=run.id).button(key="resume")


def test_an_interrupted_run_is_resumed_from_runs_and_from_train_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path))
    data = make_pictures(tmp_path / "pets", ["cat", "dog"], 20)
    run = launcher.start(from_json({"data": str(data), **SETTINGS}))
    kill_at(run, "epoch", 2)
    for button_of, epoch in ((_ticked_on_runs, 5), (_opened_on_train, None)):
        app = button_of(run).click().run()
        assert not _errors(app)
        assert run.state() in record.LIVE
        if epoch:
            kill_at(run, "epoch", epoch)
    assert wait(run) == record.DONE
    assert history(run) == [(1 if epoch < 5 else 2, epoch) for epoch in range(1, 8)]
    app = _open("train", run=run.id)
    assert not _errors(app)
    with pytest.raises(KeyError):
        app.button(key="resume")
