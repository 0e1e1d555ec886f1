"""What fills the meter's other tables: profile, logs, M-Bus devices, states.

Every offset is the guide's, by hand. A part has ``tables()``: numbers and functions of a unix time
that give the table's bytes.
"""

from .devices import Devices
from .history import History
from .past import Past
from .profile import Profile


class Site:
    """The parts of one meter at one place; ``tables`` maps numbers to functions of a unix time."""

    def __init__(self, model, house, epoch):
        self.devices = Devices(epoch)
        self.history = History(Past(epoch, house.start, house.kind, house.seed), house)
        self.profile = Profile(model, self.history, self.devices)
        self.tables = {}
        for part in (self.profile,):
            self.tables.update(part.tables())
