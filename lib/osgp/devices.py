"""The devices that hang on the meter: M-Bus water, heat and gas meters, and the MEP clients.

`Devices(dims)` is a machine (`osgp.machine`); when it is done ``devices`` is a list of dicts:
index (from 0), kind ("mbus" or "mep"), handle, up (the link), baud, attempts, answers, alarms
(words), status_read and last_attempt (local time), customer_id, schedule (text), poll_minutes,
control (the valve's status byte), and ``reading`` (`osgp.mbusreading.reading`, of_client for
"mep", None if there is none). ``types`` lists the M-Bus data types of the load profile (ET57):
(number, kind, header as hex digits, special, name of the quantity). `DeviceLog(dims,
newest=None)` reads what was kept of scheduled reads (ET45, ET74). No security key is read (MEP
guide p. 80-92, 106, 119, 163-165, 176).
"""

from mep.errors import TableError
from .machine import Log, Machine, needed, whole
from .mbusreading import of_client, reading

_ET11 = 2059
_ET13 = 2061
_ET14 = 2062
_ET16 = 2064
_ET34 = 2082
_ET36 = 2084
_ET45 = 2093
_ET54 = 2102
_ET57 = 2105
_ET58 = 2106
_ET74 = 2122

_MBUS = 4  # so many of the devices are M-Bus
_CONFIG = 28  # bytes of an entry of ET13 before what is secret
_ALARMS = (
    ("read_collected", "billing_collected"),
    ("device_error", "application_error"),
    ("device_alarm", "device_alarm"),
    ("read_too_long", "read_overflow"),
    ("no_answer", "read_failed"),
    ("other_serial", "serial_mismatch"),
    ("switchover_done", "switchover_done"),
    ("switchover_failed", "switchover_failed"),
)
_TYPES = ("", "mbus", "mep", "more")


class Devices(Machine):
    """Reads what there is of each device: ``only`` (index) of one, ``readings`` the last read."""

    def __init__(self, dims, only=None, readings=True):
        self.devices = []
        self.types = []
        super().__init__(dims, self._read(dims, only, readings))

    def _read(self, dims, only, readings):
        status = yield from whole(dims, _ET14)
        if status is None:
            return
        for i, entry in enumerate(status["devices"]):
            if entry["status"] and (only is None or only == i):
                self.devices.append(_status(i, entry))
        if not self.devices:
            return
        sizes = sizes_of(dims)
        for device in self.devices:
            yield from self._configured(device, sizes)
            if readings:
                yield from read_entry(device, sizes)
        if only is None:
            yield from self._types(sizes)

    def _configured(self, device, sizes):
        i = device["index"]
        if sizes[1] >= 4:
            data = yield _ET13, i * sizes[1], min(_CONFIG, sizes[1])
            if data is not None:
                _configure(device, data)
        if sizes[13] >= 6:
            data = yield _ET34, i * sizes[13], 6
            if data is not None:
                device["poll_minutes"] = _u16(data, 4, "ET34", "poll_rate")
        if device["kind"] == "mbus":
            data = yield _ET58, 20 * i, 1
            if data is not None:
                device["control"] = _bytes(data, 1, "ET58", "control_status")[0]

    def _types(self, sizes):
        count = sizes[25]
        if not count:
            return
        data = yield _ET57, 0, 4 * count
        if data is None:
            return
        for at in range(0, len(data) - 3, 4):
            kind = data[at] & 3
            header = bytes(data[at + 1 : at + 4])
            if kind == 3 and self.types:
                before = self.types.pop()
                self.types.append((before[0], before[1], before[2] + header, before[3]))
            elif kind:
                self.types.append((data[at] >> 2 & 31, _TYPES[kind], header, data[at] >> 7 == 1))
        self.types = [_type(t) for t in self.types]


def sizes_of(dims):
    """ET11; zeros for what an older firmware does not have."""
    return dims.tables[_ET11] + bytes(39)


def read_entry(device, sizes):
    """Steps: the ``reading`` of a device from ET16, as long as ET14 says that it is."""
    size = sizes[6] << 8 | sizes[5]
    count = device["read_length"]
    if not 8 <= count <= size:
        count = size if device["answers"] else 0
    if not count:
        return
    data = yield _ET16, device["index"] * size, count
    if data is not None:
        take = reading if device["kind"] == "mbus" else of_client
        device["reading"] = take(data, 0, len(data))


