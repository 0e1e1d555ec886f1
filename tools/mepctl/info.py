"""`mepctl info`: a portrait of the meter on one page. What it refuses is named at the end."""

import contextlib

from mep.errors import LocalError, TableError
from osgp import codec
from osgp.names import known_names
from . import clock, output, tables, work
from .common import OK, Refusal, Stop

_BT23, _BT28 = 23, 28
_A_DAY = 84
_NOW = (
    "power_forward power_reverse voltage_l1 voltage_l2 voltage_l3 current_l1 current_l2 "
    "current_l3 frequency"
).split()
_TOTALS = ("energy_forward", "energy_reverse")


def main(args):
    """Ask and print; returns the exit code."""
    document = work.run(args, portrait)
    if args.json:
        print(output.as_json(document))
    else:
        for part, found in document.items():
            if found:
                output.pairs(part.replace("_", " "), _lines(found))
    return OK


async def portrait(meter):
    """All that the meter tells of itself (dict of dicts). Raises Stop."""
    asked = _Asked(meter, await work.learn(meter))
    dims = asked.dims
    parts = {
        "meter": await _who(asked),
        "counts": _counts(dims),
        "tables": await _tables(meter),
        "ratings": await _ratings(asked),
        "clock": await _clock(asked),
        "now": await _now(asked),
        "mep_port": await _port(asked),
        "mbus": await _mbus(asked),
        "load_profile": await _profile(asked),
        "status": await _status(asked),
    }
    parts["refused"] = asked.refused
    return parts


class _Asked:
    """The meter, asked table by table; what it does not give is kept in ``refused``."""

    def __init__(self, meter, dims):
        self.meter = meter
        self.dims = dims
        self.refused = {}

    async def values(self, name):
        """dict of the fields of the table ``name``; empty if they cannot be had."""
        if name not in known_names():
            return {}
        try:
            return await work.values(self.meter, name, self.dims)
        except Refusal as e:
            self.refused[name] = "0x%02X" % e.reply
        except (TableError, LocalError) as e:
            self.refused[name] = str(e)
        except Stop as e:
            # A table without values, or not as declared; a line that is gone ends it all.
            if e.code not in (5, 6) or "line is disturbed" in str(e):
                raise
            self.refused[name] = str(e)
        return {}

    async def driven(self, make):
        """The machine ``make(dims)`` when it is done, None if it gives up."""
        try:
            machine = make(self.dims)
            await work.drive(self.meter, machine)
        except (TableError, LocalError) as e:
            self.refused[make.__name__.lower()] = str(e)
            return None
        for name, code in machine.missing.items():
            self.refused.setdefault(name, "0x%02X" % code if code else "not there")
        return machine

    def words(self, name, values):
        """`tables.Row` of each value, by name."""
        return {r.name: r for r in tables.flat(codec.table_number(name), values)}


async def _who(asked):
    dims = asked.dims
    found = {
        "manufacturer": dims.manufacturer,
        "model": dims.model,
        "generation": dims.generation,
        "firmware": dims.firmware,
        "serial": dims.serial,
    }
    about = await asked.values("BT01")
    found["hardware"] = about.get("hardware")
    utility = await asked.values("ET03")
    for name in ("image_crc", "meter_location"):
        if name in utility:
            found[name] = utility[name]
    system = await asked.values("ET04")
    for name in ("program_id", "idt_version"):
        found[name] = system.get(name)
    return found


def _counts(dims):
    bt21 = dims.tables[21]
    names = ("self_reads", "summations", "demands", "coincidents", "occurrences", "tiers")
    found = {name: bt21[2 + i] for i, name in enumerate(names)}
    found["present_demands"], found["present_values"] = bt21[8], bt21[9]
    found["energy_unit_wh"] = dims.energy_unit
    found["ct_ratio"], found["vt_ratio"] = dims.ct_ratio, dims.vt_ratio
    found["ratios_applied"] = dims.ratios_applied
    return found


