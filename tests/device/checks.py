"""The checks of a module, in their order; each gives a line of text, or raises what is wrong."""

import json
import time
import urllib.error
import urllib.request
from pathlib import Path

from tools import stage
from tools.flashing import FlashError, chips, first, sync
from tools.paths import BUILD

_PACKET = 470
_LOOP_MS = 50  # nothing may hold the event loop for longer
_PORT = 8099
_AT_ONCE = 8
_HOSTS = ("firmware.hal.serialport",)  # needs pyserial
_OURS = ("/firmware/", "/lib/mep/", "/lib/osgp/", "/lib/c1218/", "/lib/microdot/", "/lib/umqtt/")


class Wrong(Exception):
    """A check failed; the text says why."""


class Skipped(Exception):
    """A check was not made; the text says why."""


class Bench:
    """``device`` (`tools.flashing.device.Device`) under test, ``args``, ``say`` for details."""

    def __init__(self, device, args, say=print):
        self.device = device
        self.args = args
        self.say = say

    def call(self, text):
        """Run a call of on_module.py there, after a soft reset; its lines, from JSON."""
        # What earlier calls left in the heap would count.
        self.device.connect()
        self.device.run(Path(__file__).with_name("on_module.py").read_text())
        lines = self.device.run(text).strip().splitlines()
        return [json.loads(line) for line in lines if line.startswith("[")]

    def start(self, seconds, until):
        """Reset and listen until ``until(line)`` is true: the `first.Said`; then the prompt."""
        self.device.reset()
        said = first.Said()
        for line in first.lines_of(self.device, seconds):
            if line is not None:
                said.take(line)
                if until(line):
                    break
        return said


def interpreter(bench):
    info = bench.device.probe()
    version = ".".join(str(n) for n in info["version"])
    if info["platform"] != "esp32":
        raise Wrong("this is a %s, not an ESP32" % info["platform"])
    return "MicroPython %s on %s; heap %d bytes, %d free; files %d KB, %d KB free" % (
        version,
        info["machine"],
        info["heap"],
        info["heap_free"],
        info["size"] >> 10,
        info["free"] >> 10,
    )


def files(bench):
    arch = chips.ARCHES[bench.device.probe()["arch"]]
    folder = BUILD / "stage" / arch
    stage.stage(arch, out=folder, chip=True)
    tree = sync.load(folder)
    plan = sync.Plan(tree, bench.device.files())
    if not plan.empty:
        names = ", ".join((plan.copy + plan.delete)[:3])
        raise Wrong("%d files differ (%s ...): run `make flash` first" % (len(plan.copy), names))
    return "%d files, %d KB, all as built" % (len(tree), sum(map(len, tree.values())) >> 10)


def imports(bench):
    names = sorted(module_of(p) for p in bench.device.files() if module_of(p))
    if not names:
        raise Wrong("none of our modules is there: run `make flash` first")
    found = []
    for at in range(0, len(names), _AT_ONCE):
        found += bench.call("imports(%r)" % names[at : at + _AT_ONCE])
    for name, kept, free, fault in found:
        bench.say(
            "    %-28s %7d bytes kept, %d free before%s"
            % (name, kept, free, "" if fault is None else "  FAULT " + fault)
        )
    faults = [name for name, _, _, fault in found if fault]
    if faults or len(found) != len(names):
        raise Wrong("not importable: " + ", ".join(faults or names[len(found) :]))
    kept, free = bench.call("together('firmware.app')")[0]
    return "%d modules; firmware.app with all it needs keeps %d bytes, %d stay free" % (
        len(names),
        kept,
        free,
    )


def module_of(path):
    """The module in the file ``path``, or None."""
    if not path.startswith(_OURS) and path != "/lib/shim.mpy":
        return None
    name = path[5:] if path.startswith("/lib/") else path[1:]
    stem, _, kind = name.rpartition(".")
    name = stem.replace("/__init__", "").replace("/", ".")
    return name if kind in ("mpy", "py") and name not in _HOSTS else None


