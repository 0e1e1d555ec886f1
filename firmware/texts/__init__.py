"""Texts for people in English, Danish and German, in memory only while one is looked up.

A refusal is a short code with parameters; programs use the code, people read the line.
"""

import sys

LANGUAGES = ("en", "da", "de")


class Refusal(Exception):
    """Why something cannot be: ``args`` is (code, key or "", parameters ...)."""

    def text(self, language="en"):
        """One line for the owner: what is wrong and what to write instead."""
        return line(self.args, language)

    def __str__(self):
        return line(self.args)


def line(args, language="en"):
    """The text of a refusal's ``args``; the bare code where no text is known."""
    code = args[0]
    key = args[1] if len(args) > 1 else ""
    params = args[2:]
    try:
        texts = load(language)
        text = find(texts.ERRORS, code)
        label = find(texts.LABELS, key)
    except (ImportError, MemoryError):
        text = label = None
    if text is None:
        text = " ".join([str(a) for a in (code,) + params])
    elif "%" in text:
        text %= params
    if label:
        key = "%s (%s)" % (key, label)
    return "config: %s: %s" % (key, text) if key else "config: %s" % text


def load(language):
    """The module of ``language`` (English if unknown): ERRORS, LABELS, GROUPS.

    Each is a tuple of name, text, name, text ...; drop it soon, nothing else holds it.
    """
    if language not in LANGUAGES:
        language = "en"
    name = __name__ + "." + language
    __import__(name)
    module = sys.modules[name]
    # Not kept: the next look-up reads it again, the memory is free until then.
    del sys.modules[name]
    globals().pop(language, None)
    return module


def find(pairs, name):
    """The text beside ``name`` in ``pairs``, or None."""
    for i in range(0, len(pairs), 2):
        if pairs[i] == name:
            return pairs[i + 1]
    return None
