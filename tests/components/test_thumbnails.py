"""Thumbnails are of files that the app may read, at the moment when it reads them."""

from PIL import Image

from components.thumbnails import thumbnails


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
