"""How many tokens texts have, counted without TensorFlow: by the encoder's own vocabulary where it is at hand."""

import re
from collections.abc import Sequence
from pathlib import Path

from core.catalog import Backbone
from core.models import weights as places

MARKS = 2  # tokens that an encoder puts around every text
PIECES = 1.2  # tokens of a word or a sign, where they have to be guessed: what English reviews have of BERT's
LONGEST = 4_000  # characters of a text that are looked at; 512 tokens, the most that an encoder takes, are fewer
_PIECE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\W\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+|[^\w\s]")


def token_counts(texts: Sequence[str], row: Backbone, weights: str = "pretrained") -> tuple[list[int], bool]:
    """Tokens of each text, the encoder's marks included, and whether they are counted rather than guessed.

    Args:
        texts: anything; of each the first LONGEST characters are looked at.
        row: the encoder.
        weights: as in the settings. A folder in Hugging Face's format has a `tokenizer.json` to count with.
    """
    short = [text[:LONGEST] for text in texts]
    state = places.locate(row, "pretrained" if weights == "random" else weights)
    found = state.path if state.state in (places.HERE, places.FILE) else None
    folder = found if found is None or found.is_dir() else found.parent
    if folder is not None and (counted := _counted(short, folder / "tokenizer.json")) is not None:
        return counted, True
    return [MARKS + round(PIECES * len(_PIECE.findall(text))) for text in short], False


def _counted(texts: list[str], file: Path) -> list[int] | None:
    """None where the file is not there, or is KerasHub's own of the same name."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_str(file.read_text(encoding="utf-8"))
    except Exception:  # noqa: BLE001 -- the library raises Exception itself for a file of another format
        return None
    tokenizer.no_truncation()
    tokenizer.no_padding()
    clean = [text.encode("utf-8", "replace").decode() for text in texts]
    return [MARKS + len(found.ids) for found in tokenizer.encode_batch(clean, add_special_tokens=False)]
