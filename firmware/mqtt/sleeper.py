"""An MQTT client that goes away on purpose, and delivers what was kept meanwhile.

Below ``mqtt_base``: ``readings``, the newest; ``late``, the kept ones, oldest first; ``status`` is
"asleep" while the radio rests.
"""

from shim import const
from .. import report
from ..hal.clock import sleep_ms, ticks_add, ticks_diff, ticks_ms
from .client import Client

_STEP_MS = const(20)
_PATIENCE_MS = const(10000)
_BYE_MS = const(2000)


class Sleeper(Client):
    """As `firmware.mqtt.client.Client`, whose broker shall see no accident when we rest."""

    def __init__(self, config, log):
        Client.__init__(self, config, log)
        self._base = config["mqtt_base"]
        self._answers = 0

    def quiet(self, log):
        """Use another log."""
        self._log = log

    async def hand_over(self, ring, store, alive=None):
        """Send the store's newest snapshot, then the readings in ``ring`` (`firmware.records`).

        What the broker has for certain is dropped from the ring. True if that is all.
        """
        if store.snapshot:
            self.publish(self._base + "/readings", report.snapshot(store))
        n = ring.count
        topic = self._base + "/late"
        for i in range(n):
            if not await self._sent(alive) or not self.publish(topic, ring.text(i)):
                return False
        # An answer to an older ping would say nothing of what came after it: the second one does.
        if await self._answered(alive) and await self._answered(alive):
            ring.drop(n)
            return True
        return False

    async def bye(self):
        """Leave: subscribers are told, and the last will is not sent."""
        if self.connected and self.publish(self._topic, b"asleep", True):
            await self._sent(None, _BYE_MS)
        if self.connected:
            self._mqtt.disconnect()
            self._pipe.commit()
            await self._sent(None, _BYE_MS)

    async def _sent(self, alive, patience=_PATIENCE_MS):
        # All is handed to the network: True; False if it is not in time.
        return await self._until(lambda: self.idle, alive, patience)

    async def _answered(self, alive):
        before = self._answers
        if not self.connected:
            return False
        self._mqtt.ping()
        self._pipe.commit()
        return await self._until(lambda: self._answers != before, alive, _PATIENCE_MS)

    async def _until(self, done, alive, patience):
        end = ticks_add(ticks_ms(), patience)
        while not done():
            if not self.connected or ticks_diff(end, ticks_ms()) <= 0:
                return False
            if alive:
                alive()
            await sleep_ms(_STEP_MS)
        return self.connected

    def _take(self):
        answered = Client._take(self)
        self._answers += answered
        return answered
