"""Whatever bytes a meter answers: a machine ends, with results or with a TableError."""

from machinekit import meter
from mep.errors import TableError
from osgp.conditions import Conditions
from osgp.devices import DeviceLog, Devices
from osgp.events import Events
from osgp.ondemand import OnDemand
from osgp.outages import Outages
from osgp.quality import Quality
from osgp.selfreads import BT23, BT24, BT25, BT26, ET31, Registers
from osgpkit import GEN3, GEN430
from tablekit import Noise

ROUNDS = 15
# Devices on the meter, and room for what they say.
ET11 = b"\6\x42\x24\4\6\x05\2" + bytes(4) + b"\x19\0\x16" + bytes(11) + b"\3" + bytes(13)
# A meter with many and large tables takes many reads: enough of them are tried.
MOST_READS = 60


def registers(table):
    return lambda dims: Registers(dims, table, 3)


def machines():
    made = [Conditions, DeviceLog, Devices, Outages, Quality]
    made.append(lambda dims: Events(dims, 20))
    made.append(lambda dims: OnDemand(dims, 1))
    return made + [registers(table) for table in (BT23, BT24, BT25, BT26, ET31)]


def answer(machine, noise):
    """Random answers: small numbers mostly, so that headers make sense now and then."""
    for _ in range(MOST_READS):
        want = machine.next_read()
        if want is None:
            if getattr(machine, "call", None) is None:
                return
            machine.called(noise.below(3))
            continue
        table, _, count = want
        assert 0 < count <= 465
        kind = noise.below(20)
        if kind == 0:
            machine.absent(table)
        elif kind == 1:
            machine.refused(table, 3)
        else:
            n = count if kind > 2 else noise.below(count)
            machine.learn(table, noise.bytes(n), 0, n)


def test_random_answers():
    noise = Noise(79)
    errors = 0
    for make in machines():
        for i in range(ROUNDS):
            dims = meter(GEN3 if i & 1 else GEN430)
            dims.tables[2059] = ET11[: 39 if i & 6 else noise.below(39)]
            machine = None
            try:
                machine = make(dims)
                answer(machine, noise)
            except TableError as e:
                errors += 1
                assert e.table and e.field and e.why
                # It does not go on with what makes no sense.
                assert machine is None or machine.next_read() is None
    assert 0 < errors < ROUNDS * len(machines())
