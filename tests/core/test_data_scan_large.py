"""A hundred thousand pictures are scanned and split like a hundred."""

import json
import struct
import zlib

import pytest
from streamlit.testing.v1 import AppTest

from core.data.scan import scan
from core.data.split import assign_splits
from tests.core.conftest import ROOT, core

CLASSES, EACH = 100, 1000


def png(number: int) -> bytes:
    """A picture of 2 × 2 grey pixels that differ for every number."""
    rows = b"".join(b"\0" + struct.pack(">H", part) for part in divmod(number, 2**16))
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 0)), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    whole = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + whole


@pytest.mark.slow
def test_a_hundred_thousand_files_are_scanned_split_and_shown(tmp_path, monkeypatch):
    monkeypatch.setenv("THAW_DATA_ROOTS", str(tmp_path))
    for k in range(CLASSES):
        folder = tmp_path / "data" / f"class {k:03d}"
        folder.mkdir(parents=True)
        for n in range(EACH):
            (folder / f"{n}.png").write_bytes(png(k * EACH + n))
    found = scan(tmp_path / "data")
    assert (len(found.files), len(found.classes), found.problems) == (CLASSES * EACH, CLASSES, ())
    splits = [file.split for file in assign_splits(found, validation_share=0.2, seed=0)]
    assert splits.count("validation") == CLASSES * EACH // 5
    assert scan(tmp_path / "data").files == found.files
    said = json.loads(core("scan", str(tmp_path / "data"), "--json").stdout)
    assert (said["total"], len(said["classes"]), said["problems"]) == (CLASSES * EACH, CLASSES, [])
    app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=300).run()
    for page in ("data", "train"):
        app.switch_page(f"components/pages/{page}.py")
        app.query_params["data"] = str(tmp_path / "data")
        app.run()
        assert not [*app.exception, *app.error], page
    assert not app.button(key="start").disabled
