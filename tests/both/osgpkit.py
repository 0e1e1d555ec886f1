"""A meter's tables, as bytes laid out by hand from the guide's offsets, and the start-up read."""

from osgp.dims import Dims

BT01 = b"ELON83331-3I\0\0"
GEN3 = b"\x3a\x86"  # 3.84.06
GEN4 = b"\x42\x61"  # 4.19.01
GEN430 = b"\x43\xc0"  # 4.30.00
# BT28 in the guide's order, positions 0..83 (p. 216-220).
BT28_IDS = bytes(
    list(range(8, 26))
    + list(range(81, 85))
    + list(range(104, 108))
    + list(range(185, 200))
    + list(range(202, 245))
)
# The same for BT23, positions 0..14 (p. 208-210).
BT23_IDS = bytes([0, 1, 2, 3, 4, 5, 6, 7, 26, 27, 28, 108, 109, 110, 111])


def bt21(values=55, sums=11, flags=0x03, demands=0, present_demands=0, tiers=4):
    return bytes([flags, 0x0E, 12, sums, demands, 2 * demands, 1, tiers, present_demands, values])


def tables(version=GEN3, values=55, sums=11, **more):
    """dict of table number to bytes of a meter of that size."""
    has = {
        1: BT01 + version,
        15: b"\1\0\0\0" + bytes(4) + b"\1" + b"\x28\0\0\0" + b"\x01\0\0\0",
        20: b"\x3f\x0e\xfd\x0f\x08\x10\x01\x04\x08\x1a",
        21: bt21(values, sums, **more),
        22: (BT23_IDS + b"\x70\x71\x72\x73" + bytes(45))[:sums],
        52: b"\x04\x02\x10\x0f\x3b\x37\x04",
        2051: b"4080123456" + bytes(20),
        2059: bytes(39),
        2103: b"\x01",
    }
    has[27] = bytes(range(88, 88 + has[21][8])) + (BT28_IDS + bytes(160))[:values]
    return has


def learn(has):
    """Dims after the start-up read of a meter that ``has`` those tables; any other is refused."""
    dims = Dims()
    for _ in range(30):
        step = dims.next_read()
        if step is None:
            return dims
        table, offset, count = step
        assert 0 < count <= 465
        if table in has:
            # A reply lies somewhere inside a receive buffer.
            data = has[table][:count]
            dims.learn(table, b"\xee\xee\xee" + data + b"\xee" * 9, 3, len(data))
        else:
            dims.absent(table)
    raise AssertionError("the start-up read does not end")
