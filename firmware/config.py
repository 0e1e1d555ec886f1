"""Configuration: one flat JSON object, held to a schema, stored so that no power cut loses it.

``config.validate``, ``config.SCHEMA`` and all else come from `firmware.schema`, which is read at
each use and dropped again: a configuration is needed at boot and when it changes, the memory
always. So write ``config.load(...)``, not ``from firmware.config import load``.
"""

import sys

from .texts import Refusal


class ConfigError(Refusal):
    """The configuration cannot be used; str() is one line for the owner, without any secret."""


def __getattr__(name):
    # Import machinery asks for __path__ and the like: not worth reading a module.
    if name[:2] == "__":
        raise AttributeError(name)
    __import__("firmware.schema")
    module = sys.modules.pop("firmware.schema")
    delattr(sys.modules["firmware"], "schema")
    return getattr(module, name)
