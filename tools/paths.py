"""Where things are, and the import path that the device code expects."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
DEPS = BUILD / "deps"
VENV = ROOT / ".venv"
MICROPYTHON = BUILD / "micropython" / "bin"


def add_paths():
    """Put the repository, `lib/` and the fetched third-party code on ``sys.path``."""
    for path in (DEPS, ROOT / "lib", ROOT):
        if str(path) not in sys.path:
            sys.path.insert(0, str(path))
