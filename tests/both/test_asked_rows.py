"""`firmware.asked.rows` and `osgp.fetch`: a table read and told without holding all of it."""

import json

from firmware.asked.rows import Rows, decimal
from mep.errors import TableError
from osgp import codec
from osgp.fetch import Fetch


class Dims:
    version = (3, 84)

    def __init__(self, **tables):
        self.tables = {int(name[1:]): data for name, data in tables.items()}


def _told(table, data, dims, named=()):
    return json.loads("{%s}" % ",".join(Rows(table, dims, data, named).texts()))


def _flat(path, value, found):
    if isinstance(value, dict):
        for key in value:
            _flat(path + "." + key if path else key, value[key], found)
    elif isinstance(value, list):
        for i in range(len(value)):
            _flat("%s[%d]" % (path, i), value[i], found)
    else:
        found[path] = value
    return found


def test_the_same_values_as_the_codec():
    dims = Dims(t0=bytes(18), t2059=bytes([6, 66]) + bytes(range(40)))
    for table, size in ((1, 16), (3, 12), (52, 7), (61, 31), (2061, 6 * 66), (2051, 240)):
        data = bytes([(7 * i + 1) & 127 for i in range(size)])
        told = _told(table, data, dims)
        for name, value in _flat("", codec.decode(table, data, 0, size, dims), {}).items():
            assert told[name]["value"] == value, (table, name)
        assert len(told) == len(_flat("", codec.decode(table, data, 0, size, dims), {}))


def test_units_words_and_divisors():
    dims = Dims(t2059=bytes([6, 66]) + bytes(40))
    data = bytes([39]) + bytes(6 * 66 - 1)
    told = _told(2061, data, dims)
    assert told["mbus[0].read_day"] == {"value": 39, "unit": None, "word": "off"}
    assert told["mbus[0].status_read_time"]["unit"] == "min"
    assert decimal(-5, 100) == "-0.05" and decimal(12345678, 1000) == "12345.678"
    assert decimal(70, 10) == "7.0"


def test_registers_have_the_names_of_the_live_values():
    # BT21: 2 present values; BT28 holds its demands, then these.
    dims = Dims(t21=bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 2]))
    size = codec.size(28, dims)
    data = bytes(size - 8) + b"\xbd\x02\x00\x00\x05\x00\x00\x00"
    named = [("power_forward", "W", 1), ("odd", "", 0)]
    told = _told(28, data, dims, named)
    assert told["power_forward"] == {"value": 701, "unit": "W"}
    assert told["odd"] == {"value": None, "unit": None}


def test_bytes_that_are_missing_are_named():
    try:
        list(Rows(52, Dims(), b"\x1a\x01").texts())
        raise AssertionError
    except TableError as e:
        assert "BT52" in str(e) and "missing" in str(e)


def _fetch(table, tables, dims, most=2048, longest=465):
    # What a meter with these tables gives; a read past the end is refused.
    machine = Fetch(dims, table, most)
    reads = 0
    while machine.next_read():
        number, offset, count = machine.next_read()
        reads += 1
        assert count <= 465 and reads < 60
        data = tables.get(number)
        if data is None:
            machine.refused(number, 5)
        elif offset is None and len(data) > longest:
            machine.refused(number, 4)
        elif offset is None:
            machine.learn(number, data, 0, len(data))
        elif offset + count > len(data):
            machine.refused(number, 4)
        else:
            machine.learn(number, data, offset, count)
    return machine


def test_fetch_reads_all_of_a_table_and_what_it_refers_to():
    et13 = bytes([i & 255 for i in range(6 * 66)])
    dims = Dims()
    machine = _fetch(2061, {2059: bytes([6, 66]) + bytes(40), 2061: et13}, dims)
    assert machine.code is None and 2059 in dims.tables
    size = codec.size(2061, dims)
    assert bytes(machine.data) == et13[:size]
    assert codec.decode(2061, machine.data, 0, size, dims)["mbus"]


def test_fetch_finds_the_end_of_an_open_table():
    for size in (3, 464, 465, 466, 900, 1411):
        data = bytes([i & 127 for i in range(size)])
        machine = _fetch(7, {7: data}, Dims())
        assert bytes(machine.data) == data and machine.code is None, size


def test_fetch_tells_refusals_and_too_much():
    machine = _fetch(52, {}, Dims())
    assert machine.code == 5 and machine.next_read() is None
    assert _fetch(7, {}, Dims()).code == 5
    absent = Fetch(Dims(), 52, 100)
    absent.absent(52)
    assert absent.code == 5
    for table, tables in ((7, {7: bytes(1411)}), (2051, {2051: bytes(131)})):
        try:
            _fetch(table, tables, Dims(), 100)
            raise AssertionError
        except TableError as e:
            assert "room for 100" in str(e)
