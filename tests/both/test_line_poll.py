import sys

from firmware.meter.link import Link
from firmware.meter.poller import Poller
from firmware.readings import Readings
from linekit import with_line
from mep.session import Session
from mepkit import KEY, data_reply


class Over(BaseException):
    pass


def _poll(rig, ms, answer):
    """Poll over the fake UART for ``ms``; ``answer(packet)`` gives a reply or b"" for none."""
    store = Readings(rig.time, 30)
    link = Link(Session(KEY, 1), rig.line.open_line, rig.log)
    poller = Poller(link, store, rig.log, False, rig.line)
    end = rig.time.now + ms
    sleep = rig.time.sleep_ms
    asked = []

    async def limited(n):
        await sleep(n)
        uart = sys.modules["machine"].UART.ports.get(2)
        if uart and uart.sent:
            packet = uart.sent.pop()[1]
            asked.append((rig.time.now, packet))
            uart.arrive(answer(packet))
        if rig.time.now >= end:
            raise Over()

    rig.time.sleep_ms = limited

    async def main():
        try:
            await poller.run()
        except Over:
            pass

    return main, asked, store, poller


def test_the_poller_climbs_and_comes_back():
    async def run(rig, line):
        main, asked, store, poller = _poll(rig, 100000, lambda packet: b"")
        began = rig.time.now
        await main()
        offs = [at for at, pin, state in rig.pins() if pin == 32 and state == 0]
        # Silence for 100 s: the supply was off for 5, 10 and 20 s, and goes off once more.
        assert 3 <= len(offs) <= 4 and offs[0] < 20000, offs
        assert len(asked) >= 20 and asked[-1][0] - began <= 100000
        assert "no reply from the meter" in store.reason

    with_line(run)


def test_the_poller_reads_in_pieces_where_long_replies_are_cut():
    async def run(rig, line):
        table = bytes(range(200))
        lengths = []

        def answer(packet):
            offset = packet[5] << 16 | packet[6] << 8 | packet[7]
            count = packet[8] << 8 | packet[9]
            lengths.append(count)
            return data_reply(packet, table[offset : offset + count])[:101]

        main, asked, store, poller = _poll(rig, 10**7, answer)
        del main
        values = []
        for _ in range(6):
            event = await poller._values(28, 3, 150)
            if event is None:
                assert store.reason
            else:
                values.append(bytes(event.buf[event.start : event.start + event.count]))
        # Four reads of four tries fail, then it is read in pieces: whole and in order.
        assert values == [table[3:153]] * 2
        assert lengths[:16] == [150] * 16 and lengths[16:] == [64, 64, 22] * 2

    with_line(run)