class DeviceLog(Machine):
    """Reads the ``newest`` entries of each of ET45 and ET74 (None: all) into ``reads``.

    These are dicts, newest first: table, handle, sequence, delayed, done, and the reading (None if
    there is none; fault tells in text what is wrong with it).
    """

    def __init__(self, dims, newest=None):
        self.reads = []
        super().__init__(dims, self._read(dims, newest))

    def _read(self, dims, newest):
        # Of ET36: the size and number of the entries of ET45; of ET54: the number in ET74.
        for table in (_ET45, _ET74):
            # Since 3.60, and 1.20 of modules, which count from 1 again (MEP guide p. 136).
            v = dims.version
            if table == _ET74 and v < (3, 60) and not (1, 20) <= v < (2, 0):
                return
            if not (yield from needed(dims, table)):
                continue
            size = _u16(dims.tables[_ET36], 71, "ET36", "entry_size")
            most = _u16(dims.tables[_ET36], 75, "ET36", "entries")
            if table == _ET74:
                most = _u16(dims.tables[_ET54], 69, "ET54", "et74_entries")
            if most and size > 8:
                # The records declared for small entries begin where all do.
                log = _Entries(table, "short_reads", size, most)
                if (yield from log.read(self, newest, log.take)):
                    last = log.header["last_sequence"]
                    for i, entry in enumerate(log.entries):
                        entry["sequence"] = last - i & 0xFFFF
                    self.reads += log.entries


class _Entries(Log):
    # Entries of 525 bytes of which few are used: their length is read first.

    def _entries(self, machine, newest, make):
        size = self.entry
        n = self.header["entries"]
        at = self.header["last"]
        for _ in range(n if newest is None else min(n, newest)):
            start = self.first + at * size
            data = yield self.table, start, 2
            if data is None:
                return False
            # It counts the handle and what follows.
            count = min(4 + _u16(data, 0, "log", "length"), size)
            data = yield self.table, start, count
            if data is None:
                return False
            self.entries.append(make(data, 0, len(data)))
            at = (at or self.most) - 1
        return True

    def take(self, buf, start, count):
        from .codec import table_name

        name = table_name(self.table)
        if count < 8:
            raise TableError(name, "reads[].result", "%d bytes missing" % (8 - count))
        handle = _u16(buf, start + 4, name, "handle")
        found = {
            "table": name,
            "handle": handle,
            "delayed": buf[start + 6] == 2,
            "done": buf[start + 7] == 4,
            "reading": None,
            "fault": None,
        }
        take = reading if handle < 1000 else of_client
        try:
            found["reading"] = take(buf, start + 8, count - 8, name)
        except TableError as e:
            found["fault"] = str(e)
        return found


def _status(i, entry):
    return {
        "index": i,
        "kind": "mbus" if i < _MBUS else "mep",
        "handle": entry["handle"],
        "up": entry["status"] in (1, 3),
        "baud": _baud(entry["baud_rate"]),
        "read_length": entry["read_length"],
        "attempts": entry["read_attempts"],
        "answers": entry["read_answers"],
        "alarms": [word for word, name in _ALARMS if entry[name]],
        "status_read": entry["status_read"],
        "last_attempt": entry["last_attempt"],
        "customer_id": None,
        "schedule": None,
        "poll_minutes": None,
        "control": None,
        "reading": None,
    }


def _configure(device, data):
    from .about import words
    from .codec import read_text

    if len(data) < 4:
        raise TableError("ET13", "read_often", "%d bytes missing" % (4 - len(data)))
    often = words(_ET13, "OFTEN").get(data[3], "?")
    if often in ("weekly", "monthly"):
        day = words(_ET13, "DAY").get(data[0])
        often += " " + (day or "on day %d" % data[0])
    if often != "never":
        often += " at %02d:%02d" % (data[1], data[2])
    device["schedule"] = often
    if device["kind"] == "mbus":
        device["customer_id"] = read_text(data, 8, max(0, len(data) - 8))


def _type(found):
    from binascii import hexlify

    number, kind, header, special = found
    name = ""
    if kind == "mbus":
        from .mbus import heading

        name = heading(header)
    return number, kind, hexlify(header).decode(), special, name


def _baud(code):
    from .about import words

    return int(words(_ET14, "BAUD").get(code, "0"))


def _u16(data, at, table, field):
    _bytes(data, at + 2, table, field)
    return data[at + 1] << 8 | data[at]


def _bytes(data, n, table, field):
    if len(data) < n:
        raise TableError(table, field, "%d bytes missing" % (n - len(data)))
    return data
