"""Changed copies are made of files that the app may read, at the moment when it reads them."""

from types import SimpleNamespace

from PIL import Image
from streamlit.testing.v1 import AppTest

from components import augment_preview


def page():
    from components.augment_preview import preview
    from core.config import RunConfig

    preview(RunConfig(), "pets")


def test_a_picture_that_became_a_link_out_of_the_roots_is_not_copied(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path / "allowed"))
    for place in ("allowed", "secret"):
        (tmp_path / place).mkdir()
        Image.new("RGB", (8, 8)).save(tmp_path / place / "a.png")
    inside, swapped, gone = (tmp_path / "allowed" / name for name in ("a.png", "b.png", "c.png"))
    swapped.symlink_to(tmp_path / "secret" / "a.png")
    asked = []

    def start(config, paths):
        asked.extend(paths)
        return SimpleNamespace(poll=lambda: 0), tmp_path

    monkeypatch.setattr(augment_preview, "some_pictures", lambda data, number: [str(inside), str(swapped), str(gone)])
    monkeypatch.setattr(augment_preview, "_start", start)
    shown = AppTest.from_function(page).run()
    shown.button(key="augment-show").click().run()
    assert not shown.exception
    assert asked == [str(inside)]
