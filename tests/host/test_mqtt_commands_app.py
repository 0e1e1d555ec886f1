"""Commands by MQTT through the whole application, a simulated meter and a real Mosquitto.

Of firmware.mqtt.commands, firmware.mqtt.answering and firmware.asked.raw.
"""

import csv
import json
import sys
import time

import paho.mqtt.client as paho
import pytest
from mepctlkit import KEY, Simulators, mepctl
from proofkit import report
from test_asked import Module

from tools.stage import stage

ALL = "read, interval, restart, identify, profile, raw"
DAY = {"cmd": "profile", "from": "2026-11-19", "to": "2026-11-20"}


class Asker:
    """paho at ``mosquitto``: publishes commands, keeps what comes as (time, topic, text)."""

    def __init__(self, mosquitto):
        self.came = []
        self._paho = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._paho.on_message = lambda c, u, m: self.came.append(
            (time.monotonic(), m.topic, m.payload, m.retain)
        )
        self._paho.on_connect = lambda c, *_: c.subscribe("mep/#")
        self._paho.connect(mosquitto.host, mosquitto.port)
        self._paho.loop_start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._paho.disconnect()
        self._paho.loop_stop()

    def times(self, topic):
        return [when for when, name, _, _ in self.came if name == topic]

    def replies(self):
        return [json.loads(text) for _, topic, text, _ in self.came if topic == "mep/reply"]

    def until(self, check, seconds=30):
        end = time.monotonic() + seconds
        while not check():
            assert time.monotonic() < end, self.replies()
            time.sleep(0.02)

    def say(self, payload, retain=False):
        if not isinstance(payload, (str, bytes)):
            payload = json.dumps(payload)
        self._paho.publish("mep/cmd", payload, retain=retain)

    def ask(self, tag, patience=30, **given):
        """All parts of the answer to a command."""
        self.say(dict(given, id=tag))

        def mine():
            return [r for r in self.replies() if r["id"] == tag]

        self.until(lambda: mine() and mine()[-1].get("last", True), patience)
        return mine()


@pytest.fixture
def meter(tmp_path):
    with Simulators(tmp_path) as start:
        yield start(False, "gen3", "--date", "2026-11-21T12:00Z")


def settings(mosquitto, **more):
    return dict({"mqtt_host": mosquitto.host, "mqtt_port": mosquitto.port, "fast": True}, **more)


def rows_of(parts):
    assert all(p["ok"] for p in parts), parts[-1]
    assert [p["part"] for p in parts] == list(range(1, len(parts) + 1))
    assert [p["last"] for p in parts] == [False] * (len(parts) - 1) + [True]
    return [row for part in parts for row in part["rows"]]


def values_of(parts):
    found = {}
    for part in parts:
        found.update(part["values"])
    return found


def test_what_is_answered(mosquitto, meter, tmp_path, free_port):
    with Asker(mosquitto) as asker:
        # Kept by the broker since before the module was there.
        asker.say({"id": "old", "cmd": "interval", "seconds": 3600}, retain=True)
        more = settings(mosquitto, mqtt_commands=ALL)
        with Module(tmp_path, meter.url, free_port, [sys.executable], **more) as module:
            asker.until(asker.replies)
            assert asker.replies()[0]["id"] == "old" and not asker.replies()[0]["ok"]
            assert "without retain" in asker.replies()[0]["error"]
            asker.say(b"", retain=True)
            table = values_of(asker.ask("1", cmd="read", table="BT21"))
            parts = asker.ask("2", cmd="read", table="ET50")
            clock = values_of(parts)
            raw = asker.ask("3", cmd="raw", request="30 0015 000A")[0]
            assert bytes.fromhex(raw["data"]) and raw["code"] == 0
            _refusals(asker)
            _one_at_a_time(asker)
            rows = rows_of(asker.ask("day", **DAY))
            columns = next(r for r in asker.replies() if r["id"] == "day")["columns"]
            _interval(asker)
            found = asker.ask("ha", cmd="identify")[0]
            assert found["shown"] == "live page, log"
            asker.until(lambda: "identify itself" in " ".join(module.status()["notes"]), 5)
            kept = [text for _, _, text, retained in asker.came if retained]
        # Nothing of ours is retained but what always was.
        assert not [text for text in kept if b'"ok"' in text]
        said = module.log.read_text()
        assert "Traceback" not in said and "a retained message is no command" in said
        assert KEY not in said + str(asker.came)
    theirs = json.loads(mepctl("read", "BT21", "--json", "--port", meter.url).stdout)
    assert table == theirs["values"] and clock
    _as_mepctl(meter, columns, rows)
    assert len(json.dumps(rows)) > 5000


