"""The languages (`firmware.texts.en`, `firmware.texts.da`, `firmware.texts.de`) agree."""

from firmware import texts
from firmware.texts import da, de, en


def _pairs(table):
    return {table[i]: table[i + 1] for i in range(0, len(table), 2)}


def test_every_language_has_every_text():
    assert texts.LANGUAGES == ("en", "da", "de")
    for other in (da, de):
        for name in ("ERRORS", "LABELS", "GROUPS"):
            mine = _pairs(getattr(en, name))
            theirs = _pairs(getattr(other, name))
            assert set(mine) == set(theirs), name
            assert all(theirs.values())


def test_texts_take_the_same_values():
    for other in (da, de):
        theirs = _pairs(other.ERRORS)
        for code, text in _pairs(en.ERRORS).items():
            # The key's English text names the fault itself, the others say what to write.
            wanted = 0 if code == "key" else text.count("%s")
            assert theirs[code].count("%s") == wanted, code
