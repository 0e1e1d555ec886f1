"""Payload formats: one module each, what it sends as pure functions of the store.

A module has ``EVERY``, a tuple of (seconds, function, of): ``function(store, about)`` iterates
over (topic, payload, retain); ``of`` is METER (sent only with new readings), CHANGES (the same, of
these only what changed), or MODULE (sent in any case). It may have ``hello(store, about)``, what
is sent after a connect and hourly, ``leave(about)``, what takes it back when the format is
switched off, ``will(about)``, (topic, text of the last will), and ``birth(about)``, the topic on
which who it is for says "online". ``about`` is a `firmware.mqtt.runner.About`. A value that is
not known is left out or null, never 0.
"""

from shim import const

METER = const(0)
CHANGES = const(1)
MODULE = const(2)

_FRESH_MS = const(60000)


def entries(spec):
    """Iterate over the lists of words of ``spec``: entries with ``;``, ``#`` is each of 1 2 3."""
    for entry in spec.split(";"):
        for n in "123" if "#" in entry else "1":
            yield entry.replace("#", n).split(" ")


def read(store, wanted):
    """dict of those of the names ``wanted`` that the meter has, to int or None.

    None is what was not read for a minute.
    """
    found = {}
    for i, name in enumerate(store.each_name()):
        if name in wanted:
            age = store.age_ms(i)
            found[name] = None if age is None or age > _FRESH_MS else store.value(i)
    return found


def fixed(value, form="00"):
    """``value`` as decimal text. ``form``: power of ten to divide it by, decimals to show."""
    shown = int(form[1])
    places = int(form[0])
    if shown > places:
        number = abs(value) * 10 ** (shown - places)
    else:
        step = 10 ** (places - shown)
        number = (abs(value) + step // 2) // step
    sign = "-" if value < 0 and number else ""
    if not shown:
        return sign + str(number)
    unit = 10**shown
    return "%s%d.%s" % (sign, number // unit, str(unit + number % unit)[1:])


def pieces(store, spec):
    """Iterate over (key, text) of the known values in ``spec``: ``key name form`` each.

    The values are taken at the first step, so they are of one moment.
    """
    found = read(store, [w[1] for w in entries(spec)])
    for w in entries(spec):
        value = found.get(w[1])
        if value is not None:
            yield w[0], fixed(value, w[2] if len(w) > 2 else "00")


def members(store, spec):
    """The known values in ``spec`` as members of a JSON object (str)."""
    return ",".join(['"%s":%s' % piece for piece in pieces(store, spec)])


def today(store):
    """Wh taken and given since midnight: two int or None."""
    days = store.days
    if days is None:
        return None, None
    counts = []
    for n in range(2):
        start = days[1][n + 2]
        value = None if start is None else store.value(days[2][n])
        counts.append(None if value is None or value < start else value - start)
    return counts
