"""What the poller says of replies that bring no values; loaded for that and dropped after it."""

from mep.codes import code_name
from mep.events import SILENT, WRONG_KEY, Failed, Response
from osgp.codec import table_name

_WHY = {
    SILENT: "no reply from the meter: check the plug on the MEP port, that ENABLE is on "
    "(the display shows an M), and that nobody uses the optical eye",
    WRONG_KEY: "the meter refuses the key (0x0B every time): check the MEP key and rc4",
}


def why(reason):
    """Why there was no reply, for the owner; ``reason`` of a `mep.events.Failed`."""
    return _WHY.get(reason) or (
        "the line is disturbed (%s): check the wiring and ENABLE (8..9 V at the meter)" % reason
    )


def refusal(name, event):
    """What the `mep.events.Refused` ``event`` to a read of table ``name`` means."""
    return "%s: the meter answers 0x%02X, %s, to this key" % (
        name,
        event.code,
        code_name(event.code),
    )


def odd(table, event, count):
    """What is wrong with ``event``, the answer to a read of ``count`` bytes of ``table``."""
    if isinstance(event, Failed):
        return why(event.reason)
    if isinstance(event, Response):
        return "%s: %d of %d bytes came" % (table_name(table), event.count, count)
    return refusal(table_name(table), event)
