"""Every table of the simulated meters, laid out by hand from the guide, through `lib/osgp`.

Two descriptions of the same tables, written apart: sizes agree, and named values are believable.
"""

import pytest
from mepsimkit import NOON, meter

from osgp.about import needs
from osgp.codec import decode, size, table_name, table_number
from osgp.dims import Dims
from osgp.fields import declaration
from osgp.mbus import manufacturer, records
from osgp.names import DECLARED
from tools.mepsim.models import MODELS

# Tables of which our declarations stop earlier on purpose: bitmaps, parameters, what is not told.
OPEN_END = {"BT00", "BT01", "BT03", "BT07", "BT08", "ET59", "ET85"}
# Their sizes follow from what is in them.
SELF_SIZED = {"ET16", "ET36", "ET42", "ET45", "ET52", "ET53"}
# BT22: our oldest meter has it, to tell its order. ET61: ET11 sizes it since 3.30 only.
TABLES_OF_OLD = {"BT22", "ET61"}
FAIL = {"ET90", "ET97"}  # not in 4.00


class Decoder:
    """Decodes what a simulated meter holds, as a client that may read everything."""

    def __init__(self, model):
        self.meter = meter(model)
        self.tables = self.meter.tables
        self.dims = Dims()
        while (want := self.dims.next_read()) is not None:
            table, offset, count = want
            whole = self.tables.read(table, 0)
            if whole is None:
                self.dims.absent(table)
            else:
                data = bytes(whole[offset : offset + count])
                self.dims.learn(table, data, 0, len(data))

    def prepare(self, number):
        for other, at, count in needs(number, self.dims):
            self.dims.tables[other] = bytes(self.tables.read(other, 0)[at : at + count])
        return bytes(self.tables.read(number, 0)[:])

    def __call__(self, name):
        number = table_number(name)
        data = self.prepare(number)
        return decode(number, data, 0, len(data), self.dims)


@pytest.fixture(scope="module", params=["gen3", "gen4"])
def read(request):
    return Decoder(request.param)


@pytest.fixture(scope="module")
def gen3():
    return Decoder("gen3")


@pytest.mark.parametrize("model", sorted(MODELS))
def test_every_table_decodes(model):
    decoder = Decoder(model)
    for number in sorted(decoder.tables.numbers):
        name = table_name(number)
        data = decoder.prepare(number)
        values = decode(number, data, 0, len(data), decoder.dims)
        assert values or name == "ET70", name  # whose bytes have no names before 4.0
        if name not in SELF_SIZED:
            declared = size(number, decoder.dims)
            assert declared == len(data) or (name in OPEN_END and declared < len(data)), name
    absent = {table_name(n) for n in set(decoder.tables.levels) - decoder.tables.numbers}
    assert absent == (FAIL if model == "gen4-4.00" else set())


@pytest.mark.parametrize("model", ["gen3-3.00", "gen3", "gen4"])
def test_who_may_write_and_since_when(model):
    """Appendix C as the simulator has it against our declarations."""
    decoder = Decoder(model)
    levels = decoder.tables.levels
    for name in DECLARED.split():
        number = table_number(name)
        _, basic, advanced, _, since = declaration(name).ABOUT.split(";")
        expected = 1 if basic.endswith("w") else 2 if advanced.endswith("w") else 0
        first = (0, 0) if since == "all" else tuple(int(part) for part in since.split("."))
        assert number not in levels or levels[number] == expected, name
        if name not in TABLES_OF_OLD:
            assert (number in levels) == (decoder.dims.version[:2] >= first), name


