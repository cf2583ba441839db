"""Arithmetic on the recipe's times. Apart from the recipe itself, which needs Keras."""


def scaled(measured: list[float], epochs: int) -> float:
    """Seconds of `epochs` epochs from the first few: the first one compiles, the others are alike."""
    rest = measured[1:] or measured
    return measured[0] + (epochs - 1) * sum(rest) / len(rest)
