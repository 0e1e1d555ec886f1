"""No more readings than an owner wants; loaded by the command ``interval``."""

from ..hal.clock import ticks_add, ticks_diff, ticks_ms


class Pace:
    """Stands in the way of ``client.publish``, so that the publisher needs to know nothing."""

    def __init__(self, client, topic):
        self._client = client
        self._topic = topic
        self._publish = client.publish
        self._every = self._due = 0

    def every(self, seconds):
        """Publish the snapshots no faster than that; 1 is each of them."""
        self._every = seconds * 1000
        self._due = ticks_ms()
        self._client.publish = self.publish if seconds > 1 else self._publish

    def publish(self, topic, payload, retain=False, qos=0):
        """As `firmware.mqtt.client.Client.publish`."""
        if isinstance(topic, bytes) and topic == self._topic:
            now = ticks_ms()
            late = ticks_diff(now, self._due)
            if late < 0:
                return True
            # In step with its times, unless it missed some of them.
            self._due = ticks_add(self._due if late < self._every else now, self._every)
        return self._publish(topic, payload, retain, qos)