def test_identity_and_clock(read):
    assert read("BT01")["model"] in ("83331-3I", "83334-3I")
    assert read("BT52")["clock"] == "2023-11-15T12:00:00"
    local = read("BT55")
    assert local["clock"] == "2023-11-15T13:00:00" and local["day_of_week"] == 3
    assert not local["dst"] and local["tier"] == 0 and local["season"] == 1
    assert read("BT53") == {"dst_at": "02:00:00", "dst_adjustment": 60, "time_zone_offset": 60}
    calendar = read("BT54")
    recurring = [r for r in calendar["recurring"] if r["month"]]
    assert [(r["month"], r["offset"], r["weekday"], r["action"]) for r in recurring[:4]] == [
        (3, 6, 0, 1),
        (10, 6, 0, 2),
        (4, 0, 7, 3),
        (10, 0, 7, 4),
    ]
    assert [r["month"] for r in recurring if r["self_read"]] == list(range(1, 13))
    assert read("BT50")["calendar_size"] == 808


def test_sizes_tell_the_same_twice(read):
    """ET36 and ET42 repeat what other tables say."""
    interface, logs = read("ET42"), read("ET36")["logs"]
    assert [(e["entries"], e["entry_size"]) for e in interface["logs"]] == [
        (e["entries"], e["entry_size"]) for e in logs
    ]
    assert [e["table"] for e in logs] == [31, 32, 38, 41, 45, 75, 81]
    profile, internal = read("BT61")["sets"], read("ET21")["sets"]
    first = interface["more_sets"][0]["sets"]
    for n, one in enumerate([interface, *first]):
        assert one["blocks"] == profile[n]["blocks"] and one["channels"] == profile[n]["channels"]
        assert one["block_size"] == internal[n]["block_size"]
        assert one["interval_size"] == internal[n]["interval_size"]
        assert one["intervals"] == profile[n]["intervals"]
    assert interface["sources"] == [0, 1, 2, 3, 15, 5, 0x4001, 0x4102]
    channels = read("BT62")["set_1"][0]["channels"]
    assert [c["source"] for c in channels] == [0, 1, 2, 3, 15, 5, 112, 113]
    assert read("ET66")["sets"][0]["sources"][:3] == [0x4001, 0x4102, 0]
    assert interface["et79_entries"] == read("ET54")["et79_entries"] == 50
    assert interface["required_length"] == 8 and interface["length"] == len(
        read.tables.read(table_number("ET42"), 0)
    )


def test_load_profile(read):
    status = read("BT63")["sets"][0]
    blocks = read("BT64")["blocks"]
    now = blocks[status["last_block"]]
    assert now["end"] == "2023-11-15T12:00" and sum(now["valid"]) == status["valid_intervals"]
    ends = [b["end"] for b in blocks]
    order = ends[status["last_block"] + 1 :] + ends[: status["last_block"] + 1]
    assert order == sorted(order) and order[0] == "2023-10-07T00:00"
    last = now["intervals"][47]
    assert last["values"][:2] == read("BT23")["summations"][:2]
    assert not last["dst"] and last["status"][6:] == [0, 0]
    gap = blocks[(status["last_block"] - 11) % 41]
    assert gap["valid"].count(False) == 11 and gap["intervals"][23]["power_fail"]
    summer = blocks[(status["last_block"] - 17) % 41]["intervals"]
    assert [i["dst"] for i in summer[3:5]] == [True, False], "until 01:00 UTC of 29 October"
    daily = read("BT67")["blocks"]
    assert max(b["end"] for b in daily) == "2023-11-15T00:00"


def test_self_reads(read):
    log = read("BT26")
    order = [log["self_reads"][(log["last"] + 1 + i) % 12] for i in range(12)]
    captured = [r["captured"] for r in order]
    assert captured[0] == "2022-12-01T00:00" and captured[-1] == "2023-11-01T00:00"
    forward = [r["summations"][0] for r in order]
    assert forward == sorted(forward) and forward[-1] < read("BT23")["summations"][0]
    season = read("BT24")
    assert season["captured"] == "2023-10-01T00:00" and season["season"] == 1
    assert read("BT25")["summations"] == order[-1]["summations"]
    once = read("ET31")
    assert [r["captured"] for r in once["reads"]] == ["2023-10-06T12:00", "2023-11-09T09:30"]


