"""What of a load profile has been read, kept beside the file that it will be: FILE.part.

A line of JSON that says what is read, then one for each run of intervals, with the state that goes
on after it. Both are in one line, so that there is never one without the other; a line that the
end of the program cut short is no line.
"""

import json
import os

from .common import USAGE, Stop

END = ".part"
_WHAT = ("set", "from", "to")
_SAME = (*_WHAT, "serial", "seconds", "channels")


class Journal:
    """Keeps ``intervals``, the ``state`` after them, and in ``path`` (None: nowhere) both.

    ``head``: what is read (dict), from the file if ``resume`` and there is one. Raises Stop.
    """

    def __init__(self, path, asked, resume=False):
        self.path = path and path + END
        self.head = dict(asked)
        self.intervals = []
        self.state = None
        self.lost = self.undated = 0
        self.resumed = False
        self._file = None
        if resume and os.path.exists(self.path):
            self._load(asked)

    def _load(self, asked):
        # Line by line, and no further than to where they are whole.
        size = 0
        try:
            with open(self.path, "rb") as file:
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    self._take(json.loads(line))
                    size += len(line)
        except OSError as e:
            raise Stop(USAGE, "%s: %s" % (self.path, e.strerror))
        except (ValueError, KeyError, TypeError):
            raise Stop(USAGE, "%s: not what --resume can go on with; delete it" % self.path)
        if not size:
            return  # it was cut short before anything was read
        for name in _WHAT:
            if self.head[name] != asked[name]:
                raise Stop(
                    USAGE,
                    "%s is of --%s %s: give the same, or leave --resume out to begin anew"
                    % (self.path, name, self.head[name] or "nothing"),
                )
        self.resumed = True
        self._size = size

    def _take(self, line):
        if "intervals" not in line:
            self.head = {k: line[k] for k in (*_SAME, "begin", "end")}
            return
        for end, status, values in line["intervals"]:
            self.intervals.append((end, None if status is None else bytes.fromhex(status), values))
        self.state, self.lost, self.undated = line["state"], line["lost"], line["undated"]

    def begin(self, **more):
        """Open the file; ``more``: serial, seconds and channels of the meter. Raises Stop."""
        if self.resumed:
            for name, value in more.items():
                if self.head[name] != value:
                    why = "%s: this meter's %s is another; leave --resume out to begin anew"
                    raise Stop(USAGE, why % (self.path, name))
        self.head.update(more)
        if self.path is None:
            return
        try:
            self._file = open(self.path, "r+b" if self.resumed else "wb")
            if self.resumed:
                self._file.truncate(self._size)
                self._file.seek(self._size)
            else:
                self._line(self.head)
        except OSError as e:
            raise Stop(USAGE, "%s: %s" % (self.path, e.strerror))

    def add(self, intervals, machine):
        """Keep what was taken of ``machine``: [(end, status, values)]. Raises Stop."""
        if not intervals:
            return
        self.intervals.extend(intervals)
        if self._file is None:
            return
        rows = [(end, None if s is None else s.hex(), values) for end, s, values in intervals]
        line = {
            "intervals": rows,
            "state": machine.state(),
            "lost": self.lost + machine.lost,
            "undated": self.undated + machine.undated,
        }
        try:
            self._line(line)
        except OSError as e:
            raise Stop(USAGE, "%s: %s" % (self.path, e.strerror))

    def _line(self, line):
        self._file.write(json.dumps(line).encode() + b"\n")
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self, done=False):
        """``done``: the output is written, the journal is not needed any more."""
        if self._file:
            self._file.close()
            if done:
                os.remove(self.path)
        self._file = None
