"""The old formats, captured at a real Mosquitto, against texts made of the meter's raw registers.

A reader in virtual time polls a simulated meter of generation 3, of generation 4, and one whose
first phase gives power. What is expected is written here from what the old firmwares are known to
send, by the places of the registers in BT23 and BT28, with nothing of the formats' own code.
"""

import asyncio
import json

import pytest
from mqttkit import Subscriber, config, running, until
from proofkit import Proof, channel

from firmware.mqtt import opening
from formatskit import About

RECORDED = {  # model, house, ms of it
    "gen3": ("gen3", "steady", 15000),
    "gen4": ("gen4", "steady", 15000),
    "exporting": ("gen3", "sunny", 200000),
}
NAMES = ("dabbler", "nesreader_raw", "nesreader_json", "nesreader_ha", "domoticz")
DIRECTIONS = ("import/active", "export/active", "import/reactive", "export/reactive")
# Keys of the JSON messages of NES-MEP-Reader, in their order: BT28's register, divisor.
REGISTERS = (
    ("P", 0, 1),
    ("Q", 2, 1),
    ("PO", 1, 1),
    ("QO", 3, 1),
    *(("I%d" % n, 3 + n, 1000) for n in (1, 2, 3)),
    *(("U%d" % n, 6 + n, 1000) for n in (1, 2, 3)),
    *(("PF%d" % n, at, 1000) for n, at in ((1, 10), (2, 13), (3, 14))),
    ("APP", 12, 1),
    ("FRQ", 11, 1000),
    *(("RQ%d" % n, 21 + n, 1) for n in (1, 2, 3, 4)),
)


class Recording(Proof):
    """`registers` holds the data of the last reply of each table that was stored, as int."""

    def __init__(self, *arguments):
        self.registers = {}
        super().__init__(*arguments)

    def _committed(self, table):
        self.registers.update(self._true)
        super()._committed(table)


def two(n, by=1000):
    """``n / by`` with two decimals, half away from 0 as the old ones' printf of a float."""
    return "%s%d.%02d" % ("-" if n < 0 and abs(n) * 200 >= by else "", *_parts(n, by, 100))


def three(n):
    return "%d.%03d" % _parts(n, 1000, 1000)


