"""Power quality in plain values: ET09's counts, last times and extremes.

`Quality(dims)` is a machine (`osgp.machine`); when it is done ``values`` is a list of (name,
phase, value, unit, time): the phase is 0 for the meter, 1 to 3 for L1 to L3; the value an int,
float, bool or None; the unit text, "" if there is none; the time ISO text (UTC) or None.
``settings`` is a list of (name, value, unit): the thresholds that decide what counts. The
guide has no flicker; the nearest are the voltage indices DRP and DRC (MEP guide p. 67-75).
"""

from .machine import Machine, whole

_ET09 = 2057
_THD = ("thd_voltage", "thd_current", "thd_power")
# What is set; the rest of the table is measured. Unit as in the declaration.
_SETTINGS = """
long_outage s
sag1_surge_minutes min
sag1_surge_seconds s
sag1_threshold %
surge_threshold %
over_current_threshold %
over_current_time s
power_up_hold s
sag2_time s
sag2_threshold %
average_current_interval s
"""
# Records of each phase: counts with the time of the last; then the voltage at it.
_SAGS = ("sag1", "surge", "phase_loss", "sag2")
_PLURALS = {"sag1": "sag1s", "surge": "surges", "phase_loss": "phase_losses", "sag2": "sag2s"}


class Quality(Machine):
    """Reads ET09."""

    def __init__(self, dims):
        self.values = []
        self.settings = []
        super().__init__(dims, self._read(dims))

    def _read(self, dims):
        table = yield from whole(dims, _ET09)
        if table is None:
            return
        for line in _SETTINGS.split("\n"):
            name, _, unit = line.partition(" ")
            if name in table:
                self.settings.append((name, table[name], unit))
        self._meter(table)
        self._phases(table)
        self._thd(table.get("thd") or ())
        for i, record in enumerate(table.get("drp_drc") or ()):
            if record["time"]:
                self._add("drp", 0, record["drp"] / 10, "%", record["time"])
                self._add("drc", 0, record["drc"] / 10, "%", record["time"])

    def _meter(self, table):
        long = [o for o in table["outages"] if o["off"]]
        self._add("short_outages", 0, table["short_outages"])
        self._add("long_outages_kept", 0, len(long), "", long[0]["off"] if long else None)
        for name in ("min_frequency", "max_frequency"):
            self._add(name, 0, table[name] / 1000, "Hz", table[name + "_at"])

    def _phases(self, table):
        for i in range(3):
            for name in _SAGS:
                if name not in table:
                    continue
                # A firmware without sag2 has an empty list of them.
                if len(table[name]) <= i:
                    continue
                last = table[name][i]
                self._add(_PLURALS[name], i + 1, last["count"], "", last["last"])
                if name + "_voltage" in table and last["count"]:
                    volts = table[name + "_voltage"][i] / 1000
                    self._add(name + "_voltage", i + 1, volts, "V", last["last"])
            self._add("over_currents", i + 1, table["over_currents"][i])
            self._add("phase_lost", i + 1, table["phase_l%d_lost" % (i + 1)])

    def _thd(self, records):
        for k, record in enumerate(records):
            self.settings.append((_THD[k] + "_time", record["time_threshold"], "s"))
            self.settings.append((_THD[k] + "_threshold", record["threshold"] / 100, "%"))
            for i, phase in enumerate(record["phases"]):
                self._add(_THD[k] + "_events", i + 1, phase["count"], "", phase["last"])
                if phase["count"]:
                    self._add(_THD[k] + "_max", i + 1, phase["max"] / 100, "%", phase["max_at"])
                    self._add(_THD[k] + "_average", i + 1, phase["average"] / 100, "%")

    def _add(self, name, phase, value, unit="", time=None):
        self.values.append((name, phase, value, unit, time))
