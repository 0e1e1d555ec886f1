"""NES-MEP-Reader's format json: one object on the base topic itself, every 2 s."""

from . import METER, fixed, today
from .nesreader import ENERGIES, FACTORS, POWERS, clock, meter, module, values


def messages(store, about):
    """The one message."""
    now = store.now()
    head = module(about, "" if now is None else ',"t":%d' % (now - 1))
    data = meter(store) + values(store, POWERS + ";" + FACTORS + ";" + ENERGIES) + clock(store)
    days = []
    for key, value in zip(("d", "de"), today(store)):
        if value is not None:
            days.append('"%s":%s' % (key, fixed(value, "31")))
    text = '{%s,"data":{%s},"realtime":{%s}}' % (head, data, ",".join(days))
    yield about.base, text, False


EVERY = ((2, messages, METER),)
