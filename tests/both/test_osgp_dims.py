from mep.errors import LocalError, TableError
from osgp import codec
from osgp.dims import Dims
from osgpkit import BT01, BT23_IDS, BT28_IDS, GEN3, GEN4, GEN430, bt21, learn, tables


def _error(table, data, has=None):
    dims = learn(has) if has else Dims()
    try:
        dims.learn(table, data, 0, len(data))
    except TableError as e:
        return e
    raise AssertionError("took %r" % data)


def _names(dims):
    return [row[0] for row in list(dims.layout())]


def test_start_up_reads_in_this_order():
    dims = Dims()
    has = tables(GEN3, 55, 11)
    reads = []
    while True:
        step = dims.next_read()
        if step is None:
            break
        reads.append(step)
        assert dims.next_read() == step  # until it is answered
        dims.learn(step[0], has[step[0]], 0, step[2])
    # The last three are of osgp.survey.
    assert reads == [
        (1, 0, 16),
        (2051, 0, 30),
        (20, 0, 10),
        (21, 0, 10),
        (22, 0, 11),
        (27, 0, 55),
        (2103, 146 + 4 * 3 + 39, 1),
        (15, 0, 17),
        (52, 0, 7),
        (2059, 0, 32),
    ]


def test_identity():
    dims = learn(tables(GEN3))
    assert (dims.manufacturer, dims.model) == ("ELON", "83331-3I")
    assert (dims.firmware, dims.version, dims.generation) == ("3.84.06", (3, 84, 6), 3)
    assert dims.serial == "4080123456"
    assert (dims.ct_ratio, dims.vt_ratio, dims.ratios_applied) == (40, 1, True)
    assert dims.clock == (2004, 2, 16, 15, 59, 55)  # BT52 of the guide's appendix


def test_firmware_versions_of_the_guide():
    for word, text, generation in (
        (b"\x30\x18", "3.00.24", 3),
        (b"\x31\x55", "3.10.21", 3),
        (b"\x42\x61", "4.19.01", 4),
        (b"\x21\x80", "2.12.00", 2),
        (b"\x12\x80", "1.20.00", 3),
    ):
        dims = Dims()
        dims.learn(1, BT01 + word, 0, 16)
        assert (dims.firmware, dims.generation) == (text, generation)


def test_sizes_of_every_generation():
    for version, values in (
        (b"\x30\x18", 22),
        (b"\x31\x55", 26),
        (b"\x36\x40", 41),
        (GEN3, 55),
        (b"\x40\x01", 72),
        (GEN4, 75),
        (GEN430, 84),
    ):
        for sums in (11, 15, 19):
            dims = learn(tables(version, values, sums))
            rows = list(dims.layout())
            assert (dims.bt28_offset, dims.bt28_count) == (0, 4 * values)
            assert (dims.bt23_offset, dims.bt23_count) == (0, 4 * sums)
            assert [r[2] for r in rows] == [28] * values + [23] * sums
            names = [r[0] for r in rows]
            assert len(set(names)) == len(names)
            assert names[:2] == ["power_forward", "power_reverse"]
            assert names[values : values + 3] == [
                "energy_forward",
                "energy_reverse",
                "energy_reactive_import",
            ]
            assert (
                names[values + sums - 1]
                == {
                    11: "error_counter",
                    15: "energy_reactive_q4",
                    19: "energy_apparent_q4",
                }[sums]
            )
            assert (
                names[values - 1]
                == {
                    22: "reactive_export_ct",
                    26: "reactive_q4",
                    41: "current_ct_l3",
                    55: "power_reverse_average_l3",
                    72: "current_neutral",
                    75: "current_average_l3",
                    84: "reactive_export_l3",
                }[values]
            )


def test_without_bt22_and_bt27_the_guides_order_holds():
    for values, sums in ((22, 11), (55, 15), (84, 19)):
        has = tables(GEN4, values, sums)
        told = list(learn(has).layout())
        del has[22], has[27]
        assert list(learn(has).layout()) == told


def test_the_counter_of_demand_resets_shifts_bt23():
    dims = learn(tables(values=26, sums=15, flags=0x3F, demands=8, present_demands=8))
    assert (dims.bt23_offset, dims.bt23_count) == (1, 60)
    assert (dims.bt28_offset, dims.bt28_count) == (32, 104)
    assert _names(dims)[0] == "power_forward"


def test_the_time_remaining_shifts_bt28():
    dims = learn(tables(flags=0x43, present_demands=3))
    assert dims.bt28_offset == 21
    assert dims.bt23_offset == 0


