from osgp import sources

# The guide's list (p. 204-206): names of some ids of each group, written out by hand.
SOME = {
    0: ("energy_forward", "Wh", 0, 0x7FFFFFFF, True),
    3: ("energy_reactive_export", "varh", 0, 0x7FFFFFFF, True),
    4: ("outage_duration", "s", 0, 0x7FFFFFFF, True),
    7: ("energy_net", "Wh", 0, 0x7FFFFFFF, False),
    9: ("power_reverse", "W", 0, 1000000, False),
    14: ("current_l3", "mA", 0, 1000000, False),
    16: ("voltage_l2", "mV", 0, 400000, False),
    18: ("power_factor_l1", "1/1000", -1000, 1000, False),
    19: ("frequency", "mHz", 40000, 70000, False),
    20: ("apparent_power", "VA", 0, 1000000, False),
    22: ("power_factor_l3", "1/1000", -1000, 1000, False),
    24: ("sin_phase_l2", "1/1000", -1000, 1000, False),
    27: ("pulse_input_2", "", 0, 0x7FFFFFFF, True),
    28: ("error_counter", "", 0, 0x7FFFFFFF, True),
    29: ("energy_forward_t0", "Wh", 0, 0x7FFFFFFF, True),
    33: ("outage_duration_t0", "min", 0, 0x7FFFFFFF, True),
    47: ("energy_net_t1", "Wh", 0, 0x7FFFFFFF, False),
    59: ("pulse_input_1_t2", "", 0, 0x7FFFFFFF, True),
    72: ("error_counter_t3", "", 0, 0x7FFFFFFF, True),
    78: ("mep_3_counter_2", "", 0, 0x7FFFFFFF, True),
    84: ("reactive_export_ct", "var", 0, 0x7FFFFFFF, False),
    95: ("present_demand_8", "", -0x80000000, 0x7FFFFFFF, False),
    96: ("previous_demand_1", "", -0x80000000, 0x7FFFFFFF, False),
    107: ("reactive_q4", "var", 0, 1000000, False),
    111: ("energy_reactive_q4", "varh", 0, 0x7FFFFFFF, True),
    164: ("voltage_min_l1", "mV", 0, 400000, False),
    175: ("reactive_q4_max", "var", 0, 1000000, False),
    184: ("power_reverse_ct_max_l3", "W", 0, 0x7FFFFFFF, False),
    185: ("power_forward_l1", "W", 0, 1000000, False),
    196: ("power_reverse_ct_l3", "W", 0, 0x7FFFFFFF, False),
    199: ("current_ct_l3", "mA", 0, 0x7FFFFFFF, False),
    202: ("voltage_continuous_l1", "mV", 0, 400000, False),
    209: ("power_reverse_average", "W", 0, 1000000, False),
    215: ("power_reverse_average_l3", "W", 0, 1000000, False),
    216: ("apparent_power_q1", "VA", 0, 1000000, False),
    227: ("apparent_power_q4_l2", "VA", 0, 1000000, False),
    232: ("current_neutral", "mA", 0, 1000000, False),
    235: ("current_average_l3", "mA", 0, 1000000, False),
    238: ("voltage_angle_l3_l1", "1/100 deg", -36000, 36000, False),
    239: ("reactive_import_l1", "var", 0, 1000000, False),
    244: ("reactive_export_l3", "var", 0, 1000000, False),
}
UNLISTED = [85, 86, 87, 200] + list(range(112, 164)) + list(range(245, 256))


def test_each_group_of_the_guides_list():
    ids = bytes(SOME)
    rows = list(sources.describe(28, ids, len(ids), 1))
    for source, row in zip(ids, rows):
        assert (row[0], row[1], row[3], row[4], row[5]) == SOME[source], row
        assert row[2] == 28 and row[6] == 1


def test_every_id_has_one_name_and_only_unlisted_ones_are_numbers():
    ids = bytes(range(256))[::1]
    names = [row[0] for row in sources.describe(28, ids, 256, 1)]
    assert len(set(names)) == 256
    numbered = [i for i in ids if names[i] == "source_%d" % i]
    assert numbered == sorted(UNLISTED)
    for name in names:
        assert name == name.lower() and " " not in name and "#" not in name


def test_the_energy_unit_scales_wh_and_varh_only():
    ids = bytes([0, 2, 4, 5, 7, 29, 33, 8])
    scales = [row[6] for row in sources.describe(23, ids, len(ids), 100)]
    assert scales == [100, 100, 1, 1, 100, 100, 1, 1]


def test_default_orders():
    assert sources.default_ids(28, 22) == list(range(8, 26)) + [81, 82, 83, 84]
    whole = sources.default_ids(28, 84)
    assert whole[41] == 202 and whole[55] == 216 and whole[72] == 233 and whole[83] == 244
    assert sources.default_ids(23, 15)[11:] == [108, 109, 110, 111]


def test_a_mapped_id_is_named_by_its_position_in_the_guides_order_only():
    guides = bytes([0, 1, 2, 3, 4, 5, 6, 7, 26, 27, 28, 108, 109, 110, 111, 112, 113, 150, 163])
    rows = list(sources.describe(23, guides, 19, 1))
    assert [r[:2] for r in rows[15:]] == [("energy_apparent_q%d" % q, "VAh") for q in (1, 2, 3, 4)]
    own = bytes([1, 0]) + guides[2:]
    assert [r[0] for r in list(sources.describe(23, own, 19, 1))[15:]] == [
        "source_112",
        "source_113",
        "source_150",
        "source_163",
    ]
    # A list of mapped ids alone is in nobody's order.
    assert next(sources.describe(28, bytes([112, 113]), 2, 1))[0] == "source_112"


def test_values_beyond_the_guides_are_numbered():
    names = [row[0] for row in sources.describe(28, None, 86, 1)]
    assert names[83:] == ["reactive_export_l3", "bt28_84", "bt28_85"]
    assert list(sources.describe(23, None, 20, 1))[19][0] == "bt23_19"
