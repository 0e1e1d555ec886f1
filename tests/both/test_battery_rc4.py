"""The profile battery on a meter that takes encrypted requests alone."""

from mep.rc4 import Cipher
from mepkit import KEY, TableMeter
from test_battery import Rig
from test_poller import _tables


class Sealed(TableMeter):
    """Decrypts what it is asked, encrypts what it answers."""

    def write(self, packet):
        data = bytearray(packet)
        self.cipher.seal(data, len(data) - 14)
        TableMeter.write(self, data)
        when, answer = self._coming.pop()
        inner = bytearray(answer[2:])
        self.cipher.turn(inner, len(inner) - 8)
        self._coming.append((when, answer[:2] + inner))


def _live(**given):
    with Rig(**given) as rig:
        rig.meter = Sealed(rig.world, _tables(), KEY)
        rig.meter.cipher = Cipher(KEY)
        sent = dict(rig.live())
        assert rig.faults == []
        return sent


def test_readings_come_encrypted():
    sent = _live(rc4=True)
    assert sent["readings"]["values"]["power_forward"] == 701
    assert sent["mep/meter"]["serial"] == "4080000000000000"


def test_without_the_setting_nothing_is_believed():
    assert "readings" not in _live()
