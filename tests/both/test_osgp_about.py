"""What osgp.about tells, and the notation of osgp.fields, on declarations made for the test."""

import sys

from mep.errors import LocalError, TableError
from osgp import about, codec, listed, sizes
from osgp.fields import declaration
from osgpkit import BT01, GEN3, GEN4, bt21, learn, tables


class Declared:
    """Stands for a module of osgp.tables."""

    def __init__(self, fields, names=""):
        self.FIELDS = fields
        self.NAMES = names
        self.ABOUT = "Test;MBK r;MAK rw;NVM;3.10"


def declared(fields, names=""):
    """The number of a table that is declared so for the test."""
    sys.modules["osgp.tables.bt98"] = Declared(fields, names)
    return 98


def decoded(fields, data, dims=None, again=True):
    """Values of the bytes; writing them gives the bytes again."""
    table = declared(fields)
    got = codec.decode(table, b"\xee" + data + b"\xee", 1, len(data), dims)
    if again:
        assert codec.encode(table, got, dims) == data
    return got


def refused(kind, call, *arguments):
    """The text of the error."""
    try:
        call(*arguments)
    except kind as e:
        return str(e)
    raise AssertionError("no error")


def test_places():
    got = decoded(
        "1 u8 a\n+ u16 b\n= bits12-15 c\n0 i8 d\n+ u8 e\n", b"\xff\x01\x02\x43\x44", again=False
    )
    assert got == {"a": 1, "b": 0x4302, "c": 4, "d": -1, "e": 0x44}
    got = decoded("0 bits0-3 a\n= bit9 b\n= bits4-8 c\n+ u8 d\n", b"\x25\x03\x07")
    assert got == {"a": 5, "b": True, "c": 18, "d": 7}


def test_wide_numbers():
    fields = "0 u24 a\n+ u40 b\n+ i48 c\n+ u64 d\n+ i16[2] e\n"
    data = (
        b"\1\2\3" + b"\1\0\0\0\x80" + b"\xfe" + b"\xff" * 5 + b"\0" * 7 + b"\xf0" + b"\xff\xff\1\0"
    )
    got = decoded(fields, data)
    assert got["a"] == 0x030201 and got["b"] == 0x8000000001 and got["c"] == -2
    assert got["d"] == 0xF0 << 56 and got["e"] == [-1, 1]


def test_halves_flags_and_decimals():
    got = decoded(
        "0 u4[3] a\n= bits4-7 e\n+ flags[9] b\n+ bcd8 c\n+ bcd4[2] d\n",
        bytes([0x12, 0x34, 0x81, 0x01, 0x78, 0x56, 0x34, 0x12, 0x99, 0x00, 0x01, 0x20]),
    )
    assert got["a"] == [2, 3, 4] and got["e"] == 1
    assert [i for i in range(9) if got["b"][i]] == [0, 7, 8]
    assert got["c"] == "12345678" and got["d"] == ["0099", "2001"]
    table = declared("0 u4[2] a\n= bit7 e\n+ flags[2] b\n+ bcd4 c\n")
    good = {"a": [1, 2], "e": True, "b": [True, False], "c": "0123"}
    assert codec.encode(table, good, None) == b"\x81\x20\x01\x23\x01"
    for name, value, text in (
        ("a", [1], "a: must be a list of 2"),
        ("a", [1, 16], "a: write 0..15"),
        ("b", [2, 0], "b: write 0..1"),
        ("b", 3, "b: must be a list of 2"),
        ("c", "123", "c: write 4 digits"),
        ("c", "01234", "c: write 4 digits"),
        ("c", "01x3", "c: write 4 digits"),
        ("c", 123, "c: write 4 digits"),
        ("c", None, "c: write 4 digits"),
    ):
        bad = dict(good)
        bad[name] = value
        assert text in refused(LocalError, codec.encode, table, bad, None), name


def test_times_and_dates():
    # osgp.kinds reads them, osgp.textdata writes them.
    fields = "0 time a\n+ date b\n+ stime[2] c\n+ version d\n"
    data = b"\x17\x3b\x00" + b"\x98\xe1" + b"\x18\x03\x1c\x10\x14" + b"\0" * 5 + b"\x42\x61"
    got = decoded(fields, data)
    assert got == {
        "a": "23:59:00",
        "b": "2024-03-28",
        "c": ["2024-03-28T16:20", None],
        "d": "4.19.01",
    }
    # What is none is written as such, and reads as none again.
    none = decoded(fields, b"\x18\0\0" + b"\xff\xff" + b"\xff" * 10 + b"\0\0", again=False)
    assert (none["a"], none["b"], none["c"]) == (None, None, [None, None])
    again = codec.encode(98, none, None)
    assert codec.decode(98, again, 0, len(again), None) == none
    for name, value in (
        ("a", "24:00:00"),
        ("a", "1:2:3"),
        ("b", "2024-13-01"),
        ("b", "28.3.2024"),
    ):
        got[name] = value
        assert "write a " in refused(LocalError, codec.encode, 98, got, None), value
        got[name] = None


