"""The examples of docs/integrations name only what the application publishes, in its units.

What a real Node-RED and a real FHEM make of them: tests/host/test_proof_nodered.py and
tests/host/test_proof_fhem.py.
"""

import json
import queue
import re
import shutil
import subprocess
import time

import pytest
import tomllib
from mepctlkit import Process, Simulators, readings
from mqttkit import Subscriber

from conftest import Mosquitto, program, unused_port
from firmware import config
from firmware.records import Ring
from tools.paths import ROOT

DOCS = ROOT / "docs" / "integrations"
BASE = "mep/house"
# Units that examples show by the thousand.
THOUSANDTHS = ("Wh", "varh", "VAh", "mV", "mA", "mHz", "1/1000")
GO_TIME = "2006-01-02T15:04:05Z07:00"  # Go's way to write our form of time
PERL = r"""
use strict; use warnings; use JSON::PP;
my $given = decode_json(do { local $/; <STDIN> });
my @found;
foreach my $m (@{$given->{messages}}) {
  my ($TOPIC, $EVENT) = @$m;
  foreach my $i (0 .. $#{$given->{lines}}) {
    my ($re, $code) = @{$given->{lines}[$i]};
    next if ("$TOPIC:$EVENT" !~ m/^$re$/s);
    my $value = $code =~ m/json2nameValue|^\w+$/ ? undef : eval $code;
    die $@ if $@;
    push @found, [$TOPIC, $i, $value];
  }
}
print encode_json(\@found);
"""
NODE = """
const given = JSON.parse(require("fs").readFileSync(0));
const kept = {}, flow = {get: k => kept[k], set: (k, v) => { kept[k] = v; }};
const node = {status: () => {}};
const out = given.messages.map(([code, topic, payload]) =>
  new Function("msg", "flow", "node", code)({topic, payload, req: {query: {}}}, flow, node));
console.log(JSON.stringify({out, kept}));
"""


class Published:
    """What the application has published under `BASE`; ``readings``, ``units``: by name."""

    def __init__(self, subscriber):
        self.topics = {}
        self.readings = {}
        self.first_status = None
        end = time.monotonic() + 30
        while not self._whole() and time.monotonic() < end:
            try:
                _, topic, payload, _ = subscriber.messages.get(timeout=0.2)
            except queue.Empty:
                continue
            if topic.endswith("/readings"):
                self._fill(json.loads(payload))
            if topic.endswith("/status") and not self.first_status:
                self.first_status = payload.decode()
            self.topics[topic] = payload.decode()
        assert self._whole(), sorted(self.topics)
        ring = Ring(1)
        ring.put(1774000020, 115921469, 6418207, -1250)
        self.topics[BASE + "/late"] = ring.text(0)

    def _fill(self, document):
        # A snapshot names all values; what its tables do not have now is null.
        for name, value in document["values"].items():
            if value is not None or name not in self.readings:
                self.readings[name] = value

    def _whole(self):
        wanted = [BASE + "/" + name for name in ("readings", "status", "today", "alerts")]
        return (
            all(topic in self.topics for topic in wanted)
            and len(self.live()) > 8
            and self.readings.get("energy_forward") is not None
            and self.topics[BASE + "/status"] == "online"
        )

    def live(self):
        """The flat topics that were seen, ``{name: text}``."""
        start = BASE + "/values/"
        return {t[len(start) :]: p for t, p in self.topics.items() if t.startswith(start)}

    def text(self, topic):
        """The payload of ``topic``; of a flat topic that is not due yet, its value."""
        start, _, name = topic.rpartition("/values/")
        if start == BASE and name in self.readings and self.readings[name] is not None:
            return str(self.readings[name])
        return self.topics[topic]

    def matching(self, pattern):
        """Those of the topics that the MQTT filter ``pattern`` takes."""
        form = re.compile(re.escape(pattern).replace(r"\+", "[^/]+").replace(r"\#", ".*"))
        return [topic for topic in self.topics if form.fullmatch(topic)]


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """One run of the application at a Gen 4 meter, as `Published`."""
    folder = tmp_path_factory.mktemp("app")
    broker = Mosquitto(program("mosquitto"), folder)
    broker.start()
    try:
        settings = {"mqtt_host": "127.0.0.1", "mqtt_port": broker.port, "mqtt_base": BASE}
        (folder / "config.json").write_text(json.dumps(settings))
        with Simulators(folder) as simulator, Subscriber(broker.port) as subscriber:
            port = simulator(False, "gen4").url
            http = unused_port()
            words = ["--port", port, "--config", folder / "config.json"]
            words += ["--http", "127.0.0.1:%d" % http]
            run = Process(folder, "run", "-m", "tools.mepctl", "run", *words)
            try:
                found = Published(subscriber)
                found.units = {n: v["unit"] for n, v in readings(http)["values"].items()}
                yield found
            finally:
                run.stop()
    finally:
        broker.stop()


def blocks(page, language):
    """The code blocks of ``page`` in ``language``."""
    return re.findall(r"^```%s\n(.*?)^```" % language, page.read_text(), re.S | re.M)


