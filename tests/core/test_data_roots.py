import os

import pytest

from core import environment
from core.data.roots import check, check_typed, folders
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


PASTED = ("{}", " {} ", '"{}"', "'{}'", "' {} '", "file://{}", "file://localhost{}", "'file://{}'\n")


@pytest.mark.parametrize("form", PASTED)
def test_a_path_is_found_as_file_managers_and_shells_paste_it(root, form):
    assert check_typed(form.format(root / "inside")) == (root / "inside").resolve()


def test_signs_of_an_address_are_read_as_the_bytes_that_they_stand_for(root):
    folder = root / os.fsdecode(b"caf\xe9 #1?")
    folder.mkdir()
    assert check_typed(f"file://{root}/caf%E9%20%231%3f") == folder.resolve()


def test_a_name_with_spaces_or_quotes_around_it_is_found_as_it_is(root):
    for name in (" ends in a space ", "'quoted'", "file:", "50%25"):
        (root / name).mkdir()
        assert check_typed(str(root / name)) == (root / name).resolve()


@pytest.mark.parametrize(
    "typed", ["pets", "./pets", "C:\\pets", "  ", '""', "file://server/pets", "https://a.org/pets"]
)
def test_what_is_no_whole_path_is_told_so(root, typed):
    with pytest.raises(DataError, match=r"^Give the whole path, beginning with /\. Received: '"):
        check_typed(typed)


@pytest.mark.parametrize("form", PASTED)
def test_a_pasted_path_elsewhere_is_refused_for_where_it_lies(root, form):
    with pytest.raises(DataError, match="must lie within the allowed roots"):
        check_typed(form.format(root.parent / "outside"))


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
