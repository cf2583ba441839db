"""Thumbnails are of files that the app may read, at the moment when it reads them."""

import threading
import time

import pytest
from PIL import Image

from components import thumbnails as module
from components.thumbnails import thumbnails
from core.data import pixels


def test_a_picture_that_became_a_link_out_of_the_roots_is_not_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path / "allowed"))
    for place in ("allowed", "secret"):
        (tmp_path / place).mkdir()
        Image.new("RGB", (8, 8)).save(tmp_path / place / "a.png")
    picture = tmp_path / "allowed" / "a.png"
    (inside,) = thumbnails([str(picture)])
    assert inside is not None
    picture.unlink()
    picture.symlink_to(tmp_path / "secret" / "a.png")
    assert thumbnails([str(picture), str(tmp_path / "secret" / "a.png")]) == [None, None]


@pytest.mark.parametrize(("pixels_each", "at_once"), [(64, 1), (63, 4)])
def test_large_pictures_are_decoded_one_at_a_time_by_all_sessions_together(tmp_path, monkeypatch, pixels_each, at_once):
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path))
    monkeypatch.setattr(module, "LARGE", 64)
    inside, most, real, counting = 0, 0, pixels.thumbnail, threading.Lock()

    def counted(*arguments):
        nonlocal inside, most
        with counting:
            inside += 1
            most = max(most, inside)
        time.sleep(0.2)
        try:
            return real(*arguments)
        finally:
            with counting:
                inside -= 1

    monkeypatch.setattr(pixels, "thumbnail", counted)
    for n in range(4):
        Image.new("RGB", (1, pixels_each), (n, 0, 0)).save(tmp_path / f"{n}.png")
    assert all(thumbnails([str(tmp_path / f"{n}.png") for n in range(4)]))
    assert most == at_once
