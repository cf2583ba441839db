import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import config as configs
from core.config import RunConfig
from core.errors import ConfigError
from core.presets import preset, presets, with_backbone


@pytest.mark.parametrize("name", presets())
def test_presets_survive_json(name):
    assert configs.from_json(json.loads(json.dumps(preset(name).to_json()))) == preset(name)


def test_tutorial_has_the_exact_values():
    c = preset("tutorial")
    assert (c.backbone, c.image_size, c.unfreeze, c.preprocessing) == ("VGG16", 150, "layers:4", "unit")
    assert (c.head.pooling, c.head.hidden_units, c.head.dropout) == ("flatten", 256, 0.0)
    assert (c.phase1.epochs, c.phase1.learning_rate, c.phase1.optimizer) == (10, 1e-3, "adam")
    assert (c.phase2.epochs, c.phase2.learning_rate, c.phase2.optimizer) == (10, 1e-5, "adam")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("phase1.learning_rate", "0"),
        ("phase2.learning_rate", "-1"),
        ("phase1.learning_rate", "nan"),
        ("phase1.epochs", "0"),
        ("batch_size", "0"),
        ("batch_size", "1.5"),
        ("augmentation", "views:0"),
        ("unfreeze", "layers:-1"),
        ("cache", "maybe"),
        ("head", "3"),
        ("head.pooling", "sum"),
        ("validation_share", "1"),
        ("patient_pattern", "("),
        ("patient_pattern", "no group"),
        ("patient_pattern", "(a){99999999999}"),
        ("patient_pattern", "(" * 3000 + ")" * 3000),
        ("no.such", "1"),
        ("phase1.learning_rate.x", "1"),
    ],
)
def test_bad_setting_raises_and_names_it(key, value):
    with pytest.raises(ConfigError, match=key.split(".")[0]):
        configs.apply(RunConfig(), {key: value})


def test_unknown_setting_lists_the_known_ones():
    with pytest.raises(ConfigError, match=r"phase1\.learning_rate"):
        configs.apply(RunConfig(), {"learning_rate": "1"})


@pytest.mark.parametrize(
    ("read", "known"),
    [
        (lambda: configs.from_json({"preset": "best"}), "recommended, quick, tutorial, medical"),
        (lambda: configs.from_json({"preset": "medical", "task": "text"}), "recommended, quick, tutorial"),
        (lambda: configs.apply(RunConfig(), {"preset": "best"}), "recommended, quick, tutorial, medical"),
    ],
)
def test_an_unknown_preset_lists_those_of_the_task(read, known):
    with pytest.raises(ConfigError, match=rf"Unknown preset '\w+'\. Known: {known}\.$"):
        read()


def test_settings_of_a_run_with_a_preset_that_is_gone_are_read_and_can_be_changed():
    c = configs.from_record({"preset": "gone"})
    assert configs.from_json({"seed": 3}, c.replace(batch_size=8)).preset == "gone"


def test_switches_and_views_are_read_from_text():
    c = configs.apply(RunConfig(), {"cache": "off", "early_stopping": "ON", "augmentation": "views:7"})
    assert (c.cache, c.early_stopping, c.views) == (False, True, 7)


def test_settings_of_another_version_are_refused():
    with pytest.raises(ConfigError, match="version 99"):
        configs.from_json({"version": 99})


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["phase1", "head", "data", "x", "cache", "seed", "epochs", "patient_pattern"]),
                inner | st.sampled_from(["(a){99999999999}", "(" * 3000 + ")" * 3000]),
                max_size=4,
            )
        ),
        max_leaves=8,
    )
)
def test_any_json_gives_settings_or_a_sentence(data):
    try:
        configs.check(configs.from_json(data))
    except ConfigError:
        return


def test_another_backbone_gets_settings_that_fit_it():
    start = preset("recommended")
    resnet, vgg = with_backbone(start, "ResNet50"), with_backbone(start, "VGG16")
    assert (resnet.unfreeze, resnet.phase2.learning_rate) == ("blocks:5", start.phase2.learning_rate)
    assert (vgg.unfreeze, vgg.phase2.learning_rate) == ("blocks:2", pytest.approx(3e-5))
    assert with_backbone(vgg, "EfficientNetLite0") == start


def test_tutorial_keeps_its_layers_and_rate_with_another_backbone():
    moved = with_backbone(preset("tutorial"), "EfficientNetLite0")
    assert (moved.unfreeze, moved.phase2.learning_rate, moved.image_size) == ("layers:4", 1e-5, 150)
