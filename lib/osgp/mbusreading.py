"""What the meter keeps of a read of an M-Bus device: time, whose telegrams, their records.

The structure is MBR of ET16, which ET45 and ET74 have too (MEP guide p. 92-94).
"""

from mep.errors import TableError
from .kinds import text_of

_HEADER = 12  # serial, manufacturer, version, medium, access number, status, signature
_CHECKS = ("passed", "id_failure", "date_failure", "passed_other_date")
_STATES = ("", "busy", "application_error", "reserved_state")
_FLAGS = ("power_low", "permanent_error", "temporary_error")


def reading(buf, start, count, table="ET16"):
    """dict for the MBR in ``count`` bytes at buf[start:], None if there was no read yet.

    time (local, ISO text or None), serial, manufacturer, version, medium, access (None where the
    fixed structure has none), status (list of words), records (see `osgp.mbus.records`), secure
    (False: a check failed; which one is in ``check``), encrypted (True: the records cannot be
    read) and fault (text of what is missing or wrong in the records after those listed, or None).
    """
    count = min(count, len(buf) - start)
    if count < 8:
        _fail(table, "length", 8 - count)
    data = bytes(buf[start : start + count])
    info = data[6]
    length = data[7]
    if length == 0:
        return None
    found = {
        "time": text_of(data[:6], "ltime"),
        "secure": not info & 0x20,
        "check": _CHECKS[info >> 3 & 3],
        "encrypted": False,
        "fault": None,
    }
    if info & 2:
        if count < 24:
            _fail(table, "counter 2", 24 - count)
        _fixed(found, data)
    else:
        if count < 20:
            _fail(table, "signature", 20 - count)
        _variable(found, data, info)
    return found


def _fixed(found, data):
    from .mbus import fixed, medium_of
    from .mbuswords import medium

    unit = data[15] << 8 | data[14]
    status = data[13]
    found["serial"] = text_of(data[8:12], "bcd8")
    found["manufacturer"] = found["version"] = None
    found["medium"] = medium(medium_of(unit))
    found["access"] = data[12]
    found["status"] = _status(status & 0xFC)
    found["records"] = fixed(unit, data[16:24], status & 1)
    if status & 2:
        for record in found["records"]:
            record["storage"] = 1


def _variable(found, data, info):
    from .mbus import manufacturer
    from .mbuswords import medium

    found["serial"] = text_of(data[8:12], "bcd8")
    found["manufacturer"] = manufacturer(data[13] << 8 | data[12])
    found["version"] = data[14]
    found["medium"] = medium(data[15])
    found["access"] = data[16]
    found["status"] = _status(data[17])
    found["records"] = []
    if data[18] | data[19] and not info & 4:
        found["encrypted"] = True
        return
    at = 7
    while at < len(data) and data[at]:
        _telegram(found, data, at, info)
        at += 1 + data[at]


def _telegram(found, data, at, info):
    # The records of the telegram whose length byte is at data[at].
    from .mbus import records

    start = at + 1 + _HEADER
    # The length counts the zero at the end. The last telegram may have been cut off.
    end = at + data[at]
    try:
        for record in records(data, start, end - start, bool(info & 1)):
            found["records"].append(record)
        missing = end - len(data)
        if missing > 0 and not found["fault"]:
            found["fault"] = "%d bytes of the telegram missing" % missing
    except TableError as e:
        found["fault"] = str(e)


def _status(status):
    words = [_STATES[status & 3]] if status & 3 else []
    words += [_FLAGS[i] for i in range(3) if status >> 2 + i & 1]
    if status >> 5:
        words.append("manufacturer_%d" % (status >> 5))
    return words


def of_client(buf, start, count, table="ET16"):
    """dict for a MEP client's: time, reads (number of them), data (bytes); None if none."""
    count = min(count, len(buf) - start)
    if count < 11:
        _fail(table, "length", 11 - count)
    length = buf[start + 10] << 8 | buf[start + 9]
    if length == 0:
        return None
    if count < 11 + length:
        _fail(table, "data", 11 + length - count)
    data = bytes(buf[start : start + 11 + length])
    return {
        "time": text_of(data[:6], "ltime"),
        "reads": data[8] << 8 | data[7],
        "data": data[11:],
    }


def _fail(table, field, missing):
    raise TableError(table, field, "%d bytes missing" % missing)