def walk(document, path):
    """What the JSON ``document`` has at ``path``, as ``$.today.energy_forward``."""
    for key in path.replace("$.", "").split("."):
        assert key in document, path
        document = document[key]
    return document


def test_openhab_names_what_is_published(published):
    things = (DOCS / "openhab" / "mep.things").read_text()
    channels = re.findall(r"Type (\w+) : (\w+) .*\[ (.*) \]", things)
    assert len(channels) == things.count("stateTopic=") > 10
    for kind, name, settings in channels:
        found = dict(re.findall(r'(\w+)="([^"]*)"', settings))
        text = published.text(found["stateTopic"])
        if "transformationPattern" in found:
            how, path = found["transformationPattern"].split(":")
            assert how == "JSONPATH"
            value = walk(json.loads(text), path)
            assert value is None or isinstance(value, int)
            assert found["unit"] == published.units[path.split(".")[-1]]
        elif kind == "number":
            assert re.fullmatch("-?[0-9]+", text)
            assert found["unit"] == published.units[found["stateTopic"].split("/")[-1]]
        elif kind == "switch":
            assert text in (found["on"], found["off"])
    (words,) = re.findall(r"Thing topic meter .*\[ (.*) \]", things)
    found = dict(re.findall(r'(\w+)="([^"]*)"', words))
    assert published.topics[found["availabilityTopic"]] == found["payloadAvailable"]
    assert published.first_status == found["payloadNotAvailable"]
    items = (DOCS / "openhab" / "mep.items").read_text()
    linked = re.findall(r'channel="mqtt:topic:home:meter:(\w+)"', items)
    assert sorted(linked) == sorted(name for _, name, _ in channels)


def fhem_lines():
    """[regular expression, code] of the definitions, the topic put in."""
    text = (DOCS / "fhem" / "meter.cfg").read_text()
    topic = re.search("devicetopic (.*)", text)[1]
    body = re.search(r"readingList (.*?[^\\])\n", text, re.S)[1].replace("\\\n", "\n")
    lines = [line.strip().replace("$DEVICETOPIC", topic) for line in body.split("\n")]
    return [line.replace(";;", ";").split(" ", 1) for line in lines if line]


def test_fhem_takes_each_message_once_and_in_units(published):
    names = [n for n, value in published.readings.items() if value is not None]
    messages = [["%s/values/%s" % (BASE, n), str(published.readings[n])] for n in names]
    messages.append(["%s/values/gone" % BASE, ""])
    others = [t for t in published.topics if "/values/" not in t]
    messages += [[t, published.topics[t]] for t in others]
    given = json.dumps({"lines": fhem_lines(), "messages": messages})
    done = subprocess.run(
        [program("perl"), "-e", PERL], input=given, stdout=subprocess.PIPE, text=True, check=True
    )
    found = json.loads(done.stdout)
    assert {line for _, line, _ in found} == set(range(len(fhem_lines())))
    taken = [topic for topic, _, _ in found]
    assert len(taken) == len(set(taken))
    wanted = ["%s/values/%s" % (BASE, n) for n in names]
    wanted += [BASE + "/" + n for n in ("status", "today", "alerts", "late")]
    assert sorted(taken) == sorted(wanted)
    for topic, line, value in found:
        if line == 0:
            ((name, shown),) = value.items()
            unit = published.units[name]
            factor = 1000 if float(shown) != published.readings[name] else 1
            assert float(shown) * factor == pytest.approx(published.readings[name])
            assert factor == 1 or unit in THOUSANDTHS
            assert factor == 1000 or unit not in THOUSANDTHS[:6] or not published.readings[name]


def test_fhem_template_is_the_definitions():
    template = (DOCS / "fhem" / "mep.template").read_text()
    body = template[template.index("attr DEVICE ") :]
    plain = (DOCS / "fhem" / "meter.cfg").read_text().replace(";;", ";")
    plain = plain[plain.index("attr meter autocreate") :]
    assert body == plain.replace("attr meter ", "attr DEVICE ").replace(
        "$DEVICETOPIC/", "MQTTBASE/"
    )


def flow():
    return {node["id"]: node for node in json.loads((DOCS / "nodered" / "flow.json").read_text())}


def test_node_red_flow_is_wired_to_what_is_published(published):
    nodes = flow()
    wanted = {"readings", "status", "today", "late"}
    taken = set()
    for node in nodes.values():
        for wires in node.get("wires", ()):
            assert all(nodes[to]["z"] == node["z"] for to in wires)
        if node["type"] == "mqtt in":
            assert nodes[node["broker"]]["type"] == "mqtt-broker"
            (topic,) = published.matching(node["topic"])
            taken.add(topic.split("/")[-1])
            if node["datatype"] == "json":
                json.loads(published.topics[topic])
    assert taken == wanted


