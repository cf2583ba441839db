"""Turn a network into constants, so that TensorFlow can fold its BatchNormalization and plan its memory."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from core.models.fold import fold_depthwise


def frozen(function: Callable[..., Any], *specs: tf.TensorSpec) -> Callable[..., list[tf.Tensor]]:
    """An inference graph of `function` with the values that its variables have now.

    Args:
        function: takes tensors that match `specs`, returns a tensor or a list of them.
        specs: shape and dtype of each argument; the batch size may be None.

    Returns:
        A function of the same tensors that returns a list. Later changes of the weights do not reach it.
    """
    concrete = tf.function(function, autograph=False).get_concrete_function(*specs)
    constant = fold_depthwise(convert_variables_to_constants_v2(concrete, lower_control_flow=False))
    n_outputs = len(constant.outputs)

    def call(*tensors: Any) -> list[tf.Tensor]:
        outputs = constant(*(tf.convert_to_tensor(t) for t in tensors))
        return list(outputs) if n_outputs > 1 or isinstance(outputs, (list, tuple)) else [outputs]

    return call