def test_bt22_and_bt27_reorder_and_select():
    has = tables(GEN3, 3, 4)
    has[27] = b"\x13\x0f\xb9"
    has[22] = b"\x1c\x00\x24\x07"
    rows = list(learn(has).layout())
    assert [(r[0], r[2]) for r in rows] == [
        ("frequency", 28),
        ("voltage_l1", 28),
        ("power_forward_l1", 28),
        ("error_counter", 23),
        ("energy_forward", 23),
        ("energy_net_t0", 23),
        ("energy_net", 23),
    ]


def test_bt23_without_tiers_or_demands_ends_after_the_sums():
    dims = learn(tables(sums=2, tiers=0))
    assert codec.size(23, dims) == 8
    got = codec.decode(23, b"\x07\0\0\0\x08\0\0\0", 0, 8, dims)
    assert got == {"summations": [7, 8], "demands": [], "coincidents": [], "tiers": []}
    assert codec.encode(23, got, dims) == b"\x07\0\0\0\x08\0\0\0"


def test_times_are_written_as_they_were_read():
    dims = learn(tables(sums=1, flags=3, demands=1, tiers=0))
    bt52 = b"\x04\x02\x10\x0f\x3b\x37\x1c"
    assert codec.encode(52, codec.decode(52, bt52, 0, 7, dims), dims) == bt52
    bt23 = b"\1\0\0\0" + b"\x18\x03\x1c\x10\x14" + b"\x64\0\0\0" + bytes(8)
    got = codec.decode(23, bt23, 0, len(bt23), dims)
    assert got["demands"] == [{"times": ["2024-03-28T16:20"], "values": [100]}]
    assert codec.encode(23, got, dims) == bt23
    for bad in ("2024-03-28T16:20:01", "2024-13-28T16:20", "2280-03-28T16:20", "2024-3-28T16:20"):
        got["demands"][0]["times"][0] = bad
        try:
            codec.encode(23, got, dims)
        except LocalError as e:
            assert "BT23, demands[0].times: write a time like 2024-03-28T16:20" in str(e)
        else:
            raise AssertionError(bad)


def test_raw_bytes_are_written_as_hex_digits():
    dims = learn(tables(GEN3))
    got = codec.decode(2052, bytes(range(129)), 0, 129, dims)
    assert got["program_id"] == "0e0f101112131415" and got["idt_version"] == 116
    for bad in ("0e0f", "0e0f10111213141", "zz0f101112131415", 14, None, "00" * 9):
        got["program_id"] = bad
        try:
            codec.encode(2052, got, dims)
        except LocalError as e:
            assert "program_id: write hex digits of 8 bytes" in str(e)
        else:
            raise AssertionError(bad)


def test_a_source_listed_twice_has_two_names():
    has = tables(GEN3, 5, 3)
    has[27] = b"\x08\x08\xc8\x08\xc8"
    has[22] = b"\x08\x00\x00"
    assert _names(learn(has)) == [
        "power_forward",
        "power_forward_2",
        "source_200",
        "power_forward_3",
        "source_200_2",
        "power_forward_4",
        "energy_forward",
        "energy_forward_2",
    ]


def test_energy_unit():
    for version, tiers, at in (
        (GEN3, 4, 197),
        (GEN3, 8, 213),
        (GEN4, 4, 198),
        (b"\x12\x80", 4, 197),
    ):
        has = tables(version)
        has[20] = bytes([0, 0, 0, 15, 8, 16, 1, tiers, 8, 55])
        has[2103] = b"\x0a"
        dims = Dims()
        step = dims.next_read()
        while step[0] != 2103:
            dims.learn(step[0], has[step[0]], 0, step[2])
            step = dims.next_read()
        assert step == (2103, at, 1)
        rows = list(learn(has).layout())
        assert [r[6] for r in rows if r[1] == "Wh"] == [10, 10, 10, 10]
        assert [r[6] for r in rows if r[1] == "W"] == [1] * len([r for r in rows if r[1] == "W"])
    # Before 3.70 the byte is something else, and is not even read.
    has = tables(b"\x36\x40", 41)
    has[2103] = b"\x64"
    assert learn(has).energy_unit == 1
    has = tables(GEN3)
    has[2103] = b"\x07"
    assert "7 is not 1, 10 or 100" in str(_error(2103, b"\x07", tables(GEN3)))
    has[2103] = b"\x00"
    assert learn(has).energy_unit == 1


