"""Meters that have whatever a declaration refers to, for the tests of all tables."""

from osgp.about import needs
from osgpkit import learn, tables


class Noise:
    """The same numbers on every interpreter."""

    def __init__(self, seed):
        self._state = seed * 2654435761 + 12345 & 0x3FFFFFFF

    def below(self, n):
        """One of 0 to n - 1."""
        self._state = self._state * 1103515245 + 12345 & 0x3FFFFFFF
        return (self._state >> 8) % n

    def bytes(self, n):
        """Mostly small values, among them such as never should be."""
        kind = self.below(4)
        most = (256, 32, 4, 2)[kind]
        return bytes([self.below(most) if self.below(16) else 255 for _ in range(n)])


def meter(table, version, give, **sizes):
    """`Dims` of a meter where ``give(other, count)`` is what ``table`` refers to."""
    dims = learn(tables(version, **sizes))
    for other, start, count in needs(table, dims):
        dims.tables[other] = give(other, count)
    return dims


def noisy(table, version, noise):
    """`Dims` of a meter with sizes at random."""
    dims = learn(tables(version))
    dims.tables.clear()
    for other, start, count in needs(table, dims):
        dims.tables[other] = noise.bytes(count)
    return dims
