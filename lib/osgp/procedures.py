"""The procedures that the guides name, as data; their arguments to bytes, their answers to values.

Interface: `find("EP19")` (code, name or number) gives a `Procedure`; `names()` lists all codes;
`encode(values, dims)` gives the parameter bytes for BT07, `decode(data)` the answer as a dict,
`result(code)` the result in words. `osgp.calls.Call` makes a call of it.

A block begins with `code;name;level;client;memory;seconds;firmware;source` and tells, in order:

    kind name [is LIST] [length of NAME] [default N] [if NAME=N,N]    a parameter
    > kind name                                                       a field of the answer
    ! code words;code words                                           results of its own

level: the lowest key that may call it. client: `any`, or `two` where both MEP ports are in use.
memory: RAM where a call wears nothing, else NVM. seconds: how long "not fully completed" is asked
again for; 1 (time to post an answer, p. 52) where that is a final result. `...` as the parameters:
no guide tells them, they are given as `raw`. LISTs are in `NAMES`; a number may stand for a word.
"""

from binascii import hexlify, unhexlify

from mep.errors import LocalError, TableError
from .fields import get_value, length_of

# Only EP17, EP19 and EP61 are described in the guides. Of the standard ones ANSI C12.19 tells the
# parameters. Those of EP39 are what an open reader sends to real meters as type 4; type 12 is from
# p. 35. Seconds of EP17 and EP19 are ours: no guide gives a limit.
PROCEDURES = """
BP01;warm_start;MAK;any;NVM;1;all;p. 51, ANSI C12.19

BP04;reset_list_pointers;MAK;any;NVM;1;all;p. 237, ANSI C12.19
u8 list is LOG

BP05;update_last_read;MAK;any;NVM;1;all;p. 237, ANSI C12.19
u8 list is LOG
u16 entries

BP10;set_clock;MAK;any;NVM;1;all;p. 60
...

BP12;activate_pending_tables;MAK;any;NVM;1;all;optical p. 10, ANSI C12.19

BP13;activate_pending_table;MAK;any;NVM;1;all;optical p. 10
...

EP02;control_relay;MAK;any;NVM;1;all;p. 101
...

EP03;clear_alarms;MAK;any;NVM;1;all;p. 139
...

EP04;unexplained;MAK;any;NVM;1;all;p. 51
...

EP06;configure_extended_logs;MAK;any;NVM;1;all;p. 107
...

EP11;configure_load_profile;MAK;any;NVM;1;all;p. 98
...

EP16;change_clock_by_delta;MBK;any;NVM;1;all;p. 13
...

EP17;remove_device;MBK;any;NVM;30;all;p. 243
u8 action is REMOVAL
u16 handle
! 1 not all removed yet;2 no such action;3 no device has this handle;4 a removal is under way

EP18;clear_device_alarms;MAK;any;NVM;1;all;p. 87
...

EP19;post_mbus_request;MAK;any;NVM;1;all;p. 244
u16 transaction default 1024
u16 target
u8 request is REQUEST
u8 size length of data if request=4,6,10
raw data if request=4,6,10
u32 image_length if request=9 if 3.80
raw16 image_mac if request=9 if 3.80
> u8 entry
! 2 no such request;3 no device has this handle, group or index;7 the queue of requests is full

EP26;mark_log_read;MAK;any;NVM;1;all;p. 107
...

EP32;configure_demand;MAK;any;NVM;1;all;p. 114
...

EP33;configure_demand_interval;MAK;any;NVM;1;all;p. 114
...

EP37;configure_log_entries;MAK;any;NVM;1;all;p. 108
...

EP39;post_mep_data;MBK;any;RAM;1;all;p. 18
u8 type is POST
u8 status is STATUS default 1
u16 size length of data
raw data default

EP41;start_mep_download;MAK;any;NVM;1;all;p. 91
...

EP50;pass_measurements;MAK;any;RAM;1;all;p. 215
...

EP52;change_load_profile_sources;MAK;any;NVM;1;all;p. 173
...

EP61;lock_transactions;MBK;two;RAM;1;4.0;p. 247
u8 lock is LOCK
! 3 the other MEP client holds the lock;5 only a MEP client may

EP62;transaction_lock;MBK;two;RAM;1;4.0;p. 138
...

EP64;reset_previous_season;MAK;any;NVM;1;4.10;p. 211
...
"""

