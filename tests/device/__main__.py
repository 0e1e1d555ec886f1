"""Check a module that has this firmware, over its serial port.

    make test-device PORT=/dev/ttyUSB0
    .venv/bin/python -m tests.device --port PORT [--loopback --board dabbler] [--url http://...]

The module's configuration stays as it is. It is reset twice and left running.
"""

import argparse
import sys

from tools.flashing import FlashError
from tools.flashing.device import Device
from tools.flashing.words import there
from tools.paths import add_paths
from . import checks


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="tests.device", description=__doc__.splitlines()[0])
    parser.add_argument("--port", help="serial port, or socket://host:port, rfc2217://host:port")
    parser.add_argument("--board", help="for --loopback: whose pins")
    parser.add_argument("--loopback", action="store_true", help="RX and TX are joined")
    parser.add_argument("--url", help="the module's page, as this computer reaches it")
    parser.add_argument("--wait", type=float, default=40, help="seconds for a start (default: 40)")
    names = [check.__name__ for check in checks.CHECKS]
    parser.add_argument("checks", nargs="*", help="only these: " + ", ".join(names))
    args = parser.parse_args(arguments)
    if not args.port:
        parser.error("no port given; " + there())
    if set(args.checks) - set(names):
        parser.error("there are the checks " + ", ".join(names))
    try:
        with Device(args.port) as device:
            failed = checks.run(checks.Bench(device, args), args.checks)
            device.connect(10)
            device.reset()
    except FlashError as e:
        print("error: %s" % e, file=sys.stderr)
        return 2
    print("%d checks failed" % failed if failed else "all good")
    return 1 if failed else 0


if __name__ == "__main__":
    add_paths()
    sys.exit(main())
