"""What ends a run is said in a sentence, with what to do."""

import errno
import os

import pytest

from core.failures import MEMORY, explain, is_out_of_memory


class InternalError(Exception):
    """As TensorFlow's, which says little more."""


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
        InternalError("Failed copying input tensor from CPU:0 to GPU:0: Dst tensor is not initialized."),
    ],
)
def test_memory_that_is_used_up_is_recognised_in_whatever_words(error):
    assert is_out_of_memory(error)
    assert explain(error) == MEMORY


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.ENOTCONN])
def test_a_drive_that_is_gone_is_said_to_be(number):
    for error in (OSError(number, os.strerror(number), "/data/a.png"), OSError(number, os.strerror(number))):
        said = explain(error)
        assert "no longer answers" in said
        assert "then resume" in said
        assert ("'/data/a.png'" in said) == (error.filename is not None)


def test_a_drive_that_is_gone_is_recognised_in_what_tensorflow_says_of_it():
    assert "no longer answers" in explain(InternalError(f"/data/a.png; {os.strerror(errno.EIO)}"))
    assert not is_out_of_memory(OSError(errno.EIO, "x"))


@pytest.mark.parametrize("kind", [FileExistsError, IsADirectoryError, NotADirectoryError])
def test_a_file_where_a_folder_belongs_is_named(kind):
    said = explain(kind(17, "x", "/runs/.slots"))
    assert "in the way" in said
    assert "'/runs/.slots'" in said
