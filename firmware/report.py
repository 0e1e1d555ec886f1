"""The store as JSON, for the web and for MQTT. Each text is built at once, so it is one snapshot.

Written by hand: `json.dumps` of the whole would need one large dict and one large string.
"""

import json

from .hal.clock import iso
from .readings import UNIT

_GROUP = 8  # values in one piece


def _head(store):
    return '"snapshot":%d,"time":%s' % (store.snapshot, json.dumps(iso(store.now())))


def _number(value):
    return "null" if value is None else str(value)


def readings(store):
    """The `/api/v1/readings` document as a list of str pieces."""
    pieces = ['{"meter":%s,%s,"values":{' % (json.dumps(store.meter), _head(store))]
    text = []
    for i, name in enumerate(store.names):
        text.append(
            '%s"%s":{"value":%s,"unit":"%s","age_ms":%s}'
            % (
                "," if i else "",
                name,
                _number(store.value(i)),
                store.kinds[i][UNIT],
                _number(store.age_ms(i)),
            )
        )
        if len(text) == _GROUP:
            pieces.append("".join(text))
            text = []
    pieces.append("".join(text))
    pieces.append('},"line":%s}' % json.dumps(store.line()))
    return pieces


def snapshot(store):
    """The newest snapshot in short, as bytes; made once for all who ask.

    A value that was not in the last reply of its table is null, so that none stands without its
    age: ``age_ms`` gives the age of each table's reply.
    """
    number, text = store.text
    if number == store.snapshot:
        return text
    ages = store.table_ages()
    pieces = ["{%s" % _head(store), ',"age_ms":{']
    pieces.append(",".join(['"BT%02d":%d' % (t, ages[t]) for t in ages]))
    pieces.append('},"values":{')
    for i, name in enumerate(store.names):
        pieces.append('%s"%s":%s' % ("," if i else "", name, _number(store.fresh(i))))
    pieces.append("}}")
    text = "".join(pieces).encode()
    store.text = (store.snapshot, text)
    return text
