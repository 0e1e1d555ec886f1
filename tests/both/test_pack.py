"""`firmware.pack`: a bundle as a folder; where there is `os.mount`, one to import from."""

import os
import sys

from firmware import pack, slots
from updatekit import FILES, Flash, make

CODE = b"""
TITLE_OF_IT = "of the bundle"
from .inner import VALUE
WHERE = __file__
"""


def _raises(call, *arguments):
    try:
        call(*arguments)
    except OSError:
        return True
    return False


def _written(flash, files):
    path = flash.top + "slot.a"
    with open(path, "wb") as f:
        f.write(make(files))
    return pack.Pack(path)


def test_folders_are_met_once():
    paths = sorted(["lib/a.b", "lib/a/b", "lib/a/c/d", "lib/a-b/c", "lib/b", "web/x", "lib/a/c/e"])
    last = ""
    met = []
    for path in paths:
        met += list(pack.folders(last, path))
        last = path
    assert met == ["lib", "lib/a-b", "lib/a", "lib/a/c", "web"]


def test_every_file_and_nothing_else():
    with Flash() as flash:
        found = _written(flash, FILES)
        for path in FILES:
            st = found.stat("/" + path)
            assert st[0] == 0x8000 and st[6] == len(FILES[path])
            f = found.open("/" + path, "rb")
            assert f.read(7) == FILES[path][:7]
            assert f.read() == FILES[path][7:] and f.read(5) == b""
            f.close()
            f = found.open(path, "r")
            buf = bytearray(300)
            got = b""
            while True:
                n = f.readinto(buf)
                if not n:
                    break
                got += bytes(buf[:n])
            assert got == FILES[path]
            assert f.ioctl(11, 0) == 255 and f.ioctl(3, 0) < 0 and f.ioctl(4, 0) == 0
        for folder in ("/firmware", "/firmware/web", "/lib", "/web/"):
            assert found.stat(folder)[0] == 0x4000
        for path in ("/", "", "/lib/shim", "/lib/shim.py", "/main.py", "/slot.a", "/libx"):
            assert _raises(found.stat, path) and _raises(found.open, path, "rb"), path
        assert _raises(found.open, "/lib", "rb") and _raises(found.open, "/lib/shim.mpy", "wb")


def test_pages_of_two_bundles_differ_in_time():
    with Flash() as flash:
        one = _written(flash, FILES).stat("/web/index.html.gz")
        changed = dict(FILES, **{"lib/shim.mpy": b"other"})
        two = _written(flash, changed).stat("/web/index.html.gz")
        assert one[6] == two[6] and one[8] != two[8]


def test_code_is_imported_from_it():
    if not hasattr(os, "mount"):
        return  # CPython has no file systems of one's own
    kept = list(sys.path), dict(sys.modules)
    use = _USE
    with Flash() as flash:
        files = {
            "firmware/__init__.py": b"",
            "firmware/slots.py": b"raise ValueError('not this one')",
            "firmware/fresh/__init__.py": CODE,
            "firmware/fresh/inner.py": b"VALUE = " + b" " * 3000 + b"7\n",
            "lib/shim.py": b"const = int\n",
        }
        _written(flash, files)
        try:
            use("a")
            assert "firmware.slots" not in sys.modules
            import firmware.fresh as fresh

            assert (fresh.TITLE_OF_IT, fresh.VALUE) == ("of the bundle", 7)
            assert fresh.WHERE.startswith("/slot_a/firmware/fresh")
        finally:
            os.umount("/slot_a")
            sys.path[:] = kept[0]
            for name in list(sys.modules):
                if name not in kept[1]:
                    del sys.modules[name]
            for name in kept[1]:
                sys.modules[name] = kept[1][name]


_USE = slots._use
