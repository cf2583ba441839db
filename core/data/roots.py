"""Which folders the app may read: paths are resolved, links included, and must lie within the allowed roots."""

import os
from collections.abc import Sequence
from pathlib import Path

from core import environment
from core.config import RunConfig
from core.data.walk import is_folder, is_junk
from core.errors import DataError
from core.paths import expanded, pasted


def check(path: str | Path) -> Path:
    """The path with every link resolved, if it lies within `environment.data_roots()`.

    Of what lies elsewhere nobody is told whether it exists.

    Raises:
        DataError: it does not exist or lies elsewhere; the message names the roots.
    """
    roots = environment.data_roots()
    for strict in (False, True):  # only what would lie within is looked for
        try:
            resolved = expanded(path).resolve(strict=strict)
        except (OSError, RuntimeError, ValueError):
            raise DataError(f"There is no folder or file {str(path)!r} that may be read. Check the path.") from None
        if not any(resolved.is_relative_to(root) for root in roots):
            listed = ", ".join(map(str, roots))
            raise DataError(f"Data must lie within the allowed roots ({listed}). Received: {str(path)!r}.")
    return resolved


def check_typed(text: str) -> Path:
    """As `check`, of what somebody typed or pasted; a name that truly has spaces or quotes around it is found too.

    Raises:
        DataError: as for `check`, or it is no whole path.
    """
    try:
        return check(text)
    except DataError:
        return check(pasted(text))


def check_settings(config: RunConfig) -> None:
    """Raise DataError, as `check` does, where the data or the weights of a run lie outside the allowed roots."""
    check(config.data)
    if config.has_own_weights:
        check(config.weights)


def check_examples(paths: Sequence[str]) -> None:
    """Raise DataError where one of many files lies outside the allowed roots. Only folders and links are resolved."""
    for place in {os.path.dirname(path) for path in paths}.union(filter(os.path.islink, paths)):  # noqa: PTH120
        check(place)


def folders(path: str | Path) -> list[Path]:
    """The visible folders in a folder, sorted by name, those that links lead out of the roots left out.

    Raises:
        DataError: as for `check`, or the folder cannot be opened.
    """
    place = check(path)
    try:
        with os.scandir(place) as entries:
            inside = [place / e.name for e in entries if not is_junk(e.name) and is_folder(e)]
    except OSError as error:
        raise DataError(f"The folder {str(path)!r} cannot be opened: {error.strerror}.") from None
    return sorted(p for p in inside if _is_allowed(p))


def _is_allowed(path: Path) -> bool:
    if not path.is_symlink():
        return True
    try:
        return bool(check(path))
    except DataError:
        return False