def test_events_and_outages(read):
    primary, often = read("BT74"), read("ET79")
    numbers = [e["sequence"] for e in primary["log"][: primary["entries"]]]
    assert numbers == sorted(numbers) and primary["last_sequence"] == numbers[-1]
    assert not set(numbers) & {e["sequence"] for e in often["log"]}
    assert often["overflow"] and often["entries"] == 50
    events = [(e["time"], e["event"]) for e in primary["log"]]
    outages = [o for o in read("ET81")["log"] if o["start"]]
    assert len(outages) == 10 and outages[-1]["start"] == "2023-11-04T04:07:00"
    assert ("2023-11-04T03:07:00", 1) in events and ("2023-11-04T05:52:00", 2) in events
    assert ("2023-10-29T01:00:00", 23) in events
    quality = read("ET09")
    assert quality["outages"][0]["off"] == "2023-11-04T03:07:00"
    assert quality["outages"][0]["duration"] == 9900 and quality["short_outages"] == 4
    assert quality["sag1"][2] == {"last": "2023-11-03T16:40:10", "count": 1}
    assert quality["sag1_voltage"][2] == 196000 and quality["surge_voltage"][0] == 259000
    assert quality["thd"][0]["phases"][1]["max"] == 473
    assert quality["drp_drc"][4]["drc"] == 1


def test_states(read):
    alarms = read("BT03")
    assert alarms["metering"] and alarms["mbus_alarm"] and alarms["log_unread"]
    assert not alarms["clock_error"] and not alarms["phase_loss"]
    assert read("ET29")["polyphase"] and read("ET29")["mbus"]
    gen4 = read.dims.generation == 4
    assert read("ET54")["multiple_mep_clients"] == gen4 and read("ET54")["multiple_data_sets"]
    if gen4:
        assert read("ET70")["comm_channel"] == 1 and read("ET29")["mep_2"]
    before = read("ET89")["meps"][0]
    assert before["prior_handle"] == 1015 and before["prior_id"].startswith("81002105")


def test_mbus_devices(read):
    devices = read("ET14")
    assert devices["mbus_1"] and devices["mbus_2"] and not devices["mbus_3"]
    assert [d["handle"] for d in devices["devices"][:3]] == [1, 2, 0]
    assert devices["devices"][1]["read_failed"]
    config = read("ET13")["mbus"]
    assert config[0]["customer_id"].strip() == "WATER-0117" and config[0]["read_often"] == 1
    assert config[0]["security_key"].startswith("0" * 16 + "191a")
    assert [t["drh"] for t in read("ET57")["types"][:3]] == ["0c1300", "040600", "046d00"]
    log = read("ET45")
    newest = log["reads"][log["last"]]
    assert newest["handle"] == 2 and newest["time"] == "2023-11-15T00:10:04"
    assert log["reads"][(log["last"] - 1) % 20]["handle"] == 1
    assert manufacturer(newest["manufacturer"]) == "KAM" and newest["serial"] == "67031452"


@pytest.mark.parametrize("back, place", [(0, 1), (1, 0)])
def test_telegrams(gen3, back, place):
    log = gen3("ET45")
    found = log["reads"][(log["last"] - back) % 20]
    data = bytes.fromhex(found["data"])[: found["length"] - 12]
    values = {(r["name"], r["storage"]): r for r in records(data, 0, len(data))}
    device = gen3.tables.site.devices.meters[place]
    when = NOON - 12 * 3600 - 3000 + 4 * place
    assert not any(r["value"] is None for r in values.values())
    if place:
        energy = values["energy", 0]
        assert energy["value"] == device.energy(when) and energy["unit"] == "Wh"
        assert energy["exponent"] == 3 and ("energy", 1) in values
        assert values["flow_temperature", 0]["value"] == 682
    else:
        volume = values["volume", 0]
        assert volume["value"] == device.volume(when) and volume["exponent"] == -3
    assert ("date_time", 0) in values or any(
        "2023-11-15" in str(r["value"]) for r in values.values()
    )
