"""One read as somebody wrote it, for a command by MQTT; not over HTTP."""

from binascii import hexlify

from mep.codes import code_name
from mep.errors import LocalError
from osgp.codec import table_name
from shim import const
from .desk import Answer, Refusal, add, release

_SECONDS = const(60)
_NUMBER = const(0x0FFF)  # without the flag of a pending table


class _Read:
    # A machine that makes one read: ``code`` and ``data`` of its reply.

    def __init__(self, table, offset, count):
        self._next = table, offset, count
        self.code = self.data = None

    def next_read(self):
        return self._next

    def learn(self, table, buf, start, count):
        self._next = None
        self.code = 0
        self.data = bytes(buf[start : start + count])

    def refused(self, table, code):
        self._next = None
        self.code = code

    def absent(self, table):
        self.refused(table, None)


async def answer(app, req):
    """An `Answer`. Raises what `firmware.asked.desk.answer` explains."""
    table = req.args[0]
    _allowed(table)
    machine = _Read(*req.args)
    job = add(app, machine, _SECONDS)
    try:
        await job.wait()
    finally:
        release(app, job)
    if machine.data is None:
        why = "%s: the meter answers 0x%02X, %s"
        raise Refusal(404, why % (table_name(table), machine.code, code_name(machine.code)))
    return Answer(iter(('{"code":0,"data":"%s"}' % str(hexlify(machine.data), "ascii"),)))


def _allowed(table):
    # A part of a table cannot be masked: its secrets are not given at all.
    from osgp import secrets

    try:
        found = secrets.has_secrets(table & _NUMBER)
    except LocalError:
        found = False  # not declared, so what is in it is not known
    if found:
        raise Refusal(403, "%s holds keys: ask with read, which hides them" % table_name(table))
