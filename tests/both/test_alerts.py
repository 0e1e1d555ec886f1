"""Alerts: their flags (`osgp.alerts`, `firmware.meter.alerts`), delta data (`osgp.delta`)."""

import json

import test_poller as poll
from firmware import report
from firmware.meter import alerts as module
from firmware.meter import link as link_module
from mep.errors import TableError
from mepkit import KEY, TableMeter, i32s, reply
from osgp import delta
from osgp.alerts import Alerts, causes
from osgp.delta import Delta, parse

# From ET11: 6 devices, 66 bytes an entry of ET13; 10 delta data sources.
AT = 66 * 4 + 8


def _et11():
    return b"\x06\x42" + bytes(25) + b"\x0a" + bytes(12)


class AlertMeter(TableMeter):
    """Takes writes, sends its alert sequence at 1 Hz, not within 1 s of a packet (p. 17, 19).

    ``power``: function of time to W. ``forgets``: EP39 empties ET71. ``deaf``: EP39 is refused.
    ``storm``: an alert sequence every so many ms, whatever the flags say.
    """

    def __init__(self, time, tables):
        TableMeter.__init__(self, time, tables, KEY)
        tables[2059] = _et11()
        tables[2061] = bytearray(66 * 6)
        tables[2098] = bytearray(80)
        tables[2119] = bytearray((b"\xff\x00" + bytes(11)) * 10)
        tables[2107] = tables[8] = b""
        self.writes = []  # (time, table, offset, data)
        self.power = lambda now: 701
        self.forgets = self.deaf = False
        self.storm = 0
        self.sent = 0  # alert sequences
        self._heard = self._alerted = self._sampled = time.now

    @property
    def flags(self):
        return self.tables[2061][AT]

    @flags.setter
    def flags(self, value):
        self.tables[2061][AT] = value

    def write(self, packet):
        packet = bytes(packet)
        self._heard = self.time.now
        if packet[2] == 0x3F:
            self.sample()
            return TableMeter.write(self, packet)
        table = packet[3] << 8 | packet[4]
        offset = 0 if packet[2] == 0x40 else packet[6] << 8 | packet[7]
        data = packet[7:-12] if packet[2] == 0x40 else packet[10:-12]
        self.writes.append((self.time.now, table, offset, data))
        if table == 7:
            self._call(data)
        else:
            self.tables[table][offset : offset + len(data)] = data
        self._coming.append((self.time.now + 60, reply(packet, b"\x00")))

    def _call(self, data):
        assert data[:2] == b"\x27\x08" and 5 <= data[2] <= 9
        result = 2
        if data[3] == 12 and not self.deaf:
            result = 0
            self.flags &= ~0x10 & 0xFF
            if self.forgets:
                self.tables[2119][:] = (b"\xff\x00" + bytes(11)) * 10
        self.tables[2107 if self.tables[2098][30] & 2 else 8] = data[:3] + bytes([result])

    def sample(self):
        """Once a second: the watched source against its comparison value."""
        now = self.time.now
        self.tables[28] = i32s(self.power(now), 232591)
        if now - self._sampled < 1000 or not self.tables[2098][30] & 8:
            return
        self._sampled = now
        table = self.tables[2119]
        for at in range(0, 130, 13):
            source = table[at] | table[at + 1] << 8
            amount = table[at + 2] | table[at + 3] << 8
            if source != 8:
                table[at + 12] = 1 if source != 255 and source > 244 else 0
                continue
            value = self.power(now)
            before = int.from_bytes(bytes(table[at + 4 : at + 8]), "little")
            if amount and abs(value - before) >= amount:
                table[at + 4 : at + 8] = i32s(value)
                self.flags |= 0x10

    def readinto(self, buf):
        self.sample()
        now = self.time.now
        n = TableMeter.readinto(self, buf)
        quiet = now - self._heard >= 1000 and now - self._alerted >= 1000
        registered = self.tables[2098][30] & 1
        storm = self.storm and now - self._alerted >= self.storm
        if storm or (quiet and registered and self.flags):
            self._alerted = now
            self.sent += 1
            buf[n] = buf[n + 1] = 0
            n += 2
        return n


def _rig(watch=None, **kw):
    rig = poll.Rig()
    rig.gate = module.Gate()
    rig.meter = AlertMeter(rig.time, rig.meter.tables)
    for name in kw:
        setattr(rig.meter, name, kw[name])
    made = poll.Poller

    class Serving(made):
        def __init__(self, *args):
            made.__init__(self, *args)
            rig.poller = self
            if watch is not None:
                self.server = module.Server(watch, rig.gate)

    def run(ms, during=None):
        clock = module.clock
        module.clock = rig.time
        poll.Poller = Serving
        try:
            poll.Rig.run(rig, ms, during)
        finally:
            poll.Poller = made
            module.clock = clock

    rig.go = run
    return rig


def _gaps(rig, since=0):
    times = [t for t, table in rig.commits if table == 28 and t >= since]
    return [b - a for a, b in zip(times, times[1:])]


