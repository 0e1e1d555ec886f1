"""`firmware.mqtt.commands`, `deeds` and `answering`, with a client that only notes."""

import asyncio
import json
import sys

sys.path.append("tests")

from fakes import Chip
from firmware import forms
from firmware.hal import ports
from firmware.mqtt import answering, commands, deeds, orders, pace

ALL = ", ".join(forms.COMMANDS)


class Client:
    """`firmware.mqtt.client.Client`, as far as commands see it."""

    def __init__(self):
        self._pipe = self
        self.oversize = 0
        self.connected = self.idle = True
        self.connects = 1
        self.sent = []
        self.retained = False

    def first(self, i):
        return 0x31 if self.retained else 0x30

    def subscribe(self, topic, function):
        self.topic = topic
        self.come = function

    def publish(self, topic, payload, retain=False, qos=0):
        if self.connected:
            self.sent.append((topic, payload))
        return self.connected


class Body:
    """An answer over HTTP: pieces, before some of which something happens."""

    def __init__(self, kind, *pieces):
        self.kind = kind
        self.pieces = list(pieces)
        self.closed = 0

    def __aiter__(self):
        return self

    async def __anext__(self):
        while self.pieces:
            piece = self.pieces.pop(0)
            if not isinstance(piece, str):
                piece = piece()
            if piece:
                return piece.encode()
            await asyncio.sleep(0)
        raise StopAsyncIteration

    async def aclose(self):
        self.closed += 1


class App:
    """`firmware.app.App`, the same way."""

    late = None

    def __init__(self, allowed=ALL, formats="native, homie"):
        self.config = {"mqtt_base": "mep", "mqtt_commands": allowed, "mqtt_formats": formats}
        self.config["board"] = "nesreader"
        self.mqtt = Client()
        self.supervisor = self
        self.weak = ""
        self.logged = []
        self.questions = []
        self.body = 503, "the meter is silent"
        self.guard = self
        self.well = 0

    def log(self, level, text):
        self.logged.append(text)

    def start(self, name, function, within_ms):
        assert name == "commands" and within_ms
        self.run = function

    def alive(self, name):
        return lambda: None

    def healthy(self):
        self.well += 1

    async def asked(self, question):
        assert question.method == "GET" and question.gone() is False
        self.questions.append((question.path, question.args))
        return self.body


def talk(app, steps):
    """Run the commands of ``app`` while ``steps(client)`` runs; gives them."""
    before = commands._LOOK_MS if hasattr(commands, "_LOOK_MS") else None
    if before:
        commands._LOOK_MS = 5
    found = commands.Commands(app)

    async def go():
        task = asyncio.create_task(app.run())
        try:
            await steps(app.mqtt)
        finally:
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                pass

    try:
        asyncio.run(go())
    finally:
        asyncio.new_event_loop()
        if before:
            commands._LOOK_MS = before
    return found


async def until(check):
    for _ in range(400):
        if check():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came")


async def replies(client, *given, many=1):
    """What is answered to these commands: ``many`` messages."""
    begin = len(client.sent)
    for one in given:
        client.come(client.topic, one if isinstance(one, bytes) else json.dumps(one).encode())
    await until(lambda: len(client.sent) >= begin + many)
    assert all(topic == "mep/reply" for topic, _ in client.sent[begin:])
    return [json.loads(text) for _, text in client.sent[begin:]]


def test_commands_are_answered_by_their_id():
    app = App()

    async def steps(client):
        assert client.topic == "mep/cmd"
        found = await replies(client, {"id": "a ü", "cmd": "identify"})
        assert found == [{"id": "a ü", "ok": True, "shown": "live page, log", "seconds": 60}]
        found = await replies(client, {"id": 3, "cmd": "read", "table": "BT23"})
        assert found == [{"id": 3, "ok": False, "error": "the meter is silent"}]
        found = await replies(client, b"what?")
        assert found[0]["id"] is None and found[0]["error"].startswith("write JSON")
        found = await replies(client, {"id": "x", "cmd": "restart"})
        assert found[0] == {
            "id": "x",
            "ok": False,
            "error": "this is a program on a computer: restart it there",
        }

    talk(app, steps)
    assert app.questions == [("/api/v1/tables/BT23", {})]
    assert "this module was asked to identify itself" in app.weak
    assert app.logged[0] == "MQTT command: identify" and app.weak in app.logged