def digest(bench):
    used, plain = bench.call("digest_us(%d, 20)" % _PACKET)[0]
    if used > _LOOP_MS * 1000:
        raise Wrong("the digest of %d bytes takes %d us, over %d ms" % (_PACKET, used, _LOOP_MS))
    return "%d bytes in %d us (plain code: %d us)" % (_PACKET, used, plain)


def storage(bench):
    slowest, wrong = bench.call("storage('/smoke_test', 6)")[0]
    if wrong:
        raise Wrong(wrong)
    return "6 saves came back whole, the slowest took %d ms" % slowest


def uart(bench):
    if not bench.args.loopback:
        raise Skipped("join RX and TX of the module and give --loopback")
    board = bench.args.board
    if not board:
        raise Skipped("--loopback needs --board")
    count, same = bench.call("loop(%r, 9600, 900)" % board)[0]
    if not same:
        raise Wrong("of 900 bytes %d came back%s" % (count, "" if count < 900 else ", changed"))
    return "900 bytes at 9600 baud came back whole"


def page(bench):
    answers = {path: rest for path, *rest in bench.call("page(%d)" % _PORT)}
    for path in ("/", "/app.js", "/api/v1/status"):
        if path not in answers or answers[path][0] != 200:
            raise Wrong("%s: %s" % (path, answers.get(path, "no answer")))
    status, _, body = answers.get("/api/v1/readings", (0, 0, ""))
    if status != 503 or len(body) < 10:
        raise Wrong(
            "/api/v1/readings without a meter: %s %r instead of 503 and why" % (status, body)
        )
    return "served; without a meter: 503, " + body


def boot(bench):
    began = time.monotonic()
    said = bench.start(bench.args.wait, lambda line: "started by" in line or "started: " in line)
    took = time.monotonic() - began
    if any("Traceback" in line for line in said.lines):
        raise Wrong("it starts with a fault:\n    " + "\n    ".join(said.lines[-8:]))
    if not said.lines or not ("started by" in said.lines[-1] or "started: " in said.lines[-1]):
        raise Wrong("within %d s it said only: %s" % (bench.args.wait, said.lines[-3:]))
    text = "%r after %.1f s" % (said.lines[-1], took)
    url = bench.args.url
    return text + (", its page answers %s" % reach(url, bench.args.wait) if url else "")


def reach(url, seconds):
    """The status with which ``url``'s readings answer within ``seconds``. Raises Wrong."""
    until = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url.rstrip("/") + "/api/v1/readings", timeout=5) as answer:
                return answer.status
        except urllib.error.HTTPError as e:
            if e.code == 503:
                return "503, " + e.read(200).decode("utf-8", "replace")
            raise Wrong("%s answers %d" % (url, e.code))
        except (OSError, ValueError) as e:
            if time.monotonic() > until:
                raise Wrong("%s does not answer: %s" % (url, e))
            time.sleep(1)


def safe_mode(bench):
    device = bench.device
    device.connect()
    device.run("open('/safe_mode', 'w').close()")
    try:
        said = bench.start(bench.args.wait, lambda line: "safe mode:" in line)
    finally:
        device.connect(10)
        device.remove(["/safe_mode"])
    if not any("there is a file safe_mode" in line for line in said.lines):
        raise Wrong("a file /safe_mode does not lead there; it said %s" % said.lines[-3:])
    return "entered with a file /safe_mode, which is removed again"


CHECKS = (interpreter, files, imports, digest, storage, uart, page, boot, safe_mode)


def run(bench, wanted=()):
    """Make the checks (those named in ``wanted``, or all); returns how many failed."""
    failed = 0
    for check in CHECKS:
        name = check.__name__
        if wanted and name not in wanted:
            continue
        try:
            bench.say("ok       %-12s %s" % (name, check(bench)))
        except Skipped as e:
            bench.say("SKIPPED  %-12s %s" % (name, e))
        except (Wrong, FlashError) as e:
            failed += 1
            bench.say("FAILED   %-12s %s" % (name, e))
    return failed
