"""The texts of the configuration are complete, its page is current."""

import re
from pathlib import Path

import pytest

from firmware import boards, config, storage, texts
from tools import gen_docs

SOURCES = (
    "firmware/certificates.py",
    "firmware/power.py",
    "firmware/schema.py",
    "firmware/storage.py",
    "firmware/web/setup.py",
)


def test_the_page_is_current():
    assert gen_docs.TARGET.read_text(encoding="utf-8") == gen_docs.document()


def test_the_boards_are_those_there_are():
    (board,) = [e for e in config.SCHEMA if e[0] == "board"]
    assert board[2] == boards.NAMES and config.load and storage.load


def _codes():
    found = {f for f in config.FORMS if f}
    for source in SOURCES:
        text = Path(source).read_text()
        found |= set(re.findall(r'(?:ConfigError|Refusal|StorageError)\(\s*"(\w+)"', text))
        found |= set(re.findall(r'(?:return |append\(\()\(?"(\w+)"', text))
    return found | {"full", "write"}


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_each_language_has_each_text(language):
    module = texts.load(language)
    english = texts.load("en")
    for name in ("ERRORS", "LABELS", "GROUPS"):
        pairs = getattr(module, name)
        assert pairs[::2] == getattr(english, name)[::2], name
        assert all(pairs) and len(set(pairs[::2])) * 2 == len(pairs)
    assert set(module.ERRORS[::2]) == _codes()
    assert set(module.LABELS[::2]) == {e[0] for e in config.SCHEMA} | {"version"}
    assert set(module.GROUPS[::2]) == {e[5] for e in config.SCHEMA}


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_each_language_takes_the_same_parameters(language):
    module = texts.load(language)
    english = texts.load("en")
    for i in range(0, len(english.ERRORS), 2):
        ours, theirs = module.ERRORS[i + 1].count("%s"), english.ERRORS[i + 1].count("%s")
        # A text may leave out the English detail of a key or the number of an error, never add.
        assert ours == theirs or (ours == 0 and english.ERRORS[i] == "key"), english.ERRORS[i]
