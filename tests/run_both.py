"""Run tests/both on the interpreter that runs this: MicroPython, or CPython without pytest.

    micropython tests/run_both.py [--stage build/stage/x86] [--only FILE,FILE] [FILTER ...]

Each test_*.py is imported, each test_* in it called, async ones in an event loop of their own.
A FILTER is a part of a file's or test's name. With --stage the compiled tree is tested instead of
the sources; --only takes files by their whole names. After each file all it brought in is
forgotten, so that a small heap does; only names stay, which make the interpreter ever slower:
`tools.check` starts it anew for each file.
"""

import asyncio
import gc
import os
import sys

TESTS = "tests/both"


def find_root(path):
    """The repository, seen from where ``path`` (of this file) is right."""
    parts = path.split("/")[:-2]
    if parts == [""]:
        return "/"
    if parts:
        return "/".join(parts)
    return "." if "/" in path else ".."


def set_path(stage):
    """Import from the sources, or from the staged tree and nothing else of ours."""
    ours = [stage, stage + "/lib"] if stage else [".", "lib", "build/deps"]
    # On MicroPython asyncio is frozen into the interpreter.
    rest = [p for p in sys.path[1:] if p != ""]
    # The staged code has short names (tools/minify.py), and so have the tests beside it.
    sys.path[:] = ours + [stage + "/" + TESTS if stage else TESTS] + rest


def names_of_tests(module, wanted, whole):
    """Names of the tests in ``module`` that the filters want; all if the file's name fits."""
    names = sorted([n for n in dir(module) if n.startswith("test_")])
    return [n for n in names if whole or not wanted or any(w in n for w in wanted)]


def call(function):
    """Run one test, in an event loop if it is a coroutine function."""
    result = function()
    if hasattr(result, "send"):
        try:
            asyncio.run(result)
        finally:
            asyncio.new_event_loop()


def show(error):
    """Print the traceback."""
    if hasattr(sys, "print_exception"):
        sys.print_exception(error)
    else:
        import traceback

        traceback.print_exception(type(error), error, error.__traceback__)


def run_file(name, wanted):
    """Run the tests of one file; returns (passed, failed)."""
    passed = failed = 0
    whole = any(w in name for w in wanted)
    try:
        module = __import__(name)
    except Exception as e:
        print("FAILED %s: cannot be imported" % name)
        show(e)
        return 0, 1
    for test in names_of_tests(module, wanted, whole):
        try:
            call(getattr(module, test))
            passed += 1
        except Exception as e:
            failed += 1
            print("FAILED %s::%s" % (name, test))
            show(e)
        gc.collect()
    return passed, failed


def forget(known):
    """Unload every module that is not in ``known``."""
    for name in list(sys.modules):
        if name not in known:
            del sys.modules[name]
    gc.collect()


def main(arguments):
    given = {"--stage": None, "--only": None}
    for name in given:
        if name in arguments:
            at = arguments.index(name)
            if at + 1 == len(arguments):
                print("write what is meant after %s" % name)
                return 2
            given[name] = arguments[at + 1]
            arguments = arguments[:at] + arguments[at + 2 :]
    stage = given["--stage"]
    os.chdir(find_root(__file__))
    if stage:
        try:
            os.stat(stage + "/firmware")
        except OSError:
            print("%s is no staged tree; make it with: make stage" % stage)
            return 2
    set_path(stage)
    known = list(sys.modules)
    passed = failed = 0
    for file in sorted(os.listdir(TESTS)):
        if not file.startswith("test_") or not file.endswith(".py"):
            continue
        if given["--only"] and file[:-3] not in given["--only"].split(","):
            continue
        good, bad = run_file(file[:-3], arguments)
        if good or bad:
            print("%-32s %4d passed %3d failed" % (file, good, bad))
        passed += good
        failed += bad
        forget(known)
    if not passed + failed:
        print("no test's name has %s in it" % " or ".join(arguments))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
