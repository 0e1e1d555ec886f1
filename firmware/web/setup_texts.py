"""What the set-up pages say, in the languages of firmware/texts/setup_*.py and door_*.py."""

import sys

from .. import texts

LANGUAGES = (("en", "English"), ("da", "Dansk"), ("de", "Deutsch"))


def load(language, kind="setup_"):
    """Names and texts, in turn, of ``language`` (English if unknown); drop it soon.

    ``kind``: "setup_", or "door_" for the few of `firmware.web.door`.
    """
    if language not in texts.LANGUAGES:
        language = "en"
    leaf = kind + language
    name = texts.__name__ + "." + leaf
    __import__(name)
    module = sys.modules.pop(name)
    delattr(texts, leaf)
    return module.TEXTS


find = texts.find
