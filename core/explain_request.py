"""What a request for an explanation asks, and what is refused."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.request_body import Refused
from core.tasks import Explaining


@dataclass(frozen=True)
class Asked:
    """The question, from the address."""

    label: str | None  # a class; None: the most probable one
    method: str
    phase: int | None  # None: the kept one
    format: str

    @staticmethod
    def of(query: Mapping[str, str], explaining: Explaining) -> "Asked":
        """The question in `class`, `method`, `phase` and `format`, to a modality that explains itself in this way.

        Raises:
            Refused: 422, where one of them is of no known kind.
        """
        methods, formats = explaining.methods, explaining.formats
        method, form, phase = query.get("method", methods[0]), query.get("format", formats[0]), query.get("phase")
        for name, value, known in (
            ("method", method, methods),
            ("format", form, formats),
            ("phase", phase, (None, "1", "2")),
        ):
            if value not in known:
                rule = " or ".join(k for k in known if k)
                raise Refused(422, f"{name} must be {rule}. Received: {value!r}.")
        return Asked(query.get("class"), method, int(phase) if phase else None, form)