async def _tables(meter):
    here = await work.tables_here(meter)
    if here is None:
        return {}
    declared = {n for n in here if tables.is_declared(n)}
    return {
        "basic": sum(n < 2048 for n in here),
        "extended": sum(n >= 2048 for n in here),
        "undescribed": " ".join(sorted(codec.table_name(n) for n in here - declared)),
    }


async def _ratings(asked):
    values = await asked.values("ET04")
    rows = asked.words("ET04", values) if values else {}
    names = ("rated_voltage", "rated_frequency", "max_current", "meter_form", "phase_rotation")
    return {name: _plain(rows[name]) for name in names if name in rows}


def _plain(row):
    if row.word or row.unit is None:
        return row.word or row.value
    return "%s %s" % (output.shown(row.value), row.unit)


async def _clock(asked):
    if not hasattr(asked.meter, "link"):
        values = await asked.values("BT52")
        return {"meter": values.get("clock")} if values else {}
    try:
        found = await clock.measure(asked.meter)
    except Stop as e:
        if e.code not in (5, 6):
            raise
        asked.refused["BT52"] = str(e)
        return {}
    found.pop("flags")
    return found


async def _now(asked):
    found = {}
    for table in (_BT28, _BT23):
        name = codec.table_name(table)
        with contextlib.suppress(Stop):
            data = await work.fetch(asked.meter, table, asked.dims)
            rows = {r.name: r for r in tables.rows(table, data, asked.dims)}
            for wanted in _NOW if table == _BT28 else _TOTALS:
                if wanted in rows:
                    found[wanted] = {"value": rows[wanted].value, "unit": rows[wanted].unit}
            continue
        asked.refused[name] = "cannot be read"
    return found


async def _port(asked):
    values = await asked.values("ET50")
    clients = next((v for v in values.values() if isinstance(v, list) and v), [{}])
    names = [name for name in clients[0] if isinstance(clients[0][name], bool)]
    return {name: clients[0][name] for name in names}


async def _mbus(asked):
    from osgp.devices import Devices

    machine = await asked.driven(Devices)
    found = {}
    for device in machine.devices if machine else ():
        name = "%s_%d" % (device["kind"], device["index"] + 1)
        reading = device["reading"] or {}
        words = [reading.get(k) for k in ("medium", "manufacturer", "serial")]
        words.append("link %s" % ("up" if device["up"] else "down"))
        words += ["last read " + reading["time"]] if reading.get("time") else []
        words += device["alarms"]
        found[name] = ", ".join(str(w).replace("_", " ") for w in words if w)
    return found


async def _profile(asked):
    values = await asked.values("BT61")
    found = {}
    for i, one in enumerate(values.get("sets", ())):
        if one["channels"] and one["blocks"]:
            minutes = one["interval_time"]
            # 84 stands for a day (MEP guide, BT61).
            every = "day" if minutes == _A_DAY else "%d min" % minutes
            found["set_%d" % (i + 1)] = "%d channels every %s, %d blocks of %d" % (
                one["channels"],
                every,
                one["blocks"],
                one["intervals"],
            )
    return found


async def _status(asked):
    from osgp.conditions import Conditions

    machine = await asked.driven(Conditions)
    if machine is None or set(machine.missing) >= {"BT03", "ET54"}:
        return {}
    # What the meter does not tell is not "none".
    found = {"alarms": None if "BT03" in machine.missing else [], "states": []}
    for _, name, words, level in machine.found:
        found[level + "s"] = found[level + "s"] or []
        found[level + "s"].append(words if "." not in name else "%s (%s)" % (words, name))
    return found


def _lines(found):
    for name, value in found.items():
        if isinstance(value, list):
            value = ", ".join(value) or "none"
        elif isinstance(value, dict):
            value = "%s %s" % (output.shown(value["value"]), value["unit"] or "")
        yield name.replace("_", " "), value
