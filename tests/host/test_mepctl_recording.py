"""Recordings: what the tap between link and port writes, and what of a file is refused."""

import pytest
from mepctlkit import mepctl

from tools.mepctl import tables
from tools.mepctl.common import Stop
from tools.mepctl.recording import Tap, load

REQUEST = bytes.fromhex("0014" + "3f00010000000010" + "01020304" + "0102030405060708")
REPLY = bytes.fromhex("000c" + "000001aa" + "0102030405060708")


class Line:
    """A port that gives what it is told to."""

    def __init__(self):
        self.waiting = []
        self.sent = []
        self.closed = False

    def readinto(self, buf):
        data = self.waiting.pop(0) if self.waiting else b""
        buf[: len(data)] = data
        return len(data)

    def write(self, data):
        self.sent.append(bytes(data))

    def close(self):
        self.closed = True


class Taped:
    def __init__(self):
        self.lines = []
        self.now = 0.0
        self.line = Line()
        self.tap = Tap(self.line, self.lines.append, lambda: self.now)

    def come(self, *pieces, pause=0.01):
        buf = bytearray(512)
        for piece in pieces:
            self.line.waiting.append(piece)
            self.now += pause
            assert self.tap.readinto(buf) == len(piece)
            assert bytes(buf[: len(piece)]) == piece

    def frames(self):
        return [line for line in self.lines if line[0] != "#"]


def test_packets_are_lines_whatever_pieces_they_come_in():
    for cut in range(1, len(REPLY)):
        taped = Taped()
        taped.tap.write(memoryview(REQUEST))
        taped.come(REPLY[:cut], REPLY[cut:])
        assert taped.frames() == ["> " + REQUEST.hex(), "< " + REPLY.hex()]
        assert taped.line.sent == [REQUEST]


def test_alerts_and_doubled_replies_are_lines_of_their_own():
    taped = Taped()
    taped.come(b"\0\0" + REPLY + b"\0\0" + REPLY)
    assert taped.frames() == ["< 0000", "< " + REPLY.hex()] * 2


def test_garbage_and_cut_packets_are_kept_and_marked():
    taped = Taped()
    taped.come(b"\xff\xfe\xfd")
    taped.come(b"", pause=0.5)
    taped.come(REPLY[:5])
    taped.tap.write(REQUEST)
    taped.come(REPLY)
    taped.come(REPLY[:4])
    taped.tap.close()
    assert taped.line.closed
    assert taped.frames() == [
        "< fffefd",
        "< " + REPLY[:5].hex(),
        "> " + REQUEST.hex(),
        "< " + REPLY.hex(),
        "< " + REPLY[:4].hex(),
    ]
    assert len([line for line in taped.lines if "no whole packet" in line]) == 3


@pytest.mark.parametrize(
    "text, says",
    (
        ("", "has no request"),
        ("# note\n< 0000\n", "has no request"),
        ("# note\n\nhello\n", "line 3"),
        ("# note\n> 00zz\n", "line 2"),
        ("> 000\n", "line 1"),
        ("> 0010" + "00" * 12 + "\n", "length field"),
        ("> " + REQUEST.hex() + "\n<\n", "line 2"),
    ),
)
def test_an_unusable_recording_is_one_line_with_its_place(tmp_path, text, says):
    file = tmp_path / "bad.txt"
    file.write_text(text)
    with pytest.raises(Stop) as stopped:
        load(str(file))
    assert stopped.value.code == 2
    for mode in (["--decode"], []):
        done = mepctl("replay", file, *mode, key=None)
        assert done.returncode == 2 and done.stdout == ""
        assert done.stderr.count("\n") == 1 and says in done.stderr and str(file) in done.stderr


def test_a_recording_that_is_no_text_or_not_there(tmp_path):
    file = tmp_path / "bad"
    file.write_bytes(b"\x80\x81")
    for name, says in ((file, "not a text file"), (tmp_path / "none", "No such file")):
        done = mepctl("replay", name, "--decode", key=None)
        assert done.returncode == 2 and says in done.stderr


def test_table_names_and_numbers():
    for text, number in (("BT28", 28), ("bt28", 28), ("28", 28), ("ET03", 2051), ("et3", 2051)):
        assert tables.number(text) == number
    assert tables.number("2051") == 2051
    assert tables.number("ET99", raw=True) == 2147
    assert tables.number("ET77") == 2125  # listed by the guides, described nowhere
    for text in ("ET99", "BT9999", "70000", "BT-1", "²"):
        with pytest.raises(Stop):
            tables.number(text)
    assert not tables.needs_dims(1) and not tables.needs_dims(2051)
    assert all(tables.needs_dims(t) for t in (22, 23, 27, 28, 2103))
