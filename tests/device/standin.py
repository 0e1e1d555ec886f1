"""A module on a pseudo terminal, made of MicroPython's unix port, to try the tools without one.

    .venv/bin/python -m tests.device.standin FOLDER [--chip esp32c3]

It prints the port's name and lives until Ctrl-C; FOLDER keeps its flash. It speaks the prompt's
raw and raw-paste modes as the interpreter's shared/runtime/pyexec.c does, starts boot.py and
main.py, resets hard and soft. Its inside is `standin_chip.py`, which says what in it is real.
"""

import argparse
import os
import pty
import select
import signal
import struct
import subprocess
import threading
import time
import tty
from pathlib import Path

from tools.paths import MICROPYTHON, ROOT

_BLOCKS = 512  # of 4096 bytes: the 2 MB that the usual image leaves to files
_IDLE = b"\0idle\0"
_RAW = b"raw REPL; CTRL-B to exit\r\n>"
_WINDOW = 128
_HARD, _SOFT = 42, 43
_BANNER = b"ets Jul 29 2019 12:21:46\r\n\r\nrst:0xc (SW_CPU_RESET),boot:0x13\r\n"


class Standin:
    """``port`` is the terminal's name; ``cut_after``: bytes from now at which the cable goes."""

    def __init__(self, folder, chip="esp32", blocks=_BLOCKS, port32=True, heap="160k"):
        self.flash = Path(folder) / "flash.bin"
        if not self.flash.exists():
            self.erase(blocks)
        self._chip = chip
        self._blocks = blocks
        self._binary = str(MICROPYTHON / ("micropython32" if port32 else "micropython64"))
        self._heap = heap
        self.cut_after = None
        self.received = 0
        self._child = None
        self._raw = False
        self._idle = False
        self._rest = b""
        self._early = b""
        self._running = True
        self._replug = None
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        self.port = os.ttyname(self._slave)
        self._start("friendly", 1)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def erase(self, blocks=_BLOCKS):
        """An empty flash and no memory of the last life."""
        self.flash.write_bytes(b"\xff" * 4096 * blocks)
        self.flash.with_name("flash.bin.rtc").write_bytes(b"")

    def replug(self, erase=False):
        """Switch off and on, with an empty flash if ``erase``; the port stays."""
        self._replug = threading.Event()
        self._erase = erase
        self._replug.wait(5)

    def close(self):
        """Pull the plug."""
        self._running = False
        self._thread.join(5)
        self._end()
        for fd in (self._master, self._slave):
            try:
                os.close(fd)
            except OSError:
                pass
        self._master = self._slave = -1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # Below, all but `close` runs in the thread.

    def _start(self, mode, cause):
        command = [self._binary, "-X", "heapsize=" + self._heap]
        command += [str(Path(__file__).with_name("standin_chip.py")), str(ROOT), str(self.flash)]
        command += [str(self._blocks), self._chip, mode, str(cause)]
        self._child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self._idle = False
        self._rest = b""
        self._raw = mode == "raw"

    def _end(self):
        if self._child:
            self._child.kill()
            self._child.wait()
            self._child.stdin.close()
            self._child.stdout.close()

    def _serve(self):
        try:
            while self._running:
                self._pump(0.05)
                if self._replug and not self._replug.is_set():
                    self._power_cycle()
                elif not self._idle:
                    self._listen()
                elif self._early or select.select([self._master], [], [], 0)[0]:
                    self._take(self._byte())
        except OSError:
            pass  # the terminal is gone: `close`, or a cut
        self._end()

    def _power_cycle(self):
        self._end()
        if self._erase:
            self.erase(self._blocks)
        self._start("friendly", 1)
        self._replug.set()

    def _listen(self):
        # Ctrl-C counts at once, all else waits in the port's buffer for the program's end.
        if select.select([self._master], [], [], 0)[0]:
            byte = self._read(1)
            if byte == b"\x03":
                self._interrupt()
            else:
                self._early += byte

    def _interrupt(self):
        self._idle = False
        self._early = b""
        child = self._child
        child.send_signal(signal.SIGINT)
        until = time.monotonic() + 5
        # It may end instead, and start again.
        while not self._idle and child is self._child and time.monotonic() < until:
            self._pump(0.05)

    def _read(self, n):
        data = os.read(self._master, n)
        self.received += len(data)
        if self.cut_after is not None:
            self.cut_after -= len(data)
            if self.cut_after <= 0:
                self._end()
                os.close(self._slave)
                os.close(self._master)
                raise OSError("cut")
        return data

    def _byte(self):
        if self._early:
            byte, self._early = self._early[:1], self._early[1:]
            return byte
        while self._running:
            if select.select([self._master], [], [], 0.1)[0]:
                return self._read(1)
        raise OSError("closed")

    def _send(self, data):
        os.write(self._master, data)

    def _pump(self, wait):
        # What the child says goes out; its end is a reset.
        out = self._child.stdout
        if not select.select([out], [], [], 0 if self._idle else wait)[0]:
            if self._idle:
                select.select([out, self._master], [], [], wait)
            return
        data = os.read(out.fileno(), 4096)
        if not data:
            self._reset()
            return
        data = self._rest + data
        self._rest = b""
        if _IDLE in data:
            self._idle = True
            data = data.replace(_IDLE, b"")
        else:
            for n in range(min(len(_IDLE), len(data)), 0, -1):
                if data.endswith(_IDLE[:n]):
                    data, self._rest = data[:-n], data[-n:]
                    break
        self._send(data.replace(b"\n", b"\r\n"))

    def _reset(self):
        status = self._child.wait()
        raw = self._raw
        self._end()
        if status == _SOFT:
            self._send(b"MPY: soft reboot\r\n")
            self._start("raw" if raw else "friendly", 5)
        else:
            self._send(_BANNER)
            self._start("friendly", 2 if status == _HARD else 1)

    def _take(self, byte):
        if byte == b"\x01":
            self._raw = True
            self._send(_RAW)
        elif byte == b"\x02":
            self._raw = False
            self._send(b"\r\n>>> ")
        elif byte == b"\x03":
            self._interrupt()
        elif byte == b"\x04" and not self._raw:
            self._soft("friendly")
        elif self._raw and byte != b"\r":
            self._take_raw(byte)

    def _soft(self, mode):
        self._send(b"\r\nMPY: soft reboot\r\n")
        self._end()
        self._start(mode, 5)

    def _take_raw(self, byte):
        if byte == b"\x04":
            self._send(b"OK")
            self._soft("raw")
            return
        if byte == b"\x05":
            if self._byte() + self._byte() == b"A\x01":
                self._execute(self._paste())
            return
        code = b""
        while byte != b"\x04":
            code += byte
            byte = self._byte()
        self._send(b"OK")
        self._execute(code)

    def _paste(self):
        # One window is granted at once, as many more as were taken in whole.
        self._send(b"R\x01" + struct.pack("<H", _WINDOW) + b"\x01")
        code = b""
        window = 0
        while True:
            byte = self._byte()
            if byte == b"\x04":
                self._send(b"\x04")
                return code
            code += byte
            window += 1
            if window == _WINDOW:
                self._send(b"\x01")
                window = 0

    def _execute(self, code):
        self._idle = False
        # MicroPython's stdin counts characters, not bytes.
        self._child.stdin.write(b"%d\n" % len(code.decode()) + code)
        self._child.stdin.flush()


def main():
    parser = argparse.ArgumentParser(description="A module on a pseudo terminal, for the tools.")
    parser.add_argument("folder", help="where its flash is kept")
    parser.add_argument("--chip", choices=("esp32", "esp32c3", "esp32s3"), default="esp32")
    given = parser.parse_args()
    Path(given.folder).mkdir(parents=True, exist_ok=True)
    with Standin(given.folder, given.chip) as standin:
        print(standin.port, flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
