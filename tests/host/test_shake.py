"""What is left out of third-party modules: only what is listed, and nothing that is used."""

import ast

import pytest

from tools.paths import DEPS
from tools.shake import UNUSED, ShakeError, shake


@pytest.mark.parametrize("name", sorted(UNUSED))
def test_the_pinned_module_shakes(name):
    text = (DEPS / name).read_text()
    lean = shake(name, text)
    names = {n.name for n in ast.walk(ast.parse(lean)) if hasattr(n, "name")}
    for unused in UNUSED[name]:
        assert unused.split(".")[-1] not in names - {"after_request", "delete", "create"}
    assert len(lean) < len(text)


def test_what_is_used_stays():
    text = "class Microdot:\n    def run(self): pass\n    def get(self): pass\n"
    with pytest.raises(ShakeError, match=r"AsyncBytesIO.*Request\.create"):
        shake("microdot/microdot.py", text)


def test_modules_without_a_list_are_untouched():
    assert shake("umqtt/simple.py", "x = 1  # as it was\n") == "x = 1  # as it was\n"
