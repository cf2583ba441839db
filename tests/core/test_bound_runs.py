"""A page's run reads within the allowed roots only, at its turn too; the shell has its user's own rights."""

import pytest
from filelock import FileLock

from core import launcher, record
from core.config import from_json
from core.data import roots
from core.errors import DataError
from tests.core.conftest import make_pictures
from tests.core.test_training_resume import wait
from tests.core.test_training_survives import SMALL, until

CLASSES = ["cat", "dog"]


@pytest.fixture
def places(tmp_path, monkeypatch):
    """An allowed folder and another one, each with a data set."""
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path / "allowed"))
    return [make_pictures(tmp_path / place / "team" / "pets", CLASSES, 4) for place in ("allowed", "secret")]


def swapped(inside, outside):
    """Put a link out of the roots where a folder was."""
    inside.rename(inside.with_name("moved"))
    inside.symlink_to(outside)


@pytest.mark.parametrize("which", ["pets", "team"])
def test_a_folder_swapped_for_a_link_while_a_page_run_waits_is_not_read(places, tmp_path, which):
    runs, (inside, outside) = tmp_path / "runs", places
    (runs / ".slots").mkdir(parents=True)
    with FileLock(runs / ".slots" / "0.lock"):
        run = launcher.start(from_json({"data": str(inside), **SMALL, "weights": "random"}), runs, bound=True)
        until(lambda: run.status().get("place") == 1)
        swapped(*(places if which == "pets" else (inside.parent, outside.parent)))
    assert wait(run) == record.FAILED
    assert "within the allowed roots" in run.status()["error"]
    assert run.dataset() is None
    if which == "team":
        return
    launcher.resume(run, bound=True)
    assert wait(run) == record.FAILED
    launcher.resume(run)  # from a shell
    until(run.dataset_file.exists)
    launcher.stop(run)
    assert wait(run) in (record.STOPPED, record.DONE)


def test_examples_that_links_lead_out_of_the_roots_are_refused(places):
    inside, outside = places
    files = [str(path) for path in inside.rglob("*.*")]
    roots.check_examples(files)
    assert len(files) == 8
    one = inside / "cat" / "more"
    one.symlink_to(outside / "cat")
    with pytest.raises(DataError, match="within the allowed roots"):
        roots.check_examples([*files, *(str(path) for path in one.iterdir())])
    (inside / "dog" / "one.png").symlink_to(next((outside / "dog").iterdir()))
    with pytest.raises(DataError, match="within the allowed roots"):
        roots.check_examples([*files, str(inside / "dog" / "one.png")])
