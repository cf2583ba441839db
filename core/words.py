"""The words that carry a text's answer: kept in the run, asked of its service. Needs no TensorFlow.

A word's effect is how far the odds of the answer fall when the word is left out: occlusion for texts, as Li et al. 2016
erase words, https://arxiv.org/abs/1612.08220. It asks nothing of the network's inside, so it holds for any encoder.
"""

import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from core import explanations
from core.errors import ConfigError, unknown
from core.files import read_json
from core.record import Run

if TYPE_CHECKING:
    from core.predict import Predictor

METHOD = "occlusion"
AT_ONCE = 32  # texts that go through the network together
SECONDS = 20.0  # after which no further sample text is begun
LEAST = 0.25  # of the strongest word's effect, below which a word is not shown as carrying the answer
MOST_WORDS = 64  # of one text that are left out in turn: so many texts go through the network for one
FAINT = (
    0.05  # effect, in natural log odds (about one percentage point of an even chance), below which a word is not named
)
_PLACE = {"type": "integer", "description": "in characters (code points), the end excluded"}
_WORD_SCHEMA = {
    "start": _PLACE,
    "end": _PLACE,
    "effect": {"type": "number", "description": "how far the log odds of the class fall without the word"},
    "without": {"type": "number", "minimum": 0, "maximum": 1},
}
SCHEMA = {  # of what `Words.to_json` gives beside class, method, phase and probability, as OpenAPI has it
    "words": {
        "type": "array",
        "items": {"type": "object", "properties": _WORD_SCHEMA, "required": list(_WORD_SCHEMA)},
    },
    "more": {"type": "integer", "description": "words after these that were not looked at"},
}
# What stands between white space; Chinese and Japanese write none, so there each character is left out by itself.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]|[^\s\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")


@dataclass(frozen=True)
class Word:
    """One word of a text."""

    start: int  # place of its first character
    end: int  # place after its last one
    effect: float  # log odds of the class with the word, minus those without it; above 0 it speaks for the class
    without: float  # probability of the class without the word


@dataclass(frozen=True)
class Words:
    """What each word of a text does to the probability of a class."""

    label: str  # the class
    phase: int
    probability: float  # of the class, uncalibrated
    words: tuple[Word, ...]  # in the text's order
    more: int  # words after these that were not looked at

    def to_json(self) -> dict[str, Any]:
        """As plain data; the class is called `class`."""
        words = [{**asdict(w), "effect": round(w.effect, 4), "without": round(w.without, 5)} for w in self.words]
        about = {"class": self.label, "method": METHOD, "phase": self.phase, "probability": self.probability}
        return {**about, "words": words, "more": self.more}

    @staticmethod
    def from_json(data: dict[str, Any]) -> "Words":
        """What `to_json` wrote."""
        words = tuple(Word(w["start"], w["end"], w["effect"], w["without"]) for w in data["words"])
        return Words(data["class"], data["phase"], data["probability"], words, data["more"])


def places(text: str) -> tuple[list[tuple[int, int]], int]:
    """Start and end of the first words of a text, at most MOST_WORDS, and how many more there are."""
    found = [match.span() for match in _WORD.finditer(text)]
    return found[:MOST_WORDS], max(0, len(found) - MOST_WORDS)


def variants(text: str) -> list[str]:
    """The text, and then the text without each of its `places`."""
    return [text, *(text[:start] + text[end:] for start, end in places(text)[0])]


def effects(text: str, probabilities: np.ndarray, classes: list[str], phase: int, label: str | None = None) -> Words:
    """What the words do, from what the network says of a text's `variants`.

    Args:
        text: the text.
        probabilities: float (1 + words, C).
        classes: names, in the order of the columns.
        phase: whose model was asked.
        label: a class; by default the most probable one.
    """
    index = int(probabilities[0].argmax()) if label is None else classes.index(label)
    p = probabilities.astype(np.float64)
    rest = np.delete(p, index, axis=1).sum(axis=1)  # summed rather than 1 - p, which is 0 for a sure answer
    odds = np.log(np.maximum(p[:, index], 1e-12)) - np.log(np.maximum(rest, 1e-12))
    spans, more = places(text)
    words = tuple(
        Word(start, end, float(odds[0] - odds[i]), float(p[i, index])) for i, (start, end) in enumerate(spans, 1)
    )
    return Words(classes[index], phase, float(p[0, index]), words, more)


def pieces(text: str, found: Words) -> Iterator[tuple[str, Word | None, float]]:
    """The text in pieces, to be drawn; those that carry the answer with their word and its strength, -1 to 1."""
    strongest = max((abs(word.effect) for word in found.words), default=0.0)
    at = 0
    for word in found.words:
        if abs(word.effect) >= max(FAINT, LEAST * strongest):
            yield text[at : word.start], None, 0.0
            yield text[word.start : word.end], word, word.effect / strongest
            at = word.end
    yield text[at:], None, 0.0


def look(
    text: str, ask: Callable[[list[str]], np.ndarray], classes: list[str], phase: int, label: str | None = None
) -> Words:
    """The `effects` of a text's words, asked of a function from N texts to probabilities float (N, C)."""
    asked = variants(text)
    found = [ask(asked[i : i + AT_ONCE]) for i in range(0, len(asked), AT_ONCE)]
    return effects(text, np.concatenate(found), classes, phase, label)


def look_with(predictor: "Predictor", text: str, label: str | None = None) -> Words:
    """`look`, asked of a run's model, for a class or the most probable one.

    Raises:
        ConfigError: the class is unknown.
    """
    if label is not None and label not in predictor.classes:
        raise ConfigError(unknown("class", label, predictor.classes))
    return look(text, predictor.probabilities, list(predictor.classes), predictor.phase, label)


def look_at_all(
    texts: Iterable[tuple[str, str]], ask: Callable[[list[str]], np.ndarray], classes: list[str], phase: int
) -> dict[str, Any]:
    """`look` at pairs of path and text, as plain data by path: as many as can be begun within SECONDS."""
    found: dict[str, Any] = {}
    until = time.monotonic() + SECONDS
    for path, text in texts:
        if time.monotonic() > until:
            break
        found[path] = look(text, ask, classes, phase).to_json()
    return found


def of_text(run: Run, text: str, phase: int, label: str | None = None) -> Words:
    """The words of a text for a class or the likeliest, from the run's folder or else from its service, and kept.

    Raises:
        RunError: the service cannot answer now, or the run has no such model.
        DataError: the service refuses the text.
    """
    place = explanations.place(run, text.encode("utf-8", "replace"), label, METHOD, phase)
    try:
        return Words.from_json(read_json(place))
    except (TypeError, KeyError):
        pass
    from core.service_client import service

    answering = service(run)
    answering.wait()
    found = Words.from_json(answering.explain_text(text, label=label, phase=phase))
    explanations.leave(place, found.to_json())
    return found


def of_samples(run: Run) -> dict[int, dict[str, Words]]:
    """What the worker found after each phase: phase -> path -> words. Empty where there is nothing."""
    found = read_json(run.words_file, {})
    try:
        return {
            int(phase): {path: Words.from_json(data) for path, data in texts.items()}
            for phase, texts in found["phases"].items()
        }
    except (TypeError, KeyError, ValueError, AttributeError):
        return {}
