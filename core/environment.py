"""What the environment variables say. Read at each call, so a test or a shell can change them."""

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import ThawError
from core.paths import expanded

_MOST_GB = 1e9  # more than any disk
_MOST_RUNNING = 10_000  # more than any machine bears


def runs_dir() -> Path:
    """The folder that holds the runs (`THAW_RUNS`, by default `runs`)."""
    return Path(os.environ.get("THAW_RUNS") or "runs").absolute()


@contextmanager
def runs_in(folder: Path | None) -> Iterator[None]:
    """Have `THAW_RUNS` say `folder` meanwhile, so that what lies beside the runs follows; None changes nothing."""
    before = os.environ.get("THAW_RUNS")
    if folder is not None:
        os.environ["THAW_RUNS"] = str(folder.absolute())
    try:
        yield
    finally:
        os.environ.pop("THAW_RUNS", None)
        if before is not None:
            os.environ["THAW_RUNS"] = before


def cache_dir() -> Path:
    """The folder of the feature store and of scans (`THAW_CACHE_DIR`, by default `cache` beside the runs)."""
    given = os.environ.get("THAW_CACHE_DIR")
    return Path(given).absolute() if given else runs_dir().parent / "cache"


@contextmanager
def kept_in_cache(trouble: str, kind: type[ThawError] = ThawError) -> Iterator[None]:
    """Turn what goes wrong with writing to the cache folder into `trouble` and what to do, as an error of a `kind`."""
    try:
        yield
    except OSError as error:
        raise kind(
            f"{trouble}: {error.strerror}, in {str(cache_dir())!r}. Free some space or change the folder's rights, "
            "or name another one (THAW_CACHE_DIR)."
        ) from None


def app_data_dir() -> Path:
    """The app's own data folder, where samples and uploads are kept: `data` beside the runs."""
    return runs_dir().parent / "data"


def cache_bytes() -> int:
    """The most that the feature store may hold, in bytes (`THAW_CACHE_GB`, by default 10; `inf` for no limit)."""
    return int(min(max(0.0, _number("THAW_CACHE_GB", 10.0)), _MOST_GB) * 1e9)


def max_running() -> int:
    """How many runs may train at once (`THAW_MAX_RUNNING`, by default 1)."""
    return int(min(max(1.0, _number("THAW_MAX_RUNNING", 1)), _MOST_RUNNING))


def data_roots() -> list[Path]:
    """The folders that the app may read from (`THAW_DATA_ROOTS`, colon-separated), links resolved."""
    given = os.environ.get("THAW_DATA_ROOTS")
    roots = [Path(r) for r in given.split(":") if r] if given else [Path.home(), Path.cwd()]
    return [expanded(r).resolve() for r in [*roots, app_data_dir()]]


def public() -> bool:
    """Whether an open address without sign-in was asked for by name (`THAW_PUBLIC=1`)."""
    return os.environ.get("THAW_PUBLIC") == "1"


def _number(name: str, default: float) -> float:
    """The number in a variable; the default where it is empty or no number."""
    try:
        number = float(os.environ.get(name) or default)
    except ValueError:
        return default
    return default if math.isnan(number) else number
