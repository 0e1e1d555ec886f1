"""Reads the load profile: BT61 to BT67, block by block from the newest backwards (guide p. 231).

A block is a run of intervals that ends at the time in its head; BT63 says which block is the last.
It is read again at the end: if a new block has begun meanwhile, the reading starts once more.
"""

import calendar
import time

from osgp import about, codec, sources
from . import work
from .common import DISTURBED, REFUSED, Stop

_A_DAY = 84  # minutes that stand for a day
_MAPPED = range(112, 164)
_TRIES = 3
_NO_VALUE = (4, 8, 10, 12, 15)  # skipped, not decrypted, device missing, opted out, placeholder
_FLAGS = ("dst", "power_fail", "clock_forward", "clock_backward")


async def read(meter, number, begin, end, tell):
    """dict of data set ``number``: channels, minutes, intervals from ``begin`` to ``end``.

    Times are unix times or None; ``tell(done, total)`` in bytes. Raises Stop.
    """
    dims = await work.learn(meter)
    actual = await work.values(meter, "BT61", dims)
    sets = actual["sets"]
    if number > len(sets) or not sets[number - 1]["channels"]:
        raise Stop(REFUSED, "this meter has no data set %d of the load profile" % number)
    which = sets[number - 1]
    minutes = 1440 if which["interval_time"] == _A_DAY else which["interval_time"]
    channels = await _channels(meter, dims, number)
    for _ in range(_TRIES):
        status = (await _status(meter, dims))["sets"][number - 1]
        found = await _blocks(meter, dims, number, which, status, 60 * minutes, begin, end, tell)
        again = (await _status(meter, dims))["sets"][number - 1]
        if again["last_sequence"] == status["last_sequence"]:
            break
    else:
        raise Stop(DISTURBED, "BT63: the load profile moves on again and again while it is read")
    out = {"serial": dims.serial, "set": number, "minutes": minutes, "channels": channels}
    return dict(out, intervals=found)


async def _status(meter, dims):
    dims.tables.pop(63, None)
    return await work.values(meter, "BT63", dims)


async def _channels(meter, dims, number):
    control = await work.values(meter, "BT62", dims)
    ids = [c["source"] for c in control["set_%d" % number][0]["channels"]]
    mapped = []
    if any(i in _MAPPED for i in ids):
        mapping = await work.values(meter, "ET66", dims)
        mapped = mapping["sets"][number - 1]["sources"]
    found, seen = [], []
    for i in ids:
        place = i - _MAPPED[0]
        extended = mapped[place] if i in _MAPPED and place < len(mapped) else None
        if extended is None or extended < 256:
            one = bytes([i if extended is None else extended])
            name, unit, _, _, _, _, scale = next(
                sources.describe(23, one, 1, dims.energy_unit or 0, seen)
            )
        else:
            # An extended id of an M-Bus device: its place and the data type of ET57.
            name, unit, scale = (
                "mbus_%d_type_%d" % ((extended >> 8 & 15) + 1, extended & 31),
                "",
                1,
            )
        found.append({"name": name, "unit": unit or None, "source": extended or i, "scale": scale})
    return found


async def _blocks(meter, dims, number, which, status, seconds, begin, end, tell):
    table = 63 + number
    size = _block_size(table, dims, which)
    intervals, done = [], 0
    for back in range(status["valid_blocks"]):
        place = (status["last_block"] - back) % which["blocks"]
        data = await meter.read(table, place * size, size)
        done += len(data)
        tell(done, size * _wanted(status, which, seconds, begin))
        count = status["valid_intervals"] if back == 0 else which["intervals"]
        (block,) = codec.decode(table, data, 0, len(data), dims)["blocks"]
        if block["end"] is None:
            continue
        last = calendar.timegm(time.strptime(block["end"], "%Y-%m-%dT%H:%M"))
        for i in range(count - 1, -1, -1):
            at = last - (count - 1 - i) * seconds
            if (begin is None or at > begin) and (end is None or at <= end):
                intervals.append(_interval(table, block, i, at))
        if begin is not None and last - count * seconds <= begin:
            break
    intervals.reverse()
    return intervals


def _wanted(status, which, seconds, begin):
    # Blocks that will be read, about: for the bar.
    if begin is None:
        return status["valid_blocks"]
    span = seconds * which["intervals"]
    return min(status["valid_blocks"], int((time.time() - begin) // span) + 2)


def _block_size(table, dims, which):
    return codec.size(table, dims) // which["blocks"]


def _interval(table, block, i, at):
    words = about.words(64, "STATUS")
    one = block["intervals"][i]
    status = [word for word in _FLAGS if one[word]]
    values = []
    for k, value in enumerate(one["values"]):
        code = one["status"][k]
        if code:
            status.append("%d:%s" % (k + 1, words.get(code, code)))
        values.append(None if code in _NO_VALUE else value)
    if not block["valid"][i]:
        # No interval was recorded: its bytes mean nothing.
        status, values = ["invalid"], [None] * len(values)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
    return {"time": stamp, "status": status, "values": values}
