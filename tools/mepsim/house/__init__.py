"""What fills the meter's other tables: profile, logs, M-Bus devices, states.

Every offset is the guide's, by hand. A part has ``tables()``: numbers and functions of a unix time
that give the table's bytes.
"""

from .devices import Devices
from .history import History
from .past import Past
from .profile import Profile
from .requests import Requests


class Site:
    """The parts of one meter at one place; ``tables`` maps numbers to functions of a unix time."""

    def __init__(self, model, house, epoch):
        self.devices = Devices(epoch)
        self.history = History(Past(epoch, house.start, house.kind, house.seed), house)
        self.profile = Profile(model, self.history, self.devices)
        self.tables = {}
        for part in (self.profile,):
            self.tables.update(part.tables())
        self.requests = Requests(self.devices, 65)
        self.transaction_lock = (0, 0)  # MEP client, ms until when
        self.tables[2048 + 15] = lambda now: bytes(self.requests.table)

    def settle(self, ms):
        """Finish what is due."""
        self.requests.settle(ms)

    def request(self, transaction, target, kind, data, unix, ms):
        """EP19: the entry in ET15; None if no device has the handle, -1 if the queue is full."""
        if kind == 10:
            places = [i for i in range(len(self.devices.meters)) if target >> i & 1]
            place = places[0] if places else None
        else:
            place = self.place_of(target)
            if kind == 6:
                place = 0
        if place is None:
            return None
        return self.requests.post(transaction, place, target, kind, data, unix, ms)

    def place_of(self, handle):
        """A device's place by its handle, None if there is none."""
        return self.devices.place_of(handle)

    def remove(self, place):
        """EP17 for an M-Bus device, None: for all."""
        self.devices.remove(place)

    def client_gone(self, client):
        """EP17 for a MEP client."""

    def clear_device_alarms(self, handle):
        """EP18."""
        self.devices.clear_alarms(handle)

    def mark_read(self, which, entries):
        """BP04 (no number of entries) and BP05."""

    def self_read(self, unix):
        """BP09, bit 1."""

    def demand_reset(self, unix):
        """BP09, bit 0."""
