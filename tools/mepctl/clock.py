"""`mepctl clock`: the meter's clock against this computer's."""

import calendar
import time

from osgp.codec import decode, table_name
from . import output, work
from .common import DISTURBED, OK, REFUSED, Stop

_BT52 = 52
_COUNT = 7
_TRIES = 14  # at ten reads a second, a second begins within them
_FLAGS = ("dst", "gmt", "time_zone_applied", "dst_applied")


def main(args):
    """Measure and print; returns the exit code."""
    document = work.run(args, measure)
    if args.json:
        print(output.as_json(document))
        return OK
    offset = document["offset_s"]
    ahead = "ahead of" if offset >= 0 else "behind"
    print("meter  %s UTC" % document["meter"].replace("T", " "))
    print("host   %s UTC" % document["host"].replace("T", " "))
    print(
        "the meter is %.2f s %s this computer (to within %.2f s)"
        % (abs(offset), ahead, document["uncertainty_s"])
    )
    return OK


async def measure(meter, tries=_TRIES):
    """The clocks and their offset (dict). Raises Stop."""
    if not hasattr(meter, "link"):
        raise Stop(REFUSED, "a dump has no running clock; give --port of the meter itself")
    # With the meter's second n the true offset is at least n - (when the reply came), and less
    # than n + 1 - (when the request went).
    low, high = -1e12, 1e12
    second = None
    for _ in range(tries):
        before = time.time()
        data = await meter.request(_BT52, _COUNT, 0)
        after = time.time()
        found = decode(_BT52, data, 0, len(data), None)
        if found["clock"] is None:
            raise Stop(DISTURBED, "%s: the meter's clock is not set" % table_name(_BT52))
        n = calendar.timegm(time.strptime(found["clock"], "%Y-%m-%dT%H:%M:%S"))
        low, high = max(low, n - after), min(high, n + 1 - before)
        if high < low:
            # One of the clocks was set meanwhile.
            low, high = n - after, n + 1 - before
        if second is not None and n != second:
            break
        second = n
    return {
        "meter": found["clock"],
        "host": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(after)),
        "offset_s": round((low + high) / 2, 3),
        "uncertainty_s": round((high - low) / 2, 3),
        "flags": {name: found[name] for name in _FLAGS},
    }
