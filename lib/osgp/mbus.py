"""M-Bus telegrams of the meters that hang on ours: the variable data structure of EN 13757-3.

`records(buf, start, count)` iterates over dicts: name (quantity), unit ("" if none), value (int,
float, text, ISO time, hex digits of what only the maker knows; None: none or not valid), exponent
(the value times 10^exponent is in the unit: see `shown`), function (now max min error), storage
(0: present, 1 and on: kept at some date), tariff, subunit, notes (list of words). It raises
TableError where bytes are missing or make no sense, after all records before. `manufacturer`,
`medium` and `fixed` tell the rest. Names and units are in `osgp.mbuswords`.
"""

from mep.errors import TableError
from shim import const

_MOST_EXTENSIONS = const(10)
# Bytes of the data by the low half of the DIF; 13 says its length itself.
_LENGTHS = b"\0\1\2\3\4\4\6\x08\0\1\2\3\4\0\6"
_REAL = const(5)
_BCD = const(9)  # so and higher
_VARIABLE = const(13)
_FUNCTIONS = ("now", "max", "min", "error")


class _Bytes:
    # What is left of a telegram, and which record it is in.

    def __init__(self, buf, start, count):
        self.buf = buf
        self.at = start
        self.end = min(start + count, len(buf))
        self.record = 0

    def fail(self, field, why):
        raise TableError("M-Bus record %d" % self.record, field, why)

    def byte(self, field):
        return self.take(1, field)[0]

    def take(self, n, field):
        missing = self.at + n - self.end
        if missing > 0:
            self.fail(field, "%d byte%s missing" % (missing, "" if missing == 1 else "s"))
        self.at += n
        return bytes(self.buf[self.at - n : self.at])


def records(buf, start, count, msb=False):
    """Iterate over the records in ``count`` bytes at buf[start:], after the telegram's header.

    With ``msb`` numbers come with their highest byte first (mode 2).
    """
    data = _Bytes(buf, start, count)
    while data.at < data.end:
        dif = data.byte("DIF")
        if dif == 0x2F or (dif == 0 and data.at == data.end):
            continue  # filler; the zero that ends what the meter keeps
        data.record += 1
        if dif & 15 == 15:
            yield _special(data, dif)
        else:
            yield _record(data, dif, msb)


def heading(header):
    """The quantity in a record with this header (bytes: DIF, VIF and so on), "" if bad."""
    data = _Bytes(header, 0, len(header))
    try:
        _extensions(data, data.byte("DIF"))
        from .mbuswords import Meaning

        meaning = Meaning(data)
    except TableError:
        return ""
    return " ".join([meaning.name] + meaning.notes)


def _special(data, dif):
    if dif not in (0x0F, 0x1F):
        data.fail("DIF", "%02X is reserved" % dif)
    rest = data.take(data.end - data.at, "data")
    notes = ["more_follows"] if dif == 0x1F else []
    return _found("manufacturer_data", "", _hex(rest), 0, notes)


def _record(data, dif, msb):
    storage, tariff, subunit = _extensions(data, dif)
    from .mbuswords import Meaning

    meaning = Meaning(data)
    kind = dif & 15
    raw = _raw(data, kind, meaning.name)
    value, exponent = None, meaning.exponent
    if isinstance(raw, str):
        value, exponent = raw, 0
    elif raw is not None:
        if msb:
            raw = bytes([raw[i] for i in range(len(raw) - 1, -1, -1)])
        if meaning.unit == "date":
            value, exponent = _date(raw), 0
        elif kind == _REAL:
            import struct

            value = struct.unpack("<f", raw)[0]
        elif kind in (_VARIABLE, 8) or kind < _BCD:
            value = data.number if kind == _VARIABLE else _signed(raw)
        else:
            value = _bcd(raw)
    unit = "" if meaning.unit == "date" else meaning.unit
    found = _found(meaning.name, unit, value, exponent, meaning.notes)
    found["function"] = _FUNCTIONS[dif >> 4 & 3]
    found["storage"] = storage
    found["tariff"] = tariff
    found["subunit"] = subunit
    return found


def _found(name, unit, value, exponent, notes):
    return {
        "name": name,
        "unit": unit,
        "value": value,
        "exponent": exponent,
        "function": "now",
        "storage": 0,
        "tariff": 0,
        "subunit": 0,
        "notes": notes,
    }


def _extensions(data, dif):
    # (storage, tariff, subunit) of a DIF and its extensions.
    storage = dif >> 6 & 1
    tariff = subunit = 0
    n = 0
    while dif & 0x80:
        if n == _MOST_EXTENSIONS:
            data.fail("DIFE", "more than %d" % _MOST_EXTENSIONS)
        dif = data.byte("DIFE")
        storage |= (dif & 15) << 4 * n + 1
        tariff |= (dif >> 4 & 3) << 2 * n
        subunit |= (dif >> 6 & 1) << n
        n += 1
    return storage, tariff, subunit


