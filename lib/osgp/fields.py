"""Reads tables by their declarations: one text a table, read line by line in use.

A text is the smallest form on the device: 60 fields take 1.7 KB, as tuples 7 KB.
The notation is the guide's own. A line is `offset type name`, then what applies of `unit U`,
`per N`, `is LIST`, `if condition` (no condition on records: their number says it):

    0             u8           demand_resets  if BT21.0.2
    +             i32[BT21.3]  sums           unit Wh
    +             u16          factor         unit % per 10
    +             bits0-2      mode           is MODE

offset     from the beginning of the table or record; `+`: right after what came before;
           `=`: where the field before begins (another bit of the same byte).
           Offset, size and condition are sums of products, as in 142+4*BT20.7. What follows a
           factor of 0 is not looked at: V4.0*ET11.34. `-2` may stand for a number: .size+-2.
BT21.3     the byte at offset 3 of BT21; BT21.0.2: its bit 2 (1 or 0), BT50.2.4-7: its bits 4 to 7;
           ET11.5w: the two bytes from 5, ET11.5d: four
.name      the value of a field that came before, in this record or else in the table
V3.70      1 if the meter's firmware is that or newer, else 0
!V4.0      1 if it is 0, else 0           BT00.17>4  1 if it is more than 4, else 0
*          as a size: as many as the bytes at hand hold (the last field only); *BT71.5w: and no
           more than so many
>.size     as a size of records: as many as there are up to that offset of the table or record
u8..u64 i8..i64   integer      bitN   bit N: bool        bitsA-B   bits A to B: integer
chars[n]   ASCII               raw[n] hex digits         flags[n]  n bits: list of bool
u4[n]      n numbers of 4 bits, high half first, from the low half of the first byte on (the
           other half is for bits)      bcdN      N digits, LSB first: text
ltime      yy mm dd hh mm ss, stime without ss, time hh mm ss, ldate yy mm dd, date 16 bits
           (ANSI_DATE): ISO text, None if it is none
version    firmware version, two bytes, MSB first
rec[n]     n records of the lines up to `end`: list of dicts
name `-`   reserved: not in the dict, written as zeros

Unit, divisor and the words of a LIST are for display, `osgp.about` knows them: values stay
integers as the meter sends them. `is SECRET`: a key or the like, see `osgp.secrets`.
"""

from mep.errors import TableError
from .codec import table_name


def declaration(name):
    """The module that declares the table ``name``; LocalError if there is none."""
    module = "osgp.tables." + name.lower()
    try:
        return __import__(module, None, None, ("FIELDS",))
    except ImportError:
        from .names import undescribed

        return undescribed(name)


