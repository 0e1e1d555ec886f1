"""Procedures on a blocking line: drives `osgp.calls.Call`, and machines that call in between."""

import asyncio

from mep import events as ev
from osgp import procedures
from osgp.calls import Call
from osgp.port import Port
from . import work
from .common import DISTURBED, REFUSED, Refusal, Stop, failed


async def port_of(meter, dims):
    """The `osgp.port.Port` that this client is on."""
    port = Port(dims.version)
    await work.drive(meter, port)
    return port


async def execute(meter, procedure, parameters, dims, gate, tell=None):
    """The `Call` when it has ended; ``gate`` (`guard.Gate`) may hold it back by a Stop."""
    if not hasattr(meter, "link"):
        raise Stop(REFUSED, "a dump executes nothing; give --port of the meter itself")
    call = Call(procedure, parameters, await port_of(meter, dims), gate.ledger.psn)
    while not call.done:
        if call.wait_ms:
            await asyncio.sleep(call.wait_ms / 1000)
        write = call.next_write()
        if write:
            await _write(meter, call, gate, *write)
            gate.called(call.psn)
        else:
            await _read(meter, call, *call.next_read())
        if tell:
            tell(call)
    return call


async def _write(meter, call, gate, table, offset, data):
    gate(table, data)
    event = await meter.link.transact(table, 0, offset, data)
    if isinstance(event, ev.Response):
        call.written(table, event.repeated)
    elif isinstance(event, ev.Refused):
        code = event.code
        call.refused(table, code)
        if call.done:
            call.text = gate.explain(table, data, code)
    elif event.reason == ev.WRONG_KEY:
        raise failed(event.reason, meter.url)
    else:
        # Whether it arrived is not known: the answer tells.
        call.failed(table)


async def _read(meter, call, table, offset, count):
    try:
        data = await meter.request(table, count, offset)
    except Refusal as e:
        call.refused(table, e.reply)
    except Stop as e:
        if e.code != DISTURBED:
            raise
        call.failed(table)
    else:
        call.learn(table, data, 0, len(data))


async def drive(meter, machine, dims, gate):
    """Drive a machine that stops for a procedure (``call``), as `osgp.ondemand` does."""
    while True:
        if machine.call is not None:
            number, parameters = machine.call
            call = await execute(meter, procedures.find(number), parameters, dims, gate)
            if call.result is None:
                raise Stop(REFUSED, call.text)
            machine.called(call.result, call.data)
        step = machine.next_read()
        if step is None:
            if machine.call is None:
                return
            continue
        if machine.wait_ms:
            await asyncio.sleep(machine.wait_ms / 1000)
        table, offset, count = step
        try:
            data = await meter.request(table, count, offset)
        except Refusal as e:
            work.refuse(machine, e)
        else:
            machine.learn(table, data, 0, len(data))
