"""The recipe of a network: equal ones compute the same, and every process tells one alike."""

import json
import subprocess
import sys

import keras
import pytest

from core.config import TEXT_POOLINGS, HeadConfig, RunConfig
from core.models.heads import text_pooling
from core.models.recipe import recipe
from core.tasks import image
from tests.core.conftest import ROOT
from tests.core.test_models_text_backbones import tiny

WAYS = {
    "max": lambda x: keras.ops.max(x, 1),
    "max over the last axis": lambda x: keras.ops.max(x, 2),
    "mean": lambda x: keras.ops.mean(x, 1),
    "first": lambda x: x[:, 0],
    "second": lambda x: x[:, 1],
    "less one": lambda x: x - 1,
    "from one": lambda x: 1 - x,
    "from two": lambda x: 2 - x,
    "as whole numbers": lambda x: keras.ops.cast(x, "int32"),
    "as halves": lambda x: keras.ops.cast(x, "float16"),
    "two, one returned": lambda x: (x + 1, x + 2)[0],
    "two, both returned": lambda x: (x + 1, x + 2),
    "nested": lambda x: keras.Sequential([keras.Input((4, 3)), keras.layers.ReLU()])(x - 1),
}


def recipes():
    """Of the ways above, of a small encoder under each pooling, and of a backbone with operations of `keras.ops`."""
    found = {}
    for name, way in WAYS.items():
        x = keras.Input((4, 3))
        found[name] = recipe(keras.Model(x, way(x)))
    (encoder, (mask,)), width = tiny(), 16
    for pooling in TEXT_POOLINGS:
        pooled = text_pooling(HeadConfig(pooling=pooling), width)([encoder.output, mask])
        found[f"{pooling} of texts"] = recipe(keras.Model(encoder.inputs, pooled))
    network = image.build(RunConfig(backbone="MobileNetV3Small", weights="random", image_size=32), 2)
    found["pictures"] = recipe(network.trunk(None))
    found["pictures to a cut"] = recipe(network.trunk(network.base.layers[-3].output, features=False))
    return found


@pytest.fixture(scope="module")
def told():
    return recipes()


def test_whatever_changes_the_answer_changes_the_recipe(told):
    assert len(set(told.values())) == len(told) == len(WAYS) + len(TEXT_POOLINGS) + 2


def test_a_recipe_does_not_depend_on_what_was_built_before(told):
    assert recipes() == told


def test_another_process_tells_the_same_recipes(told):
    program = "import json; from tests.core.test_models_recipe import recipes; print(json.dumps(recipes()))"
    said = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(said.stdout.splitlines()[-1]) == told
