"""What the tests of the MQTT formats share: three meters' values, and a module."""

from firmware.readings import Readings
from osgp.sources import layout
from test_readings import Clock

NOW = 1711642800  # 2024-03-28 16:20 UTC
METER = {
    "manufacturer": "ELON",
    "model": "83331-3I",
    "firmware": "3.84.06",
    "serial": "4080123412341234",
    "generation": 3,
}
SIZES = {"gen3": (55, 11), "gen4": (84, 19), "export": (55, 11), "old": (22, 11)}
VALUES = {
    "energy_forward": 115921469,
    "energy_reverse": 201,
    "energy_reactive_import": 22004,
    "energy_reactive_export": 7,
    "power_forward": 701,
    "power_reverse": 0,
    "reactive_import": 139,
    "reactive_export": 0,
    "apparent_power": 846,
    "frequency": 50000,
    "current_l1": 1536,
    "current_l2": 1874,
    "current_l3": 139,
    "voltage_l1": 232591,
    "voltage_l2": 233879,
    "voltage_l3": 234387,
    "power_factor_l1": 875,
    "power_factor_l2": 836,
    "power_factor_l3": 837,
    "reactive_q1": 139,
    "power_forward_l1": 311,
    "power_forward_l2": 366,
    "power_forward_l3": 25,
    "power_forward_average": 701,
    "power_forward_average_l1": 311,
    "power_forward_average_l2": 366,
    "power_forward_average_l3": 25,
}
# The first phase gives 1.2 kW while the others take.
EXPORT = {
    "power_forward": 0,
    "power_reverse": 809,
    "power_factor_l1": -999,
    "power_forward_l1": 0,
    "power_reverse_l1": 1200,
    "power_forward_average": 0,
    "power_reverse_average": 809,
    "power_forward_average_l1": 0,
    "power_reverse_average_l1": 1200,
}


class About:
    """Stands in for `firmware.mqtt.runner.About`."""

    base = "dabbler"
    prefix = "homeassistant"
    discovery = "device"
    language = "en"
    board = "dabbler"
    idx = (12, 13, 14, 0, 16)
    mac = "24:0A:C4:00:01:02"
    id = "mep_240ac4000102"
    name = "mep-000102"
    slug = "dabbler"
    version = "0.1.0"
    expire_s = 60
    will = None
    buttons = ()
    hello = False
    rssi = -61

    def __init__(self):
        self.places = [None] * 4

    def facts(self):
        return {
            "up": 4711,
            "mem": 20480,
            "rssi": self.rssi,
            "cause": "power on",
            "errors": 3,
            "age": 1,
        }

    def url(self):
        return "http://192.168.1.20/"


def commit(store, values):
    """One reply each of BT28 and BT23: ``values``, and 0 for all else that the meter has."""
    kinds = store.kinds
    for table in (28, 23):
        for i, name in enumerate(store.each_name()):
            if kinds[i][1] == table:
                store.put(i, values.get(name, 0))
        store.commit(table)


def meter(kind="gen3"):
    """(store, clock) of a meter that has replied."""
    clock = Clock()
    clock.seconds = NOW
    store = Readings(clock)
    values, sums = SIZES[kind]
    store.configure(layout(((28, None, values, 1), (23, None, sums, 1))))
    store.meter = dict(METER)
    if kind == "gen4":
        store.meter.update({"model": "83334-3I", "firmware": "4.30.00", "generation": 4})
    all_values = dict(VALUES)
    if kind == "export":
        all_values.update(EXPORT)
    commit(store, all_values)
    return store, clock