def test_a_retained_command_is_not_done():
    app = App()

    async def steps(client):
        client.retained = True
        client.come(client.topic, b"")  # it was taken back
        found = await replies(client, {"id": "x", "cmd": "identify"})
        assert found[0]["id"] == "x" and "without retain" in found[0]["error"]
        client.retained = False
        assert (await replies(client, {"cmd": "identify"}))[0]["ok"]
        assert len(client.sent) == 2

    talk(app, steps)
    assert "a retained message is no command" in app.logged[0]
    assert app.logged[1] == "MQTT command: identify"


def test_one_at_a_time_too_many_and_too_long():
    app = App()
    gate = [None, None]
    body = Body("application/json", "{", lambda: gate[0], '"a":1}')

    async def steps(client):
        def wait():
            if gate[1] is None:
                body.pieces.insert(0, wait)
            return None

        body.pieces.insert(1, wait)
        app.body = 200, body
        read = {"id": "1", "cmd": "read", "table": "BT23"}
        client.come(client.topic, json.dumps(read).encode())
        await until(lambda: app.questions)
        found = await replies(client, dict(read, id="2"), {"id": "3", "cmd": "identify"}, many=2)
        assert [f["id"] for f in found] == ["2", "3"] and not any(f["ok"] for f in found)
        assert found[0]["error"].startswith("another question is under way")
        client.oversize = 1
        assert "more than 256 bytes" in (await replies(client))[0]["error"]
        found = await replies(client, *[dict(read, id=n) for n in range(6)], many=5)
        assert found[3]["id"] == 3 and "more than 4" in found[4]["error"]
        gate[1] = True
        found = await replies(client)
        assert found == [{"id": "1", "ok": True, "part": 1, "last": True, "a": 1}]
        assert len(app.questions) == 1 and body.closed == 1

    talk(app, steps)


def test_a_table_in_parts():
    app = App()
    rows = ['"v%d":{"value":%d,"unit":"%s"}' % (i, i, "x" * 60) for i in range(40)]
    head = '{"table":"BT23","number":23,"bytes":9,"values":{'

    async def steps(client):
        pieces = [rows[0]] + ["," + row for row in rows[1:]]
        app.body = 200, Body("application/json", head, *(pieces + ["}}"]))
        found = await replies(client, {"id": "t", "cmd": "read", "table": "BT23"}, many=6)
        assert [f["part"] for f in found] == [1, 2, 3, 4, 5, 6]
        assert [f["last"] for f in found] == [False] * 5 + [True]
        values = {}
        for f in found:
            assert f["id"] == "t" and f["ok"] and f["table"] == "BT23" and f["bytes"] == 9
            assert f["values"]
            values.update(f["values"])
        assert len(values) == 40 and values["v39"]["value"] == 39
        app.body = 200, Body("application/json", head, "}}")
        found = await replies(client, {"cmd": "read", "table": "BT23"})
        assert found[0]["values"] == {} and found[0]["last"]

    talk(app, steps)


def test_a_profile_in_parts():
    app = App()
    head = "time,status,energy [Wh],mbus [m3],text\r\n"
    one = '2026-11-19T00:15:00Z,,5,-0.25,"a ""b"", c"\r\n2026-11-19T00:30:00Z,7:skipped,6,,""\r\n'
    ask = {"id": "p", "cmd": "profile", "from": "2026-11-19"}

    async def steps(client):
        app.body = 200, Body("text/csv", head, one)
        found = await replies(client, ask, many=2)
        assert found[0]["columns"] == ["time", "status", "energy [Wh]", "mbus [m3]", "text"]
        assert found[1]["rows"] == [
            ["2026-11-19T00:15:00Z", "", 5, -0.25, 'a "b", c'],
            ["2026-11-19T00:30:00Z", "7:skipped", 6, None, ""],
        ]
        assert [f["last"] for f in found] == [False, True]
        app.body = 200, Body("text/csv", head, *([one] * 12))
        found = await replies(client, ask, many=6)
        assert [len(f["rows"]) for f in found] == [0, 5, 5, 5, 5, 4]
        app.body = 200, Body("text/csv", head, one, "# incomplete: the meter went\r\n")
        found = await replies(client, ask, many=3)
        assert len(found[1]["rows"]) == 2
        last = found[2]
        assert last.pop("error") == "incomplete: the meter went"
        assert last == {"id": "p", "ok": False, "part": 3, "last": True}

    talk(app, steps)