NAMES = """
LOG 1 event_log;2 self_reads;3 load_profile_1;4 load_profile_2;5 load_profile_3;6 load_profile_4;\
7 load_profiles;8 history_log;255 all_but_event_log
REMOVAL 0 address_0;1 address_250
REQUEST 1 application_reset;2 billing_read;3 status_read;4 write;5 time_sync;6 multicast;\
9 switchover;10 write_by_index
POST 4 scheduled_read_and_alarms;12 clear_delta_data
STATUS 1 success
LOCK 0 unlock;1 lock
"""

_RESULTS = (
    "done",
    "accepted, not fully completed",
    "a parameter is wrong",
    "conflicts with how the meter is set up",
    "not possible at this time",
    "not authorised",
    "the meter does not know this procedure",
)
HEAD = 3  # bytes of BT07 before the parameters: procedure, PSN
MOST = 462  # bytes of parameters that one write takes


class Procedure:
    """One of them. ``told`` is False where no guide tells the parameters."""

    def __init__(self, block):
        lines = block.split("\n")
        head = lines[0].split(";")
        self.code, self.name, self.level, self.client, self.memory = head[:5]
        self.seconds = int(head[5])
        self.since = head[6]
        self.source = head[7]
        self.number = number_of(self.code)
        self.told = "..." not in lines
        self._lines = [_Line(text) for text in lines[1:] if text[0] not in ".>!"]
        self._answer = [_Line(text[2:]) for text in lines[1:] if text[0] == ">"]
        self._results = [text[2:] for text in lines[1:] if text[0] == "!"]

    def parameters(self):
        """List of (name, kind, words or None, text of the default or None, condition)."""
        if not self.told:
            return [("raw", "hex digits", None, None, "")]
        return [(p.name, p.kind, p.words(), p.default, p.when) for p in self._lines if not p.of]

    def encode(self, values, dims=None):
        """Parameter bytes for ``values`` (dict of name to number, word or text).

        Raises LocalError that names the parameter and what may be written.
        """
        names = [p[0] for p in self.parameters()]
        for name in values:
            if name not in names:
                what = "it takes " + ", ".join(names) if names else "it takes none"
                raise LocalError("%s: there is no parameter %s; %s" % (self.code, name, what))
        if not self.told:
            if "raw" not in values:
                why = "%s: the guides do not tell its parameters; give their bytes as raw=HEX"
                raise LocalError(why % self.code)
            out = self._hex("raw", values["raw"])
        else:
            out = self._encode(values, dims)
        if len(out) > MOST:
            raise LocalError("%s: %d bytes; one write takes %d" % (self.code, len(out), MOST))
        return out

    def _encode(self, values, dims):
        known = {}
        out = b""
        for p in self._lines:
            if not p.holds(known, dims):
                if p.name in values:
                    raise LocalError("%s, %s: only where %s" % (self.code, p.name, p.when))
                continue
            given = p if p.of is None else next(q for q in self._lines if q.name == p.of)
            text = values.get(given.name, given.default)
            if text is None:
                why = "%s: %s has no value; write %s"
                raise LocalError(why % (self.code, given.name, given.how()))
            if p.kind[:3] == "raw":
                data = self._hex(p.name, text)
                if p.kind[3:] and len(data) != int(p.kind[3:]):
                    raise LocalError("%s, %s: write %s" % (self.code, p.name, p.how()))
                out += data
                continue
            n = length_of(p.kind, None)
            number = len(self._hex(p.of, text)) if p.of else p.number(text)
            if number is None or not 0 <= number < 1 << 8 * n:
                raise LocalError("%s, %s: write %s, not %s" % (self.code, p.name, p.how(), text))
            known[p.name] = number
            out += bytes([number >> 8 * i & 255 for i in range(n)])
        return out

    def _hex(self, name, text):
        if isinstance(text, (bytes, bytearray)):
            return bytes(text)
        try:
            return unhexlify(text.replace(" ", ""))
        except (ValueError, AttributeError):
            raise LocalError("%s, %s: write hex digits, two a byte" % (self.code, name))

    @property
    def answer_size(self):
        """Bytes of the answer behind procedure, PSN and result, as far as they are told."""
        return sum([length_of(p.kind, None) for p in self._answer])

    def decode(self, data):
        """The answer's fields as a dict, `raw` (hex) where none are told.

        ``data``: the bytes behind the result. Raises TableError for too few of them.
        """
        found = {}
        at = 0
        for p in self._answer:
            n = length_of(p.kind, None)
            if at + n > len(data):
                raise TableError(self.code, p.name, "%d bytes missing" % (at + n - len(data)))
            found[p.name] = get_value(data, at, p.kind, n)
            at += n
        if not self.told and data:
            found["raw"] = hexlify(bytes(data)).decode()
        return found

    def result(self, code):
        """A result code in words."""
        for line in self._results:
            for pair in line.split(";"):
                number, words = pair.split(" ", 1)
                if int(number) == code:
                    return words
        return _RESULTS[code] if code < len(_RESULTS) else "result %d, not in the guides" % code


