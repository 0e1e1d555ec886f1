"""A stand-in for MicroPython's `network` on ESP32. Not for the device.

A test fills ``air`` with access points (`AccessPoint`) and changes them while time goes on: ``up``
False is a router switched off, another ``key`` a password changed, another ``lease`` a new DHCP
address at the next connection. Durations are in ms of `clock`. The port connects again by itself
after every failure while a connection is asked for (unless ``reconnects`` says otherwise), and its
status stays the last failure's until an address is there (ports/esp32/network_wlan.c).
"""

STA_IF = 0
AP_IF = 1
STAT_IDLE = 1000
STAT_CONNECTING = 1001
STAT_GOT_IP = 1010
STAT_BEACON_TIMEOUT = 200
STAT_NO_AP_FOUND = 201
STAT_WRONG_PASSWORD = 202
STAT_ASSOC_FAIL = 203
STAT_HANDSHAKE_TIMEOUT = 204
STAT_NO_AP_FOUND_W_COMPATIBLE_SECURITY = 210
STAT_NO_AP_FOUND_IN_AUTHMODE_THRESHOLD = 211
STAT_NO_AP_FOUND_IN_RSSI_THRESHOLD = 212
_ASSOC_LEAVE = 8

AUTH_OPEN = 0
AUTH_WPA2_PSK = 3
AUTH_WPA_WPA2_PSK = 4

clock = None
air = []

SCAN_MS = 2500  # what a scan takes, and so a try that finds nothing
JOIN_MS = 1200  # association and handshake
DHCP_MS = 800
BEACONS_MS = 6000  # a router that is gone is noticed so late

_hostname = "mpy-esp32"
_country = "XX"
_calls = []  # the latest active/connect/disconnect/config, for the tests
_MOST = 2000


class AccessPoint:
    """A router. ``key`` "" is an open network; ``dhcp`` False never gives an address."""

    def __init__(self, ssid, key="", rssi=-60, channel=6, lease="192.168.1.50"):
        self.ssid = ssid
        self.key = key
        self.rssi = rssi
        self.channel = channel
        self.lease = lease
        self.security = AUTH_WPA2_PSK if key else AUTH_OPEN
        self.bssid = b"\x02\x00\x00\x00\x00" + bytes([channel])
        self.up = True
        self.dhcp = True


def power_on():
    """As after a reset: no network known, both interfaces down."""
    global _hostname, _country
    _hostname = "mpy-esp32"
    _country = "XX"
    del air[:]
    del _calls[:]
    WLAN.made = {}


def hostname(name=None):
    """network.hostname(): at most 32 characters; to be set before a connection."""
    global _hostname
    if name is None:
        return _hostname
    if len(name) > 32:
        raise ValueError
    _hostname = name


def country(code=None):
    """network.country(): two letters."""
    global _country
    if code is None:
        return _country
    if len(code) != 2:
        raise ValueError
    _country = code


def ipconfig(*args, **kw):
    """network.ipconfig(): only the resolver is settable here."""
    _note(("ipconfig", kw))
    return None


