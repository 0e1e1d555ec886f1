"""`firmware.wifi` and `firmware.radio` on the fake radio, in virtual time."""

import sys

sys.path.append("tests")

from fakes import Chip, network
from firmware import wifi as module
from virtual import Time, Use

CONFIG = {
    "hostname": "",
    "wifi_ssid": "home",
    "wifi_password": "secret12",
    "wifi_country": "DK",
    "ip": "",
    "netmask": "",
    "gateway": "",
    "dns": "",
    "ap_password": "only of this one",
    "ap_after_h": 1,
    "tx_power_dbm": 10,
    "modem_sleep": True,
}
HOUR = 3600000


class Stop(Exception):
    pass


class Rig:
    """A `Wifi` whose ``run`` goes on until a moment; ``events`` at moments change the world."""

    def __init__(self, time, weak=False, **changes):
        self.time = time
        self.begin = time.now
        self.log = []
        self.events = []
        self.seen = []  # (ms, state), each change
        self.lost = []  # ms at which the access point was wanted
        config = dict(CONFIG)
        config.update(changes)
        self.wifi = module.Wifi(config, self._log, network, self._alive, weak, self._lost)
        self.router = network.AccessPoint("home", "secret12", rssi=-71)
        network.air.append(self.router)

    def _log(self, level, text):
        self.log.append(text)

    def _alive(self):
        now = self.time.now - self.begin
        while self.events and self.events[0][0] <= now:
            self.events.pop(0)[1]()
        if not self.seen or self.seen[-1][1] != self.wifi.state:
            self.seen.append((now, self.wifi.state))

    def _lost(self):
        self.lost.append(self.time.now - self.begin)

    def run(self, until, *events):
        """Run to ``until`` ms from the begin; ``events``: (ms, function)."""
        self.events = list(events) + [(until, _stop)]
        try:
            coroutine = self.wifi.run()
            while True:
                coroutine.send(None)
        except Stop:
            return self


def _stop():
    raise Stop


def _on(test):
    def run():
        real, module.drop = module.drop, lambda *names: None
        time = Time()
        try:
            with Chip(time), Use(time, module):
                test(time)
        finally:
            module.drop = real

    return run


@_on
def test_joins_with_name_country_and_less_power(time):
    rig = Rig(time).run(10000)
    assert rig.wifi.online and rig.wifi.state == "online" and rig.wifi.rssi() == -71
    assert network.hostname() == "mep-123456" == rig.wifi.name and network.country() == "DK"
    sta = network.WLAN(network.STA_IF)
    assert sta.config("txpower") == 10 and sta.config("pm") == sta.PM_PERFORMANCE
    assert "address 192.168.1.50, name mep-123456" in rig.log
    assert rig.wifi.status()["ip"] == "192.168.1.50"
    order = [call[0] for call in network.calls() if call[1] == network.STA_IF]
    assert order.index("config") < order.index("connect")
    assert not [text for text in rig.log if "secret12" in text]


@_on
def test_after_a_brown_out_it_sends_with_less(time):
    Rig(time, True).run(3000)
    assert network.WLAN(network.STA_IF).config("txpower") == 6
    network.power_on()
    Rig(time, True, tx_power_dbm=2).run(3000)
    assert network.WLAN(network.STA_IF).config("txpower") == 2


@_on
def test_a_fixed_address(time):
    rig = Rig(time, ip="10.0.0.9", netmask="255.255.255.0", gateway="10.0.0.1")
    rig.router.dhcp = False
    rig.run(10000)
    assert rig.wifi.online and rig.wifi.ip() == "10.0.0.9"
    assert network.WLAN(network.STA_IF).ifconfig()[3] == "10.0.0.1"


@_on
def test_a_wrong_password_is_named_and_tried_again(time):
    rig = Rig(time, wifi_password="wrong-password")
    right = lambda: setattr(rig.router, "key", "wrong-password")  # noqa: E731
    rig.run(600000, (300000, right))
    assert [s for _, s in rig.seen][:2] == ["off", "wrong Wi-Fi password"]
    assert rig.seen[1][0] < 22000 and rig.wifi.online
    assert not [text for text in rig.log if "wrong-password" in text]


@_on
def test_no_such_network_and_no_address(time):
    assert Rig(time, wifi_ssid="away").run(30000).wifi.state == "no such network"
    network.power_on()
    rig = Rig(time)
    rig.router.dhcp = False
    assert "DHCP" in rig.run(30000).wifi.state


@_on
def test_a_reason_without_words_is_a_number(time):
    rig = Rig(time, wifi_ssid="away")
    sta = network.WLAN(network.STA_IF)
    sta.status = lambda what=None: 39 if what is None else network.WLAN.status(sta, what)
    assert rig.run(30000).wifi.state == "no connection (reason 39)"


@_on
def test_a_router_that_is_off_for_hours(time):
    rig = Rig(time)
    off = lambda: setattr(rig.router, "up", False)  # noqa: E731

    def back():
        rig.router.up = True
        rig.router.lease = "192.168.1.77"  # and DHCP gives another address
        rig.tried = len([c for c in network.calls() if c[0] == "connect"])

    rig.run(4 * HOUR, (60000, off), (60000 + 3 * HOUR, back))
    assert rig.wifi.online and rig.wifi.ip() == "192.168.1.77"
    since = [ms for ms, state in rig.seen if state == "online"]
    assert len(since) == 2 and since[1] - 3 * HOUR < 60000 + 85000, rig.seen
    # Tries of 20 s with pauses of at most a minute: the radio rests most of the time.
    assert 125 < rig.tried < 180, rig.tried
    # After each hour without network the access point is wanted.
    assert [(ms - 60000) // HOUR for ms in rig.lost] == [1, 2, 3], rig.lost
    assert HOUR + 60000 <= rig.lost[0] < HOUR + 90000


@_on
def test_the_access_point_is_wanted_after_a_week_which_ticks_cannot_measure(time):
    rig = Rig(time, wifi_ssid="away", ap_after_h=168)
    rig.wifi._down = 165 * HOUR
    rig.run(4 * HOUR)
    assert [ms // HOUR for ms in rig.lost] == [3]


@_on
def test_the_access_point_is_never_wanted_if_told_so(time):
    assert Rig(time, wifi_ssid="away", ap_after_h=0).run(5 * HOUR).lost == []


@_on
def test_another_network_is_joined_at_once(time):
    rig = Rig(time, wifi_ssid="")
    new = dict(rig.wifi.config)
    new["wifi_ssid"] = "home"
    rig.run(70000, (60000, lambda: rig.wifi.join(new)))
    assert rig.wifi.online and rig.seen[-1][0] < 65000
    assert "joining" in [s for _, s in rig.seen]


@_on
def test_what_the_port_refuses_is_told_and_tried_again(time):
    rig = Rig(time)
    sta = network.WLAN(network.STA_IF)
    real = sta.connect
    fails = [OSError("WiFi Out of Memory"), RuntimeError("Wifi Unknown Error 0x0101")]

    def connect(*args):
        if fails:
            raise fails.pop(0)
        real(*args)

    sta.connect = connect
    rig.run(30000)
    assert rig.wifi.online and [s for _, s in rig.seen][:2] == [
        "WiFi Out of Memory",
        "Wifi Unknown Error 0x0101",
    ]
