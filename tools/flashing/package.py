"""Write package.json: the meter's protocol as a package that `mip` installs into /lib.

    .venv/bin/python -m tools.flashing.package [--check]

It lists the sources of lib/, by paths beside package.json, so that it holds for any place the
repository lies at. The whole firmware is not in it: compiled on the chip it would take too much
of its memory; `mepctl flash` brings it compiled.
"""

import json
import sys

from tools.mepctl import VERSION
from tools.paths import ROOT

TARGET = ROOT / "package.json"


def make():
    """The text of package.json."""
    lib = ROOT / "lib"
    names = [p.relative_to(lib).as_posix() for p in sorted(lib.rglob("*.py"))]
    urls = ",\n".join("    %s" % json.dumps([name, "lib/" + name]) for name in names)
    return '{\n  "urls": [\n%s\n  ],\n  "deps": [],\n  "version": "%s"\n}\n' % (urls, VERSION)


def main(arguments):
    if "--check" not in arguments:
        TARGET.write_text(make())
    elif not TARGET.exists() or TARGET.read_text() != make():
        print("package.json is old: run `python -m tools.flashing.package`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