class Reader:
    """Goes through a declaration and decodes ``count`` bytes at buf[start:].

    The one of `osgp.writer` encodes, that of `osgp.sizes` measures.
    """

    def __init__(self, table, dims, buf=b"", start=0, count=0):
        self.number = table
        self.table = table_name(table)
        self.text = declaration(self.table).FIELDS
        self.dims = dims
        self.path = ""
        self.top = None
        self.buf = buf
        self.start = start
        self.count = min(count, len(buf) - start)

    def block(self, at, base, values):
        """Take the lines from text[at:] to the block's end; (text position, end offset)."""
        text = self.text
        if self.top is None:
            self.top = values
        end = offset = base
        while at < len(text):
            stop = text.find("\n", at)
            words = text[at:stop].split()
            at = stop + 1
            if not words:
                continue
            if words[0] == "end":
                break
            where, kind, name = words[:3]
            if words[-2] == "if" and not self.total(words[-1], name, values):
                continue
            if where == "+":
                offset = end
            elif where != "=":
                offset = base + self.total(where, name, values)
            n = None
            if kind[-1] == "]":
                kind, n = kind[:-1].split("[")
                n = self._many(n, values, name, kind, at, base, offset)
            if kind == "rec":
                at, after = self.records(at, offset, n, name, values)
            else:
                after = offset + length_of(kind, n)
                self.field(values, name, kind, n, offset, after - offset)
            end = max(end, after)
        return at, end

    def field(self, values, name, kind, n, offset, length):
        """One field of ``length`` bytes at ``offset``; ``n`` is None if it is no array."""
        missing = offset + length - self.count
        if missing > 0:
            self.fail(name, "%d bytes missing" % missing)
        if name == "-":
            return
        buf = self.buf
        at = self.start + offset
        if is_text(kind):
            from . import kinds

            value = kinds.value(buf, at, kind, n, length)
        elif n is None:
            value = get_value(buf, at, kind, length)
        else:
            one = length_of(kind, None)
            value = [get_value(buf, i, kind, one) for i in range(at, at + length, one)]
        values[name] = value

    def records(self, at, offset, n, name, values):
        """``n`` records of the lines from text[at:]; (text position, offset) after them."""
        values[name] = found = []
        path = self.path
        after = None
        for i in range(n):
            # One by one: a number may be any, and the bytes end long before.
            found.append({})
            self.path = "%s%s[%d]." % (path, name, i)
            after, end = self.block(at, offset, found[i])
            if end == offset and i > 63:  # what has no length would fill the memory
                self.fail(name, "%d of no length" % n)
            offset = end
        self.path = path
        return after or self.skip(at), offset

    def _many(self, n, values, name, kind, at, base, offset):
        # What the size ``n`` of a field means.
        if n[0] == "*":
            most = self.total(n[1:], name, values) if n[1:] else None
            return self.rest(most, values, name, kind, at, offset)
        if n[0] == ">":
            limit = base + self.total(n[1:], name, values)
            return self.until(limit, values, name, kind, at, offset)
        return max(0, self.total(n, name, values))

    def rest(self, most, values, name, kind, at, offset):
        """How many of a field whose size is `*`; ``most`` is None if there is no limit."""
        from .sizes import fitting

        return fitting(self, most, name, kind, at, offset)

    def until(self, limit, values, name, kind, at, offset):
        """How many records there are from ``offset`` up to the offset ``limit``."""
        from .sizes import between

        return between(self, limit, name, at, offset)

    def fail(self, name, why):
        """Raise the TableError for the field ``name`` of the present record."""
        raise TableError(self.table, self.path + name, why)

    def skip(self, at):
        """Text position after the `end` of the records that begin at ``at``."""
        depth = 1
        while depth:
            stop = self.text.find("\n", at)
            line = self.text[at:stop]
            if line.strip() == "end":
                depth -= 1
            elif " rec[" in line:
                depth += 1
            at = stop + 1
        return at

    def total(self, expression, name, values):
        """The number that a sum of products stands for; ``values`` of the present record."""
        total = 0
        for part in expression.split("+"):
            product = 1
            for factor in part.split("*"):
                if product:
                    product *= self._factor(factor, name, values)
            total += product
        return total

    def _factor(self, text, name, values):
        if text.isdigit() or text[0] == "-":
            return int(text)
        if text[0] == "!":
            return int(not self._factor(text[1:], name, values))
        if ">" in text:
            text, limit = text.split(">")
            return int(self._factor(text, name, values) > int(limit))
        parts = text.split(".")
        at = parts[1]
        dims = self.dims
        value = None
        if text[0] == ".":
            value = values.get(at, self.top.get(at))
        elif text[0] == "V":
            if dims and dims.version:
                value = dims.version >= (int(parts[0][1:]), int(at))
            text = "the firmware version in BT01"
        elif dims:
            # BT21.3 and its like: in the bytes of BT21.
            data = dims.tables.get(int(text[2:4]) + (2048 if text[0] == "E" else 0)) or b""
            width = {"w": 2, "d": 4}.get(at[-1], 1)
            at = int(at if width == 1 else at[:-1])
            if at + width <= len(data):
                bits = parts[2:] and parts[2]
                kind = "bit" + ("s" if "-" in bits else "") + bits if bits else "u"
                value = get_value(data, at, kind, width)
        if not isinstance(value, (int, bool)):
            self.fail(name, "depends on %s, which is not known" % text)
        return int(value)


def is_text(kind):
    """Whether `osgp.kinds` reads and writes that kind."""
    return kind == "u4" or (kind[0] not in "ui" and kind[:3] != "bit")


def bits_of(kind, length):
    """(lowest bit, number of bits) of an integer kind."""
    if kind[0] != "b":
        return 0, 8 * length
    low, high = (kind[4:] if kind[3] == "s" else kind[3:] + "-" + kind[3:]).split("-")
    return int(low), int(high) - int(low) + 1


def length_of(kind, n):
    """Bytes of a field; ``n`` is None if it is no array."""
    if is_text(kind):
        from . import kinds

        return kinds.length_of(kind, n)
    one = int(kind[1:]) >> 3 if kind[0] != "b" else sum(bits_of(kind, 0)) + 7 >> 3
    return one if n is None else n * one


def get_value(buf, at, kind, length):
    """The integer (or bool, for one bit) of ``length`` bytes at buf[at:]."""
    value = 0
    for i in range(length):
        value |= buf[at + i] << 8 * i
    low, bits = bits_of(kind, length)
    value = value >> low & (1 << bits) - 1
    if kind[0] == "i" and value >> bits - 1:
        value -= 1 << bits
    return bool(value) if kind[0] == "b" and kind[3] != "s" else value
