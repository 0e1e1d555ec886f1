"""Entry of `mepctl` and of `python -m tools.mepctl`."""

import sys

from tools.paths import add_paths

add_paths()


def main(arguments=None):
    """Run one command; returns the exit code."""
    from .cli import run

    return run(sys.argv[1:] if arguments is None else arguments)


if __name__ == "__main__":
    sys.exit(main())
