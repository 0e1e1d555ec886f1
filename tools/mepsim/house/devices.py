"""The M-Bus devices: a cold water meter and a heat meter; what they would show at any moment."""

import math

from .layout import bcd, i32
from .past import DAY_S
from .profile import MISSING, NOT_CURRENT, OK, PLACEHOLDER, SKIPPED

_SINCE = 1577836800  # 2020-01-01
_LITRES_A_DAY = 312
_YEAR = 365.25
BILLING_READ = 2  # request type of EP19
POLL_MIN = 60  # ET34's load profile poll rate
# The share of a day's water that is drawn by the end of each hour.
_DRAWN = (0, 0, 0, 0, 0, 1, 7, 18, 24, 27, 29, 31, 37, 40, 42, 44, 48, 58, 72, 80, 86, 93, 98, 100)


class Water:
    """Volume as eight packed digits, in litres."""

    handle = 0x0001
    ident = 45120987
    maker = "KAM"
    version, medium = 0x1B, 0x16  # cold water
    header = bytes([0x0C, 0x13])
    mdt = 1
    customer = "WATER-0117"

    def volume(self, seconds):
        """Litres."""
        day, rest = divmod(int(seconds) - _SINCE, DAY_S)
        hour, part = divmod(rest, 3600)
        before = _DRAWN[hour - 1] if hour else 0
        share = before + (_DRAWN[hour] - before) * part / 3600
        return 1208 + day * _LITRES_A_DAY + int(_LITRES_A_DAY * share / 100)

    def sample(self, seconds):
        return bcd(self.volume(seconds), 8)


class Heat:
    """Energy in kWh, volume, power, flow and temperatures of the district heating."""

    handle = 0x0002
    ident = 67031452
    maker = "KAM"
    version, medium = 0x34, 0x04  # heat, measured in the outlet
    header = bytes([0x04, 0x06])
    mdt = 2
    customer = "HEAT-0117"

    def energy(self, seconds):
        """kWh."""
        days = (seconds - _SINCE) / DAY_S
        year = 2 * math.pi * days / _YEAR
        return int(3120 + 38 * days + 30 * _YEAR / 2 / math.pi * math.sin(year))

    def power(self, seconds):
        """W."""
        days = (seconds - _SINCE) / DAY_S
        mean = 38 + 30 * math.cos(2 * math.pi * days / _YEAR)
        return int(mean / 24 * 1000 * (1 + 0.3 * math.sin(seconds / 5000)))

    def sample(self, seconds):
        return i32(self.energy(seconds))


class Devices:
    """The two meters at places 0 and 1 of ET13; places 2 and 3 are free."""

    def __init__(self, epoch):
        self.meters = (Water(), Heat())
        self.removed = set()  # places
        self.demanded = {}  # place: unix time of the last on-demand read
        self.cleared = set()  # places whose alarms were cleared
        today = int(epoch) // DAY_S * DAY_S
        # (device, from, to, what is said of it)
        self._faults = (
            (1, today - 8 * DAY_S + 36000, today - 8 * DAY_S + 50400, MISSING),
            (0, today - 30 * DAY_S + 7200, today - 30 * DAY_S + 10800, PLACEHOLDER),
            (0, today - 3 * DAY_S + 61200, today - 3 * DAY_S + 64800, NOT_CURRENT),
        )

    def interval(self, device, mdt, end):
        """(four bytes, extended status) of a load profile channel at the end of an interval."""
        meter = self.meters[device]
        if mdt != meter.mdt or end // 60 % POLL_MIN:
            return bytes(4), SKIPPED
        for number, begin, until, status in self._faults:
            if number == device and begin < end <= until:
                return (meter.sample(begin) if status == NOT_CURRENT else bytes(4)), status
        return meter.sample(end), OK

    def sample(self, device, mdt, seconds):
        """The four bytes of a device's data type now, None if there is no such."""
        if device < len(self.meters) and self.meters[device].mdt == mdt:
            return self.meters[device].sample(seconds)
        return None

    def place_of(self, handle):
        """The place of the device with that handle, None if there is none."""
        for place, meter in enumerate(self.meters):
            if meter.handle == handle and place not in self.removed:
                return place
        return None

    def remove(self, place):
        """Take a device out of the meter, None: all of them."""
        self.removed.update(range(len(self.meters)) if place is None else (place,))

    def answer(self, place, kind, unix):
        """An on-demand request reaches the device; True if it answers."""
        if place in self.removed:
            return False
        if kind == BILLING_READ:
            self.demanded[place] = unix
        return True

    def clear_alarms(self, handle):
        """Clear the latched alarms of the device with that handle, 0xFFFF: of all."""
        for place, meter in enumerate(self.meters):
            if handle in (meter.handle, 0xFFFF):
                self.cleared.add(place)
