"""`mepctl record`: poll the meter as the application does and write every packet to a file."""

import asyncio
import math
import os
import sys
import time

from firmware.hal import clock
from firmware.meter.poller import Poller
from firmware.readings import Readings
from . import VERSION
from .common import INTERRUPTED, OK, USAGE, Meter, Stop, find_baud, find_key
from .recording import Tap

_BT01 = 1
_CHECK_S = 0.05


def main(args):
    """Record until the limit or Ctrl-C; returns the exit code."""
    if args.seconds is not None and not (math.isfinite(args.seconds) and args.seconds > 0):
        raise Stop(USAGE, "--seconds: write a number above 0")
    if args.polls is not None and args.polls < 1:
        raise Stop(USAGE, "--polls: write a number above 0")
    key = find_key(args)
    baud = find_baud(args)
    if not args.force and os.path.exists(args.file):
        raise Stop(USAGE, "%s exists; choose a new name or give --force" % args.file)
    if not os.path.isdir(os.path.dirname(args.file) or "."):
        raise Stop(USAGE, "%s: there is no such folder" % args.file)
    recorder = _Recorder(args)
    try:
        asyncio.run(recorder.run(key, baud))
    except KeyboardInterrupt:
        if recorder.file is None:
            return INTERRUPTED
    finally:
        recorder.close()
    sys.stderr.write(
        "recorded %d packets of %d polls to %s\n"
        % (recorder.packets, recorder.store.snapshot, args.file)
    )
    return OK


class _Recorder:
    def __init__(self, args):
        self.args = args
        self.file = None
        self.packets = 0
        self.store = Readings(clock)
        self._before = []  # lines from before the file is opened

    async def run(self, key, baud):
        args = self.args
        put = self.put
        if args.rc4:
            from .plain import Plain

            put = Plain(key, put)
        meter = Meter(args.port, key, baud, lambda port: Tap(port, put), args.rc4)
        try:
            await meter.open()
            # A silent line or a wrong key ends the command here, before there is a file.
            await meter.request(_BT01, 16, 0)
            self._open()
            poller = Poller(meter.link, self.store, self._note, args.fast)
            task = asyncio.create_task(poller.run())
            try:
                await self._until_done(task)
            finally:
                task.cancel()
        finally:
            meter.close()

    async def _until_done(self, task):
        args = self.args
        end = None if args.seconds is None else time.monotonic() + args.seconds
        while args.polls is None or self.store.snapshot < args.polls:
            if end is not None and time.monotonic() >= end:
                return
            if task.done():
                await task
                return
            await asyncio.sleep(_CHECK_S)

    def _open(self):
        try:
            self.file = open(self.args.file, "w" if self.args.force else "x", encoding="ascii")
        except OSError as e:
            raise Stop(USAGE, "%s: %s" % (self.args.file, e.strerror))
        now = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime())
        self.put("# packets of the MEP line both ways, by mepctl %s, %s" % (VERSION, now))
        self.put("# the key is not in here; the meter's serial number is")
        if self.args.rc4:
            self.put("# the line was encrypted (RC4); here it is in plain text")
        for line in self._before:
            self.put(line)

    def put(self, line):
        if self.file is None:
            self._before.append(line)
            return
        if line[0] != "#":
            self.packets += 1
        self.file.write(line + "\n")
        self.file.flush()

    def _note(self, level, text):
        sys.stderr.write("%s: %s\n" % (level, text))

    def close(self):
        if self.file is not None:
            self.file.close()
