"""Import a library that prints before it can be told how much it may say."""

import os
from importlib import import_module


def import_quietly(name: str) -> None:
    """Import a module, and throw away what it writes to the process's standard error meanwhile.

    TensorFlow 2.21 prints seven lines on its processor there, whatever `TF_CPP_MIN_LOG_LEVEL` says. An exception says
    itself what is wrong. Not for a process whose other threads write.
    """
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        import_module(name)
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