def test_node_red_functions_give_values(published):
    if not shutil.which("node"):
        return  # the proof runs them in Node-RED itself
    nodes = flow()
    run = []
    for node in nodes.values():
        if node["type"] == "mqtt in":
            (topic,) = published.matching(node["topic"])
            text = published.topics[topic]
            payload = json.loads(text) if node["datatype"] == "json" else text
            if topic.endswith("/readings"):
                payload["values"] = published.readings
            run.append([nodes[node["wires"][0][0]]["func"], topic, payload])
    run.append(run[-1])  # the retained buffered minute once more
    done = subprocess.run(
        ["node", "-e", NODE],
        input=json.dumps({"messages": run}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    house = found["kept"]["meters"]["house"]
    assert house["online"] is True and "today_energy_forward" in house
    for name, value in house.items():
        if name in published.readings:
            factor = 1000 if published.units[name] in THOUSANDTHS else 1
            assert value * factor == pytest.approx(published.readings[name])
    assert {"energy_forward", "energy_reverse", "power_forward", "voltage_l3"} <= set(house)
    assert found["out"][-1] is None
    (late,) = found["kept"]["late"]["house"]
    assert late["power"] == -1250 and late["time"] == "2026-03-20T09:47:00Z"


def telegraf():
    return tomllib.loads((DOCS / "telegraf" / "mep.conf").read_text())


def test_telegraf_takes_what_is_published(published):
    for consumer in telegraf()["inputs"]["mqtt_consumer"]:
        (pattern,) = consumer["topics"]
        (topic,) = published.matching(pattern)
        (parsing,) = consumer["topic_parsing"]
        assert parsing["topic"] == pattern
        # Telegraf refuses lengths that are not the topic's.
        tags = parsing["tags"].split("/")
        assert len(tags) == len(topic.split("/"))
        assert dict(zip(tags, topic.split("/")))["module"] == "house"
        (parser,) = consumer["json_v2"]
        document = json.loads(published.topics[topic])
        (given,) = parser["object"]
        assert all(
            value is None or isinstance(value, int)
            for value in walk(document, given["path"]).values()
        )
        if "timestamp_path" in parser:
            assert parser["timestamp_format"] == GO_TIME
            moment = walk(document, parser["timestamp_path"])
            assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment)
    outputs = telegraf()["outputs"]
    assert list(outputs) == ["influxdb_v2"]
    text = (DOCS / "telegraf" / "mep.conf").read_text()
    rest = text[text.index("# [[outputs.postgresql]]") :]
    other = tomllib.loads("\n".join(line[2:] for line in rest.splitlines()))
    assert list(other["outputs"]) == ["postgresql"]


def measurements(published):
    """``{measurement: its fields}`` that the configuration of Telegraf makes."""
    found = {}
    for consumer in telegraf()["inputs"]["mqtt_consumer"]:
        (topic,) = published.matching(consumer["topics"][0])
        (parser,) = consumer["json_v2"]
        document = json.loads(published.topics[topic])
        values = walk(document, parser["object"][0]["path"])
        found[parser["measurement_name"]] = set(values)
    return found


@pytest.mark.parametrize("kind", ["influxdb", "timescaledb"])
def test_grafana_asks_for_what_telegraf_writes(published, kind):
    dashboard = json.loads((DOCS / "grafana" / (kind + ".json")).read_text())
    made = measurements(published)
    bucket = telegraf()["outputs"]["influxdb_v2"][0]["bucket"]
    (variable,) = dashboard["templating"]["list"]
    assert variable["name"] == "module"
    queries = [t for panel in dashboard["panels"] for t in panel["targets"]]
    assert len(queries) == 8
    for target in queries:
        text = target["query"] if kind == "influxdb" else target["rawSql"]
        if kind == "influxdb":
            assert 'bucket: "%s"' % bucket in text and 'r.module == "${module}"' in text
            tables = re.findall(r'_measurement == "(\w+)"', text) or list(made)
            fields = re.findall(r'_field == "(\w+)"', text)
        else:
            assert "module = '$module'" in text and '$__timeFilter("time")' in text
            tables = re.findall(r"FROM (\w+)", text)
            fields = re.findall(r"(?:avg|max|min)\((\w+)\)", text)
        assert fields
        for table in tables:
            assert set(fields) <= made[table], (table, fields)
    scaled = {"kwatth": "Wh", "amp": "mA", "volt": "mV", "hertz": "mHz", "watt": "W"}
    for panel in dashboard["panels"]:
        unit = scaled[panel["fieldConfig"]["defaults"]["unit"]]
        for target in panel["targets"]:
            text = target.get("query") or target["rawSql"]
            assert ("/ 1000" in text) == (unit in THOUSANDTHS)
            for name in set(re.findall(r"\w+", text)) & set(published.units):
                assert published.units[name] == unit, (panel["title"], name)


PAGES = sorted(DOCS.glob("*.md"))


@pytest.mark.parametrize("page", PAGES, ids=[page.name for page in PAGES])
def test_links_and_settings_of_the_pages_hold(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        assert "://" in target or (DOCS / target).exists(), target
    for block in blocks(page, "json"):
        if '"mqtt_' in block:
            config.validate(json.loads(block), complete=False)


def test_each_example_is_on_a_page():
    texts = "".join(page.read_text() for page in PAGES)
    for path in DOCS.rglob("*"):
        if path.is_file() and path.suffix != ".md":
            assert "(%s)" % path.relative_to(DOCS) in texts, path
