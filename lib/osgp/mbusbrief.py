"""A kept reading of an M-Bus device (ET16, ET45) in brief: who it is and its present values.

Smaller than `osgp.mbusreading`, which tells all of it (MEP guide p. 92-94).
"""

from mep.errors import TableError

# What is of interest, with the least and the most that can be, in the unit that comes with it.
_WANTED = (
    "energy 0 100000000000000;volume 0 10000000;mass 0 10000000000;hca 0 10000000;"
    "power -1000000000 1000000000;flow -100000 100000;mass_flow -100000000 100000000;"
    "flow_temperature -80 480;return_temperature -80 480;external_temperature -80 180;"
    "temperature_difference -400 400;pressure -1 200;humidity 0 100;"
)
_EXPONENTS = range(-9, 13)
_HEADER = 12  # serial, manufacturer, version, medium, access number, status, signature


def device(data):
    """dict of id (text), maker, medium (maker None where it is not told); None without reading.

    And ``note``: "" or why there can be no values: "encrypted", or "insecure" (a check failed).
    """
    if len(data) < 20 or not data[7] or (data[6] & 2 and len(data) < 24):
        return None
    from .mbus import manufacturer, medium_of
    from .mbuswords import medium

    fixed = data[6] & 2
    number = medium_of(data[15] << 8 | data[14]) if fixed else data[15]
    why = ""
    if data[6] & 0x20:
        why = "insecure"
    elif not fixed and data[18] | data[19] and not data[6] & 4:
        why = "encrypted"
    return {
        "id": "".join(["%02x" % data[11 - i] for i in range(4)]),
        "maker": None if fixed else manufacturer(data[13] << 8 | data[12]),
        "medium": medium(number),
        "note": why,
    }


def values(data):
    """Iterate over dicts: name, value (int), scale (value / scale is in the unit), unit.

    The first present value of each quantity that a household knows; what cannot be is left out.
    None comes for each other record, so that who iterates may pause.
    """
    seen = []
    try:
        for record in _records(data):
            found = None
            if record["name"] not in seen:
                found = _value(record)
            if found:
                seen.append(found["name"])
            yield found
    except TableError:
        return  # the telegram was cut off, or makes no sense from here on


def _records(data):
    from .mbus import fixed, records

    info = data[6]
    if info & 2:
        for record in fixed(data[15] << 8 | data[14], data[16:24], data[13] & 1):
            if not data[13] & 2:  # not those of a fixed date
                yield record
        return
    at = 7
    while at < len(data) and data[at]:
        start = at + 1 + _HEADER
        yield from records(data, start, at + data[at] - start, bool(info & 1))
        at += 1 + data[at]


def _value(record):
    # What `values` yields for a record of `osgp.mbus`, None if it is not wanted.
    name = record["name"]
    at = (";" + _WANTED).find(";%s " % name)
    value, exponent = record["value"], record["exponent"]
    if at < 0 or record["notes"] or record["function"] != "now":
        return None
    if record["storage"] or record["tariff"] or record["subunit"]:
        return None
    low, high = _WANTED[at : _WANTED.find(";", at)].split(" ")[1:]
    if isinstance(value, float):
        if not -1e12 < value < 1e12:
            return None
        value = int(value * 1000)
        exponent -= 3
    if not isinstance(value, int) or exponent not in _EXPONENTS:
        return None
    scale = 1
    if exponent > 0:
        value *= 10**exponent
    else:
        scale = 10**-exponent
    if not int(low) * scale <= value <= int(high) * scale:
        return None
    return {"name": name, "value": value, "scale": scale, "unit": record["unit"]}