def _fails(f, *args):
    try:
        f(*args)
    except TableError as e:
        return str(e)
    raise AssertionError("no TableError")


def test_flags_and_names():
    machine = Alerts()
    assert machine.next_read() == (2059, 0, 2)
    machine.learn(2059, b"\x00\x06\x42", 1, 2)
    assert machine.next_read() == (2061, AT, 1) and machine.flags is None
    machine.learn(2061, b"\x19", 0, 1)
    assert machine.next_read() is None and machine.flags == 0x19
    assert causes(0x1B) == ["scheduled_read", "on_demand_request", "mbus_change", "delta_data"]
    assert causes(0x84) == ["bit_2", "bit_7"] and causes(0) == []
    assert Alerts(at=70).next_read() == (2061, 70, 1)
    second = Alerts(entry=5)
    second.learn(2059, b"\x06\x42", 0, 2)
    assert second.next_read() == (2061, AT + 66, 1)


def test_the_second_client_of_a_gen_4_meter_reads_its_own_entry():
    for channel, at in ((1, AT), (2, AT + 66)):
        rig = _rig(storm=1000)
        tables = rig.meter.tables
        tables[1] = tables[1][:12] + b"\x00\x00\x40\x86"
        tables[2118] = bytes(142) + bytes([channel]) + bytes(9)
        tables[2102] = b"\x00\x01" + bytes(80)
        rig.meter.tables[2061][at] = 2
        rig.go(20000)
        assert rig.store.meter["firmware"][0] == "4"
        assert rig.store.alerts["now"] == ["on_demand_request"], channel


def test_meters_that_do_not_tell():
    for table in (2059, 2061):
        machine = Alerts()
        if table == 2061:
            machine.learn(2059, b"\x06\x42", 0, 2)
        machine.absent(table)
        assert machine.next_read() is None and machine.flags is None
        machine.refused(table, 3)
    machine = Alerts()
    machine.learn(2059, b"\x04\x42", 0, 2)
    assert machine.next_read() is None
    assert "ET11" in _fails(Alerts().learn, 2059, b"\x06", 0, 1)
    assert "ET13" in _fails(Alerts(at=9).learn, 2061, b"", 0, 0)


def test_by_default_the_cause_is_told_and_nothing_written():
    rig = _rig()
    rig.meter.tables[2098][30] = 1

    def during(rig, elapsed):
        rig.meter.flags = 0x09 if elapsed > 10000 else 0

    rig.go(200000, during)
    assert rig.meter.writes == [] and rig.meter.sent > 20
    told = rig.store.alerts
    assert told["now"] == ["scheduled_read", "mbus_change"]
    assert told["seen"] == {"scheduled_read": 1, "mbus_change": 1}
    assert rig.lines.count("the meter alerts: mbus_change") == 1
    # The dimensions once, the flags once a minute.
    tables = [r[1] for r in rig.meter.reads]
    assert (
        tables.count(2061) in (3, 4) and [r[1:] for r in rig.meter.reads].count((2059, 0, 2)) == 1
    )
    text = json.loads("".join(report.readings(rig.store)))
    assert text["alerts"]["now"] == told["now"]
    assert max(_gaps(rig)) < 2000


def test_what_is_gone_is_told_as_gone_though_no_alert_says_so():
    rig = _rig()
    rig.meter.tables[2098][30] = 1
    told = []

    def during(rig, elapsed):
        # Served right after the module looked: no alert comes any more.
        if rig.store.alerts and rig.store.alerts["now"] and not told:
            told.append(rig.store.alerts["now"])
        rig.meter.flags = 8 if elapsed > 10000 and not told else 0

    rig.go(120000, during)
    assert told == [["mbus_change"]] and rig.store.alerts["now"] == []
    assert rig.store.alerts["seen"] == {"mbus_change": 1}
    assert [r[1] for r in rig.meter.reads].count(2061) == 2  # and none after that


def test_without_an_alert_nothing_is_read_for_it():
    rig = _rig()
    rig.go(30000)
    assert not [r for r in rig.meter.reads if r[1] == 2061] and rig.store.alerts is None
    assert json.loads("".join(report.readings(rig.store)))["alerts"] is None


def test_storms_do_not_slow_the_values():
    for watch in (None, "8:100"):
        # Closer than 150 ms they are noise to the link, not alerts.
        for every in (170, 300, 530, 1000):
            rig = _rig(watch, storm=every)
            rig.meter.tables[2098][30] = 1
            rig.meter.flags = 0x1B
            rig.meter.power = lambda now: 701 + now // 100 % 7 * 300
            rig.go(60000)
            gaps = _gaps(rig)
            assert max(gaps) < 2000, (watch, every, max(gaps))
            assert len(rig.meter.reads) + len(rig.meter.writes) < 60 * 6
            assert watch or rig.meter.writes == []


