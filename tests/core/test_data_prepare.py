import hashlib

import pytest
from data_pictures import class_folders, split_folders

from core.config import RunConfig
from core.data.prepare import manifest
from core.errors import DataError


def test_every_file_has_its_hash_and_split(tmp_path):
    made = manifest(RunConfig(data=str(class_folders(tmp_path)), validation_share=0.3))
    assert made.classes == ("cat", "dog")
    assert len(made.rows("train")) == 14
    assert len(made.rows("validation")) == 6
    first = made.files[0]
    content = (tmp_path / first.path).read_bytes()
    assert first.hash == hashlib.blake2b(content, digest_size=16).hexdigest()


def test_a_bad_file_is_not_in_the_manifest(tmp_path):
    split_folders(tmp_path)
    (tmp_path / "train" / "cat" / "bad.jpg").write_bytes(b"bad")
    assert len(manifest(RunConfig(data=str(tmp_path))).files) == 40


def test_a_missing_folder_is_said(tmp_path):
    with pytest.raises(DataError, match="no folder"):
        manifest(RunConfig(data=str(tmp_path / "gone")))
