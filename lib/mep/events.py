"""What a session tells its shell: the events, the reasons of failure and the counters' names."""

# Why a request failed, or a try of it.
SILENT = "silent"  # no byte came back
CUT = "cut"  # the packet stopped short
DIGEST = "digest"  # complete, but not what the meter sent
LENGTH = "length"  # a length or count that cannot be
WRONG_KEY = "wrong key"  # every try was answered 0x0B
NOISE = "line noise"  # some tries were answered 0x0B
SEQUENCE = "sequence"  # 0x0C again and again
UNCONFIRMED = "unconfirmed"  # a write whose fate is not known

# What a session counts. One text: a tuple of names would stay in the heap beside it.
_COUNTERS = (
    "requests sent verified retries silent cut digest length auth sequence refused failed "
    "alerts stray stale"
)


def counters():
    """Names of the counters (list of str)."""
    return _COUNTERS.split()


class Alert:
    """The meter sent its alert sequence (guide, "Alert Sequence")."""


class Response:
    """A verified reply. Read data is ``buf[start:start + count]`` until the session's next call.

    ``count`` is 0 for a write. ``repeated`` is True for a write whose first reply was lost: the
    meter had executed it.
    """

    def __init__(self):  # here, so that setting them later allocates nothing
        self.buf = b""
        self.start = 3
        self.count = 0
        self.repeated = False


class Refused:
    """A verified reply with an error: its ``code`` (int)."""

    def __init__(self):
        self.code = 0

    @property
    def name(self):
        """What the code means."""
        from .codes import code_name

        return code_name(self.code)


class Failed:
    """No verified reply in any try; ``reason`` is one of the strings above."""

    def __init__(self):
        self.reason = ""
