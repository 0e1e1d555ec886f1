"""Source ids of BT22 and BT27: name, unit and bounds of each value (MEP guide, BT22, p. 203-207).

Used once, when the meter has been learned; nothing of it is needed for polling.
"""

from shim import const

HIGHEST_ID = const(244)  # the last one of the guide's list
# The guide gives the apparent energies of Gen 4 a position in BT23 (p. 210) but no source id.
_APPARENT_ENERGY = const(256)
_NO_ID = const(999)

_TIERS = const(29)  # first id of tier 0; each of the 4 tiers has 11
_PER_TIER = const(11)
_TIER_IDS = const(44)

_GROUP = const(16)  # ids looked up in one pass over the list: more takes more memory

_LARGEST = const(0x7FFFFFFF)
_SMALLEST = const(-0x80000000)

# A source's kind is a letter. Capital letters: multiplied by the CT and VT ratio.
_KINDS = "eqxsmcnwravipfdWRIu"
_MONOTONIC = const(6)  # so many of the kinds never fall
_UNITS = (
    ("Wh", "varh", "VAh", "s", "min", "", "Wh")
    + ("W", "var", "VA", "mV", "mA", "1/1000", "mHz", "1/100 deg")
    + ("W", "var", "mA", "")
)
_HIGHS = (
    (_LARGEST,) * 7  # energies and counters; the net energy stops at 0 (p. 209)
    + (1000000, 1000000, 1000000, 400000, 1000000, 1000, 70000, 36000)
    + (_LARGEST,) * 4
)

# All ids from 0 in order: how many, kind, name. `#` in a name counts from 1; `-` is not a source.
_LIST = (
    "1e energy_forward;1e energy_reverse;1q energy_reactive_import;1q energy_reactive_export;"
    "1s outage_duration;1c outages;1e energy_sum;1n energy_net;"
    "1w power_forward;1w power_reverse;1r reactive_import;1r reactive_export;"
    "3i current_l#;3v voltage_l#;1p power_factor_l1;1f frequency;1a apparent_power;"
    "1p power_factor_l2;1p power_factor_l3;3p sin_phase_l#;2c pulse_input_#;1c error_counter;"
    "44- tiers;"
    "2c mep_1_counter_#;2c mep_2_counter_#;2c mep_3_counter_#;2c mep_4_counter_#;"
    "1W power_forward_ct;1W power_reverse_ct;1R reactive_import_ct;1R reactive_export_ct;3- ;"
    "8u present_demand_#;8u previous_demand_#;4r reactive_q#;4q energy_reactive_q#;52- ;"
    "3v voltage_min_l#;3v voltage_max_l#;1w power_forward_max;1w power_reverse_max;"
    "4r reactive_q#_max;1u previous_source_time;1W power_forward_ct_max;1W power_reverse_ct_max;"
    "3W power_forward_ct_max_l#;3W power_reverse_ct_max_l#;"
    "3w power_forward_l#;3w power_reverse_l#;3W power_forward_ct_l#;3W power_reverse_ct_l#;"
    "3I current_ct_l#;1- ;1u interval_adjustment;3v voltage_continuous_l#;3v voltage_average_l#;"
    "1w power_forward_average;1w power_reverse_average;"
    "3w power_forward_average_l#;3w power_reverse_average_l#;"
    "4a apparent_power_q#;4a apparent_power_q#_l1;4a apparent_power_q#_l2;4a apparent_power_q#_l3;"
    "1i current_neutral;3i current_average_l#;"
    "1d voltage_angle_l1_l2;1d voltage_angle_l2_l3;1d voltage_angle_l3_l1;"
    "3r reactive_import_l#;3r reactive_export_l#;11- ;4x energy_apparent_q#;"
)

# The guide's order of values (BT23 p. 208-210, BT28 p. 216-220): first id, how many.
_BT23_ORDER = ((0, 8), (26, 3), (108, 4), (_APPARENT_ENERGY, 4))
_BT28_ORDER = ((8, 18), (81, 4), (104, 4), (185, 15), (202, 43))


