"""From the arguments of `train` to checked settings, and what is refused before a run is made of them."""

import argparse

from core import catalog, presets, tasks
from core import config as configs
from core.config import RunConfig
from core.errors import ConfigError, WeightsError
from core.models import own_encoder, thaw
from core.models.weights import locate
from core.models.weights_file import refuse_another_networks
from core.paths import expanded

NOT_SET = {  # what a settings file holds beside settings, and what to do in place of `--set`
    "data": "name the data with --data",
    "task": "the data tell it, so name them with --data",
    "preset": "choose it with --preset",
    "version": "it says how a settings file is laid out, so leave it out",
}


def settings_from(args: argparse.Namespace) -> RunConfig:
    """The settings that `train`'s arguments ask for: settings file, then preset, then flags, then `--set`.

    What neither sets is as in the preset, and where none is given as in the one that the file names.

    Raises:
        ConfigError: one of them is unknown or out of its range, or no data is named.
    """
    saved = configs.load(args.config) if args.config else RunConfig()
    data = args.data or saved.data
    if not data:
        raise ConfigError("train needs --data DATA, or a settings file that names the data. Received neither.")
    config = presets.preset(args.preset or saved.preset, tasks.detect(data))
    if args.config:
        config = configs.load(args.config, config)
    if args.preset:
        config = presets.with_preset(config, args.preset)
    if args.backbone:
        config = presets.with_backbone(config, args.backbone)
    flags = {
        "weights": args.weights,
        "image_size": args.image_size,
        "unfreeze": args.unfreeze,
        "phase1.epochs": args.epochs1,
        "phase2.epochs": args.epochs2,
    }
    config = configs.apply(config, {name: text for name, text in flags.items() if text is not None})
    config = configs.apply(config, dict(map(_assignment, args.set)))
    weights = str(expanded(config.weights).absolute()) if config.has_own_weights else config.weights
    return config.replace(data=str(expanded(data).absolute()), weights=weights)


def refuse_early(config: RunConfig) -> None:
    """Refuse what cannot train before a run is made of it.

    Raises:
        ThawError: the backbone, its size, its weights file, a layer to thaw, or the data cannot be used.
    """
    refuse_settings(config)
    tasks.task(config.task).scan(config)


def refuse_settings(config: RunConfig) -> None:
    """Refuse settings that no data could mend.

    Raises:
        ThawError: the backbone, its size, its weights file, or a layer to thaw cannot be used.
    """
    row = catalog.backbone(config.backbone)
    if row.task != config.task:
        raise ConfigError(f"{row.key} reads {tasks.task(row.task).NOUN}, the data are {tasks.task(config.task).NOUN}.")
    tasks.task(config.task).refuse(config)
    weights = locate(row, config.weights)
    if weights.state == "missing" and config.weights != "pretrained":
        raise WeightsError(weights.message)
    if weights.state == "file" and weights.path is not None and weights.path.is_file():
        refuse_another_networks(row, weights.path)
    described = own_encoder.structure_of(config)  # names and blocks are the same at every size
    if described:
        thaw.learning(config, described)


def _assignment(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise ConfigError(f"--set takes key=value. Received: {text!r}.")
    if key in NOT_SET:
        raise ConfigError(f"--set does not take {key}: {NOT_SET[key]}.")
    return key, value
