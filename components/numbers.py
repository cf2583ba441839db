"""Numbers as people read them: a unit and sensible digits."""

import math
from datetime import datetime
from typing import Any

UNKNOWN = "–"
# Of a table's column of shares, each given as `hundredfold`: Streamlit's own "percent" has 0 to 2 digits.
SHARES: dict[str, Any] = {"format": "%.1f %%", "min_value": 0.0, "max_value": 100.0}


def percent(share: float | None, digits: int = 1) -> str:
    """A share from 0 to 1 as `97.8 %`."""
    return UNKNOWN if share is None or math.isnan(share) else f"{share * 100:.{digits}f} %"


def hundredfold(share: float | None) -> float | None:
    """A share as a number of percent."""
    return None if share is None else 100 * share


def interval(bounds: tuple[float, float] | list[float] | None) -> str:
    """Two shares as `95.6 to 98.9 %`."""
    if not bounds or len(bounds) != 2 or any(b is None for b in bounds):
        return UNKNOWN
    return f"{bounds[0] * 100:.1f} to {bounds[1] * 100:.1f} %"


def points(difference: float | None) -> str:
    """A difference of shares as `+1.9 points`."""
    return UNKNOWN if difference is None else f"{difference * 100:+.1f} points".replace("-", "−")


def duration(seconds: float | None) -> str:
    """Seconds as `42 s`, `4 min 12 s` or `1 h 05 min`."""
    if seconds is None or not math.isfinite(seconds) or seconds < 0:
        return UNKNOWN
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def count(number: int | None) -> str:
    """A whole number with thin thousands: `12,345`."""
    return UNKNOWN if number is None else f"{number:,}"


def parameters(number: int | None) -> str:
    """A count of parameters: `0`, `1,281`, `14.7 M`."""
    if number is None:
        return UNKNOWN
    for size, unit in ((1e9, "G"), (1e6, "M")):
        if number >= size:
            return f"{number / size:.1f} {unit}"
    return f"{number / 1e3:.0f} k" if number >= 10_000 else f"{number:,}"


def megabytes(size: float | None) -> str:
    """Megabytes as `18 MB` or `1.4 GB`."""
    if size is None:
        return UNKNOWN
    return f"{size / 1000:.1f} GB" if size >= 1000 else f"{size:.0f} MB" if size >= 10 else f"{size:.1f} MB"


def moment(seconds: float | None) -> str:
    """Seconds since 1970 as `24 Nov, 14:05` in the server's time."""
    return UNKNOWN if not seconds else f"{datetime.fromtimestamp(seconds):%-d %b %Y, %H:%M}"


def ago(seconds: float) -> str:
    """How long ago something was, as `just now`, `12 min ago`, `3 h ago` or `5 days ago`."""
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min ago"
    return f"{seconds // 3600:.0f} h ago" if seconds < 2 * 86400 else f"{seconds // 86400:,.0f} days ago"


def plural(number: int, one: str, many: str = "") -> str:
    """`1 picture`, `12 pictures`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
