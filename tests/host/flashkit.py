"""What the tests of flashing share: images, a fake esptool, a stand-in module, the command."""

import json
import struct
import sys
from pathlib import Path

import pytest

from tests.device.standin import Standin
from tools import stage
from tools.flashing import first, loader
from tools.mepctl.__main__ import main as mepctl
from tools.paths import MICROPYTHON

KEY = "a7941d85bce8a8fa2ab7"
WIFI = "correct horse battery"
# Speaks as firmware/start.py does where nothing is set up.
MAIN = b'print("set-up network mep-a1b2c3, password fj3rszgwq5jd")\n'


def image(chip_id=0, base=0x1000, flash=4 << 20, size=900000, table=True, magic=0xE9):
    """Bytes of what passes for a MicroPython image."""
    data = bytearray(b"\xff" * size)
    data[0] = magic
    data[12:14] = struct.pack("<H", chip_id)
    if table:
        at = 0x8000 - base
        for name, start, length in (
            (b"nvs", 0x9000, 0x6000),
            (b"factory", 0x10000, 0x1F0000),
            (b"vfs", 0x200000, flash - 0x200000),
        ):
            entry = struct.pack("<2sBBII16sI", b"\xaa\x50", 1, 2, start, length, name, 0)
            data[at : at + 32] = entry
            at += 32
    return bytes(data)


class Esptool:
    """The fake's state: ``chip``, ``fails`` may be set, ``calls`` were made."""

    def __init__(self, path):
        self.path = path
        self.set(chip="ESP32", flash="4MB", fails=None, calls=[])

    def set(self, **changes):
        state = json.loads(self.path.read_text()) if self.path.exists() else {}
        self.path.write_text(json.dumps(dict(state, **changes)))

    @property
    def calls(self):
        return json.loads(self.path.read_text())["calls"]


@pytest.fixture
def esptool(tmp_path, monkeypatch):
    """A fake esptool in place of the real one."""
    fake = Esptool(tmp_path / "esptool.json")
    program = str(Path(__file__).with_name("fake_esptool.py"))
    monkeypatch.setattr(loader, "PROGRAM", (sys.executable, program, str(fake.path)))
    return fake


@pytest.fixture
def make_module(tmp_path):
    """Makes stand-in modules: ``make_module(chip=..., folder=...)``; ends them all."""
    made = []
    if not (MICROPYTHON / "micropython32").exists():
        pytest.skip("micropython32 is not there; `make setup` fetches it")

    def make(name="module", **options):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        made.append(Standin(folder, **options))
        return made[-1]

    yield make
    for module in made:
        module.close()


class Staged:
    """A small application in place of ours; ``files`` may be changed between two runs."""

    def __init__(self):
        self.archs = []
        self.files = {
            "boot.py": b"pass\n",
            "main.py": MAIN,
            "firmware/__init__.py": b"",
            "firmware/app.py": b"NAME = 'app'\n" * 400,
            "lib/shim.py": b"const = int\n",
            "web/index.html.gz": bytes(range(256)) * 12,
        }

    def __call__(self, arch, out=None, **_):
        self.archs.append(arch)
        for path in sorted(out.rglob("*"), reverse=True) if out.exists() else ():
            path.rmdir() if path.is_dir() else path.unlink()
        for name, data in self.files.items():
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_bytes(data)


@pytest.fixture
def staged(tmp_path, monkeypatch):
    """The small application that `mepctl flash` puts on modules in this test."""
    from tools.mepctl import flash

    application = Staged()
    monkeypatch.setattr(stage, "stage", application)
    monkeypatch.setattr(first, "SETTLE_S", 0.3)
    monkeypatch.setattr(flash, "BUILD", tmp_path / "build")
    for name in ("MEP_KEY", "MEP_WIFI_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    return application


def run(capfd, *arguments):
    """``(exit code, output, errors)`` of mepctl."""
    capfd.readouterr()
    try:
        code = mepctl([str(a) for a in arguments])
    except SystemExit as e:
        code = e.code
    return (code, *capfd.readouterr())
