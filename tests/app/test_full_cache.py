"""A cache folder that cannot be written to: each page says so in a sentence, and none waits for ever."""

import pytest
from streamlit.testing.v1 import AppTest

from components import data_scan
from core.data import jobs
from core.errors import ThawError
from core.models import structure
from tests.core.data_pictures import class_folders


@pytest.fixture
def no_room(tmp_path, monkeypatch):
    """A file where the cache folder belongs: nobody can write there, an administrator included."""
    (tmp_path / "cache").write_text("")
    monkeypatch.setenv("THAW_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path))


def test_scans_and_samples_say_which_folder_it_is(no_room, tmp_path):
    for start in (lambda: jobs.start_scan(class_folders(tmp_path / "data")), lambda: jobs.start_sample("digits")):
        with pytest.raises(ThawError, match=r"cannot be started.*THAW_CACHE_DIR"):
            start()


def test_a_backbone_is_not_described(no_room):
    with pytest.raises(ThawError, match=r"cannot be worked out.*THAW_CACHE_DIR"):
        structure.start_describe("EfficientNetLite0", 96)


def test_the_network_is_shown_in_its_usual_size_with_the_reason(no_room):
    def page():
        from components import network
        from core.config import RunConfig

        found, exact = network.structure(RunConfig(image_size=96))
        assert found is not None
        assert not exact
        network.wait_for(RunConfig(image_size=96))

    shown = AppTest.from_function(page).run(timeout=30)
    for _ in range(2):
        assert not shown.exception
        assert [caption.value for caption in shown.caption if "THAW" in caption.value]
        shown.run()


def test_a_scan_that_cannot_be_kept_is_made_twice_and_no_more(tmp_path, monkeypatch):
    started = []

    class Done:
        def poll(self):
            return {"state": jobs.DONE}

    monkeypatch.setattr(jobs, "start_scan", lambda path, **_: started.append(path) or Done())
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path))

    def page(path):
        from components import data_scan

        data_scan.scan_with_progress(path)

    monkeypatch.setattr(data_scan, "_follow", lambda *_: None)
    data = str(class_folders(tmp_path / "data"))
    shown = AppTest.from_function(page, kwargs={"path": data}).run(timeout=30)
    for _ in range(4):
        shown.run()
    assert len(started) == 2
    assert "could not be kept" in shown.error[0].value
    shown.button(key="scan-again").click().run()
    assert len(started) > 2
