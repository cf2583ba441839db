"""Forms that are made to cost more than they bring."""

import pytest

from core import request_body
from core.request_body import Refused, _file

FORM = "multipart/form-data; boundary=e"
FILE = b'--e\r\nContent-Disposition: form-data; name="file"; filename="%s"\r\n\r\nbytes\r\n'
END = b"--e--\r\n"


def refusal(body):
    with pytest.raises(Refused) as caught:
        _file(FORM, body)
    return caught.value


def test_the_file_is_found_among_other_fields():
    other = b'--e\r\nContent-Disposition: form-data; name="note"\r\n\r\nx\r\n'
    found = _file(FORM, other * 9 + FILE % b"a.png" + END)
    assert (found.file, found.name) == (b"bytes", "a.png")


def test_a_form_of_many_parts_is_given_up_at_once(monkeypatch):
    begun = []
    parse = request_body.parse_options_header
    monkeypatch.setattr(request_body, "parse_options_header", lambda text: begun.append(1) or parse(text))
    part = FILE % b"x"
    found = refusal(part * 10_000 + END)
    assert (found.status, "32 parts" in found.message) == (413, True)
    assert len(begun) < 100
    assert refusal(b"--e\r\n\r\n\r\n" * 3_000_000 + END).status == 413


@pytest.mark.parametrize("header", [b"x: " + b"y" * 20_000 + b"\r\n", b"x: y\r\n" * 20_000])
def test_long_headers_are_refused(header):
    assert refusal(b"--e\r\n" + header + b"\r\n\r\n" + END).status == 422