def test_what_may_be_missing_and_what_may_not():
    dims = learn({1: BT01 + GEN3, 21: bt21()})
    assert dims.serial is None and dims.clock is None
    # Firmware 3.84 has a choice of units.
    assert (dims.energy_unit, dims.ct_ratio, dims.vt_ratio) == (None, 1, 1)
    scales = [(r[1], r[6]) for r in list(dims.layout())]
    assert ("Wh", 0) in scales and ("varh", 0) in scales
    assert not [unit for unit, scale in scales if scale == 0 and unit not in ("Wh", "varh")]
    assert learn({1: BT01 + b"\x36\x40", 21: bt21()}).energy_unit == 1
    assert len(list(dims.layout())) == 66
    for table, name in ((1, "BT01"), (21, "BT21")):
        try:
            Dims().absent(table)
        except TableError as e:
            assert e.table == name and "refuses" in e.why
        else:
            raise AssertionError(name)


def test_short_replies_name_table_field_and_bytes():
    has = tables(GEN3)
    for table, field in (
        (1, "firmware version"),
        (2051, "serial"),
        (20, "present values"),
        (21, "present values"),
        (22, "summation select"),
        (27, "present value sources"),
        (2103, "energy register unit"),
        (15, "VT ratio"),
        (52, "flags"),
    ):
        wanted = {1: 16, 2051: 30, 20: 10, 21: 10, 22: 11, 27: 55, 2103: 1, 15: 17, 52: 7}[table]
        e = _error(table, bytes(wanted - 1), has)
        assert e.field == field and e.why == "1 bytes missing"
        assert _error(table, b"", has).why == "%d bytes missing" % wanted


def test_a_count_larger_than_the_buffer_is_a_short_reply():
    try:
        Dims().learn(1, BT01, 0, 16)
    except TableError as e:
        assert "2 bytes missing" in e.why
    else:
        raise AssertionError("took it")


def test_nonsense_is_refused():
    assert "firmware" in _error(1, BT01 + b"\xff\xff").field
    assert "firmware" in _error(1, BT01 + b"\0\0").field
    assert "firmware" in _error(1, BT01 + b"\x3f\xe0").field  # 3.127.00
    for data, field in (
        (bt21(values=0), "present values"),
        (bt21(values=245), "present values"),
        (bt21(sums=0), "summations"),
        (bt21(sums=65), "summations"),
        (bt21(present_demands=9), "present demands"),
    ):
        assert _error(21, data).field == field
    assert "BT21" in _error(22, bytes(11)).why
    assert "BT21" in _error(27, bytes(55)).why


def test_a_clock_that_was_never_set_is_no_error():
    for data in (bytes(7), b"\xff" * 7, b"\x18\x0d\x01\0\0\0\0", b"\x18\x01\x01\x18\0\0\0"):
        has = tables(GEN3)
        has[52] = data
        assert learn(has).clock is None


def test_junk_in_text_is_shown_as_such():
    has = tables(GEN3)
    has[2051] = b"40\x8080\x07 7\xff \0secret" + bytes(20)
    assert learn(has).serial == "40?80? 7?"


def test_more_values_than_a_reply_holds_are_left_out():
    dims = learn(tables(GEN4, 200, 64, present_demands=8))
    assert dims.bt28_count == 464 and dims.bt23_count == 256
    assert len(list(dims.layout())) == 116 + 64


def test_an_older_meter_has_a_shorter_et11():
    for version, count in (
        (b"\x31\x55", 27),
        (b"\x35\x00", 28),
        (b"\x36\x40", 32),
        (b"\x40\x01", 38),
        (GEN430, 39),
    ):
        assert len(learn(tables(version)).tables[2059]) == count
    has = tables(GEN3)
    has[2059] = bytes(28)
    assert len(learn(has).tables[2059]) == 28


def test_another_table_is_the_callers_mistake():
    try:
        Dims().learn(2052, bytes(9), 0, 9)
    except LocalError as e:
        assert "ET04" in str(e)
    else:
        raise AssertionError("took it")


def test_ids_as_the_guide_lists_them():
    assert len(BT28_IDS) == 84 and len(BT23_IDS) == 15


def test_the_live_values_need_seven_tables():
    dims = Dims(live=True)
    has = tables(GEN4, 84, 19)
    asked = []
    while dims.next_read():
        table, offset, count = dims.next_read()
        asked.append(table)
        data = has[table][:count]
        dims.learn(table, data, 0, len(data))
    assert asked == [1, 2051, 20, 21, 22, 27, 2103]
    assert len(list(dims.layout())) == 84 + 19