def _note(call):
    if len(_calls) >= _MOST:
        del _calls[: _MOST // 2]
    _calls.append(call)


def calls():
    """What was asked of the interfaces, in order: (method, interface, arguments)."""
    return list(_calls)


class WLAN:
    """network.WLAN. One object per interface, as on the port."""

    IF_STA = 0
    IF_AP = 1
    PM_NONE = 0
    PM_PERFORMANCE = 1
    PM_POWERSAVE = 2
    made = {}

    def __new__(cls, interface_id=0):
        if interface_id not in (0, 1):
            raise ValueError("invalid WLAN interface identifier")
        self = WLAN.made.get(interface_id)
        if self is None:
            self = object.__new__(cls)
            self._begin(interface_id)
            WLAN.made[interface_id] = self
        return self

    def __init__(self, interface_id=0):
        pass  # __new__ gives the one object, which keeps its state

    def _begin(self, interface):
        self.interface = interface
        self.stations = []
        self._on = False
        self._wanted = None  # (ssid, key) while a connection is asked for
        self._reason = 0
        self._tries = 0
        self._phase = None  # None, "try", "dhcp", "up"
        self._since = 0
        self._router = None
        self._static = False
        self._addresses = ("0.0.0.0", "0.0.0.0", "0.0.0.0", "0.0.0.0")
        if interface == AP_IF:
            self._addresses = ("192.168.4.1", "255.255.255.0", "192.168.4.1", "0.0.0.0")
        self._config = {
            "mac": b"\x24\x0a\xc4\x12\x34" + bytes([0x56 + interface]),
            "ssid": "" if interface == STA_IF else "ESP_123457",
            "channel": 1,
            "txpower": 20.0,
            "pm": self.PM_PERFORMANCE,
            "reconnects": -1,
            "hidden": False,
            "security": AUTH_OPEN,
            "key": "",
            "max_clients": 4,
            "protocol": 7,
        }

    def active(self, on=None):
        if on is not None:
            _note(("active", self.interface, bool(on)))
            self._on = bool(on)
            if not on:
                self._phase = self._wanted = None
        return self._on

    def connect(self, ssid=None, key=None, bssid=None):
        _note(("connect", self.interface, ssid))
        self._need(STA_IF, "STA required")
        if not self._on:
            raise OSError("Wifi Not Started")
        self._run()
        if self._phase == "try":
            raise OSError("Wifi Internal State Error")  # a try is under way
        if ssid is not None:
            self._wanted = (_text(ssid), _text(key or ""))
        elif self._wanted is None:
            self._wanted = ("", "")
        self._config["ssid"] = self._wanted[0]
        self._tries = 0
        self._begin_try(clock.ticks_ms())

    def disconnect(self):
        _note(("disconnect", self.interface, None))
        self._need(STA_IF, "STA required")
        if not self._on:
            raise OSError("Wifi Not Started")
        self._wanted = self._phase = None
        self._reason = _ASSOC_LEAVE

    def isconnected(self):
        if self.interface == AP_IF:
            return bool(self.stations)
        self._run()
        return self._phase == "up"

    def status(self, what=None):
        if what == "rssi":
            self._need(STA_IF, "STA required")
            self._run()
            if self._router is None or self._phase not in ("dhcp", "up"):
                raise OSError("Wifi Not Connected")
            return self._router.rssi
        if what == "stations":
            self._need(AP_IF, "AP required")
            return [(mac,) for mac in self.stations]
        if what is not None:
            raise ValueError("unknown status param")
        if self.interface == AP_IF:
            return None
        self._run()
        if self._phase == "up":
            return STAT_GOT_IP
        if self._reason == _ASSOC_LEAVE:
            return STAT_IDLE
        if self._reason in (201, 202, 210, 211, 212):
            return self._reason
        if self._phase is not None:
            return STAT_CONNECTING
        return self._reason or STAT_IDLE

    def scan(self):
        if not self._on or self.interface != STA_IF:
            raise OSError("STA must be active")
        return [
            (bytes(a.ssid, "utf-8"), a.bssid, a.channel, a.rssi, a.security, False)
            for a in air
            if a.up
        ]

    def config(self, name=None, **kw):
        if name is not None and kw:
            raise TypeError("either pos or kw args are allowed")
        if name is not None:
            name = {"essid": "ssid", "password": "key", "authmode": "security"}.get(name, name)
            if name in ("hostname", "dhcp_hostname"):
                return hostname()
            if name not in self._config or name == "key":  # the key cannot be read back
                raise ValueError("unknown config param")
            return self._config[name]
        for key in kw:
            value = kw[key]
            name = {"essid": "ssid", "password": "key", "authmode": "security"}.get(key, key)
            if name in ("hostname", "dhcp_hostname"):
                hostname(value)
                continue
            if name not in self._config:
                raise ValueError("unknown config param")
            if name in ("ssid", "key", "hidden", "security", "max_clients"):
                self._need(AP_IF, "AP required")
            if name in ("txpower", "pm", "channel", "protocol") and not self._on:
                raise OSError("Wifi Not Started")
            self._config[name] = value
        _note(("config", self.interface, kw))
        if self.interface == AP_IF and self._on:
            key = self._config["key"]
            if self._config["security"] != AUTH_OPEN and len(key) < 8:
                raise OSError("Wifi Invalid Password")

    def ifconfig(self, addresses=None):
        if addresses is None:
            self._run()
            return self._addresses
        if addresses == "dhcp":
            self._static = False
        else:
            if len(addresses) != 4:
                raise ValueError
            self._addresses = tuple(addresses)
            self._static = self.interface == STA_IF

    def ipconfig(self, name=None, **kw):
        if name is None:
            if "addr4" in kw:
                address = kw["addr4"]
                if isinstance(address, str):
                    address = (address, "255.255.255.0")
                gateway = kw.get("gw4", self._addresses[2])
                self.ifconfig((address[0], address[1], gateway, self._addresses[3]))
            if kw.get("dhcp4"):
                self.ifconfig("dhcp")
            return None
        self._run()
        if name == "addr4":
            return self._addresses[:2]
        if name == "gw4":
            return self._addresses[2]
        if name == "dhcp4":
            return not self._static
        if name == "has_dhcp4":
            return self._phase == "up" and not self._static
        if name == "addr6":
            return []
        raise ValueError("unknown config param")

    def _need(self, interface, text):
        if self.interface != interface:
            raise OSError(text)

    def _begin_try(self, at):
        self._phase = "try"
        self._since = at
        self._router = None

    def _run(self):
        # What the radio has done since it was last looked at.
        while self._on and self._phase is not None:
            if not self._step():
                return

    def _step(self):
        waited = clock.ticks_diff(clock.ticks_ms(), self._since)
        if self._phase == "try":
            found = _find(self._wanted[0])
            wrong = found is not None and found.key != self._wanted[1]
            needs = SCAN_MS if found is None else JOIN_MS
            if waited < needs:
                return False
            if found is None or wrong:
                return self._failed(201 if found is None else 202, needs)
            self._router = found
            self._phase = "dhcp"
            self._since = clock.ticks_add(self._since, needs)
        elif self._phase == "dhcp":
            if not self._router.up:
                return waited >= BEACONS_MS and self._failed(200, BEACONS_MS)
            if waited < DHCP_MS or not (self._router.dhcp or self._static):
                return False
            self._arrive()
        else:
            if self._router.up:
                self._since = clock.ticks_ms()
                return False
            return waited >= BEACONS_MS and self._failed(200, BEACONS_MS)
        return True

    def _arrive(self):
        self._phase = "up"
        self._since = clock.ticks_ms()
        self._reason = 0
        self._tries = 0
        if not self._static:
            net = self._router.lease.rsplit(".", 1)[0]
            self._addresses = (self._router.lease, "255.255.255.0", net + ".1", net + ".1")

    def _failed(self, reason, after):
        self._reason = reason
        self._tries += 1
        most = self._config["reconnects"]
        if 0 <= most < self._tries:
            self._phase = None
            return False
        self._begin_try(clock.ticks_add(self._since, after))
        return True


def _find(ssid):
    best = None
    for router in air:
        if router.up and router.ssid == ssid and (best is None or router.rssi > best.rssi):
            best = router
    return best


def _text(value):
    return value if isinstance(value, str) else value.decode()
