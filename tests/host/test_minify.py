"""Short names: the same program, nothing renamed that somebody else asks for."""

import ast
import json
import subprocess

import pytest

from tools import minify as module
from tools import stage
from tools.minify import MinifyError, explain, minify


def run(texts, path, name="answer"):
    """What ``name()`` of the module at ``path`` gives under CPython, after minifying."""
    scope = {"const": lambda value: value, "__name__": "x"}
    exec(texts[path], scope)
    return scope[name]()


def one(text, callers=(), outside=()):
    out, names = minify({"lib/a.py": text}, dict(callers), outside)
    return out["lib/a.py"], names["lib/a.py"]


def test_names_of_our_own_get_short_and_keep_their_meaning():
    text = """
_TABLE = (1, 2)
class _Holder:
    limit_of_all = 7
    def __init__(self, first_thing, other=3):
        self._kept_thing = first_thing
        self.public_thing = other
    def total_of(self):
        return self._kept_thing + self.public_thing + self.limit_of_all + sum(_TABLE)
def answer():
    def inner_one(deep_value):
        return holder.total_of() + deep_value + extra
    extra = 100
    holder = _Holder(10, other=20)
    return inner_one(1000), [limit_of_all for limit_of_all in (1, 2)]
"""
    out, names = one(text, outside=["a.answer"])
    assert run({"a": out}, "a") == (1140, [1, 2])
    for gone in ("_kept_thing", "public_thing", "total_of", "_Holder", "first_thing", "_TABLE"):
        assert gone not in out
    for stays in ("other", "answer", "__init__", "self"):  # `other` is a keyword of a call
        assert stays in out
    assert "_kept_thing" in names.values() and len(set(names)) == len(names)


def test_a_local_hides_a_global_as_before():
    text = """
state_word = 1
def read_it():
    return state_word
def hide_it(state_word):
    return state_word
def change_it():
    global state_word
    state_word += 1
def answer():
    change_it()
    for other_name in (5,):
        pass
    try:
        raise ValueError(3)
    except ValueError as state_fault:
        caught = state_fault.args[0]
    return read_it(), hide_it(state_word=9), (lambda some_value: some_value)(4), caught
"""
    out, _ = one(text, outside=["a.answer"])
    assert run({"a": out}, "a") == (2, 9, 4, 3)


def test_what_others_ask_for_stays():
    text = """
import machine_like
from machine_like import take_this
class Errors: pass
class SomeFault(ValueError): pass
class Thing:
    def readinto(self): pass
    def by_string(self): pass
    def _bt01(self): pass
    def asked_outside(self): pass
    def append(self): pass
    def take_this(self): pass
    def renamed_one(self): pass
NAME = "by_string"
"""
    out, names = one(text, outside=["thing.asked_outside()"])
    kept = {n.name for n in ast.walk(ast.parse(out)) if isinstance(n, ast.FunctionDef)}
    assert kept >= {"readinto", "by_string", "_bt01", "asked_outside", "append", "take_this"}
    assert "SomeFault" in out and "renamed_one" in names.values()


def test_names_that_meet_differ_and_others_may_share():
    modules = {
        "lib/one.py": "class Base:\n    def base_method(self): return self.base_value\n",
        "lib/two.py": "from one import Base\n"
        "class Child(Base):\n    def child_method(self): return self.child_value\n",
        "lib/three.py": "class Other:\n    def lonely_method(self): pass\n"
        "def put(thing):\n    thing.put_from_outside = 1\n",
    }
    _, names = minify(modules, {}, ())
    short = {}
    for path in names:
        for new, old in names[path].items():
            assert short.setdefault(old, new) == new  # one short name for each
    hierarchy = [short[n] for n in ("base_method", "child_method", "Base", "Child")]
    assert len(set(hierarchy)) == 4
    assert short["lonely_method"] in hierarchy
    others = [new for old, new in short.items() if old != "put_from_outside"]
    assert short["put_from_outside"] not in others


