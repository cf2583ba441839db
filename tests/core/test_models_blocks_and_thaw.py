import pytest

from core.catalog import BACKBONES, BlockRule
from core.config import HeadConfig, RunConfig
from core.errors import ConfigError
from core.models.blocks import block_of, in_order
from core.models.structure import structure
from core.models.thaw import block_names, counts, resolve, selected

IMAGE = [b for b in BACKBONES.values() if b.task == "image"]


def shipped(key):
    return structure(key, BACKBONES[key].default_size)


@pytest.mark.parametrize("row", IMAGE, ids=lambda b: b.key)
def test_the_shipped_structure_agrees_with_the_catalogue(row):
    found = shipped(row.key)
    assert sum(layer["params"] for layer in found["layers"]) == row.parameters
    assert [b["name"] for b in found["blocks"]] == in_order([layer["block"] for layer in found["layers"]])
    assert sum(b["params"] for b in found["blocks"]) == row.parameters
    assert all(0 <= layer["thawable"] <= layer["params"] for layer in found["layers"])
    assert not any(layer["thawable"] for layer in found["layers"] if layer["type"] == "BatchNormalization")
    assert found["layers"][-1]["cut"]


@pytest.mark.parametrize(
    ("key", "n"),
    [("VGG16", 5), ("VGG19", 5), ("ResNet50", 16), ("ResNet101", 33), ("InceptionV3", 11), ("Xception", 14),
     ("EfficientNetLite0", 16), ("EfficientNetB0", 16), ("ConvNeXtTiny", 18), ("MobileNetV2", 17),
     ("InceptionResNetV2", 43), ("DenseNet121", 7), ("NASNetMobile", 16)],
)  # fmt: skip
def test_blocks_are_the_papers_own(key, n):
    assert len(block_names(shipped(key))) == n


def test_stem_and_top_stand_beside_the_blocks():
    names = [b["name"] for b in shipped("EfficientNetLite0")["blocks"]]
    assert names[0] == "stem"
    assert names[-1] == "top"
    assert names[1:3] == ["block1a", "block2a"]


def test_a_layer_without_a_pattern_joins_its_neighbour():
    names = ["input", "conv", "a1_conv", "pad", "a2_conv", "add"]
    before = BlockRule(((r"(a\d)_.*", r"\1"),))
    after = BlockRule(before.patterns, fill="next")
    assert block_of(before, names) == ["stem", "stem", "a1", "a1", "a2", "a2"]
    assert block_of(after, names) == ["a1", "a1", "a1", "a2", "a2", "top"]


def test_the_tutorials_last_four_layers_are_three_convolutions_and_a_pool():
    vgg = shipped("VGG16")
    assert selected("layers:4", vgg) == {"block5_conv1", "block5_conv2", "block5_conv3", "block5_pool"}
    assert resolve("layers:4", vgg) == {"block5_conv1", "block5_conv2", "block5_conv3"}


def test_the_tutorials_parameter_counts():
    head = HeadConfig(pooling="flatten", hidden_units=256, dropout=0.0)
    vgg = {**shipped("VGG16"), "feature_shape": [4, 4, 512]}  # at 150 pixels
    n = counts(vgg, RunConfig(unfreeze="layers:4", head=head), 2)
    assert n["phase1"] == 4 * 4 * 512 * 256 + 256 + 256 + 1
    assert n["phase2"] == n["phase1"] + 3 * (3 * 3 * 512 * 512 + 512)
    assert n["total"] == n["phase1"] + 14_714_688


def test_nothing_thawed_leaves_both_phases_with_the_head():
    lite = shipped("EfficientNetLite0")
    for text in ("none", "blocks:0", "layers:0"):
        assert resolve(text, lite) == frozenset()
        n = counts(lite, RunConfig(unfreeze=text), 5)
        assert n["phase1"] == n["phase2"] == 1281 * 5


def test_the_last_blocks_take_the_top_along_and_leave_the_stem():
    lite = shipped("EfficientNetLite0")
    assert resolve("blocks:1", lite) == {
        "block7a_expand_conv", "block7a_dwconv", "block7a_project_conv", "top_conv"
    }  # fmt: skip
    everything = resolve("all", lite)
    assert everything - resolve("blocks:16", lite) == {"stem_conv"}
    assert not any(name.endswith("_bn") for name in everything)


@pytest.mark.parametrize("text", ["blocks:17", "layers:142", "blocks:²", "layers:", "names:", "some", "blocks:-1"])
def test_a_choice_beyond_the_network_is_refused(text):
    with pytest.raises(ConfigError):
        resolve(text, shipped("EfficientNetLite0"))


def test_an_unknown_layer_is_answered_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"'block9_conv'.*block5_conv3"):
        resolve("names:block5_conv3,block9_conv", shipped("VGG16"))


def test_single_layers_are_thawed_by_name():
    assert resolve("names:block5_conv3,block5_pool", shipped("VGG16")) == {"block5_conv3"}
