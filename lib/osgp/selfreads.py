"""The registers as the meter kept them: self-reads, season's end, demand reset, one-time reads.

`Registers(dims, table, newest=None)` is a machine (`osgp.machine`) for BT23 (now), BT24
(previous season), BT25 (previous demand reset), BT26 (self-reads) or ET31 (one-time reads).
When it is done ``reads`` holds the newest first: dicts with captured (ISO text; None in BT23),
season (from 1; None in BT23), demand_resets and sequence (None if not told), and ``values``: a
list of (name, tier, value, unit, time). The tier is 0 for the total, 1 and on for a tariff;
names and units are those of the meter's source ids (BT22). A demand is named <source>_max or
_min, with the time it was reached; a value that coincided with one <source>_at_<demand>;
_cumulative and _continuous end the names of the demand's sums. Energies are in Wh and varh,
whatever the register unit.
"""

from .machine import Log, Machine, whole

BT23, BT24, BT25, BT26, ET31 = 23, 24, 25, 26, 2079
_BT22 = 22


class Registers(Machine):
    """Reads ``table``, of a log the ``newest`` entries (None: all)."""

    def __init__(self, dims, table=BT26, newest=None):
        self.reads = []
        self.header = None
        super().__init__(dims, self._read(dims, table, newest))

    def _read(self, dims, table, newest):
        selection = yield from whole(dims, _BT22)
        log = None
        if table == BT26 or table == ET31:
            log = Log(table, "self_reads" if table == BT26 else "reads")
            if not (yield from log.read(self, newest)):
                return
            self.header = log.header
            found = log.entries
        else:
            found = [(yield from whole(dims, table))]
        names = None
        for i, entry in enumerate(found):
            if entry is None:
                return
            names = names or Names(dims, selection)
            self.reads.append(
                {
                    "captured": entry.get("captured"),
                    "season": entry["season"] + 1 if "season" in entry else None,
                    "demand_resets": entry.get("demand_resets"),
                    "sequence": self.header["last_sequence"] - i if self.header else None,
                    "values": list(names.values(entry)),
                }
            )
            # The values are in the list now; on the device both would not fit.
            found[i] = None


class Names:
    """Names and units of what stands where in BT23's blocks, by ``selection`` (BT22's values)."""

    def __init__(self, dims, selection):
        from .sources import describe

        bt21 = dims.tables[21]
        unit = dims.energy_unit or 1
        ids = bytes(selection["summations"]) if selection else dims.sum_ids
        self.sums = [(s[0], s[1], s[6]) for s in describe(23, ids, bt21[3], unit)]
        self.demands = []
        self.coincidents = []
        if selection is None:
            selection = {}
        demands = _described(selection.get("demands"), unit, bt21[4], "demand")
        highest = selection.get("demand_is_maximum") or [True] * bt21[4]
        for i, (name, u, times) in enumerate(demands):
            name += "" if name.endswith(("_max", "_min")) else "_max" if highest[i] else "_min"
            self.demands.append((name, u, times))
        at = selection.get("coincident_demands")
        coincidents = _described(selection.get("coincidents"), unit, bt21[5], "coincident")
        for i, (name, u, times) in enumerate(coincidents):
            if at and at[i] < len(self.demands):
                name += "_at_" + self.demands[at[i]][0]
            self.coincidents.append((name, u, times))

    def values(self, block):
        """Iterate over (name, tier, value, unit, time) of a decoded BT23, or a block like it."""
        yield from self._block(block, 0)
        for i, tier in enumerate(block["tiers"]):
            yield from self._block(tier, i + 1)

    def _block(self, block, tier):
        for i, value in enumerate(block["summations"]):
            name, unit, times = self.sums[i]
            yield name, tier, value * times, unit, None
        for i, demand in enumerate(block["demands"]):
            name, unit, times = self.demands[i]
            at = demand.get("times")
            for k, value in enumerate(demand["values"]):
                yield _nth(name, k), tier, value * times, unit, at[k] if at else None
            for sort in ("cumulative", "continuous"):
                if sort in demand:
                    yield "%s_%s" % (name, sort), tier, demand[sort] * times, unit, None
        for i, found in enumerate(block["coincidents"]):
            name, unit, times = self.coincidents[i]
            for k, value in enumerate(found["values"]):
                yield _nth(name, k), tier, value * times, unit, None


def _nth(name, k):
    return "%s_%d" % (name, k + 1) if k else name


def _described(ids, unit, count, without):
    # List of (name, unit, factor); a meter that does not tell the ids has numbers for names.
    if ids is None:
        return [("%s_%d" % (without, i + 1), "", 1) for i in range(count)]
    from .sources import describe

    # Each on its own: a source may be a demand twice, once as maximum and once as minimum.
    found = []
    for i in ids:
        name, u, _, _, _, _, times = next(describe(23, bytes([i]), 1, unit))
        found.append((name, u, times))
    return found
