import pytest

from core import environment
from core.data.roots import check, folders
from core.errors import DataError


@pytest.fixture
def root(tmp_path, monkeypatch):
    place = tmp_path / "allowed"
    (place / "inside").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "allowed-not").mkdir()
    monkeypatch.setenv("THAW_DATA_ROOTS", str(place))
    return place


def test_paths_within_a_root_are_resolved(root):
    (root / "link").symlink_to(root / "inside")
    assert check(root) == root.resolve()
    assert check(root / "link") == (root / "inside").resolve()
    environment.app_data_dir().mkdir()
    assert check(environment.app_data_dir())


@pytest.mark.parametrize(
    "path", ["../outside", "inside/../../outside", "out", "missing", "/etc", "../allowed-not", "a\0b", "loop"]
)
def test_paths_elsewhere_are_refused(root, path):
    (root / "out").symlink_to(root.parent / "outside")
    (root / "loop").symlink_to(root / "loop")
    with pytest.raises(DataError):
        check(str(root / path))


@pytest.mark.parametrize("name", ["../outside", "../nothing", "out", "out/nothing"])
def test_nobody_is_told_whether_what_lies_elsewhere_exists(root, name):
    (root / "out").symlink_to(root.parent / "outside")
    with pytest.raises(DataError, match="must lie within the allowed roots"):
        check(root / name)
    with pytest.raises(DataError, match="There is no folder or file"):
        check(root / "nothing")


def test_only_visible_folders_within_the_roots_are_offered(root):
    (root / ".hidden").mkdir()
    (root / "file").touch()
    (root / "out").symlink_to(root.parent / "outside")
    (root / "link").symlink_to(root / "inside")
    (root / "broken").symlink_to(root / "nothing")
    assert [p.name for p in folders(root)] == ["inside", "link"]
    with pytest.raises(DataError):
        folders(root.parent)
    with pytest.raises(DataError, match="cannot be opened"):
        folders(root / "file")
