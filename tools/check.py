"""Everything `make test` checks, in one go: lint, pytest, tests/both under MicroPython.

Each step runs even if one before it failed; the last lines are each step's own summary.

    .venv/bin/python -m tools.check            all of it
    .venv/bin/python -m tools.check long       what `make test` leaves out: it takes minutes
    .venv/bin/python -m tools.check mpy        only tests/both under MicroPython
"""

import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from .paths import BUILD, MICROPYTHON, ROOT

# The 64-bit port runs the sources; the 32-bit one, whose heap is like the chip's, runs what the
# chip runs, compiled. Test code needs more room than the application, which a test of its own
# holds to 128 KiB. What takes long and is the same everywhere runs on that port; random replies
# also on CPython, the fault timeline with `make test-long`.
_TIMELINE, _HOURS = "test_timeline", "test_timeline_hours"
_RANDOM = "test_osgp_random", "test_osgp_machines_random"
FILES = tuple(sorted(p.stem for p in (ROOT / "tests" / "both").glob("test_*.py")))
STAGED = ("--stage", "build/stage/x86-tests")
# Interpreter, heap, arguments, files.
PORTS = (
    ("micropython32", "1m", STAGED, [f for f in FILES if f != _HOURS]),
    ("micropython64", "2m", (), [f for f in FILES if f not in (_TIMELINE, _HOURS, *_RANDOM)]),
)
LONG = (("micropython32", "1m", STAGED, [_HOURS]),)
_BESIDE = 2  # files that one port runs at once
_WORKERS = "5"  # of pytest: most of it is waiting


def lint():
    """Style and format, by ruff."""
    good = run([sys.executable, "-m", "ruff", "check", "--output-format=concise", "."])[0]
    good &= run([sys.executable, "-m", "ruff", "format", "--check", "."])[0]
    return good, "ruff: %s" % ("all checks passed" if good else "FAILED, see above")


def host():
    """tests/both and tests/host on CPython, file by file in parallel, in the order collected."""
    # So that one process compiles what each worker imports, not all of them the same.
    run([sys.executable, "-m", "pytest", "--collect-only", "-q"], str)
    spread = ("-n", _WORKERS, "--dist", "loadfile", "--no-loadscope-reorder")
    return pytest(*spread, "-m", "not alone", *("--ignore=" + path for path in timeline()))


def timeline():
    """The files of the fault timeline."""
    return ["tests/both/%s.py" % name for name in (_TIMELINE, _HOURS)]


def alone():
    """What measures times, when nothing else runs."""
    return pytest("-m", "alone")


def pytest(*arguments):
    """One run of pytest; returns (success, its summary)."""
    good, lines = run([sys.executable, "-m", "pytest", *arguments])
    return good, last(lines, r"\d+ \w+.* in [\d.]+")


def mpy(port, heap, arguments, files, show=print):
    """``files`` of tests/both under one MicroPython, each in an interpreter of its own."""
    binary = MICROPYTHON / port
    if not binary.exists():
        return not os.environ.get("CI"), "%s: SKIPPED, it is not there; run `make setup`" % port
    if "--stage" in arguments:
        stage = [sys.executable, "-m", "tools.stage", "--arch", "x86", "--tests", "--quiet"]
        if not run(stage, show)[0]:
            return False, "%s: FAILED, the code does not compile" % port
    command = [str(binary), "-X", "heapsize=" + heap, "tests/run_both.py", *arguments, "--only"]
    good, passed = True, 0
    with ThreadPoolExecutor(_BESIDE) as pool:
        for done, said, lines in pool.map(lambda name: one(command, name), files):
            good &= done
            passed += said
            for line in lines:
                show(line)
    return good, "%s: %d passed%s" % (port, passed, "" if good else ", FAILED, see above")


def one(command, name):
    """Run the file ``name``; (success, how many passed, what to show)."""
    lines = []
    good = run([*command, name], lines.append)[0]
    found = re.search(r"(\d+) passed", last(lines, r"\d+ passed, \d+ failed"))
    if good and found:
        return True, int(found[1]), [line for line in lines if line.startswith(name)]
    return False, int(found[1]) if found else 0, lines


def run(command, show=print):
    """Run ``command``, giving its output to ``show``; returns (success, lines)."""
    shown = [os.path.relpath(c, ROOT) if c.startswith(str(ROOT)) else c for c in command]
    show("\n$ %s" % " ".join(shown))
    lines = []
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            show(lines[-1])
    return process.returncode == 0, lines


def last(lines, pattern):
    """The last line that has ``pattern``."""
    for line in reversed(lines):
        if re.search(pattern, line):
            return line
    return "FAILED without a summary, see above"


def ports(which=PORTS):
    """tests/both under each MicroPython, side by side; returns the results and what they print."""
    said = [[] for _ in which]
    with ThreadPoolExecutor(len(which)) as pool:
        results = pool.map(lambda port, said: mpy(*port, show=said.append), which, said)
    return list(results), [line for lines in said for line in lines]


def main(arguments):
    started = time.monotonic()
    # What a shell starts in the background ignores this signal, and so would all tests' programs.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    BUILD.mkdir(exist_ok=True)
    # The hundreds of programs that tests start shall not compile all they import.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(BUILD / "pycache")
    sys.stdout.reconfigure(line_buffering=True)
    if "mpy" in arguments:
        results = [mpy(*port) for port in PORTS]
    else:
        long = "long" in arguments
        results = [] if long else [lint()]
        with ThreadPoolExecutor(1) as beside:
            under_mpy = beside.submit(ports, LONG if long else PORTS)
            results.append(pytest(*timeline()) if long else host())
            more, said = under_mpy.result()
        print("\n".join(said))
        results += more if long else [alone(), *more]
    print("\nIn %d s:" % (time.monotonic() - started))
    for _, summary in results:
        print(summary)
    return 0 if all(good for good, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
