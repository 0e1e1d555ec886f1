"""The rules of docs/architecture.md: who may import what, how files are named and sized."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.paths import ROOT

MAX_LINES = 400
MAX_FUNCTION = 40
TOP = """.ci .gitignore CHANGELOG.md LICENSE Makefile README.md boot.py docs firmware lib main.py
package.json pyproject.toml tests tools web""".split()
ROOMS = ("mep", "osgp", "c1218", "shim", "firmware", "tools", "tests")
THIRD_PARTY = ("microdot", "umqtt")
# What belongs to one platform only, or is time and I/O: hal's business.
PLATFORM = ("esp", "esp32", "machine", "network", "serial", "socket", "time")
# umqtt imports `socket` by a name that CPython lacks; its client hands it that one.
EXCEPTIONS = {"firmware.mqtt.client": ("socket",)}
PURE = ("binascii", "micropython", "struct")
# The store and what describes it; `texts` are sentences, `storage` is files.
OUTPUT = (
    "shim",
    "firmware.hal",
    "firmware.readings",
    "firmware.report",
    "firmware.config",
    "firmware.texts",
)
SERVICES = (
    "firmware.hal",
    "firmware.config",
    "firmware.log",
    "firmware.storage",
    "firmware.texts",
)
UPDATES = (
    "firmware.bundle",
    "firmware.pack",
    "firmware.slots",
    "firmware.update",
    "firmware.update_texts",
    "firmware.version",
)
# room: what it may import of ours and of third parties (a name allows all below it). The first
# room that fits a module counts.
RULES = (
    ("shim", ()),
    ("mep", ("mep", "shim")),
    ("c1218", ("c1218", "shim")),
    ("osgp", ("osgp", "mep.errors", "shim")),
    ("firmware.hal", ("firmware.hal", "firmware.boards", "shim")),
    ("firmware.meter", ("firmware.meter", "firmware.hal", "mep", "osgp", "c1218", "shim")),
    (
        "firmware.asked.mbus",
        ("firmware.asked", "firmware.timezone", "firmware.hal", "osgp", "shim"),
    ),
    (
        "firmware.asked",
        ("firmware.asked", "firmware.meter", "firmware.hal", "mep", "osgp", "shim"),
    ),
    ("firmware.boards", ("firmware.boards", "shim")),
    ("firmware.readings", ("firmware.hal.clock", "shim")),
    ("firmware.report", ("firmware.hal.clock", "firmware.readings", "shim")),
    ("firmware.web.update", (*UPDATES, "firmware.web", "microdot", *OUTPUT)),
    # Tries key and broker before they are kept; in set-up there is no application to disturb.
    (
        "firmware.web.trials",
        ("firmware.boards", "firmware.meter", "firmware.mqtt", "mep", "osgp", *OUTPUT),
    ),
    ("firmware.web", ("firmware.certificates", "firmware.web", "microdot", *OUTPUT)),
    (
        "firmware.mqtt.deeds",
        ("firmware.boards", "firmware.hal", "firmware.mqtt", "shim"),
    ),  # commands: the LED
    ("firmware.mqtt.opening", ("firmware.mqtt", "firmware.version", *OUTPUT)),
    ("firmware.mqtt.secure", ("firmware.certificates", "firmware.mqtt", *OUTPUT)),
    ("firmware.mqtt", ("firmware.mqtt", "umqtt", *OUTPUT)),
    ("firmware.app", ("firmware", "mep", "osgp", "c1218", "shim")),
    ("firmware.start", ("firmware", "shim")),
    ("firmware.choice", ("firmware", "shim")),
    ("firmware.recovery", ("firmware", "shim")),
    ("firmware.wifi", ("firmware.radio", "firmware.setup_ap", "firmware.hal", "shim")),
    ("firmware.timesync", ("firmware.ntp", "firmware.timezone", "firmware.hal", "shim")),
    ("firmware.config", ("firmware.boards", "mep.keys", "mep.errors", "shim", *SERVICES)),
    (
        "firmware.schema",
        (
            "firmware.boards",
            "firmware.forms",
            "firmware.power",
            "mep.keys",
            "mep.errors",
            "shim",
            *SERVICES,
        ),
    ),
    ("firmware.forms", ("firmware.timezone", "shim", *SERVICES)),
    ("firmware.bundle", (*UPDATES, "shim", *SERVICES)),
    ("firmware.slots", (*UPDATES, "shim", *SERVICES)),
    ("firmware.trial", (*UPDATES, "shim", *SERVICES)),
    ("firmware.update", (*UPDATES, "shim", *SERVICES)),
    ("firmware.begin", ("firmware", "mep", "shim")),
    ("firmware.battery", ("firmware", "mep", "osgp", "shim")),
    ("firmware.kept", ("firmware.records", "shim")),
    ("firmware.late", ("firmware.records", "shim", *SERVICES)),
    (
        "firmware.news",
        (
            "firmware.days",
            "firmware.late",
            "firmware.mbus",
            "firmware.report",
            "shim",
            *SERVICES,
        ),
    ),
    ("firmware.days", ("firmware.timezone", "shim", *SERVICES)),
    (
        "firmware.lowpower",
        (
            "firmware.boards",
            "firmware.hal",
            "firmware.records",
            "firmware.wifi",
            "firmware.readings",
            "shim",
        ),
    ),
    ("firmware.power", ("firmware.boards", "shim", *SERVICES)),
    ("firmware.writes", ("osgp", "mep.writing", "shim", *SERVICES)),
    ("firmware.texts", ("firmware.texts", "shim")),
    ("firmware", (*SERVICES, "shim")),
    ("tools.mepsim", ("tools.mepsim", "tools.paths", "mep.frame", "mep.digest", "mep.keys")),
)


def modules(*folders):
    """``{dotted name: path}`` of our modules in ``folders``."""
    found = {}
    for folder in folders:
        top = ROOT / "lib" if folder == "lib" else ROOT
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = ".".join(path.relative_to(top).with_suffix("").parts)
            found[name.replace(".__init__", "")] = path
    return found


DEVICE = modules("lib", "firmware")
ALL = modules("lib", "firmware", "tools")


def imports(name, path):
    """Absolute dotted names that a module imports, relative imports resolved."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join(base + ([node.module] if node.module else []))
            for alias in node.names:
                whole = base + "." + alias.name
                yield whole if whole in ALL else base


