"""osgp.port: client 1 or 2, and where it finds answers; bytes at the guide's offsets."""

from mep.errors import LocalError
from osgp.port import Port

ET11, ET50, ET54, ET59, ET70, ET85 = 2059, 2098, 2102, 2107, 2118, 2133


def find(version, has):
    """(Port, tables that were read) on a meter that ``has`` dict of (table, offset) to byte."""
    port = Port(version)
    asked = []
    for _ in range(9):
        step = port.next_read()
        if step is None:
            return port, asked
        table, offset, count = step
        assert count == 1
        asked.append(table)
        if (table, offset) in has:
            port.learn(table, bytes([0xEE, has[(table, offset)], 0xEE]), 1, 1)
        else:
            port.refused(table, 5)
    raise AssertionError("it never ends")


def test_gen3_has_one_client():
    port, asked = find((3, 84, 6), {(ET50, 30): 0x03})
    assert asked == [ET50]
    assert port.client == 1 and port.entry == 4 and not port.several and port.sure
    assert port.answers == (ET59, 8) and port.registered
    port, asked = find((3, 84, 6), {(ET50, 30): 0x01})
    assert port.answers == (8,) and port.registered
    port, asked = find((1, 20, 1), {(ET50, 30): 0x00})
    assert port.answers == (8,) and port.registered is False


def test_gen4_first_client():
    # ET54.0.8: bit 0 of the second byte.
    port, asked = find((4, 19, 1), {(ET70, 142): 1, (ET54, 1): 0x01, (ET50, 30): 0x02})
    assert asked == [ET70, ET54, ET50]
    assert port.client == 1 and port.several and port.answers == (ET59, 8)
    port, asked = find((4, 0, 0), {(ET70, 142): 1, (ET54, 1): 0xFE, (ET50, 30): 0})
    assert port.client == 1 and not port.several and port.answers == (8,)


def test_gen4_second_client():
    # Six sources: an entry of ET50 is 30 + 1 + 12 + 24 + 4 = 71 bytes, so ours is at 101.
    port, asked = find((4, 30, 0), {(ET70, 142): 2, (ET11, 22): 6, (ET50, 101): 0x01})
    assert asked == [ET70, ET11, ET50]
    assert port.client == 2 and port.entry == 5 and port.several
    assert port.answers == (ET85,) and port.flags_at == 101 and port.registered


def test_a_meter_that_does_not_tell():
    port, asked = find((4, 30, 0), {})
    assert asked == [ET70, ET50] and not port.sure
    assert port.client == 1 and port.answers == (ET59, 8) and port.registered is None
    port, asked = find((4, 30, 0), {(ET70, 142): 9, (ET50, 30): 2})
    assert not port.sure and port.client == 1
    port, asked = find((4, 30, 0), {(ET70, 142): 2})
    assert port.client == 2 and port.answers == (ET85,) and not port.sure
    # The version is not known: the meter is asked, an older one refuses.
    port, asked = find(None, {(ET50, 30): 2})
    assert asked == [ET70, ET50] and port.client == 1


def test_only_what_was_asked_for():
    port = Port((3, 84, 6))
    for tell in (lambda: port.learn(ET70, b"\1", 0, 1), lambda: port.absent(ET54)):
        try:
            tell()
        except LocalError as e:
            assert "was not asked for" in str(e)
        else:
            raise AssertionError("taken")
    port.learn(ET50, b"", 0, 0)
    assert port.next_read() is None and port.flags is None
