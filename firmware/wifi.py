"""The Wi-Fi station, tried for ever: a router that starts later must not strand the module.

The port by itself would try again without a pause and often without a reason. So it gets a few
tries at a time; then the reason is read and told, and the pause until the next ones grows. After
hours without network the set-up access point opens for some minutes while this goes on.
"""

from shim import const
from .hal import clock
from .hal.memory import drop

_STEP_MS = const(500)
_TRY_MS = const(20000)  # for a join, address included
_MORE = const(2)  # tries of the port after the first
_FIRST_MS = const(2000)
_MOST_MS = const(60000)
_HOUR_MS = const(3600000)
_AP_MS = const(300000)
_AP_MOST_MS = const(1800000)  # if somebody is on it

# Reasons of ESP-IDF (wifi_err_reason_t) that the owner can do something about; several by what
# the two sides understood of each other.
_WHY = (
    (201, "no such network"),
    (202, "wrong Wi-Fi password"),
    (204, "wrong Wi-Fi password"),
    (15, "wrong Wi-Fi password"),
    (210, "the network's kind of security does not fit the password"),
    (211, "the network's kind of security does not fit the password"),
    (200, "the network's signal was lost"),
)


def name_of(config, network):
    """The name in the network: the configured one, or mep- and the MAC's last six digits."""
    mac = network.WLAN(network.STA_IF).config("mac")
    return config["hostname"] or "mep-%02x%02x%02x" % (mac[3], mac[4], mac[5])


class Wifi:
    """The radio under ``config``; ``network`` is the port's module of that name.

    ``alive()`` is called twice a second. ``state`` says in words how it is; ``ap`` is the open
    access point (`firmware.setup_ap`) or None. ``weak``: the supply broke down, send with less.
    """

    def __init__(self, config, log, network, alive=None, weak=False):
        self.config = config
        self.name = name_of(config, network)
        self.state = "off"
        self.ap = None
        self.network = network
        self._log = log
        self._alive = alive
        self._weak = weak
        self._sta = network.WLAN(network.STA_IF)
        self._down = 0  # ms without network
        self._open = 0  # ms that the access point has been open
        self._timed = True
        self._again = False

    @property
    def online(self):
        """True with an address."""
        return self._sta.isconnected()

    def rssi(self):
        """Signal in dBm, None without a network."""
        try:
            return self._sta.status("rssi")
        except OSError:
            return None

    def ip(self):
        """The station's address (str)."""
        return self._sta.ifconfig()[0]

    def status(self):
        """For the status document (dict)."""
        return {"state": self.state, "rssi": self.rssi(), "ip": self.ip(), "name": self.name}

    def join(self, config):
        """Leave the present network for that of ``config``."""
        self.config = config
        self.state = "joining"
        self._again = True

    async def run(self):
        """Join, and join again whenever the network is gone, for ever."""
        pause = _FIRST_MS
        while True:
            self._again = False
            if self.config["wifi_ssid"]:
                try:
                    if await self._join():
                        pause = _FIRST_MS
                        while self.online and not self._again:
                            await self._step()
                        self._tell("the network is gone")
                    self._sta.disconnect()
                except (OSError, RuntimeError) as e:
                    self._tell(str(e))
            left = pause
            while left > 0 and not self._again:
                left -= _STEP_MS
                await self._step()
            pause = _FIRST_MS if self._again else min(2 * pause, _MOST_MS)

    def up(self):
        """The radio on; gives the station."""
        config = self.config
        network = self.network
        network.hostname(self.name)  # for DHCP and, by the port, mDNS
        if config["wifi_country"]:
            network.country(config["wifi_country"])
        sta = self._sta
        if not sta.active():
            sta.active(True)
        # Between a brown-out and the next 4 dB are often enough: 2.5 times less.
        power = config["tx_power_dbm"]
        sta.config(
            txpower=max(2, power - 4) if self._weak else power,
            pm=sta.PM_PERFORMANCE if config["modem_sleep"] else sta.PM_NONE,
            reconnects=_MORE,
        )
        if config["ip"]:
            gateway = config["gateway"]
            sta.ifconfig((config["ip"], config["netmask"], gateway, config["dns"] or gateway))
        return sta

    def open_ap(self, timed=True):
        """Open the set-up access point: for some minutes, or (not ``timed``) for good."""
        from .setup_ap import AccessPoint

        self._open = 0
        self._timed = timed
        self.ap = AccessPoint(self.network, self.name, self.config["ap_password"])
        self._log("info", "set-up network %s is open" % self.name)

    def close_ap(self):
        """Close it and forget what only it needs."""
        self.ap.close()
        self.ap = None
        drop("firmware.setup_ap", "firmware.hal.udp")
        self._log("info", "set-up network closed")

    async def _join(self):
        sta = self.up()
        sta.connect(self.config["wifi_ssid"], self.config["wifi_password"])
        left = _TRY_MS
        while not sta.isconnected():
            if left <= 0 or self._again:
                if not self._again:
                    self._tell(self._why())
                return False
            left -= _STEP_MS
            await self._step()
        self._down = 0
        self._tell("online", "info")
        self._log("info", "address %s, name %s" % (self.ip(), self.name))
        return True

    def _why(self):
        if self.rssi() is not None:
            return "the router gives no address (DHCP)"
        code = self._sta.status()
        for known, why in _WHY:
            if code == known:
                return why
        return "no connection (reason %d)" % code

    def _tell(self, state, level="warn"):
        if state != self.state:
            self.state = state
            self._log(level, "Wi-Fi %s: %s" % (self.config["wifi_ssid"], state))

    async def _step(self):
        before = clock.ticks_ms()
        await clock.sleep_ms(_STEP_MS)
        if self._alive:
            self._alive()
        # Summed up, because a difference of ticks ends at six days and ``ap_after_h`` at seven.
        passed = clock.ticks_diff(clock.ticks_ms(), before)
        online = self.online
        self._down = 0 if online else self._down + passed
        if self.ap:
            self._open += passed
            if self._timed:
                self._close_in_time(online)
        elif 0 < self.config["ap_after_h"] * _HOUR_MS <= self._down:
            self._down = 0
            try:
                self.open_ap()
            except (MemoryError, OSError) as e:
                self._log("error", "set-up network: %s" % e)

    def _close_in_time(self, online):
        most = _AP_MS
        if self.ap.used():
            most = _AP_MOST_MS
        elif online:
            most = 0
        if self._open >= most:
            self._down = 0
            self.close_ap()
