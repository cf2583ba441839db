"""Turn a network into constants, so that TensorFlow can fold its BatchNormalization and plan its memory."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from core.models.fold import fold_depthwise


def frozen(function: Callable[..., Any], *specs: tf.TensorSpec) -> Callable[..., list[tf.Tensor]]:
    """An inference graph of `function` with the values that its variables have now.

    Args:
        function: takes tensors that match `specs`, returns a tensor or a list of them.
        specs: shape and dtype of each argument; the batch size may be None.

    Returns:
        A function of the same tensors that returns a list. Later changes of the weights do not reach it.
    """

    def traced(*tensors: tf.Tensor) -> Any:
        with _Constants():
            return function(*tensors)

    constant = fold_depthwise(tf.function(traced, autograph=False).get_concrete_function(*specs))
    n_outputs = len(constant.outputs)

    def call(*tensors: Any) -> list[tf.Tensor]:
        outputs = constant(*(tf.convert_to_tensor(t) for t in tensors))
        return list(outputs) if n_outputs > 1 or isinstance(outputs, (list, tuple)) else [outputs]

    return call


class _Constants(keras.StatelessScope):
    """Within it, Keras reads every variable as a constant: TensorFlow's own conversion takes twice as long."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[int, tf.Tensor] = {}

    def get_current_value(self, variable: Any) -> tf.Tensor:
        """The value of `variable` as a constant of the graph that is being traced."""
        if id(variable) not in self._known:
            with tf.init_scope():
                value = variable._value.numpy()
            self._known[id(variable)] = tf.constant(value)
        return self._known[id(variable)]