def test_days():
    got = decoded("0 ldate a\n+ ldate b\n", b"\x18\x03\x1c\0\0\0")
    assert got == {"a": "2024-03-28", "b": None}
    got["a"] = "2024-03-28T00:00:00"
    assert "write a date like" in refused(LocalError, codec.encode, 98, got, None)


def test_sizes_by_other_tables():
    dims = learn({1: BT01 + GEN3, 21: bt21()})
    dims.tables[2059] = bytes([0, 0, 0, 0, 0, 2, 1, 0, 0])
    dims.tables[50] = b"\0\0\x32"
    fields = "0 u8[BT50.2.0-3*BT50.2.4-7] a\n+ u8 b if ET11.5w>257\n+ u8 c if ET11.5w>258\n"
    got = decoded(fields, b"\1\2\3\4\5\6\7", dims)
    assert got == {"a": [1, 2, 3, 4, 5, 6], "b": 7}
    dims.tables[2059] = bytes([0, 0, 0, 0, 0, 1, 1, 0, 0])
    assert decoded("0 u8[ET11.5d] a\n", bytes(257), dims)["a"] == [0] * 257
    dims.tables[2059] = bytes(8)
    assert "ET11.5d" in refused(TableError, codec.decode, 98, bytes(9), 0, 9, dims)
    assert decoded("0 u8[2+3*!BT50.0.1] a\n", b"\1\2\3\4\5", dims)["a"][4] == 5
    assert decoded("0 u8 a if !V4.0\n+ u8 b if V4.0\n", b"\1", dims) == {"a": 1}
    gen4 = learn({1: BT01 + GEN4, 21: bt21()})
    assert decoded("0 u8 a if !V4.0\n+ u8 b if V4.0\n", b"\1", gen4) == {"b": 1}


def test_sizes_by_values_of_its_own():
    fields = "0 u8 n\n1 rec[.n] r\n0 u8 m\n1 u8[.m] x\n+ u8[.n] y if .m>1\nend\n+ chars[.n] t\n"
    data = b"\2" + b"\1\x0a" + b"\2\x0b\x0c\x0d\x0e" + b"ab"
    got = decoded(fields, data)
    assert got["r"] == [{"m": 1, "x": [10]}, {"m": 2, "x": [11, 12], "y": [13, 14]}]
    assert got["t"] == "ab"
    text = refused(TableError, codec.size, 98, None)
    assert "BT98" in text and ".n" in text
    # A text is no size.
    table = declared("0 chars[2] n\n+ u8[.n] a\n")
    assert ".n" in refused(TableError, codec.decode, table, b"12", 0, 2, None)


def test_open_ends():
    got = decoded("0 u8 n\n+ u16[*] a\n", b"\1\2\0\3\0")
    assert got == {"n": 1, "a": [2, 3]}
    got = decoded("0 u8 n\n+ u16[*1] a\n", b"\1\2\0\3\0", again=False)
    assert got == {"n": 1, "a": [2]} and codec.size(98, None) == 3
    # Records of sizes of their own; the last is not whole.
    fields = "0 rec[*] r\n0 u8 n\n+ raw[.n] b\nend\n"
    got = decoded(fields, b"\0\1\xaa\2\xbb\xcc\3\xdd", again=False)
    assert got == {"r": [{"n": 0, "b": ""}, {"n": 1, "b": "aa"}, {"n": 2, "b": "bbcc"}]}
    assert codec.encode(98, got, None) == b"\0\1\xaa\2\xbb\xcc"
    assert decoded(fields, b"") == {"r": []}
    # What is wrong but not short is told, with its place.
    table = declared("0 rec[*] r\n0 u8 n\n+ raw[BT21.3] b\nend\n")
    text = refused(TableError, codec.decode, table, b"\1\2", 0, 2, None)
    assert "r[].b" in text and "BT21.3" in text


def test_records_up_to_an_offset():
    fields = "0 u8 size\n+ rec[>.size+-1] r\n0 u8 n\n+ raw[.n] b\nend\n+ u8 sum\n"
    data = b"\6\1\xaa\1\xbb\x07"
    got = decoded(fields, data)
    assert got == {"size": 6, "r": [{"n": 1, "b": "aa"}, {"n": 1, "b": "bb"}], "sum": 7}
    # What follows is not looked at; without records the end comes at once.
    assert codec.decode(98, data + b"\1\1", 0, 8, None) == got
    assert decoded(fields, b"\2\x07") == {"size": 2, "r": [], "sum": 7}
    assert decoded(fields, b"\0\x07") == {"size": 0, "r": [], "sum": 7}
    # One that goes beyond, and one that the bytes do not hold.
    text = refused(TableError, codec.decode, 98, b"\6\1\xaa\2\xbb\x07\x08", 0, 7, None)
    assert "r[].b" in text and "1 bytes missing" in text
    text = refused(TableError, codec.decode, 98, data, 0, 4, None)
    assert "r[].b" in text and "missing" in text
    # In a record the offset is the record's own.
    fields = "0 rec[2] a\n0 u8 n\n+ rec[>.n] b\n0 u8 c\nend\nend\n"
    got = decoded(fields, b"\3\x0a\x0b\2\x0c")
    assert got["a"][0]["b"] == [{"c": 10}, {"c": 11}] and got["a"][1]["b"] == [{"c": 12}]