def _raw(data, kind, name):
    # The value's bytes; text if it is text, None if there is none.
    if kind != _VARIABLE:
        n = _LENGTHS[kind]
        return data.take(n, name) if n else None
    n = data.byte("length of " + name)
    if n < 0xC0:
        text = data.take(n, name)
        return "".join([chr(c) if 32 <= c < 127 else "?" for c in reversed(text)])
    if n < 0xE0:
        raw = data.take(n & 15, name)
        data.number = _bcd(raw)
        if n >= 0xD0 and data.number is not None:
            data.number = -data.number
        return raw
    if n > 0xF6:
        data.fail("length of " + name, "%02X is reserved" % n)
    # 0 to 15 bytes, 16 to 32 in fours, 48 or 64.
    size = n & 15 if n < 0xF0 else 4 * (n - 0xEC) if n < 0xF5 else 16 * (n - 0xF2)
    raw = data.take(size, name)
    data.number = _signed(raw) if raw else None
    return raw


def _signed(raw):
    value = 0
    for i in range(len(raw) - 1, -1, -1):
        value = value << 8 | raw[i]
    return value - (1 << 8 * len(raw)) if raw[-1] & 0x80 else value


def _bcd(raw):
    # LSB first; F as the first digit is a minus. None if another digit is none.
    value = 0
    sign = 1
    for i in range(len(raw) - 1, -1, -1):
        high, low = raw[i] >> 4, raw[i] & 15
        if high == 15 and i == len(raw) - 1:
            sign, high = -1, 0
        if high > 9 or low > 9:
            return None
        value = 100 * value + 10 * high + low
    return sign * value


def _date(raw):
    # ISO text of type G (2 bytes), F (4 bytes) or I (6 bytes); None if it is no valid time.
    n = len(raw)
    if n not in (2, 4, 6):
        return None
    at = n - 2 if n < 6 else 3
    day = raw[at] & 31
    month = raw[at + 1] & 15
    year = raw[at] >> 5 | raw[at + 1] >> 1 & 0x78
    if not 1 <= month <= 12 or not 1 <= day <= 31 or year > 99:
        return None
    century = (raw[1] >> 5 & 3) if n == 4 else 0
    year += 1900 + 100 * century if century or year > 80 else 2000
    text = "%d-%02d-%02d" % (year, month, day)
    if n == 2:
        return text
    second, minute, hour = (0, raw[0], raw[1]) if n == 4 else (raw[0] & 63, raw[1], raw[2])
    invalid = raw[n - 6 + 1 if n == 6 else 0] & 0x80
    minute &= 63
    hour &= 31
    if invalid or hour > 23 or minute > 59 or second > 59:
        return None
    return text + "T%02d:%02d" % (hour, minute) + (":%02d" % second if n == 6 else "")


def shown(value, exponent):
    """The value in its unit as text, all digits; "-" for None."""
    if value is None:
        return "-"
    if isinstance(value, (str, float)) or not exponent:
        if exponent and isinstance(value, float):
            value *= 10.0**exponent
        return str(value)
    if exponent > 0:
        return str(value * 10**exponent)
    digits = "%0*d" % (1 - exponent, abs(value))
    return "-" * (value < 0) + digits[:exponent] + "." + digits[exponent:]


def manufacturer(number):
    """The three letters of a manufacturer's number, "?" for what is none."""
    text = ""
    for shift in (10, 5, 0):
        c = (number >> shift & 31) + 64
        text += chr(c) if 65 <= c <= 90 else "?"
    return text


def fixed(unit, counters, binary):
    """Records of the fixed data structure: ``unit`` (16 bits) and two times 4 bytes."""
    from .mbuswords import fixed_unit

    found = []
    for i in range(2):
        raw = counters[4 * i : 4 * i + 4]
        if len(raw) < 4:
            raise TableError("M-Bus", "counter %d" % (i + 1), "%d bytes missing" % (4 - len(raw)))
        name, text, exponent = fixed_unit(unit >> 8 * i & 63)
        value = _signed(raw) if binary else _bcd(raw)
        found.append(_found(name, text, value, exponent, []))
    return found


def medium_of(unit):
    """The medium's number in the unit (16 bits) of the fixed data structure."""
    return unit >> 6 & 3 | unit >> 12 & 12


def _hex(data):
    from binascii import hexlify

    return hexlify(data).decode()
