"""What is left out of third-party modules: only what is listed, and nothing that is used."""

import ast
import re
import subprocess
import sys

import pytest

from tools import shake as module
from tools.paths import DEPS, ROOT
from tools.shake import FOR_TESTS, REPLACED, UNUSED, ShakeError, shake

# Answers to raw requests, by the microdot at argv[1] or by the whole one.
TALK = """
import asyncio, sys, types
sys.path[:0] = [%r, "lib", "build/deps", "tests/both"]
if len(sys.argv) > 1:
    import microdot
    lean = types.ModuleType("microdot.microdot")
    exec(open(sys.argv[1]).read(), lean.__dict__)
    sys.modules["microdot.microdot"] = microdot.microdot = lean
    for name in ("Microdot", "Request", "Response"):
        setattr(microdot, name, getattr(lean, name))
    sys.modules["microdot.test_client"] = types.ModuleType("microdot.test_client")
    sys.modules["microdot.test_client"].TestClient = None
import test_web_app, test_web_server
from test_web_server import _talk
GET = "%%s %%s HTTP/1.1\\r\\nHost: x\\r\\n%%s\\r\\n"
for method in ("GET", "HEAD", "POST", "OPTIONS", "DELETE", "get"):
    for path in ("/", "/app.js", "/style.css", "/favicon.ico", "/api/v1/readings",
                 "/api/v1/status?x=1&y=%%20a+b&z", "/api/v1/nothing", "/no<b>", "//", "/%%41"):
        for more in ("", "If-None-Match: x\\r\\n", "Content-Length: 5\\r\\n"):
            data = (GET %% (method, path, more)).encode() + b"a=b&c"[: 5 if "Len" in more else 0]
            print(method, path, more.strip(), _talk(data).sent)
print(_talk((GET %% ("GET", "/x?a=%%zz", "")).encode()).sent)
print(_talk((GET %% ("POST", "/", "Content-Length: 3000\\r\\n")).encode()).sent)
app, store = test_web_app._app()
broken = store.value
store.value = lambda i: 1 // 0
test_web_server._app = lambda: (app, store)
print(_talk((GET %% ("GET", "/api/v1/readings", "")).encode()).sent)
"""


def answers(*lean):
    code = TALK % str(ROOT)
    run = subprocess.run(
        [sys.executable, "-c", code, *lean], cwd=ROOT, capture_output=True, text=True
    )
    assert not run.returncode, run.stderr
    return run.stdout.splitlines()


def test_the_lean_form_answers_as_the_whole(tmp_path):
    lean = tmp_path / "microdot.py"
    lean.write_text(shake("microdot/microdot.py", (DEPS / "microdot/microdot.py").read_text()))
    whole, got = answers(), answers(str(lean))
    assert len(whole) > 180
    assert got == whole
    codes = {re.search(r"HTTP/1.0 (\d+)", line)[1] for line in whole}
    assert codes >= {"200", "404", "405", "413", "500", "400"}


def test_paths_are_static():
    # The lean form has no others.
    for path in sorted((ROOT / "firmware" / "web").glob("*.py")):
        for route in re.findall(r"app\.(?:get|post)\(\"([^\"]*)", path.read_text()):
            assert "<" not in route, (path, route)


@pytest.mark.parametrize("tests", (False, True))
@pytest.mark.parametrize("name", sorted(UNUSED))
def test_the_pinned_module_shakes(name, tests):
    text = (DEPS / name).read_text()
    lean = shake(name, text, tests)
    found = set()
    for node in ast.parse(lean).body:
        found.add(getattr(node, "name", ""))
        if isinstance(node, ast.ClassDef):
            found |= {"%s.%s" % (node.name, getattr(n, "name", "")) for n in node.body}
    assert not found & (set(UNUSED[name]) - set(FOR_TESTS if tests else ()))
    assert len(lean) < len(text)


def test_what_is_used_stays():
    text = "class Microdot:\n    def run(self): pass\n    def get(self): pass\n"
    with pytest.raises(ShakeError, match=r"AsyncBytesIO.*Request\.create"):
        shake("microdot/microdot.py", text)


def test_another_version_of_what_is_replaced_is_told():
    name = "microdot/microdot.py"
    text = (DEPS / name).read_text()
    changed = text.replace("reason='OK'", "").replace("self.url_map = []", "self.url_map = [1]")
    assert changed != text
    with pytest.raises(ShakeError, match=r"Microdot\.__init__ is not what lean_microdot\.py"):
        shake(name, changed)
    with pytest.raises(ShakeError, match=r"has no .*Response\.body_iter"):
        shake(name, text.replace("def body_iter", "def body_items"))


def test_each_replacement_is_known():
    file, known = REPLACED["microdot/microdot.py"]
    lean = ast.parse((ROOT / "tools" / file).read_text())
    named = {
        "%s.%s" % (c.name, f.name)
        for c in lean.body
        if isinstance(c, ast.ClassDef)
        for f in c.body
    }
    assert set(known) <= named
    assert named - set(known) == {"Microdot.answered", "Microdot.made"}
    assert re.fullmatch("[0-9a-f]{8}", module.fingerprint(lean.body[0]))


def test_modules_without_a_list_are_untouched():
    assert shake("umqtt/robust.py", "x = 1  # as it was\n") == "x = 1  # as it was\n"


# What is used of that name belongs to others: the application, our own request, a dict, our own
# MQTT client, whose `subscribe` does not wait as umqtt's does.
OTHERS = {"abort", "after_request", "start_server", "json", "body", "update", "run", "stream"}
OTHERS.add("subscribe")


@pytest.mark.parametrize(
    "name, room", (("umqtt/simple.py", "mqtt"), ("microdot/microdot.py", "web"))
)
def test_nothing_left_out_is_asked_for(name, room):
    left_out = {path.rpartition(".")[2] for path in UNUSED[name]} - OTHERS
    for path in sorted((ROOT / "firmware" / room).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            assert getattr(node, "attr", None) not in left_out, (path.name, node.lineno, node.attr)
