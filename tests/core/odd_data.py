"""A folder with everything odd that people bring, and what is to become of it."""

import os
import zipfile
import zlib
from pathlib import Path

import h5py
import numpy as np
from PIL import Image

from tests.core.data_pictures import fill, picture, smooth

BYTES = os.fsdecode(b"caf\xe9")
MARKUP = "<b>**dogs**\n:red[🐈]"
# What each path is listed as; everything else is usable.
LEFT_OUT = {
    "cats/zero.jpg": "unreadable",
    "cats/text.jpg": "unreadable",
    "cats/truncated.jpg": "unreadable",
    "cats/30000x30000.png": "too_large",
    "cats/closed.png": "permission",
    "cats/broken.png": "link",
    "cats/loop": "link",
    "cats/self.png": "link",
    "cats/out.png": "link",
    "cats/notes.txt": "unsupported",
    "cats/inner.zip": "unsupported",
    "nothing": "empty_class",
}
WARNED = {("cats", "case"), ("cats/3.png", "duplicate"), (BYTES, "few"), (BYTES, "imbalance")}
USABLE = {"Cats": 10, "cats": 20, MARKUP: 11, BYTES: 2}
WORKS = ("cmyk.jpg", "sixteen.png", "palette.png", "moving.gif", "one pixel.png", "within.png", "sub/deep.png")


def odd_data(root: Path, outside: Path) -> Path:
    """Four classes and an empty one; `outside` gets a picture that a link leads to."""
    cats = fill(root / "cats", 11)
    fill(root / "Cats", 10, 1000)
    fill(root / MARKUP, 10, 2000)
    fill(root / BYTES, 1, 3000)
    with open(root / BYTES / os.fsdecode(b"\xfe\n<i>.png"), "wb") as file:
        picture(3001).save(file, "PNG")
    (root / "nothing").mkdir()
    _works(cats)
    _left_out(cats, outside)
    (root / MARKUP / "same.png").write_bytes((cats / "3.png").read_bytes())
    return root


def _works(cats: Path) -> None:
    picture(51).convert("CMYK").save(cats / "cmyk.jpg")
    grey = np.random.default_rng(0).integers(0, 2**16, (9, 12), np.uint16)
    Image.fromarray(grey).save(cats / "sixteen.png")
    picture(52).convert("P").save(cats / "palette.png")
    picture(53).save(cats / "moving.gif", save_all=True, append_images=[picture(54)])
    picture(55, 1, 40).save(cats / "one pixel.png")
    fill(cats / "sub", 1, 56).joinpath("56.png").rename(cats / "sub" / "deep.png")
    fill(cats / ".pool", 1, 57)
    (cats / "within.png").symlink_to(cats / ".pool" / "57.png")
    with open(cats / "new\nline 🐈 <i>.png", "wb") as file:
        picture(58).save(file, "PNG")
    with open(cats / os.fsdecode(b"\xff.png"), "wb") as file:
        picture(59).save(file, "PNG")


def _left_out(cats: Path, outside: Path) -> None:
    (cats / "zero.jpg").touch()
    (cats / "text.jpg").write_text("I am a text.")
    smooth().save(cats / "truncated.jpg")
    (cats / "truncated.jpg").write_bytes((cats / "truncated.jpg").read_bytes()[:-200])
    (cats / "30000x30000.png").write_bytes(bomb((cats / "0.png").read_bytes()))
    picture(60).save(cats / "closed.png")
    (cats / "closed.png").chmod(0)
    (cats / "broken.png").symlink_to(cats / "none.png")
    (cats / "loop").symlink_to(cats)
    (cats / "self.png").symlink_to(cats / "self.png")
    (cats / "out.png").symlink_to(fill(outside, 1, 61) / "61.png")
    (cats / "notes.txt").write_text("notes")
    with zipfile.ZipFile(cats / "inner.zip", "w") as archive:
        archive.writestr("a.png", (cats / "0.png").read_bytes())


def bomb(png: bytes) -> bytes:
    """A PNG that says it has 30,000 × 30,000 pixels."""
    changed = bytearray(png)
    changed[16:24] = (30_000).to_bytes(4, "big") * 2
    changed[29:33] = zlib.crc32(changed[12:29]).to_bytes(4, "big")
    return bytes(changed)


def another_networks(path: Path) -> Path:
    """A Keras weights file of one small layer."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [b"dense"]
        file["dense/kernel"] = np.zeros((3, 2), "float32")
        file["dense"].attrs["weight_names"] = [b"kernel"]
    return path


def bound_by_rights() -> list[str]:
    """What a command begins with so that file permissions count, for root too."""
    return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
