"""The simulated load profile, at offsets of the guide by hand: sizes, ring, statuses, gaps."""

import pytest
from mepsimkit import NOON, Client, i32, meter

ET21, ET66 = 2069, 2114
BLOCK, HEADER, INTERVAL = 3569, 17, 37
DAY = 86400
DST_END = 1698541200  # 2023-10-29 01:00 UTC


def u16(data, at):
    return int.from_bytes(data[at : at + 2], "little")


def block_of(c, seconds, now=NOON):
    """The block of data set 1 that holds a unix time."""
    last = (now // 900 - 1) // 96
    place = u16(c.data(63), 3)
    back = last - (seconds - 1) // DAY
    return c.whole_part(64, (place - back) % 41 * BLOCK, BLOCK)


def interval(block, i):
    """(common status, statuses of the channels, values) of an interval, None if not processed."""
    if not block[5 + i // 8] >> i % 8 & 1:
        return None
    at = HEADER + INTERVAL * i
    status = [n for b in block[at : at + 5] for n in (b >> 4, b & 15)]
    return status[0], status[1:9], [i32(block, at + 5 + 4 * k) for k in range(8)]


@pytest.fixture(scope="module")
def client():
    return Client(meter())


def test_dimensions(client):
    bt61 = client.data(61)
    assert len(bt61) == 7 + 4 * 6 and bt61[4:7] == b"\x00\x0c\x20"
    sets = [(u16(bt61, a), u16(bt61, a + 2), bt61[a + 4], bt61[a + 5]) for a in (7, 13, 19, 25)]
    assert sets == [(41, 96, 8, 15), (45, 24, 2, 60), (8, 288, 3, 5), (60, 1, 4, 84)]
    et21 = client.whole(ET21, 4 * 131)
    for n, (blocks, intervals, channels, minutes) in enumerate(sets):
        at = 131 * n
        block, header = i32(et21, at + 8), u16(et21, at + 12)
        assert header == 5 + (intervals + 7) // 8 == et21[at + 24]
        assert et21[at + 25] == channels // 2 + 1 + 4 * channels
        assert block == header + intervals * et21[at + 25]
        assert len(client.meter.tables.read(64 + n, 0)) == blocks * block
        assert (et21[at + 28], et21[at + 29]) == (channels, minutes)
        assert u16(et21, at + 18) == u16(client.data(63), 13 * n + 3) < blocks
    assert i32(bt61, 0) <= i32(client.data(60), 0) == 233856
    assert client.data(62)[: 8 * 3 + 1] == bytes(
        [0, 0, 0, 0, 1, 0, 0, 2, 0, 0, 3, 0, 0, 15, 0, 0, 5, 0, 0, 112, 0, 0, 113, 0, 32]
    )
    assert client.data(ET66)[:6] == b"\x01\x40\x02\x41\x00\x00"


def test_forty_days_fall_together(client):
    """Every interval of 40 days: registers never fall, and the last is what BT23 has."""
    last = (NOON // 900 - 1) // 96
    before = [0] * 8
    missing, flags = 0, set()
    for day in range(last - 40, last + 1):
        block = block_of(client, day * DAY + 1)
        for i in range(96 if day < last else 48):
            found = interval(block, i)
            if found is None:
                missing += 1
                continue
            common, statuses, values = found
            flags.add(common)
            end = day * DAY + 900 * (i + 1)
            assert bool(common & 1) == (end - 900 < DST_END)
            for k in (0, 1, 2, 3, 5):
                assert values[k] >= before[k], (day, i, k)
                before[k] = values[k]
            assert 220000 < values[4] < 245000
            polled = end % 3600 == 0
            assert (4 in statuses[6:]) == (not polled)
            assert polled or values[6:] == [0, 0]
    assert missing == 11, "the outage of 03:07 to 05:52"
    assert flags == {0, 1, 2, 3, 4}
    bt23 = client.data(23)
    assert before[0] == i32(bt23, 0) == 115921469 and before[1] == i32(bt23, 4)


def test_current_block(client):
    bt63 = client.data(63)
    assert bt63[0] == 0x26 and u16(bt63, 1) == 41 and u16(bt63, 11) == 48
    block = block_of(client, NOON)
    assert tuple(block[:5]) == (23, 11, 15, 12, 0)
    assert interval(block, 47) and not interval(block, 48) and not any(block[HEADER + 48 * 37 :])
    assert tuple(block_of(client, NOON - DAY)[:5]) == (23, 11, 15, 0, 0)


def test_it_goes_on():
    c = Client(meter(house="steady"))
    place = u16(c.data(63), 3)
    c.ms = 31 * 60000
    assert u16(c.data(63), 11) == 50
    block = block_of(c, NOON + 1, NOON + 1800)
    two = interval(block, 49)[2]
    assert two[0] - interval(block, 48)[2][0] in (175, 176), "702 W for 15 minutes"
    c.ms = (12 * 60 + 14) * 60000
    assert u16(c.data(63), 3) == place, "a block begins with its first interval"
    c.ms += 60000
    assert u16(c.data(63), 3) == (place + 1) % 41 and u16(c.data(63), 11) == 1


def test_mbus_channels(client):
    whole = interval(block_of(client, NOON - DAY), 95)
    water = whole[2][6].to_bytes(4, "little")[::-1].hex()
    assert whole[1][6:] == [0, 0] and water.isdigit() and int(water) > 400000
    assert 50000 < whole[2][7] < 70000, "kWh"
    statuses = set()
    for back in range(41):
        block = block_of(client, NOON - back * DAY)
        found = [interval(block, i) for i in range(96)]
        statuses.update(s for f in found if f for s in f[1][6:])
    assert statuses == {0, 4, 10, 11, 15}


def test_old_firmware_has_one_set():
    c = Client(meter("gen3-3.10"))
    assert len(c.data(61)) == 13 and len(c.data(63)) == 13
    assert len(c.data(ET21)) == 94
    assert c.ask(b"\x30\x00\x41\x00\x04") == b"\x05"