class _Line:
    def __init__(self, text):
        words = text.split(" ")
        self.kind, self.name = words[:2]
        self.list = self.of = self.default = None
        conditions = []
        for i in range(2, len(words)):
            if words[i] == "is":
                self.list = words[i + 1]
            elif words[i] == "of":
                self.of = words[i + 1]
            elif words[i] == "default":
                self.default = (words + [""])[i + 1]
            elif words[i] == "if":
                conditions.append(words[i + 1])
        self.when = " and ".join(conditions)

    def words(self):
        """dict of number to word, or None."""
        return _words(self.list) if self.list else None

    def how(self):
        """What may be written for it."""
        if self.kind[:3] == "raw":
            return "hex digits" + (" of %s bytes" % self.kind[3:] if self.kind[3:] else "")
        text = "0..%d" % ((1 << 8 * length_of(self.kind, None)) - 1)
        words = self.words()
        if not words:
            return text
        return ", ".join(["%s (%d)" % (words[n], n) for n in sorted(words)]) + " or " + text

    def number(self, text):
        """The number that a value stands for, or None."""
        if isinstance(text, int):
            return int(text)
        words = self.words() or {}
        for number in words:
            if words[number] == text:
                return number
        try:
            return int(text, 16) if text[:2].lower() == "0x" else int(text)
        except (ValueError, TypeError):
            return None

    def holds(self, known, dims):
        """Whether the parameter is there, with what is ``known`` of those before it."""
        for condition in self.when.split(" and ") if self.when else ():
            if "=" in condition:
                name, numbers = condition.split("=")
                if str(known[name]) not in numbers.split(","):
                    return False
            elif dims is None or dims.version is None or dims.version < version(condition):
                return False
        return True


def version(text):
    """ "3.80" -> (3, 80); (0,) for "all"."""
    return tuple([int(p) for p in text.split(".")]) if text != "all" else (0,)


def number_of(code):
    """ "EP19" -> 2067."""
    return int(code[2:]) + (2048 if code[0] == "E" else 0)


def code_of(number):
    """2067 -> "EP19"."""
    return "%sP%02d" % ("E" if number & 2048 else "B", number & 2047)


def names():
    """All codes, as a list."""
    return [block[:4] for block in _blocks()]


def find(wanted):
    """The `Procedure` of a code ("EP19"), name or number; LocalError with the nearest ones."""
    text = code_of(wanted) if isinstance(wanted, int) else wanted.strip()
    near = []
    for block in _blocks():
        code, name = block.split(";", 2)[:2]
        if text.upper() == code or text.lower() == name:
            return Procedure(block)
        near.append(
            (-max(_likeness(code, text.upper()), _likeness(name, text.lower())), code, name)
        )
    near.sort()
    offered = ", ".join(["%s (%s)" % n[1:] for n in near[:3]])
    raise LocalError("there is no procedure %s; did you mean %s?" % (text, offered))


def _blocks():
    return PROCEDURES.strip().split("\n\n")


def _words(name):
    at = NAMES.find("\n" + name + " ")
    line = NAMES[at + len(name) + 2 : NAMES.find("\n", at + 1)]
    pairs = [pair.split(" ") for pair in line.split(";")]
    return {int(number): word for number, word in pairs}


def _likeness(a, b):
    here = sum([a[i] == b[i] for i in range(min(len(a), len(b)))])
    return 2 * here + sum([c in b for c in a]) - abs(len(a) - len(b))
