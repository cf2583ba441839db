"""What each sequence length of texts costs: how many are cut, and how much longer the encoder computes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.catalog import Encoder

LENGTHS = (64, 128, 256, 512)  # tokens


@dataclass(frozen=True)
class LengthCost:
    """One sequence length."""

    length: int  # tokens
    cut: float  # share of the texts that are longer
    work: float  # arithmetic of the encoder on all texts, in that of the chosen length


def length_costs(
    counts: Sequence[int], encoder: Encoder, batch: int, chosen: int, lengths: Sequence[int] = LENGTHS
) -> list[LengthCost]:
    """The cost of some sequence lengths and of the chosen one, the shortest first.

    Texts of about one length share a batch and are padded to the longest in it, as in training. Counted are the
    multiplications of attention and feed-forward layers; measured time grows a little less (by a sixth at 512).

    Args:
        counts: tokens of each text, at least one text.
        encoder: its dimensions.
        batch: texts a step.
        chosen: the length that `work` is measured in, tokens.
        lengths: the others, tokens.
    """
    tokens = np.sort(np.asarray(counts))
    known = sorted({*lengths, chosen})
    work = {length: _work(np.minimum(tokens, length), encoder, batch) for length in known}
    return [LengthCost(n, float((tokens > n).mean()), work[n] / work[chosen]) for n in known]


def _work(tokens: np.ndarray, encoder: Encoder, batch: int) -> float:
    """Multiply-adds of one layer on texts of so many tokens, in order of length."""
    total = 0.0
    for start in range(0, len(tokens), batch):
        padded = tokens[start : start + batch]
        n, length = len(padded), int(padded[-1])
        dense = 4 * encoder.width**2 + 2 * encoder.width * encoder.hidden  # of one token
        total += n * length * (dense + 2 * length * encoder.width)
    return total
