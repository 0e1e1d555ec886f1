"""`mepctl events`, `outages`, `selfreads`, `quality`, `mbus`: on bytes by hand, as a dump of them.

The bytes are those of the machines' own tests, laid out by the guide's offsets.
"""

import csv
import io
import json

import pytest
from mepctlkit import KEY, Simulators, mepctl

import test_osgp_devices as devices
import test_osgp_events as events
import test_osgp_quality as quality
from machinekit import laid
from osgp.codec import table_name
from osgpkit import tables


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with Simulators(tmp_path_factory.mktemp("meter")) as start:
        yield start().url


def dumped(folder, has):
    """The port of a meter that ``has`` those tables (dict of number to bytes)."""
    entries = []
    for number in has:
        (folder / (table_name(number) + ".bin")).write_bytes(has[number])
        entries.append({"number": number, "status": "read"})
    (folder / "manifest.json").write_text(json.dumps({"tables": entries}))
    return "dump:%s" % folder


def run(*words, code=0, **options):
    done = mepctl(*words, **options)
    assert done.returncode == code, done
    assert KEY not in done.stdout + done.stderr
    assert code == 0 or done.stderr.count("\n") == 1
    return done


def as_json(*words, **options):
    return json.loads(run(*words, "--json", **options).stdout)


def test_registers_now_are_those_of_bt23(url):
    (read,) = as_json("selfreads", "--kind", "now", "--port", url)["reads"]
    own = as_json("read", "BT23", "--port", url)["values"]
    found = {v["name"]: v for v in read["values"] if v["tier"] == 0}
    assert found["energy_reverse"]["unit"] == "Wh"
    assert found["energy_reverse"]["value"] <= own["energy_reverse"]["value"]
    assert own["energy_reverse"]["value"] - found["energy_reverse"]["value"] < 20
    assert {v["tier"] for v in read["values"]} == {0, 1, 2, 3, 4}
    text = run("selfreads", "--kind", "now", "--csv", "--port", url).stdout
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == len(read["values"])
    assert rows[0]["name"] == read["values"][0]["name"] and rows[0]["captured"] == ""


def test_events(tmp_path):
    port = dumped(tmp_path, {**tables(), **events.all_tables()})
    found = as_json("events", "--port", port, key=None)["events"]
    assert [e["sequence"] for e in found] == list(range(0x20002, 0x1FFFB, -1))
    assert found[0]["name"] == "voltage_sag" and found[0]["detail"] == "L2 190 V"
    assert found[0]["time"] == "2024-03-28T16:20:41"
    newest = run("events", "--newest", 2, "--csv", "--port", port, key=None).stdout
    rows = list(csv.DictReader(io.StringIO(newest)))
    assert [row["sequence"] for row in rows] == [str(0x20002), str(0x20001)]
    assert "disconnect_changed" in run("events", "--port", port, key=None, COLUMNS="200").stdout
    lacks = run("events", "--port", dumped(tmp_path, tables()), key=None, code=5).stderr
    assert "BT71" in lacks


def test_outages(tmp_path):
    records = events.BEGAN + events.ENDED + bytes([24, 5, 1, 12, 0, 0]) + bytes(30)
    log = b"\x04\2\1\x10\0\0" + records
    port = dumped(tmp_path, {**tables(), 2084: events.ET36, 2129: log})
    found = as_json("outages", "--port", port, key=None)
    assert found["table"] == "ET81" and found["time"] == "local time"
    assert [o["seconds"] for o in found["outages"]] == [None, 62]
    assert "2024-03-01T00:01:00" in run("outages", "--port", port, key=None, COLUMNS="99").stdout


def test_quality(tmp_path):
    et09 = quality.et09(quality.GEN3)
    port = dumped(tmp_path, {**tables(), 2052: quality.ET04, 2057: et09})
    found = as_json("quality", "--port", port, key=None)
    values = {(v["name"], v["phase"]): v for v in found["values"]}
    assert values["sag1s", 1]["value"] == 3 and values["sag1s", 1]["time"] == quality.ISO
    assert values["min_frequency", 0] == {
        "name": "min_frequency",
        "phase": 0,
        "value": 49.87,
        "unit": "Hz",
        "time": quality.ISO,
    }
    assert found["settings"]["long_outage"] == {"value": 180, "unit": "s"}
    assert "min_frequency" in run("quality", "--port", port, key=None, COLUMNS="99").stdout


def test_devices_on_mbus(tmp_path):
    has = {**tables(), **devices.has()}
    has[2059] = devices.ET11
    port = dumped(tmp_path, has)
    text = run("mbus", "--json", "--port", port, key=None).stdout
    assert "secret" not in text
    water, heat, client = json.loads(text)["devices"]
    assert (water["device"], water["customer_id"]) == (1, "Water, cellar")
    assert water["reading"]["medium"] == "water" and len(water["reading"]["records"]) == 3
    volume = next(r for r in water["reading"]["records"] if r["name"] == "volume")
    assert volume["unit"] == "m3" and volume["value"] == volume["raw"] / 10 ** -volume["exponent"]
    assert heat["alarms"] and client["reading"]["data"] == b"data".hex()
    (one,) = as_json("mbus", "--device", 2, "--port", port, key=None)["devices"]
    assert one["handle"] == heat["handle"]
    rows = run("mbus", "--csv", "--port", port, key=None).stdout
    assert "volume" in rows and rows.startswith("device,read,name")
    shown = run("mbus", "--port", port, key=None, COLUMNS="150").stdout
    assert "M-Bus device 1" in shown and "Water, cellar" in shown and "MEP client" in shown


def test_info_tells_devices_and_what_is_the_matter(tmp_path):
    has = {**tables(), **devices.has()}
    has[2059] = devices.ET11
    has[0] = laid(30, {17: 9})
    has[3] = laid(14, {1: 0xFF})
    port = dumped(tmp_path, has)
    found = as_json("info", "--port", port, key=None)
    assert found["mbus"]["mbus_1"].startswith("water")
    assert found["clock"]["meter"] == "2004-02-16T15:59:55"
    assert found["status"]["alarms"]
    assert "water" in run("info", "--port", port, key=None).stdout


def test_numbers_and_options_are_checked(url):
    for command in ("events", "outages", "selfreads"):
        assert "above 0" in run(command, "--newest", 0, "--port", url, code=2).stderr
    assert "1 to 4" in run("mbus", "--device", 5, "--port", url, code=2).stderr
    assert "--device" in run("mbus", "--now", "--yes", "--port", url, code=2).stderr
    assert "not allowed" in run("events", "--csv", "--json", "--port", url, code=2).stderr
    wrong = mepctl("mbus", "--device", 1, "--now", "--port", url)
    assert wrong.returncode == 2 and "--yes" in wrong.stderr
