"""Which encoding a file of text is in, told from its bytes."""

import re

KANA = 0.2  # share of the signs beyond ASCII from which on a text is Japanese
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_GOOD = 4  # sound signs of UTF-8 for each broken one, from which on a file is in UTF-8 with some damage
_LOOK = 1 << 16  # bytes of the lines beyond ASCII that are looked at
_OTHERS = ("gb18030", "big5", "cp949", "cp1251", "koi8_r", "cp1253", "cp1256", "cp874", "cp1252")
_LETTERS = re.compile(rb"[\xa1-\xff]+")
_KANA = re.compile("[\u3041-\u30ff]")


def decode(data: bytes) -> str:
    """The text of a file; signs that its `encoding` does not have become a replacement sign."""
    return data.decode(encoding(data), "replace")


def encoding(data: bytes) -> str:
    """The encoding as Python names it: UTF-8 or UTF-16, with or without a byte-order mark, or what fits best.

    Some broken bytes do not make UTF-8 another encoding. What is neither is Windows-1252 where letters beyond ASCII
    stand one by one among others, as in the languages of Western Europe; else Japanese by its kana, or what
    charset-normalizer says of it.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    even, odd = data[:4000:2].count(0), data[1:4000:2].count(0)
    if max(even, odd) > len(data[:4000]) / 5:  # every other byte of Latin letters in UTF-16 is zero
        return "utf-16-be" if even > odd else "utf-16-le"
    if _is_utf_8(data):
        return "utf-8"
    found = _other(b"\n".join(line for line in data.splitlines() if not line.isascii())[:_LOOK])
    if found != "cp1252":
        return found
    return found if _decodes(data, found) else "latin-1"


def _is_utf_8(data: bytes) -> bool:
    if _decodes(data, "utf-8"):
        return True
    text = data.decode("utf-8", "surrogateescape")
    broken = sum("\udc80" <= sign <= "\udcff" for sign in text)
    return sum(not sign.isascii() for sign in text) - broken >= _GOOD * broken


def _other(lines: bytes) -> str:
    for name in ("cp932", "euc_jp"):
        text = lines[: lines.rfind(b"\n") + 1 or None]
        if _decodes(text, name) and _kana(text.decode(name)) >= KANA:
            return name
    runs = [len(run) for run in _LETTERS.findall(lines)]
    if sum(n for n in runs if n > 1) <= 2 * runs.count(1):
        return "cp1252"
    import charset_normalizer  # 0.1 s, and most files do without

    best = charset_normalizer.from_bytes(lines, cp_isolation=list(_OTHERS)).best()
    return best.encoding if best and best.encoding in _OTHERS else "cp1252"


def _decodes(data: bytes, name: str) -> bool:
    try:
        data.decode(name)
    except UnicodeDecodeError:
        return False
    return True


def _kana(text: str) -> float:
    beyond = sum(not sign.isascii() for sign in text)
    return len(_KANA.findall(text)) / max(1, beyond)