def _parts(n, by, unit):
    return divmod((abs(n) * unit * 2 + by) // (2 * by), unit)


def dabbler(v, e):
    def text(*pairs):
        return "{%s}" % ",".join('"%s":%d' % pair for pair in pairs)

    def phases(form, first):
        return [(form % (n + 1), v[first + n]) for n in range(3)]

    sensors = phases("L%d_RMS_A", 4) + phases("L%d_RMS_V", 7)
    sensors += [("L1_PF_Fac", v[10]), ("L2_PF_Fac", v[13]), ("L3_PF_Fac", v[14])]
    sensors += [("ExportReactive_VAr", v[3]), ("ImportReactive_VAr", v[2])]
    yield "sensors/mydatajson", text(*sensors)
    yield "meterConsumptionTotal/mydatajson", text(("Fwd_Act_Wh", e[0]), ("Rev_Act_Wh", e[1]))
    for word, total, average, phase, averages in (
        ("Fwd", 0, 47, 26, 49),
        ("Rev", 1, 48, 29, 52),
    ):
        pairs = [("%s_W" % word, v[total]), ("%s_Avg_W" % word, v[average])]
        pairs += phases("L%d_" + word + "_W", phase)
        pairs += phases("L%d_" + word + "_Avg_W", averages)
        yield "meterConsumption%s/mydatajson" % word, text(*pairs)
    yield "frequency/mydatajson", text(("Freq_mHz", v[11]))


def raw(v, e, now):
    for topic in ("meter/dlms/timestamp", "meter/clock"):
        yield topic, str(now - 1)
    for at, name in enumerate(DIRECTIONS):
        yield "meter/" + name, str(v[at])
        yield "meter/%s/accumulated" % name, three(e[at])
    for n, factor in ((1, 10), (2, 13), (3, 14)):
        yield "meter/l%d/current" % n, two(v[3 + n])
        yield "meter/l%d/voltage" % n, two(v[6 + n])
        yield "meter/l%d/powerfactor" % n, two(v[factor])
        yield "meter/import/l%d" % n, two(v[25 + n], 1)
        yield "meter/export/l%d" % n, two(v[28 + n], 1)
    yield "meter/power/frequency", two(v[11])
    yield "meter/power/aparentpower", str(v[12])
    for n in (1, 2, 3, 4):
        yield "meter/power/reactivepower_Q%d" % n, str(v[21 + n])
    yield from (("uptime", "4711"), ("id", About.mac), ("mem", "20480"), ("rssi", "-61"))


def members(v):
    return ",".join(
        '"%s":%s' % (key, two(v[at]) if by == 1000 else v[at]) for key, at, by in REGISTERS
    )


def energies(e):
    keys = ("tPI", "tPO", "tQI", "tQO")
    return ",".join('"%s":%s' % (key, two(e[at])) for at, key in enumerate(keys))


async def _captured(recording, port):
    # Topic to the payloads that came, and the topics that are retained.
    modules = [opening.load(name) for name in NAMES]
    about = About()
    found = {}
    with Subscriber(port) as subscriber:
        async with running(config(port, mqtt_base="dabbler")) as client:
            await until(lambda: client.connected)
            for module in modules:
                series = [function for _, function, _ in module.EVERY]
                for function in [getattr(module, "hello", None), *series]:
                    for message in function(recording.store, about) if function else ():
                        await until(lambda: client.idle)
                        assert client.publish(*message)

            def all_there():
                while not subscriber.messages.empty():
                    _, topic, payload, _ = subscriber.messages.get_nowait()
                    found.setdefault(topic, []).append(payload.decode())
                return "dabbler/state" in found and "domoticz/in" in found

            await until(all_there, 10)
            await asyncio.sleep(0.1)
            all_there()
    with Subscriber(port) as late:
        await until(lambda: late.messages.qsize() > 5)
        await asyncio.sleep(0.1)
        kept = {topic for _, topic, _, retain in late.messages.queue if retain}
    return found, kept


@pytest.mark.parametrize("which", RECORDED)
def test_as_the_old_firmwares_sent_it(mosquitto, which):
    model, house, ms = RECORDED[which]
    recording = Recording(channel(model, house=house))
    recording.run(ms)
    v, e = recording.registers[28], recording.registers[23]
    assert not recording.wrong and (v[10] < 0) == (which == "exporting")
    store = recording.store
    now = store.now()
    store.now = lambda: now
    found, kept = asyncio.run(_captured(recording, mosquitto.port))
    expected = dict(dabbler(v, e))
    expected["lwt"] = "Online"
    expected.update(raw(v, e, now))
    meter = store.meter
    expected["meter/id"], expected["meter/type"] = meter["manufacturer"], meter["model"]
    for topic, text in expected.items():
        assert found["dabbler/" + topic][0] == text, topic
    sensors = found["dabbler/sensors/mydatajson"][0]
    assert ('"L1_PF_Fac":-' in sensors) == (which == "exporting")
    known = {"dabbler/" + topic for topic in expected}
    known |= {"dabbler", "domoticz/in", "dabbler/status"}
    known |= {"dabbler/power", "dabbler/energy", "dabbler/realtime", "dabbler/state"}
    assert {t for t in found if not t.startswith("homeassistant/")} <= known
    retained = {"dabbler/lwt", "dabbler/id", "dabbler/status"}
    retained |= {"dabbler/meter/%s/accumulated" % t for t in DIRECTIONS}
    assert {t for t in kept if not t.startswith("homeassistant/")} == retained
    _objects(found, v, e, now)


def _objects(found, v, e, now):
    # The JSON messages: their keys and numbers, digit for digit.
    whole = found["dabbler"][0]
    assert members(v) in whole and energies(e) in whole and '"rtc":%d' % (now - 1) in whole
    document = json.loads(whole)
    assert list(document) == ["id", "name", "up", "t", "rssi", "data", "realtime"]
    assert document["id"] == About.mac and document["t"] == now - 1
    power, energy = found["dabbler/power"][0], found["dabbler/energy"][0]
    assert members(v) in power
    assert energy == '{%s,"rtc":%d}' % (energies(e), now - 1)
    state = json.loads(found["dabbler/state"][0])
    assert (state["id"], state["up"], state["rssi"]) == (About.mac, 4711, -61)
    text = '{"command":"udevice","idx":12,"nvalue":0,"svalue":"'
    assert found["domoticz/in"][0].startswith(text)
