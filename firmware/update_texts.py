"""What is said about updates, in the languages of firmware/texts/update_*.py."""

import sys

from . import texts


def line(args, language="en"):
    """The text of ``args`` (name, parameters ...); the bare words where there is none."""
    text = find(load(language), args[0])
    args = tuple(args)
    if text is None:
        return " ".join([str(a) for a in args])
    return text % args[1:] if "%" in text else text


def load(language):
    """Names and texts, in turn, of ``language`` (English if unknown); drop it soon."""
    if language not in texts.LANGUAGES:
        language = "en"
    leaf = "update_" + language
    name = texts.__name__ + "." + leaf
    __import__(name)
    module = sys.modules.pop(name)
    delattr(texts, leaf)
    return module.TEXTS


find = texts.find
