"""What the tests of updates share: a flash in a folder, bundles good and bad, their senders."""

import os
from binascii import hexlify
from hashlib import sha256

from firmware import bundle, slots

KEY = "00112233445566778899aabbccddeeff" * 2
FILES = {
    "firmware/__init__.mpy": b"",
    "firmware/app.mpy": b"new application " * 300,
    "firmware/web/app.mpy": b"w" * 1024,
    "lib/shim.mpy": b"const",
    "web/index.html.gz": bytes(range(256)) * 5,
}


class Flash:
    """``with Flash() as flash:`` an empty flash; `slots.choose` only notes what it would use."""

    def __init__(self):
        self.top = "build/flash-%s/" % hexlify(os.urandom(4)).decode()
        self.used = []

    def __enter__(self):
        try:
            os.mkdir("build")
        except OSError:
            pass
        os.mkdir(self.top[:-1])
        self._kept = slots.TOP, slots._use, slots.running
        slots.TOP = self.top
        slots._use = self.used.append
        slots.running = lambda: self.used[-1] if self.used else ""
        return self

    def __exit__(self, *_):
        slots.TOP, slots._use, slots.running = self._kept
        wipe(self.top[:-1])

    def start(self, woken=False):
        """What runs after a start, and whether on trial."""
        self.used.append("")
        return slots.choose(woken)

    def files(self, folder=""):
        """``{path: bytes}`` of all files."""
        found = {}
        for name in os.listdir(self.top + folder):
            path = folder + name
            if os.stat(self.top + path)[0] & 0x4000:
                found.update(self.files(path + "/"))
            else:
                with open(self.top + path, "rb") as f:
                    found[path] = f.read()
        return found

    def slot(self, name):
        """The files in one slot."""
        try:
            with open(self.top + "slot." + name, "rb") as f:
                return unpack(f.read())
        except OSError:
            return {}


def unpack(data):
    """``{path: bytes}`` in a bundle."""
    lines = data.split(b"\n")
    count = int(lines[1].split()[4])
    at = sum([len(line) + 1 for line in lines[: count + 3]])
    found = {}
    for line in lines[2 : count + 2]:
        _, size, path = line.split()
        found[path.decode()] = data[at : at + int(size)]
        at += int(size)
    return found


def wipe(path):
    for name in os.listdir(path):
        name = path + "/" + name
        if os.stat(name)[0] & 0x4000:
            wipe(name)
        else:
            os.remove(name)
    os.rmdir(path)


def tag(key, data):
    """HMAC-SHA256 as hex, written out (RFC 2104)."""
    key = key.encode() + bytes(64 - len(key))
    inner = sha256(bytes([b ^ 0x36 for b in key]) + data).digest()
    return hexlify(sha256(bytes([b ^ 0x5C for b in key]) + inner).digest()).decode()


def entries(files):
    """The lines of the list, and the contents behind them."""
    lines = [
        "%s %d %s\n" % (hexlify(sha256(files[p]).digest()).decode(), len(files[p]), p)
        for p in sorted(files)
    ]
    return lines, b"".join([files[p] for p in sorted(files)])


def make(files=None, key=KEY, version="2.0", kind="app", arch=None, mpy=None, lines=None, **more):
    """A bundle (bytes); ``lines``, ``first``, ``count``, ``size`` put something wrong into it."""
    here = bundle.interpreter()
    listed, contents = entries(FILES if files is None else files)
    lines = listed if lines is None else lines
    head = more.get("first", "MEP bundle 1\n") + "%s %s %s %s %d %d\n" % (
        kind,
        version,
        arch or here[0],
        mpy or here[1],
        more.get("count", len(lines)),
        more.get("size", len(contents)),
    )
    head += "".join(lines)
    return head.encode() + tag(key, head.encode()).encode() + b"\n" + contents


class Sender:
    """Gives ``data`` in pieces of ``most`` bytes, or raises OSError after ``lost``."""

    def __init__(self, data, most=500, lost=None):
        self.data = data
        self.most = most
        self.lost = lost
        self.at = 0

    async def read(self, n):
        if self.lost is not None and self.at >= self.lost:
            raise OSError(104)
        piece = self.data[self.at : self.at + min(n, self.most)]
        self.at += len(piece)
        return piece


async def send(data, key=KEY, length=None, **how):
    """The version that `update.install` took of ``data``."""
    from firmware import update

    length = len(data) if length is None else length
    return await update.install(Sender(data, **how), length, key)


async def refused(data, **how):
    """The code that ``data`` is refused with; "" if it is not."""
    try:
        await send(data, **how)
    except bundle.BundleError as e:
        # Each has its words in each language.
        for language in ("en", "da", "de"):
            assert len(e.text(language)) > 20 and "%s" not in e.text(language), e.args
        return e.args[0]
    return ""
