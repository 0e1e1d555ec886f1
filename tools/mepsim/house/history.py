"""Registers at any moment: the house's own record since the start, before it the `Past`."""

from .past import SLOT_S

_INSTALLED_DAYS = 640


class History:
    """Of one house; ``seconds`` are unix times, multiples of 300."""

    def __init__(self, past, house):
        self.past = past
        self._house = house
        self.installed = past.epoch - _INSTALLED_DAYS * 86400

    def powered(self, seconds):
        """True if there was power at that moment."""
        return not any(begin < seconds <= end for begin, end in self.past.outages)

    def energies(self, seconds):
        """Fwd, Rev, Import, Export in Wh and varh."""
        mark = self._house.marks.get(seconds)
        return mark[0] if mark else self.past.totals(seconds)

    def voltages(self, seconds):
        """mV of three phases."""
        mark = self._house.marks.get(seconds)
        return mark[1] if mark else self.past.voltages(seconds)

    def outages(self, seconds):
        """How many outages there have been."""
        return sum(begin < seconds for begin, _ in self.past.outages)

    def slot(self, seconds):
        """The last moment up to ``seconds`` whose energies are known."""
        return int(seconds) // SLOT_S * SLOT_S
