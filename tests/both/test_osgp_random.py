"""Replies at random: a dict or TableError, whatever a meter sends (tests/host has 1e6 of them)."""

import gc
import os

from mep.errors import TableError
from osgp import codec
from osgp.names import DECLARED
from osgpkit import GEN3, GEN4, GEN430
from tablekit import Noise, noisy

# `make proof` takes more.
_REPLIES = int(os.getenv("RANDOM_REPLIES") or 2000)
_VERSIONS = (b"\x31\x55", b"\x36\x40", GEN3, GEN4, GEN430, b"\x46\x40")
_PER_METER = _REPLIES // 200


def test_thousands_of_random_replies_raise_only_table_error():
    names = DECLARED.split()
    noise = Noise(1)
    source = noise.bytes(1024)
    decoded = refused = 0
    for i in range(_REPLIES // _PER_METER):
        table = codec.table_number(names[i % len(names)])
        dims = noisy(table, _VERSIONS[i % len(_VERSIONS)], noise)
        gc.collect()
        for k in range(_PER_METER):
            # A part of the noise, like the part of a receive buffer that a reply fills.
            start = noise.below(500)
            count = noise.below((24, 120, 466)[k % 3])
            try:
                values = codec.decode(table, source, start, count, dims)
            except TableError as e:
                assert e.table == codec.table_name(table) and e.field
                refused += 1
            else:
                assert isinstance(values, dict)
                decoded += 1
    assert decoded + refused == _REPLIES
    assert decoded > _REPLIES // 10 and refused > _REPLIES // 10