def below(name, rooms):
    return any(name == room or name.startswith(room + ".") for room in rooms)


def committed():
    """Paths of what is, or is about to be, in the repository."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    out = subprocess.run(listing, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    paths = [ROOT / name for name in out.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def rule_of(name):
    return next((allowed for room, allowed in RULES if below(name, [room])), None)


@pytest.mark.parametrize("name", [name for name in ALL if rule_of(name) is not None])
def test_imports_of_ours(name):
    allowed = rule_of(name)
    for used in imports(name, ALL[name]):
        if below(used, ROOMS + THIRD_PARTY):
            assert below(used, allowed), "%s must not import %s" % (name, used)


@pytest.mark.parametrize("name", DEVICE)
def test_imports_of_the_platform(name):
    hal = below(name, ["firmware.hal"])
    pure = not below(name, ["firmware"])
    for used in imports(name, DEVICE[name]):
        if not below(used, ROOMS + THIRD_PARTY):
            free = hal or used in EXCEPTIONS.get(name, ())
            assert free or not below(used, PLATFORM), "%s: only hal may import %s" % (name, used)
            assert not pure or below(used, PURE), "%s must not import %s" % (name, used)


@pytest.mark.parametrize("name", DEVICE)
def test_calls(name):
    for node in ast.walk(ast.parse(DEVICE[name].read_text())):
        if isinstance(node, ast.Name) and not below(name, ["firmware"]):
            assert node.id not in ("print", "open", "input", "exec", "eval"), node.id
        if isinstance(node, ast.Attribute) and node.attr == "platform":
            assert below(name, ["firmware.hal"]), "%s: only hal asks the platform" % name


@pytest.mark.parametrize("name", DEVICE)
def test_next_has_no_default(name):
    # The unix port's `next` takes one; the ESP32's (seen with 1.24.0) says "takes 1 positional".
    for node in ast.walk(ast.parse(DEVICE[name].read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "next":
            assert len(node.args) == 1, "line %d" % node.lineno


@pytest.mark.parametrize("name", DEVICE)
def test_functions_are_short(name):
    for node in ast.walk(ast.parse(DEVICE[name].read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = node.end_lineno - node.lineno + 1
            assert lines <= MAX_FUNCTION, "%s: %s has %d lines" % (name, node.name, lines)


def test_a_rule_names_each_room():
    for name in DEVICE:
        assert rule_of(name) is not None, "no rule says what %s may import" % name


def test_every_module_has_its_test():
    tests = [p for p in (ROOT / "tests").rglob("*.py") if p.name != Path(__file__).name]
    texts = [p.read_text() for p in tests]
    used = set()
    for path in tests:
        used.update(imports("tests." + path.stem, path))
    for name, path in DEVICE.items():
        if path.name == "__init__.py" and not path.read_text().strip():
            continue
        last = name.rsplit(".", 1)[-1]
        # A declaration of a table is loaded by its number, and tests name it as the guides do.
        words = [name, str(path.relative_to(ROOT))]
        words += [last.upper()] if re.fullmatch(r"[be]t\d\d", last) else []
        mentioned = name in used or any(word in text for word in words for text in texts)
        assert mentioned, "no test mentions %s" % name


def test_files_are_short():
    for path in committed():
        if path.suffix in (".py", ".js", ".css", ".html"):
            lines = len(path.read_text().splitlines())
            assert lines <= MAX_LINES, "%s has %d lines" % (path.relative_to(ROOT), lines)


def test_top_level_is_fixed():
    for path in committed():
        top = path.relative_to(ROOT).parts[0]
        assert top in TOP, "%s: the top level is fixed, see TOP in this file" % top


def test_no_names_of_places():
    """No package index and no folder of one machine is written into the repository."""
    # Put together here, so that this file does not hold them either.
    words = ["py" + "pi.org", "pythonhosted" + ".org", "npm" + "js.org", "npm" + "js.com"]
    places = re.compile("|".join([re.escape(w) for w in words] + [r"(?<![\w.])/work" + "/"]))
    for path in committed():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        found = places.search(text)
        assert not found, "%s names %s" % (path.relative_to(ROOT), found.group())


def test_third_party_code_is_not_committed():
    for path in committed():
        assert not set(path.parts) & {*THIRD_PARTY, "node_modules"}, path


def test_importing_does_nothing():
    """Importing every pure module in a fresh interpreter prints nothing and needs no network."""
    pure = [name for name in DEVICE if not below(name, ["firmware"]) and "viper" not in name]
    code = "import sys; sys.path.insert(0, 'lib')\n"
    code += "\n".join("import " + name for name in pure)
    code += "\nassert 'socket' not in sys.modules and 'asyncio' not in sys.modules"
    run = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert run.returncode == 0 and run.stdout == "", run.stdout
