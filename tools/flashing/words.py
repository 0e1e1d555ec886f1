"""What goes wrong with a port or a chip, in words that help."""

import sys

NO_BOOT = (
    "the chip does not answer the loader. Hold BOOT (IO0), press EN or RESET briefly, let go of "
    "BOOT, and run this again. On the dabbler board close J7, switch the module off and on, and "
    "open J7 afterwards"
)
CUT = "the connection to the module was cut; plug it in and run the same command again: it goes on"
BUSY = "another program has it open (a monitor, an IDE?): close that one first"


def ports():
    """``[(device, description)]`` of the serial ports that are there."""
    from serial.tools import list_ports

    found = [p for p in list_ports.comports() if p.vid is not None or sys.platform != "linux"]
    return sorted((p.device, p.description or "") for p in found)


def there(found=None):
    """The ports that are there, as the end of a sentence."""
    found = ports() if found is None else found
    if not found:
        return (
            "no serial port was found: is the cable plugged in, does it carry data (many only "
            "charge), is the adapter's driver installed?"
        )
    return "found: " + ", ".join("%s (%s)" % port for port in found)


def port_fault(port, text):
    """Why ``port`` could not be used, from the text of whatever error came."""
    low = text.lower()
    if "permission denied" in low or "errno 13" in low:
        return (
            "port %s: no permission; add yourself to the group dialout (`sudo usermod -aG dialout "
            "$USER`), log out and in again" % port
        )
    busy = ("exclusively lock", "resource busy", "access is denied", "temporarily unavailable")
    if any(word in low for word in busy + ("errno 16", "permissionerror(13")):
        return "port %s: %s" % (port, BUSY)
    missing = ("no such file", "errno 2]", "filenotfounderror", "cannot find the file")
    if any(word in low for word in missing):
        return "port %s: there is no such port; %s" % (port, there())
    return None


def chip_fault(port, text):
    """What esptool's output says went wrong, in one line."""
    why = port_fault(port, text)
    if why:
        return why
    low = text.lower()
    if "wrong boot mode" in low or "no serial data received" in low or "failed to connect" in low:
        return "port %s: %s" % (port, NO_BOOT)
    if "will not fit" in low:
        return "the image does not fit into this module's flash"
    if "could not open" in low:
        return "port %s: it is busy or not there; %s" % (port, there())
    cut = ("packet content transfer stopped", "timed out", "invalid head of packet", "errno 5]")
    if any(word in low for word in cut + ("device disconnected", "serialexception", "errno 6]")):
        return "port %s: %s" % (port, CUT)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()] or lines[-1:]
    return "esptool: " + (errors[0] if errors else "it ended without a word")