def default_ids(table, count):
    """The source ids of BT23 or BT28 in the guide's order (list of ``count`` int)."""
    ids = []
    for first, n in _BT23_ORDER if table == 23 else _BT28_ORDER:
        ids.extend(range(first, first + n))
    return (ids + [_NO_ID] * (count - len(ids)))[:count]


def layout(selection):
    """Iterate over all values of a meter; ``selection`` is `osgp.dims.Dims.selection`.

    Each is (name, unit, table, low, high, monotonic, scale), and no name comes twice.
    """
    seen = []
    for table, ids, count, unit in selection:
        yield from describe(table, ids, count, unit, seen)


def describe(table, ids, count, scale, seen=None):
    """Iterate over what `firmware.readings` wants of ``count`` values of ``table``, as tuples.

    ``ids`` are the meter's own source ids (bytes), None if it does not tell them; ``scale`` is
    its energy register unit, which is for Wh and varh only (p. 207), 0 if unknown. A source that
    the meter lists twice has two names, so that no value hides another: ``seen`` (list) holds
    those before.
    """
    if seen is None:
        seen = []
    default = default_ids(table, count)
    known = default if ids is None else _resolve(ids, default)
    for i, source in enumerate(known):
        if i % _GROUP == 0:
            found = _find(known[i : i + _GROUP])
        name, kind = found.get(source) or (None, "u")
        if name is None:
            name = "bt%d_%d" % (table, i) if ids is None else "source_%d" % ids[i]
            source = -1000 * table - i if ids is None else _NO_ID + ids[i]
        before = seen.count(source)
        seen.append(source)
        if before:
            name = "%s_%d" % (name, before + 1)
        k = _KINDS.index(kind)
        unit = _UNITS[k]
        times = scale if unit == "Wh" or unit == "varh" else 1
        yield name, unit, table, _low(kind), _HIGHS[k], k < _MONOTONIC, times


def _resolve(ids, default):
    # Ids 112..163 are "mapped sources": the list does not say what they are, and the apparent
    # energies of Gen 4 have no other. The guide's position names such a value, but only if every
    # id that the list does explain stands where the guide puts it. In a list with an order of its
    # own the position means nothing: there the value is called `source_<id>`, which claims
    # nothing.
    listed = set()
    for at in range(0, len(ids), _GROUP):
        listed.update(_find(ids[at : at + _GROUP]))
    ordered = len(ids) > 0 and ids[0] == default[0]
    for i, source in enumerate(ids):
        if source in listed and source != default[i]:
            ordered = False
    known = []
    for i, source in enumerate(ids):
        if source in listed:
            known.append(source)
        else:
            known.append(default[i] if ordered else _NO_ID)
    return known


def _find(ids):
    # dict of those ``ids`` that are in the list: id to (name, kind), in one pass over the list.
    wanted = set(ids)
    for source in ids:
        if _TIERS <= source < _TIERS + _TIER_IDS:
            wanted.add(_of_totals(source))
    found = {}
    at = source = 0
    while at < len(_LIST):
        space = _LIST.find(" ", at)
        end = _LIST.find(";", space)
        count = int(_LIST[at : space - 1])
        kind = _LIST[space - 1]
        if kind != "-":
            for n in range(count):
                if source + n in wanted:
                    name = _LIST[space + 1 : end].replace("#", "%d" % (n + 1))
                    found[source + n] = (name, kind)
        source += count
        at = end + 1
    for source in wanted:
        if _TIERS <= source < _TIERS + _TIER_IDS:
            name, kind = found[_of_totals(source)]
            tier = (source - _TIERS) // _PER_TIER
            # Outages are counted in seconds in the totals, in minutes in the tiers.
            found[source] = ("%s_t%d" % (name, tier), "m" if kind == "s" else kind)
    return found


def _of_totals(tier_id):
    # A tier has the sources 0..7 and 26..28 of the totals.
    n = (tier_id - _TIERS) % _PER_TIER
    return n if n < 8 else n + 18


def _low(kind):
    if kind == "f":
        return 40000
    if kind == "p":
        return -1000
    if kind == "d":
        return -36000
    return _SMALLEST if kind == "u" else 0