def test_constants_of_other_modules_become_numbers():
    modules = {
        "lib/one.py": "from shim import const\nSIZE = const(4)\nTWICE = const(2 * SIZE)\n"
        "KEPT = const(9)\nloose = 3\n",
        "lib/two.py": "from shim import const\nimport one as first\nfrom one import SIZE, loose\n"
        "_MINE = const(SIZE + 1)\n"
        "def answer():\n    from one import TWICE\n"
        "    return SIZE, first.TWICE, TWICE, first.KEPT, _MINE\n",
    }
    out, _ = minify(modules, {}, ["a.answer(); one.KEPT"])
    assert "SIZE" not in out["lib/one.py"] and "KEPT" in out["lib/one.py"]
    text = out["lib/two.py"]
    assert "return (4, 8, 8, " in text and "TWICE" not in text and "shim" not in text


def test_an_exchange_of_two_values_makes_no_tuple():
    out, _ = one("def answer():\n    a, b = 1, 2\n    a, b = b, a\n    return a, b\n")
    assert "a, b = b, a" in out


def test_tests_keep_their_own_names():
    tests = {
        "tests/both/kit.py": "def same_word(): return 1\n",
        "tests/both/test_it.py": "import kit\nfrom kit import same_word\n"
        "from a import other_word\n"
        "class Fake:\n    def same_word(self): return 3\n"
        "def test_it(): return kit.same_word(), same_word(), Fake().same_word(), other_word()\n",
    }
    text = "def same_word(): return 2\ndef other_word(): return same_word()\n"
    out, names = minify({"lib/a.py": text}, tests, ())
    new = {old: short for short, old in names["lib/a.py"].items()}
    got = out["tests/both/test_it.py"]
    assert "kit.same_word(), same_word(), Fake().%s()" % new["same_word"] in got
    assert "import %s as other_word" % new["other_word"] in got


def test_a_name_made_at_run_time_is_told():
    with pytest.raises(MinifyError, match=r"lib/a\.py:2: getattr"):
        one("def f(x, y):\n    return getattr(x, 'a' + y)\n")


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    out = tmp_path_factory.mktemp("minify") / "x86"
    stage.stage("x86", out=out)
    return json.loads((out.parent / "x86.names.json").read_text())


def test_no_name_of_the_interpreter_is_renamed(staged, micropython32):
    code = """
import sys
names = set()
kinds = [str, bytes, bytearray, memoryview, list, dict, set, tuple, int, float, type, object]
for name in ("array asyncio asyncio.core asyncio.stream binascii builtins errno gc io json "
    "machine micropython os random re select socket struct sys time vfs").split():
    try:
        module = __import__(name, None, None, ("x",))
    except ImportError:
        continue
    names.update(dir(module))
    kinds += [getattr(module, n) for n in dir(module) if isinstance(getattr(module, n), type)]
kinds += [sys.stdout, (i for i in ()), open("/dev/null"), select.poll(), re.compile("a")]
for kind in kinds:
    names.update(dir(kind))
print(" ".join(names))
"""
    code = "import select, re\n" + code
    run = subprocess.run([micropython32, "-c", code], capture_output=True, text=True)
    assert not run.stderr
    theirs = set(run.stdout.split())
    assert {"readinto", "ticks_ms", "create_task", "register", "setblocking"} <= theirs
    # The port has more than the firmware uses; what it has in common may only be an accident.
    renamed = {old for names in staged.values() for old in names.values()}
    assert sorted(renamed & theirs) == []


def test_the_map_explains_a_traceback(staged):
    path = "firmware/supervisor.py"
    new = {old: short for short, old in staged[path].items()}
    text = 'Traceback (most recent call last):\n  File "supervisor", line 1, in %s\nOSError: 5'
    got = explain(text % new["_keep"], staged).splitlines()
    assert got[1] == '  File "firmware/supervisor.py", in _keep'
    assert got[0].startswith("Traceback") and got[2] == "OSError: 5"
    assert module.leaf("firmware/web/app.py") == "app"


def test_the_names_get_few(staged):
    short = {new for names in staged.values() for new in names}
    renamed = {old for names in staged.values() for old in names.values()}
    assert len(renamed) > 400 and len(short) < len(renamed) / 2
