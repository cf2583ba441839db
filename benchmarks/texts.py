"""The texts to measure on: the shared data set where it lies beside the repository, else made ones."""

import csv
import random
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data" / "movie_reviews" / "reviews.csv"


def reviews(home: Path, quick: bool = False) -> tuple[Path, str]:
    """A CSV of 10,662 sentences with columns `text` and `label`, and what it is in words; a few dozen when `quick`."""
    if SHARED.is_file() and not quick:
        return SHARED, "movie_reviews"
    return made(home / "made_sentences.csv", 48 if quick else 10_662), "made sentences"


def made(path: Path, n: int) -> Path:
    """`n` sentences of 10 to 40 words in two classes that a word or two of them tell apart."""
    chosen = random.Random(0)
    plain = ["the", "film", "and", "its", "story", "of", "a", "man", "who", "comes", "to", "town", "with", "nothing"]
    telling = {"negative": ["dull", "tiresome"], "positive": ["moving", "delightful"]}
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["text", "label"])
        for i in range(n):
            label = ("negative", "positive")[i % 2]
            words = chosen.choices(plain, k=chosen.randint(9, 38)) + chosen.choices(
                telling[label], k=chosen.randint(1, 2)
            )
            chosen.shuffle(words)
            rows.writerow([" ".join(words), label])
    return path
