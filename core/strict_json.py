"""JSON that every program reads: null for what it has no number for, escapes for what is not ASCII."""

import json
import math
from typing import Any


def strict_json(data: Any, indent: int | None = None) -> str:
    """Plain data as JSON text. NaN and infinity become null; names that are not UTF-8 survive as escapes."""
    try:
        return json.dumps(data, indent=indent, allow_nan=False)
    except ValueError:  # most data is finite, and a copy of a large manifest costs
        return json.dumps(_finite(data), indent=indent, allow_nan=False)


def _finite(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, (list, tuple)):
        return [_finite(value) for value in data]
    return None if isinstance(data, float) and not math.isfinite(data) else data
