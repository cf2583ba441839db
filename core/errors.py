"""The few exceptions of Thaw. Each message names the rule, the value received and the remedy."""

from collections.abc import Iterable


class ThawError(Exception):
    """A mistake that the user can mend. Its text is shown to people as it stands."""


class DataError(ThawError):
    """The data set, or one file of it, cannot be used."""


class TooLargeError(DataError):
    """An example would take more memory than a request may ask for."""


class ConfigError(ThawError):
    """A setting is unknown or out of its range."""


class WeightsError(ThawError):
    """Pretrained weights are missing, damaged or of another network."""


class NoRoomError(ThawError):
    """The feature store cannot make room: for an entry, or at all."""


class RunError(ThawError):
    """A run does not exist, is damaged, or is in the wrong state for what was asked."""


def unknown(kind: str, received: object, known: Iterable[str]) -> str:
    """A sentence that says what is unknown and lists what is known."""
    return f"Unknown {kind} {str(received)!r}. Known: {', '.join(known)}."
