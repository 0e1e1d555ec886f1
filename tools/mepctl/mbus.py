"""`mepctl mbus`: the water, heat and gas meters that hang on this one, and their last readings."""

from osgp.mbus import shown
from . import output, work
from .common import DISTURBED, OK, REFUSED, USAGE, Stop

_RECORD = ("name", "value", "unit", "function", "storage", "tariff", "notes")
_COLUMNS = ("device", "read", *_RECORD)
_MOST = 4


def main(args):
    """Read and print; returns the exit code."""
    if args.device is not None and not 1 <= args.device <= _MOST:
        raise Stop(USAGE, "--device %d: write 1 to %d" % (args.device, _MOST))
    if args.now and args.device is None:
        raise Stop(USAGE, "--now: say which with --device; `mepctl mbus` lists them")
    if args.newest is not None and not args.log:
        raise Stop(USAGE, "--newest goes with --log")
    if args.now and not args.yes:
        output.note("--now has the meter ask the device, by EP19, which takes the advanced key")
        raise Stop(USAGE, "--now writes to the meter: add --yes if you mean it")
    document, rows = work.run(args, lambda meter: _ask(meter, args))
    if args.json:
        print(output.as_json(document))
    elif args.csv:
        output.csv(_COLUMNS, rows)
    else:
        for device in document.get("devices", ()):
            _show(device)
        for read in document.get("reads", ()):
            _show_read("read %s of handle %s" % (read["sequence"], read["handle"]), read)
        if not document.get("devices") and not document.get("reads"):
            print(
                "no M-Bus device and no MEP client is registered" if not args.log else "no reads"
            )
    return OK


async def _ask(meter, args):
    if args.log:
        return await _log(meter, args)
    if args.now:
        found = [await _now(meter, args)]
        types = missing = None
    else:
        machine = await _devices(meter, args)
        found, types, missing = machine.devices, machine.types, machine.missing
    devices = [document(device) for device in found]
    out = {"devices": devices, "types": _types(types or ()), "missing": missing or {}}
    rows = []
    for d in devices:
        reading = d["reading"] or {}
        rows += [(d["device"], reading.get("time"), *_row(r)) for r in reading.get("records", ())]
    return out, rows


async def _devices(meter, args):
    from osgp.devices import Devices

    only = None if args.device is None else args.device - 1
    machine = await work.results(meter, args, "devices", lambda dims: Devices(dims, only))
    if not machine.devices:
        work.nothing(machine)
    return machine


async def _log(meter, args):
    from osgp.devices import DeviceLog

    machine = await work.results(meter, args, "reads", lambda dims: DeviceLog(dims, args.newest))
    if not machine.reads:
        work.nothing(machine)
    reads = [dict(read, reading=_reading(read["reading"])) for read in machine.reads]
    rows = []
    for read in reads:
        reading = read["reading"] or {}
        records = reading.get("records", ())
        rows += [(read["handle"], reading.get("time"), *_row(r)) for r in records]
    return {"reads": reads, "missing": machine.missing}, rows


async def _now(meter, args):
    from osgp.ondemand import OnDemand
    from . import calling, guard

    dims = await work.learn(meter)
    machine = OnDemand(dims, args.device - 1)
    with output.progress(args, "asking the device"):
        await calling.drive(meter, machine, dims, guard.Gate(dims))
    if machine.failed:
        raise Stop(REFUSED, "M-Bus device %d: %s" % (args.device, machine.failed))
    if machine.device is None:
        raise Stop(DISTURBED, "M-Bus device %d: the meter gives no reading" % args.device)
    return machine.device


def document(device):
    """What JSON says of a device of `osgp.devices` (dict)."""
    out = {"device": device["index"] + 1}
    out.update((k, v) for k, v in device.items() if k != "index")
    out["reading"] = _reading(device["reading"])
    return out


def _reading(found):
    if found is None:
        return None
    out = dict(found)
    if "data" in out:
        out["data"] = bytes(out["data"]).hex()
    if "records" in out:
        out["records"] = [_record(r) for r in out["records"]]
    return out


def _record(record):
    out = dict(record)
    out["raw"] = record["value"]
    if isinstance(record["value"], (int, float)):
        # Exact as text; a number for programs.
        text = shown(record["value"], record["exponent"])
        out["value"] = float(text) if "." in text or "e" in text else int(text)
    return out


def _row(record):
    return [" ".join(record[c]) if c == "notes" else record[c] for c in _RECORD]


def _types(types):
    names = ("number", "kind", "header", "special", "name")
    return [dict(zip(names, found)) for found in types]


def _show(device):
    name = "M-Bus device" if device["kind"] == "mbus" else "MEP client at"
    print("%s %d" % (name, device["device"]))
    lines = [("link", "up" if device["up"] else "down")]
    for key in ("handle", "baud", "schedule", "poll_minutes", "last_attempt", "customer_id"):
        if device[key] not in (None, ""):
            lines.append((key.replace("_", " "), device[key]))
    lines.append(("answers", "%s of %s" % (device["answers"], device["attempts"])))
    if device["alarms"]:
        lines.append(("alarms", ", ".join(a.replace("_", " ") for a in device["alarms"])))
    output.pairs(None, lines)
    if device["reading"]:
        _show_read(None, device)


def _show_read(title, holder):
    reading = holder["reading"]
    if reading is None:
        print("%s: %s" % (title, holder["fault"] or "nothing read"))
        return
    if "records" not in reading:
        output.pairs(title, [(k, reading[k]) for k in ("time", "reads", "data")])
        return
    who = [str(reading[k]) for k in ("manufacturer", "medium", "serial") if reading[k]]
    about = "%s, read %s (local time)" % (" ".join(who), reading["time"])
    if not reading["secure"]:
        about += "; check: " + reading["check"].replace("_", " ")
    if reading["status"]:
        about += "; status: " + " ".join(reading["status"])
    if title:
        print(title)
    if reading["encrypted"]:
        print("  %s; encrypted, cannot be read" % about)
    else:
        rows = [_row(r) for r in reading["records"]]
        output.grid(about, _RECORD, rows, ("value", "storage", "tariff"))
    if reading["fault"]:
        print("  " + reading["fault"])
