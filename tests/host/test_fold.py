"""What is left out for the platform: the branches of others, and what nobody calls then."""

import ast

import pytest

from tools import stage
from tools.fold import FoldError, fold, prune

PORTS = """
import sys
MICROPYTHON = sys.implementation.name == "micropython"
CHIP = sys.platform == "esp32"
"""


def folded(text, chip=None):
    trees = {
        "firmware/hal/ports.py": ast.parse(PORTS),
        "firmware/hal/net.py": ast.parse("from .ports import CHIP, MICROPYTHON\n" + text),
    }
    fold(trees, chip)
    return ast.unparse(trees["firmware/hal/net.py"]), ast.unparse(trees["firmware/hal/ports.py"])


def test_branches_of_another_platform_go():
    text = """
def f(x):
    if not MICROPYTHON:
        return one()
    if CHIP:
        return two()
    elif x:
        three()
    return four(1 if CHIP else 2, CHIP or x, MICROPYTHON and x)
"""
    got, ports = folded(text, True)
    assert got == "def f(x):\n    return two()"
    assert "CHIP" not in ports and "MICROPYTHON" not in ports
    got, ports = folded(text, False)
    assert got == "def f(x):\n    if x:\n        three()\n    return four(2, x, x)"
    got, ports = folded(text)
    assert "if CHIP:" in got and "one" not in got
    assert "CHIP" in ports and "MICROPYTHON" not in ports


def test_imports_whose_end_is_known():
    text = """
try:
    import orjson as json
except ImportError:
    import json
try:
    from time import ticks_ms
except ImportError:
    def ticks_ms(): pass
try:
    from .other import steps
except (ImportError, SyntaxError):
    steps = None
try:
    import perhaps
except ImportError:
    perhaps = None
"""
    got, _ = folded(text, True)
    assert got.startswith("import json\nfrom time import ticks_ms\ntry:\n    from .other")
    assert "perhaps = None" in got


def test_what_nobody_mentions_goes():
    trees = {
        "a.py": ast.parse(
            "import os\nfrom b import used, unused\nimport asked\n"
            "def _lonely(): _also_lonely()\ndef _also_lonely(): pass\ndef _mine(): pass\n"
            "def loop(): loop()\n"
            "class C:\n    def method(self): _mine()\n    def gone(self): pass\n"
            "def stays(): pass\n"
        ),
        "b.py": ast.parse(
            "def used(): C().method()\ndef unused(): pass\nimport a\na.asked\n"
            "from a import C\nused\n"
        ),
    }
    assert sorted(prune(trees, {"stays"})) == ["_also_lonely", "_lonely", "gone", "loop", "unused"]
    assert ast.unparse(trees["a.py"]).split("\n") == [
        "import asked",
        "",
        "def _mine():",
        "    pass",
        "",
        "class C:",
        "",
        "    def method(self):",
        "        _mine()",
        "",
        "def stays():",
        "    pass",
    ]


def test_hosts_code_is_not_on_the_chip():
    texts = stage.read(stage.sources())
    trees = {path: ast.parse(text) for path, text in texts.items()}
    fold(trees, True)
    assert "machine.unique_id" in ast.unparse(trees["firmware/hal/net.py"])
    dial = ast.unparse(trees["firmware/hal/dial.py"])
    assert "resolv.conf" not in dial and "network.WLAN" in dial
    assert "_UNSENT)" not in dial and "_getaddrinfo(host" not in dial.replace(
        "def _getaddrinfo(", ""
    )


def test_who_asks_a_module_where_it_runs_is_told():
    tree = ast.parse("from firmware.hal import ports\nif ports.CHIP:\n    pass\n")
    with pytest.raises(FoldError, match=r"firmware\.x:2: write `from firmware\.hal"):
        fold({"firmware/x.py": tree}, True)
