"""Texts that no encoding can write: half an emoji, which JSON may spell, and bytes that are not UTF-8 in file names."""

import codecs
import re

REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
AS_BYTES = "thaw-as-bytes"  # the name of an error handler, as `str.encode` and text files take it
_SURROGATE = re.compile("[\ud800-\udfff]")
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def whole(text: str) -> str:
    """The text with a replacement sign for every lone surrogate, so that it can be written in any encoding."""
    return text if text.isascii() else _SURROGATE.sub(REPLACEMENT, text)


def on_one_line(text: str) -> str:
    """The text for a terminal: line ends, escape sequences and what turns the reading direction as Python spells them.

    What joins the parts of an emoji or of a word stays, and so do bytes that are not UTF-8.
    """
    return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def _as_bytes(error: UnicodeError) -> tuple[bytes | str, int]:
    """Bytes that `os.fsdecode` hid in surrogates come back as they were; any other sign becomes a question mark."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    sign = error.object[error.start]
    return (bytes([ord(sign) - 0xDC00]) if "\udc80" <= sign <= "\udcff" else "?"), error.start + 1


codecs.register_error(AS_BYTES, _as_bytes)
