"""A serial device of a host (CPython), by pyserial: any of its URLs."""

import asyncio

import serial


class SerialPort:
    """See `firmware.hal.ports`. pyserial's own errors are OSErrors."""

    def __init__(self, device):
        self._device = device

    def readinto(self, buf):
        device = self._device
        waiting = device.in_waiting
        if not waiting:
            return 0
        got = device.read(min(waiting, len(buf)))
        buf[: len(got)] = got
        return len(got)

    def write(self, buf):
        self._device.write(bytes(buf))

    def set_rate(self, baud):
        """Go on at another rate. Raises OSError if the device cannot."""
        try:
            self._device.baudrate = baud
        except Exception as e:  # termios and pyserial's URL handlers raise what they like
            raise OSError(str(e))

    def close(self):
        device = self._device
        try:
            # Opening raises both: whoever wired ENABLE to one has it off while closed.
            device.rts = device.dtr = False
        except OSError:
            pass  # a pseudo-terminal has neither
        finally:
            device.close()


async def open_serial(url, baud):
    """Open ``url`` at ``baud``, 8N1, for this process alone. Raises OSError."""
    options = {"timeout": 0, "write_timeout": 1}
    if "://" not in url:
        options["exclusive"] = True  # two readers on one line would steal each other's bytes
    open_url = serial.serial_for_url
    try:
        # Some URLs connect to a network: not on the event loop.
        device = await asyncio.get_running_loop().run_in_executor(
            None, lambda: open_url(url, baud, **options)
        )
    except ValueError as e:
        raise OSError("port %s: %s" % (url, e))
    return SerialPort(device)
