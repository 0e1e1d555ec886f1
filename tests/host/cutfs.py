"""A file system whose power fails: for tests of what must survive that.

`Disk` is what the flash holds; `Disk.mount(cut)` gives an object with `open` and the calls of `os`
that lets ``cut`` units (bytes written, other operations) happen and then raises PowerCut. Kinds:

- "littlefs": a file's new content counts at flush or close, all at once; rename replaces at once.
- "torn": writing goes through byte by byte, opening for writing empties the file at once, the
  rest of the block being written turns into rubbish; rename removes the target first.
- "cached": nothing counts before fsync or close; cut before, any part of it may be there, its
  end zeros.
"""

import errno
import io

KINDS = ("littlefs", "torn", "cached")
_BLOCK = 64


class PowerCut(BaseException):
    """The power is gone; nothing may catch this but the test."""


class Disk:
    """``files`` (dict) and ``folders`` (set) outlive power cuts. ``room``: how many bytes fit."""

    def __init__(self, kind, random, room=1 << 30):
        self.kind = kind
        self.random = random
        self.room = room
        self.files = {}
        self.folders = set()

    def copy(self):
        """Another disk that holds the same."""
        disk = Disk(self.kind, self.random, self.room)
        disk.files = dict(self.files)
        disk.folders = set(self.folders)
        return disk

    def mount(self, cut=1 << 60):
        return Mounted(self, cut)


class Mounted:
    """The disk while the power lasts: stands in for `os` and has `open`."""

    def __init__(self, disk, cut):
        self.disk = disk
        self.left = cut
        self.done = 0
        self.dead = False
        self.writers = []

    def open(self, name, mode="r"):
        if "r" in mode:
            self.step()
            if name not in self.disk.files:
                raise OSError(errno.ENOENT, "no such file")
            return io.BytesIO(self.disk.files[name])
        self.step()
        if "/" in name and name.rpartition("/")[0] not in self.disk.folders:
            raise OSError(errno.ENOENT, "no such folder")
        if self.disk.kind == "torn":
            self.disk.files[name] = b""
        writer = _Writer(self, name)
        self.writers.append(writer)
        return writer

    def fsync(self, writer):
        writer.commit()

    def remove(self, name):
        self.step()
        if name not in self.disk.files:
            raise OSError(errno.ENOENT, "no such file")
        del self.disk.files[name]

    def rename(self, old, new):
        self.step()
        content = self.disk.files[old]
        if self.disk.kind == "torn":
            self.disk.files.pop(new, None)
            self.step()
        self.disk.files[new] = content
        del self.disk.files[old]

    def mkdir(self, name):
        self.step()
        if name in self.disk.folders or name in self.disk.files:
            raise OSError(errno.EEXIST, "it is there")
        self.disk.folders.add(name)

    def rmdir(self, name):
        self.step()
        if self.listdir(name):
            raise OSError(errno.ENOTEMPTY, "not empty")
        self.disk.folders.remove(name)

    def listdir(self, name):
        self.step()
        if name not in self.disk.folders:
            raise OSError(errno.ENOENT, "no such folder")
        every = [*self.disk.files, *self.disk.folders]
        return [p.rpartition("/")[2] for p in every if p.rpartition("/")[0] == name]

    def statvfs(self, name):
        self.step()
        return (_BLOCK, _BLOCK, 0, (self.disk.room - self.used(None)) // _BLOCK)

    def stat(self, name):
        self.step()
        if name in self.disk.folders:
            return (0x4000,) + (0,) * 9
        if name not in self.disk.files:
            raise OSError(errno.ENOENT, "no such file")
        return (0,) * 6 + (len(self.disk.files[name]),) + (0,) * 3

    def step(self):
        """One operation, or the end."""
        if self.dead or self.left <= 0:
            self.cut()
        self.left -= 1
        self.done += 1

    def cut(self):
        if not self.dead:
            self.dead = True
            for writer in self.writers:
                writer.lost()
        raise PowerCut

    def used(self, without):
        return sum(len(c) for n, c in self.disk.files.items() if n != without)


class _Writer:
    def __init__(self, mounted, name):
        self.mounted = mounted
        self.name = name
        self.data = b""
        self.closed = False

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        # No power, no close.
        if kind is None or not issubclass(kind, PowerCut):
            self.close()

    def fileno(self):
        return self

    def write(self, data):
        mounted = self.mounted
        for i in range(len(data)):
            if mounted.used(self.name) + len(self.data) >= mounted.disk.room:
                raise OSError(errno.ENOSPC, "full")
            mounted.step()
            self.data += bytes(data[i : i + 1])
            if mounted.disk.kind == "torn":
                mounted.disk.files[self.name] = self.data
        return len(data)

    def flush(self):
        if self.mounted.disk.kind == "littlefs":
            self.commit()
        else:
            self.mounted.step()

    def commit(self):
        self.mounted.step()
        self.mounted.disk.files[self.name] = self.data

    def close(self):
        if not self.closed:
            self.commit()
            self.closed = True
            self.mounted.writers.remove(self)

    def lost(self):
        # What the cut leaves of a file that was being written.
        disk = self.mounted.disk
        random = disk.random
        rest = -len(self.data) % _BLOCK
        if disk.kind == "torn" and random.random() < 0.5:
            disk.files[self.name] = self.data + random.randbytes(random.randint(0, rest))
        elif disk.kind == "cached":
            there = random.randint(0, len(self.data))
            kept = self.data[:there]
            if random.random() < 0.5:
                kept += bytes(len(self.data) - there)
            if random.random() < 0.8:
                disk.files[self.name] = kept
