"""What fills the meter's other tables: profile, logs, M-Bus devices, states.

Every offset is the guide's, by hand. A part has ``tables()``: numbers and functions of a unix time
that give the table's bytes.
"""

from . import logs
from .clockwork import Clockwork
from .devices import Devices
from .dimensions import Dimensions
from .history import History
from .logs import Logs
from .mbus import MBus
from .past import Past
from .profile import Profile
from .quality import Quality
from .reads import Reads
from .requests import Requests
from .status import Status

_ET = 2048
_MULTICAST = 65
# Lists of BP04 and BP05.
_EVENT_LOG, _SELF_READS, _HISTORY, _ALL_LISTS = 1, 2, 8, 255


class Site:
    """The parts of one meter at one place; ``tables`` maps numbers to functions of a unix time.

    ``owner``: the meter's tables, to whose ``memory`` goes what a client may write.
    """

    def __init__(self, model, house, epoch, owner):
        self.devices = Devices(epoch)
        self.history = History(Past(epoch, house.start, house.kind, house.seed), house)
        self.profile = Profile(model, self.history, self.devices)
        self.reads = Reads(model, self.history, house, epoch)
        self.logs = Logs(model, self.history, self.reads, epoch)
        self.mbus = MBus(model, self.devices, owner, epoch)
        self.requests = Requests(self.devices, _MULTICAST)
        self.status = Status(model, self.devices, epoch)
        quality = Quality(model, self.history, self.logs, epoch)
        clockwork = Clockwork(model)
        self.tables = {_ET + 15: lambda now: bytes(self.requests.table)}
        dimensions = Dimensions(model, self)
        parts = (self.profile, self.reads, self.logs, self.mbus, dimensions)
        for part in (*parts, self.status, quality, clockwork):
            self.tables.update(part.tables())
        self.memory = {_ET + 34: self.mbus.et34(), _ET + 57: self.mbus.et57()}
        for part in (self.status, quality, clockwork):
            self.memory.update(part.memory)

    def settle(self, ms):
        """Finish what is due."""
        if self.status.lock[0] and ms >= self.status.lock[1]:
            self.status.lock = (0, 0)
        self.requests.settle(ms)

    def request(self, transaction, target, kind, data, unix, ms):
        """EP19: the entry in ET15; None if no device has the handle, -1 if the queue is full."""
        if kind == 10:
            places = [i for i in range(len(self.devices.meters)) if target >> i & 1]
            place = places[0] if places else None
        else:
            place = 0 if kind == 6 else self.devices.place_of(target)
        if place is None:
            return None
        return self.requests.post(transaction, place, target, kind, data, unix, ms)

    def place_of(self, handle):
        """A device's place by its handle, None if there is none."""
        return self.devices.place_of(handle)

    def remove(self, place, unix):
        """EP17 for an M-Bus device, None: for all."""
        self.devices.remove(place)
        self.logs.add(unix, logs.MEP_STATUS, (place or 0) << 13 | 4)

    def clear_device_alarms(self, handle):
        """EP18."""
        self.devices.clear_alarms(handle)

    def mark_read(self, which, entries, now):
        """BP04 (``entries`` is None: all) and BP05: so many of a list's entries have been read."""
        if which in (_SELF_READS, _ALL_LISTS):
            count = len(self.reads.entries())
            self.reads.marks[2] = count if entries is None else min(count, count - 1 + entries)
        if which in (_EVENT_LOG, _HISTORY, _ALL_LISTS):
            self.logs.marks[False] = self.logs.marks[True] = len(self.logs.events(now))

    def self_read(self, unix):
        """BP09, bit 1."""
        self.reads.more.append((unix, self.reads.now()))
        self.logs.add(unix, logs.SELF_READ)

    def demand_reset(self, unix):
        """BP09, bit 0."""
        self.reads.resets.append((unix, self.reads.now()))
        self.logs.add(unix, logs.DEMAND_RESET)