def test_less_than_nothing_and_what_is_not_looked_at():
    assert decoded("0 u8 n\n+ u16[.n+-2] a\n+ u8 b\n", b"\3\1\2\4") == {"n": 3, "a": [513], "b": 4}
    assert decoded("0 u8 n\n+ u16[.n+-2] a\n+ u8 b\n", b"\1\4") == {"n": 1, "a": [], "b": 4}
    dims = learn({1: BT01 + GEN3, 21: bt21()})
    dims.tables[2059] = b"\1"
    # What Gen 3 does not have is not asked for.
    fields = "0 u8[!V4.0+V4.0*ET11.34] a\n+ u8[ET11.35] b if V4.0\n"
    assert decoded(fields, b"\x0a", dims) == {"a": [10]}
    assert about.needs(98, dims) == []
    gen4 = learn({1: BT01 + GEN4, 21: bt21()})
    assert about.needs(98, gen4) == [(2059, 0, 36)]
    assert "ET11.34" in refused(TableError, codec.decode, 98, b"\1\2", 0, 2, gen4)
    gen4.tables[2059] = bytes(34) + b"\2\1"
    assert decoded(fields, b"\1\2\3", gen4) == {"a": [1, 2], "b": [3]}


def test_a_number_that_cannot_be_ends_where_the_bytes_do():
    table = declared("0 u16 n\n+ rec[.n] r\n0 u32 a\nend\n")
    text = refused(TableError, codec.decode, table, b"\xff\xff" + bytes(9), 0, 11, None)
    assert "r[2].a" in text and "3 bytes missing" in text
    table = declared("0 u16 n\n+ u32[.n] a\n")
    assert "bytes missing" in refused(TableError, codec.decode, table, b"\xff\xff", 0, 2, None)
    assert sizes.size(declared("0 rec[100000] r\n0 u32 a\nend\n"), None) == 400000


def test_about_and_what_is_only_listed():
    assert about.about(28) == ("Present Register Data", "r", "r", "RAM", "all")
    assert about.about(22) == ("Data Selection", "r", "r", "NVM", "3.10")
    assert codec.table_number("ET77") in (2125,) and "ET77" in listed.names()
    assert about.about(2125)[0] == "Secondary Display List"
    assert codec.decode(2125, b"\1\xff", 0, 2, None) == {"data": "01ff"}
    assert "BT97" in refused(LocalError, declaration, "BT97")


def test_needs():
    dims = learn(tables(GEN3))
    assert about.needs(33, dims) == [(30, 0, 7)]
    assert about.needs(54, dims) == [(50, 0, 7)]
    assert about.needs(23, dims) == [] and about.needs(52, dims) == []
    assert about.needs(66, dims) == [(61, 0, 24)]
    assert about.needs(62, dims) == [(60, 0, 6), (61, 0, 30)]
    table = declared("0 u8[BT21.3+2*ET11.5w] a\n+ u8 b if !BT60.4.6*ET11.7d>3\n")
    dims.tables.clear()
    assert about.needs(table, dims) == [(21, 0, 4), (60, 0, 5), (2059, 0, 11)]


def test_what_only_the_table_says():
    assert about.by_itself(1) and about.by_itself(7) and not about.by_itself(23)
    assert not about.by_itself(74)
    assert about.by_itself(declared("0 u8 n\n+ u8[2*.n] a\n"))
    assert about.by_itself(declared("0 u8 n\n+ u8 a if .n\n"))


def test_describe():
    names = "\nMODE 0 off;1 on\n"
    table = declared(
        "0 i16 a unit V per 10\n+ u8 b is MODE\n+ rec[2] r\n0 u8 c is SOURCE if V4.0\n+ u8 -\n"
        "+ u8 d unit s\nend\n+ bit0 e\n",
        names,
    )
    rows = list(about.describe(table, learn(tables(GEN4))))
    assert [row[0] for row in rows] == ["a", "b", "r[].c", "r[].d", "e"]
    assert rows[0] == ("a", "i16", "V", 10, None) and rows[1][4] == {0: "off", 1: "on"}
    assert rows[2][4][8] == "power_forward" and rows[3][2] == "s"
    rows = list(about.describe(table, learn(tables(GEN3))))
    assert [row[0] for row in rows] == ["a", "b", "r[].d", "e"]
    assert len(list(about.describe(table))) == 5


def test_shown():
    for value, unit, divisor, listed_as, text in (
        (2305, "V", 10, None, "230.5 V"),
        (-5, "V", 100, None, "-0.05 V"),
        (7, None, 1, None, "7"),
        (7, "%", 1, None, "7 %"),
        (1, None, 1, {1: "on"}, "on"),
        (2, None, 1, {1: "on"}, "2"),
        (True, None, 1, None, "yes"),
        (None, None, 1, None, "-"),
        ("text", None, 1, None, "text"),
        ([1, 2], "s", 1, None, "1 s 2 s"),
        (3, "V", 4, None, "0.7 V"),
    ):
        assert about.shown(value, unit, divisor, listed_as) == text, (value, text)
