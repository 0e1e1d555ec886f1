"""The store as JSON, for the web and for MQTT. Each text is one snapshot.

Written by hand and in small pieces: `json.dumps` of the whole would need one large dict and one
large string, and a used heap has no large blocks.
"""

import json

from .hal.clock import iso
from .readings import UNIT


def _head(store):
    return '"snapshot":%d,"time":%s' % (store.snapshot, json.dumps(iso(store.now())))


def _number(value):
    return "null" if value is None else str(value)


def today(store):
    """Members ``today`` and ``yesterday`` of a JSON object (str): energy by days, in Wh."""
    days = store.days
    if days is None:
        return '"today":null,"yesterday":null'
    counts = ["null", "null"]
    for n in range(2):
        start = days[1][n + 2]
        value = None if start is None else store.value(days[2][n])
        if value is not None and value >= start:
            counts[n] = str(value - start)
    return days[0] % tuple(counts)


def readings(store):
    """The `/api/v1/readings` document as an iterator of str pieces.

    The values are taken now; their text is made piece by piece.
    """
    n = range(len(store.kinds))
    return _pieces(
        '{"meter":%s,%s,"values":{' % (json.dumps(store.meter), _head(store)),
        store.each_name(),
        store.kinds,
        [store.value(i) for i in n],
        [store.age_ms(i) for i in n],
        "}," + today(store),
        store.mbus,
        ',"alerts":%s,"line":%s}' % (json.dumps(store.alerts), json.dumps(store.line())),
    )


def _pieces(head, names, kinds, values, ages, days, devices, tail):
    yield head
    comma = ""
    for i, name in enumerate(names):
        yield '%s"%s":{"value":%s,"unit":"%s","age_ms":%s}' % (
            comma,
            name,
            _number(values[i]),
            kinds[i][UNIT],
            _number(ages[i]),
        )
        comma = ","
    yield days
    comma = ',"mbus":['
    for device in devices or ():
        yield comma + json.dumps(device)
        comma = ","
    yield "]" if devices else ',"mbus":' + json.dumps(devices)
    yield tail


def snapshot(store):
    """The newest snapshot in short, as a memoryview of bytes; made once for all who ask.

    It holds until the store's next snapshot is asked for: send it at once or copy it. A value that
    was not in the last reply of its table is null, so that none stands without its age:
    ``age_ms`` gives the age of each table's reply.
    """
    if store.text_of == store.snapshot:
        return store.text
    ages = store.table_ages()
    buf = store.buffer
    at = _add(buf, 0, '{%s,"age_ms":{' % _head(store))
    at = _add(buf, at, ",".join(['"BT%02d":%d' % (t, ages[t]) for t in ages]))
    at = _add(buf, at, '},"values":{')
    comma = ""
    for i, name in enumerate(store.each_name()):
        at = _add(buf, at, '%s"%s":%s' % (comma, name, _number(store.fresh(i))))
        comma = ","
    at = _add(buf, at, "}}")
    store.text = memoryview(buf)[:at]
    store.text_of = store.snapshot
    return store.text


def _add(buf, at, text):
    data = text.encode()
    end = at + len(data)
    buf[at:end] = data
    return end
