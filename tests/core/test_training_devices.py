import json
import os
import subprocess
import sys

import pytest

from core.config import from_json
from core.record import Run
from core.run_list import create_run
from core.training.devices import batch_for
from tests.core.conftest import ROOT

TWO_DEVICES = """
import sys
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from core.training import devices
devices.strategy = lambda: tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
from core.worker import main
sys.exit(main(sys.argv[1]))
"""
MIXED = """
import sys
from core.training import devices
devices.gpus = lambda: ["GPU:0"]
from core.worker import main
sys.exit(main(sys.argv[1]))
"""


@pytest.mark.parametrize(("n", "batch", "replicas"), [(33, 32, 2), (65, 32, 4), (10, 32, 2), (7, 2, 2), (100, 32, 1)])
def test_last_batch_gives_every_replica_an_example(n, batch, replicas):
    size = batch_for(n, batch, replicas)
    assert size <= batch
    assert n % size == 0 or n % size >= replicas or size <= replicas


@pytest.mark.parametrize(("script", "settings"), [(TWO_DEVICES, {}), (MIXED, {"mixed_precision": True})])
def test_trains_on_several_devices_and_in_mixed_precision(pictures, tmp_path, script, settings):
    config = from_json(
        {
            "data": str(pictures),
            "task": "image",
            "image_size": 32,
            "unfreeze": "blocks:1",
            "phase1": {"epochs": 4},
            "phase2": {"epochs": 2},
            **settings,
        }
    )
    run = create_run(config, {}, tmp_path)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    said = subprocess.run(
        [sys.executable, "-c", script, str(run.path)], env=environment, capture_output=True, text=True, timeout=300
    )
    assert said.returncode == 0, said.stdout + said.stderr + json.dumps(Run(run.path).status())
    assert len(run.events(("epoch",))) == 6
    assert run.evaluation(2)["accuracy"] >= 0.75
