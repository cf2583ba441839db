import os
from pathlib import Path
from urllib.parse import unquote_to_bytes

from components import selection


def test_a_plain_path_stays_readable_in_the_address():
    assert selection.address_of(Path("/data/cats & dogs 犬")) == "/data/cats & dogs 犬"


def test_a_path_of_any_bytes_survives_the_address():
    odd = Path(os.fsdecode(b"/data/\xff\n<b>"))
    address = selection.address_of(odd)
    address.encode("utf-8")
    assert Path(os.fsdecode(unquote_to_bytes(address.removeprefix("bytes:")))) == odd
