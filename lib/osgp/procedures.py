"""The procedures that the guides name, as data; their arguments to bytes, their answers to values.

Interface: `find("EP19")` (code, name or number) gives a `Procedure`; `names()` lists all codes;
`encode(values, dims)` gives the parameter bytes for BT07, `decode(data)` the answer as a dict,
`result(code)` the result in words. `osgp.calls.Call` makes a call of it.
The declarations are in `osgp.procedurelist`.
"""

from binascii import hexlify, unhexlify

from mep.errors import LocalError, TableError
from .fields import get_value, length_of
from .procedurelist import NAMES, blocks, code_of, number_of, version

_RESULTS = (
    "done",
    "accepted, not fully completed",
    "a parameter is wrong",
    "conflicts with how the meter is set up",
    "not possible at this time",
    "not authorised",
    "the meter does not know this procedure",
)
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


def names():
    """All codes, as a list."""
    return [block[:4] for block in blocks()]


def find(wanted):
    """The `Procedure` of a code ("EP19"), name or number; LocalError with the nearest ones."""
    text = code_of(wanted) if isinstance(wanted, int) else wanted.strip()
    near = []
    for block in blocks():
        code, name = block.split(";", 2)[:2]
        if text.upper() == code or text.lower() == name:
            return Procedure(block)
        near.append(
            (-max(_likeness(code, text.upper()), _likeness(name, text.lower())), code, name)
        )
    near.sort()
    offered = ", ".join(["%s (%s)" % n[1:] for n in near[:3]])
    raise LocalError("there is no procedure %s; did you mean %s?" % (text, offered))


def _words(name):
    at = NAMES.find("\n" + name + " ")
    line = NAMES[at + len(name) + 2 : NAMES.find("\n", at + 1)]
    pairs = [pair.split(" ") for pair in line.split(";")]
    return {int(number): word for number, word in pairs}


def _likeness(a, b):
    here = sum([a[i] == b[i] for i in range(min(len(a), len(b)))])
    return 2 * here + sum([c in b for c in a]) - abs(len(a) - len(b))