def _refusals(asker):
    for n, (given, text) in enumerate(
        (
            ({"cmd": "restart"}, "this is a program on a computer"),
            ({"cmd": "raw", "request": "40 0007 0001 00 00"}, "nothing is written by MQTT"),
            ({"cmd": "raw", "request": "30 080D 0010"}, "ET13 holds keys"),
            ({"cmd": "raw", "request": "30 180D 0010"}, "holds keys"),
            ({"cmd": "raw", "request": "30 0807 0010"}, "the meter answers 0x0"),
            ({"cmd": "read", "table": "BT82"}, "did you mean"),
            ({"cmd": "profile", "from": "yesterday"}, "from: write a UTC time"),
            ({"cmd": "profile", "from": "2026-11-02", "to": "2026-11-01"}, "from is not before"),
        )
    ):
        found = asker.ask("no %d" % n, **given)
        assert len(found) == 1 and not found[0]["ok"] and text in found[0]["error"], found
    before = len(asker.replies())
    asker.say("x" * 1000)
    asker.until(lambda: len(asker.replies()) > before)
    assert "more than 256 bytes" in asker.replies()[-1]["error"]


def _one_at_a_time(asker):
    asker.say(dict(DAY, id="first"))
    asker.say({"id": "second", "cmd": "read", "table": "BT21"})
    asker.until(lambda: [r for r in asker.replies() if r["id"] == "second"])
    found = [r for r in asker.replies() if r["id"] == "second"]
    assert "another question is under way" in found[0]["error"]
    asker.until(lambda: asker.replies()[-1]["id"] == "first" and asker.replies()[-1]["last"])
    assert len(rows_of([r for r in asker.replies() if r["id"] == "first"])) == 96


def _interval(asker):
    found = asker.ask("i", cmd="interval", seconds=2)[0]
    assert found.get("seconds") == 2, found
    begin = time.monotonic()
    asker.until(lambda: len([t for t in asker.times("mep/readings") if t > begin]) >= 3)
    times = [t for t in asker.times("mep/readings") if t > begin]
    assert all(b - a > 1.5 for a, b in zip(times[1:], times[2:]))
    assert asker.ask("all", cmd="interval", seconds=1)[0]["ok"]


def _as_mepctl(meter, columns, rows):
    words = ["profile", "--set", "1", "--from", DAY["from"], "--to", DAY["to"]]
    found = mepctl(*words, "--csv", "--port", meter.url)
    assert found.returncode == 0, found.stderr
    theirs = list(csv.reader(found.stdout.splitlines()))
    assert theirs[0] == columns and len(theirs) == 97
    assert theirs[1:] == [["" if cell is None else str(cell) for cell in row] for row in rows]


@pytest.mark.timeout(300)
def test_in_the_heap_of_the_chip(micropython32, mosquitto, meter, tmp_path, free_port):
    tree = tmp_path / "tree"
    stage("x86", out=tree)
    more = settings(mosquitto, mqtt_commands=ALL, fast=False)
    for heap in ("128k", "192k"):  # a profile needs more than the first leaves
        words = [micropython32, "-X", "heapsize=" + heap]
        with Asker(mosquitto) as asker:
            with Module(tmp_path, meter.url, free_port, words, tree, **more) as module:
                asker.until(lambda: asker.times("mep/readings"))
                asker.ask("warm", cmd="identify")
                _in_heap(asker, heap)
                status = module.status()
            said = module.log.read_text()
        assert "MemoryError" not in said and "Traceback" not in said, said
        assert not any(status["restarts"].values()), status
        times = asker.times("mep/readings")
        gaps = [b - a for a, b in zip(times, times[1:])]
        report("%s: %.1f s between readings at most", heap, max(gaps))
        assert len(gaps) > 4 and max(gaps) < 2.5, sorted(gaps)[-3:]


def _in_heap(asker, heap):
    for n in range(2):
        found = asker.ask("r%d" % n, cmd="raw", request="3F 001C 000000 0030")
        assert len(bytes.fromhex(found[0]["data"])) == 48
        found = asker.ask("t%d" % n, cmd="read", table="BT23")
        assert found[0]["ok"], found
        day = asker.ask("p%d" % n, patience=120, **DAY)
        report("%s: profile in %d parts, %s", heap, len(day), json.dumps(day[-1]))
        if heap == "128k" and not day[0]["ok"]:
            # It fits, or it is refused with a reason.
            assert len(day) == 1 and "memory" in day[0]["error"]
        else:
            assert len(rows_of(day)) == 96
    begin = time.monotonic()
    asker.until(lambda: len([t for t in asker.times("mep/readings") if t > begin]) > 2)
