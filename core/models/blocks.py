"""Which block of its network a layer belongs to. Works on names alone, without TensorFlow."""

import re

from core.catalog import BlockRule

STEM = "stem"  # what comes before the first block
TOP = "top"  # what comes after the last block
BESIDE = (STEM, TOP)  # parts that no paper counts as a block


def block_of(rule: BlockRule, layer_names: list[str]) -> list[str]:
    """The block of every layer, in the order of `layer_names` (the order of `base.layers`).

    The input layer joins the block that follows it.
    """
    named = [_match(rule, name) for name in layer_names]
    blocks = _fill(named, STEM) if rule.fill == "previous" else _fill(named[::-1], TOP)[::-1]
    return [blocks[1], *blocks[1:]] if len(blocks) > 1 else blocks


def in_order(blocks: list[str]) -> list[str]:
    """The names of the blocks, each once, in the order in which they first appear."""
    return list(dict.fromkeys(blocks))


def _match(rule: BlockRule, name: str) -> str | None:
    for pattern, block in rule.patterns:
        if match := re.fullmatch(pattern, name):
            return match.expand(block)
    return None


def _fill(named: list[str | None], start: str) -> list[str]:
    """Gives every layer without a block the one before it, `start` at first."""
    filled, current = [], start
    for block in named:
        current = block or current
        filled.append(current)
    return filled
