"""What the machine has to train on."""

import tensorflow as tf


def gpus() -> list[str]:
    """Names of the GPUs that TensorFlow may use."""
    return [device.name for device in tf.config.list_logical_devices("GPU")]


def strategy() -> tf.distribute.Strategy:
    """One replica a GPU where there are several; the ordinary single device otherwise."""
    names = gpus()
    return tf.distribute.MirroredStrategy(names) if len(names) > 1 else tf.distribute.get_strategy()


def batch_for(n: int, batch: int, replicas: int) -> int:
    """The largest batch, at most `batch`, whose last one over `n` examples leaves no replica without an example.

    `fit` crashes when a last batch is smaller than the number of replicas.
    """
    while batch > replicas and 0 < n % batch < replicas:
        batch -= 1
    return batch