def test_a_power_step_is_seen_within_1500_ms():
    worst = 0
    for after in range(20000, 22300, 130):
        rig = _rig("8:100, 9:100")
        begin = rig.time.now
        rig.meter.power = lambda now, t=begin + after: 701 if now < t else 2701
        seen = []

        def during(rig, elapsed, seen=seen):
            if rig.store.snapshot and not seen and rig.value("power_forward") == 2701:
                seen.append(elapsed)

        rig.go(26000, during)
        worst = max(worst, seen[0] - after)
        # Registered once, ET71 set once, the first value and the step acknowledged.
        kinds = [w[1] for w in rig.meter.writes]
        assert kinds.count(2098) == 1 and kinds.count(2119) == 2 and kinds.count(7) in (1, 2)
        assert rig.meter.flags == 0 and rig.poller.server.delta.ready
    assert 500 < worst <= 1500, worst


def test_an_alert_ends_the_pause_between_reads():
    # A meter read only every 5 s would still show the step in time.
    rig = _rig("8:100")
    period = poll.module._PERIOD_MS if hasattr(poll.module, "_PERIOD_MS") else None
    begin = rig.time.now
    rig.meter.power = lambda now: 701 if now < begin + 30500 else 2701
    seen = []

    def during(rig, elapsed):
        rig.poller._period = 5000
        if rig.store.snapshot and not seen and rig.value("power_forward") == 2701:
            seen.append(elapsed)

    rig.go(40000, during)
    assert period != 5000 and seen[0] - 30500 <= 2100, seen


def test_what_the_meter_forgets_is_written_again():
    rig = _rig("8:100", forgets=True)
    rig.meter.power = lambda now: 701 + now // 5000 % 2 * 500
    rig.go(60000)
    entries = [w for w in rig.meter.writes if w[1] == 2119]
    assert len(entries) > 5 and rig.meter.tables[2119][:4] == b"\x08\x00\x64\x00"


def test_a_refused_ep39_is_told_once_and_left_alone_for_long():
    rig = _rig("8:100", deaf=True)
    rig.meter.power = lambda now: 701 + now // 3000 % 2 * 500
    rig.go(120000)
    assert len([w for w in rig.meter.writes if w[1] == 7]) == 1
    assert len([line for line in rig.lines if "result 2" in line]) == 1
    assert max(_gaps(rig)) < 2000


def test_meters_without_delta_data_or_with_an_unknown_source():
    rig = _rig("8:100")
    rig.meter.tables[2059] = _et11()[:20]
    rig.go(20000)
    assert rig.meter.writes == [] and [1 for line in rig.lines if "no delta data" in line]
    rig = _rig("8:100, 250:5")
    rig.meter.power = lambda now: 701 + now // 3000 % 2 * 500
    rig.go(20000)
    assert [1 for line in rig.lines if "unknown to this meter: 250" in line]


def test_the_gate_is_asked_for_every_write():
    rig = _rig("8:100")
    asked = []

    def deny(table, data, version):
        asked.append((table, version))
        return "not today"

    rig.meter.storm = 1000
    rig.meter.flags = 0x10
    rig.gate = deny
    rig.go(30000)
    assert (
        asked[0] == (2098, (3, 84))
        and rig.meter.writes == []
        and [1 for text in rig.lines if "not today" in text]
    )
    gate = module.Gate()
    for _ in range(2):
        assert gate(2098, b"\x0b", (3, 84)) == "" == gate(2119, b"\x08\x00\x64\x00", (3, 84))
        assert gate(7, b"\x27\x08\x09\x0c\x01\x00\x00", (4, 30)) == ""
        assert "3.40" in gate(2119, b"\x08", (3, 30))
        assert "3.40" in gate(7, b"\x27\x08\x05\x0c\x01\x00\x00", None)
        assert gate(7, b"\x11\x08\x05\x01\x00\x00", (3, 84)) and gate(3, b"\x01", (3, 84))


def test_machine_and_words():
    assert parse("8:100, 9:50") == [(8, 100), (9, 50)] and parse("") == []
    machine = Delta([(8, 100)])
    assert machine.next_read() is None and machine.next_write() is None
    machine.set_up()
    assert machine.next_read() == (2059, 27, 1)
    machine.refused(2059, 3)
    assert "0x03" in machine.why and not machine.lost
    assert machine.next_read() is None and not machine.ready
    machine.set_up((3, 84))
    machine.learn(2059, b"\x0a", 0, 1)
    assert machine.next_read() == (2098, 30, 1)  # before 4.0 there is one client only
    machine.learn(2098, b"\x0b", 0, 1)
    machine.failed(2119)
    assert machine.lost and "no reply" in machine.why
    machine.seen()
    for psn in (5, 6):
        assert machine.next_write() == (7, None, b"\x27\x08" + bytes([psn]) + delta._SEEN)
        machine.refused(7, 4)
    assert "EP39" in machine.why and machine.next_write() is None
    assert link_module.Link.idle


def test_switches_of_the_configuration():
    from test_app_tells import _app

    app = _app()
    assert app.poller.server is None and app.link.session._cipher is None
    app = _app(alerts_serve=True, alerts_watch="8:50", rc4=True)
    assert app.poller.server.delta._watch == [(8, 50)] and app.link.session._cipher is not None
    assert app.poller.server._allow(2098, b"\x0b", (3, 84)) == ""