def test_a_broker_that_goes_and_comes_back_is_told():
    app = App()

    async def steps(client):
        def lose():
            client.connected = False
            return "2026-11-19T00:15:00Z,,5\r\n"

        body = Body("text/csv", "time,status,x\r\n", lose, "2026-11-19T00:30:00Z,,6\r\n")
        app.body = 200, body
        ask = {"id": "p", "cmd": "profile", "from": "2026-11-19"}
        assert (await replies(client, ask))[0]["part"] == 1
        await until(lambda: body.closed)
        client.connects = 2
        client.connected = True
        found = (await replies(client))[0]
        assert "was lost" in found.pop("error")
        assert found == {"id": "p", "ok": False, "part": 2, "last": True}

    talk(app, steps)


def test_an_error_of_the_code_is_an_answer():
    app = App()

    async def asked(question):
        raise KeyError("a fault")

    app.asked = asked

    async def steps(client):
        found = await replies(client, {"id": 1, "cmd": "read", "table": "BT23"})
        assert found == [
            {"id": 1, "ok": False, "error": "the module failed at it; its log says more"}
        ]
        assert (await replies(client, {"cmd": "identify"}))[0]["ok"]

    talk(app, steps)
    assert "KeyError" in app.logged[1]


def test_the_interval_of_the_readings():
    app = App()
    now = [0]
    before = pace.ticks_ms
    pace.ticks_ms = lambda: now[0]

    def sent(client, begin, end):
        times = []
        for now[0] in range(begin, end, 1100):
            count = len(client.sent)
            assert client.publish(b"mep/readings", b"{}")
            if len(client.sent) > count:
                times.append(now[0])
        return times

    async def steps(client):
        found = await replies(client, {"id": 1, "cmd": "interval", "seconds": 10})
        assert found == [{"id": 1, "ok": True, "seconds": 10, "until": "restart"}]
        times = sent(client, 0, 60000)
        assert len(times) == 6 and times[:3] == [0, 11000, 20900], times
        count = len(client.sent)
        assert client.publish(b"mep/meter", b"{}", True) and len(client.sent) == count + 1
        assert len(sent(client, 200000, 231000)) == 4  # no burst after a pause
        await replies(client, {"id": 1, "cmd": "interval", "seconds": 1})
        assert len(sent(client, 300000, 305500)) == 5

    try:
        talk(app, steps)
    finally:
        pace.ticks_ms = before


class Late:
    kept = 0

    def keep(self):
        self.kept += 1


def test_restart_and_identify_on_a_module():
    app = App()
    app.late = Late()
    resets = []
    with Chip():
        from firmware.hal import esp32

        restart = esp32.restart
        esp32.restart = lambda: resets.append(app.mqtt.sent[-1])
        kept = [m.CHIP for m in (ports, orders, deeds)]
        ports.CHIP = orders.CHIP = deeds.CHIP = True
        try:

            async def steps(client):
                found = await replies(client, {"id": 1, "cmd": "identify"})
                assert found[0]["shown"] == "live page, log, LED"
                # It goes before what is under way.
                found = await replies(client, {"id": "ha", "cmd": "restart"})
                assert found == [{"id": "ha", "ok": True, "restart": True}]
                assert not resets
                await until(lambda: resets)

            talk(app, steps)
        finally:
            esp32.restart = restart
            ports.CHIP, orders.CHIP, deeds.CHIP = kept
    assert app.well == 1 and app.late.kept == 1
    assert app.logged[-1] == "MQTT command: restart"


def test_lines_of_csv():
    assert list(answering.lines("a,b\r\n1,\r\n")) == [["a", "b"], ["1", None]]
    assert list(answering.lines('"a\r\n,",x\r\n,"""",\r\n')) == [
        ['"a\\r\\n,"', "x"],
        [None, '"\\""', None],
    ]
