"""Texts of modules that go: the same program, and no names that stay."""

import subprocess

from tools.nameless import nameless, passing
from tools.stage import mpy_cross

GOING = '''
"""A module."""
KEPT = {"a_key": 1}
def answer(word="fallback"):
    """Short."""
    found = {"first": 1}
    found["second"] = len(["in_list", "known", "æøå °C"])
    if word == "fallback":
        found["third"] = "%s/%d" % (word, 7) + ", ".join(("in", "a", "tuple"))
    found["a long text of more"] = getattr(answer, "__name__") + "exactly_10"
    return found, KEPT, "known", "æøå °C", ""
'''
STAYING = 'from . import late\ndef use():\n    drop("firmware.late")\n    return "known"\n'
TEXTS = {"firmware/late.py": GOING, "firmware/app.py": STAYING}


def cut():
    return nameless(TEXTS, {"firmware/late.py"}, {"append"})


def test_the_program_stays_the_same():
    results = []
    for texts in (TEXTS, cut()):
        scope = {}
        exec(texts["firmware/late.py"], scope)
        results.append((scope["answer"](), scope["answer"]("other")))
    assert results[0] == results[1]
    assert cut()["firmware/app.py"] == STAYING


def test_what_is_known_or_kept_stays_a_name():
    text = cut()["firmware/late.py"]
    assert "{'a_key': 1}" in text and "'known'" in text and "found['second']" in text
    assert "('in', 'a', 'tuple')" in text and "'__name__')" in text
    assert "'fallback...'[:8]" in text and "'exactly_10.'[:10]" in text


def test_dictionaries_of_modules_that_tell_go_as_well():
    texts = {"firmware/health.py": 'def f(d):\n    d["one_key"] = {"two_key": 2}\n'}
    text = nameless(texts, set(texts), ())["firmware/health.py"]
    assert "'one_key....'[:7]" in text and "'two_key....'[:7]" in text


def test_the_interpreter_keeps_fewer_names(tmp_path, micropython32):
    counts = []
    for texts in (TEXTS, cut()):
        source = tmp_path / "late.py"
        source.write_text(texts["firmware/late.py"])
        command = [mpy_cross(), "-O3", "-s", "late", "-o", tmp_path / "late.mpy", source]
        subprocess.run(command, check=True)
        source.unlink()
        program = "import micropython, late; late.answer(); micropython.qstr_info()"
        run = subprocess.run(
            [micropython32, "-c", program],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        counts.append(int(run.stdout.partition("n_qstr=")[2].partition(",")[0]))
    # fallback, in_list, æøå °C, %s/%d, ", ", exactly_10
    assert counts[0] - counts[1] >= 5, counts


def test_passing_is_what_somebody_drops():
    texts = {
        "firmware/app.py": 'drop("firmware.asked", _MORE)\n_MORE = "mep.keys"\n'
        '_LIFE = ("mep.frame",)\ndrop(*_LIFE)\nsay("mep.session")\n',
        "firmware/asked/turn.py": "",
        "firmware/askedtoo.py": "",
        "lib/mep/keys.py": "",
        "lib/mep/frame.py": "",
        "lib/mep/session.py": "",
        "lib/osgp/codec.py": "",
        "lib/osgp/dims.py": "",
    }
    assert passing(texts) == {"firmware/asked/turn.py", "lib/mep/keys.py", "lib/osgp/dims.py"}
