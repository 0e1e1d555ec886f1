"""A recording answers in the meter's place: lines `> hex` (request), `< hex` (reply), `# note`.

A recording's key is unknown or replaced, and its sequence numbers are past. So a request is found
by its body, and the recorded reply's body gets a digest of the simulator's own key. Replies to
the same request come in turn, then again from the first.
"""

from .live import House
from .meter import AUTHENTICATION, NO_TABLE_OPERATION, SEQUENCE, Meter
from .models import GEN3

_FORMS = "each line is `> hex`, `< hex` or `# note`"
_LARGEST = 64 * 1024 * 1024
_HEAD, _SEQ_DIGEST, _DIGEST = 2, 12, 8


class RecordingError(ValueError):
    """The recording cannot be used; one line says why."""


def load(path):
    """``{request body: [reply bodies]}`` of the file ``path``. Raises RecordingError."""
    try:
        with open(path, encoding="ascii") as f:
            text = f.read(_LARGEST)
    except OSError as e:
        raise RecordingError("recording %s: %s" % (path, e.strerror)) from None
    except ValueError:
        raise RecordingError("recording %s: not a text file; %s" % (path, _FORMS)) from None
    exchanges = {}
    request, reply = None, b""
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line[0] == "#":
            continue
        data = _bytes(path, number, line)
        if line[0] == ">":
            request, reply = _request(path, number, data), b""
        elif request is not None:
            whole = _whole(data)
            reply = data if whole else reply + data
            body = _body(reply)
            if body is not None:
                exchanges.setdefault(request, []).append(body)
                request = None
    exchanges = {r: kept for r, all_ in exchanges.items() if (kept := _useful(all_))}
    if not exchanges:
        raise RecordingError(
            "recording %s: no request with a whole reply in it; %s" % (path, _FORMS)
        )
    return exchanges


def _bytes(path, number, line):
    if line[0] not in "<>":
        raise RecordingError("recording %s, line %d: %s" % (path, number, _FORMS))
    try:
        data = bytes.fromhex(line[1:])
    except ValueError:
        raise RecordingError(
            "recording %s, line %d: not pairs of hex digits; %s" % (path, number, _FORMS)
        ) from None
    if not data:
        raise RecordingError("recording %s, line %d: has no bytes" % (path, number))
    return data


def _request(path, number, data):
    if len(data) < _HEAD + 1 + _SEQ_DIGEST or not _whole(data):
        raise RecordingError(
            "recording %s, line %d: the request's length field does not fit its length"
            % (path, number)
        )
    return data[_HEAD:-_SEQ_DIGEST]


def _whole(data):
    return len(data) > _HEAD and int.from_bytes(data[:_HEAD], "big") == len(data) - _HEAD


def _body(reply):
    # The first whole packet's body, None while there is none (an alert is not one).
    while reply[:_HEAD] == b"\x00\x00":
        reply = reply[_HEAD:]
    size = int.from_bytes(reply[:_HEAD], "big")
    if len(reply) < _HEAD or size <= _DIGEST or len(reply) < _HEAD + size:
        return None
    return reply[_HEAD : _HEAD + size - _DIGEST]


def _useful(bodies):
    # What was said of keys and sequence numbers then is not so now.
    return [b for b in bodies if b[0] not in (AUTHENTICATION, SEQUENCE)]


class ReplayMeter(Meter):
    """A meter that knows only what is in ``exchanges`` (see `load`)."""

    def __init__(self, exchanges, **keys):
        Meter.__init__(self, GEN3, House("steady"), **keys)
        self._exchanges = exchanges
        self._turn = {}

    def answer(self, body, level, ms):
        known = self._exchanges.get(body)
        if not known:
            return bytes([NO_TABLE_OPERATION])
        turn = self._turn.get(body, 0)
        self._turn[body] = turn + 1
        return known[turn % len(known)]
