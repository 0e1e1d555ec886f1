"""`mepctl tables`, `info`, `clock`, `raw`, `watch`, `decode` against the simulated meter."""

import json
import time

import pytest
from mepctlkit import KEY, Simulators, mepctl

from osgp.names import known_names
from tools.mepsim.live import House
from tools.mepsim.models import MODELS
from tools.mepsim.tables import Tables

GEN3 = Tables(MODELS["gen3"], House("sunny", 1, 4), int(time.time()))


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    """One meter for all tests here; a client at a time, as on a wire."""
    with Simulators(tmp_path_factory.mktemp("meter")) as start:
        yield start().url


def run(*words, code=0, **options):
    done = mepctl(*words, **options)
    assert done.returncode == code, done
    assert KEY not in done.stdout + done.stderr
    return done


def as_json(*words, **options):
    return json.loads(run(*words, "--json", **options).stdout)


def test_tables_lists_all_that_the_guides_name():
    found = as_json("tables", key=None)
    assert [d["table"] for d in found] == known_names()
    by_name = {d["table"]: d for d in found}
    assert by_name["ET13"]["mbk"] == "r" and by_name["ET13"]["mak"] == "rw"
    assert by_name["BT28"]["generations"] == [2, 3, 4]
    assert by_name["ET98"]["generations"] == [4] and by_name["ET98"]["since"] == "4.20"
    assert "Present Register Data" in run("tables", key=None, COLUMNS="200").stdout


def test_the_fields_of_a_table():
    (found,) = as_json("tables", "bt52", key=None)
    fields = {f["name"]: f for f in found["fields"]}
    assert fields["clock"]["type"] == "ltime"
    assert fields["day_of_week"]["words"]["6"] == "saturday"
    assert "saturday" in run("tables", "BT52", key=None, COLUMNS="200").stdout
    assert "nearest" in run("tables", "BT5", code=2, key=None).stderr


def test_tables_tells_what_this_meter_has(url):
    found = {d["table"]: d for d in as_json("tables", "--port", url)}
    for name, d in found.items():
        assert d["here"] == (GEN3.read(d["number"], 0) is not None), name
    assert found["ET98"]["brief"] == "needs firmware 4.20"
    assert "this meter has 3.84.06" in found["ET98"]["why"]


def test_info_is_the_meters_own(url):
    found = as_json("info", "--port", url)
    model = GEN3.model
    assert found["meter"]["model"] == model.model
    assert found["meter"]["firmware"] == "3.84.06" and found["meter"]["generation"] == 3
    assert found["meter"]["serial"] == model.serial
    assert found["meter"]["image_crc"] == model.image_crc
    assert found["meter"]["idt_version"] == model.idt_version
    assert found["counts"]["present_values"] == model.values
    assert found["counts"]["self_reads"] == model.self_reads
    assert found["ratings"]["rated_voltage"] == "230 V"
    assert abs(found["clock"]["offset_s"]) < 1.5
    assert found["now"]["frequency"]["unit"] == "mHz"
    assert 49000 < found["now"]["frequency"]["value"] < 51000
    text = run("info", "--port", url).stdout
    assert "83331-3I" in text and "rated voltage    230 V" in text


def test_clock_measures_the_offset(url):
    found = as_json("clock", "--port", url)
    # The simulated meter takes its time from this computer, to the second.
    assert abs(found["offset_s"]) <= found["uncertainty_s"] + 0.2
    assert 0 < found["uncertainty_s"] < 0.6
    assert found["meter"].startswith(time.strftime("%Y-"))
    assert "this computer" in run("clock", "--port", url).stdout


def test_raw_reads_at_once_and_writes_only_when_told(url):
    found = as_json("raw", "30", "0001", "0010", "--port", url)
    assert found["code"] == 0 and found["hex"] == bytes(GEN3.read(1, 0)[:16]).hex()
    assert found["values"]["model"]["value"] == "83331-3I"
    # BT07: EP17 with an action that does not exist.
    write = ("raw", "4000070006", "1108", "05", "09ffff", "--port", url)
    assert as_json(*write)["sent"] is False
    assert as_json("raw", "3000080004", "--port", url)["hex"] == "00000000"
    assert as_json(*write, "--yes")["code"] == 0
    assert as_json("raw", "3000080004", "--port", url)["hex"] == "11080502"
    refused = run("raw", "3000630001", "--port", url, code=5)
    assert "0x05" in refused.stdout
    assert "hex" in run("raw", "xyz", "--port", url, code=2).stderr
    assert run("raw", "3000010010", "--port", url, code=5, key="b" * 20).stdout.count("0x0B") == 1


def test_watch_gives_a_line_for_each_snapshot(url):
    words = ("watch", "--fast", "--count", 4, "--names", "frequency,energy_forward")
    done = run(*words, "--json", "--port", url)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) == 4
    assert [line["snapshot"] for line in lines] == sorted({line["snapshot"] for line in lines})
    assert all(set(line["values"]) == {"frequency", "energy_forward"} for line in lines)
    assert 49000 < lines[-1]["values"]["frequency"] < 51000
    assert "frequency=" in run("watch", "--count", 1, "--fast", "--port", url).stdout
    wrong = run("watch", "--names", "frequence", "--count", 1, "--port", url, code=2)
    assert "nearest are frequency" in wrong.stderr
    assert "above 0" in run("watch", "--count", 0, "--port", url, code=2).stderr


def test_a_table_that_this_meter_lacks_says_what_would_have_it(url):
    newer = run("read", "ET98", "--port", url, code=5).stderr
    assert "came with firmware 4.20, this meter has 3.84.06" in newer
    absent = run("read", "ET02", "--port", url, code=5).stderr
    assert "BT00 says that this meter does not have it" in absent


def test_words_and_divisors_of_fields(url):
    rows = as_json("read", "ET13", "--port", url)["values"]
    assert rows["mbus[0].read_often"] == {"value": 1, "unit": None, "word": "daily"}
    assert rows["mbus[0].status_read_time"]["unit"] == "min"
    system = as_json("read", "ET04", "--port", url)["values"]
    assert system["rated_voltage"] == {"value": 230, "unit": "V"}


# -- decode


def packet(body, reply=None, key=b"a7941d85bce8a8fa", sequence=5):
    from mep.digest import digest

    body = bytes.fromhex(body) + sequence.to_bytes(4, "big")
    out = (len(body) + 8).to_bytes(2, "big") + body + digest(key, body)
    if reply is None:
        return out
    reply = bytes.fromhex(reply)
    out += (len(reply) + 8).to_bytes(2, "big") + reply
    return out + digest(key, body + reply)


def test_decode_a_table(tmp_path):
    found = as_json("decode", "BT52", "18031c0f1400", "04", key=None)
    assert found["values"]["clock"]["value"] == "2024-03-28T15:20:00"
    file = tmp_path / "bt52.bin"
    file.write_bytes(bytes.fromhex("18031cff1400ff"))  # no ASCII: the bytes themselves
    assert as_json("decode", "bt52", file, key=None)["values"]["clock"]["value"] is None
    file.write_text("18 03 1c\n0f1400 04\n")
    assert as_json("decode", "BT52", file, key=None) == found
    short = run("decode", "BT52", "1803", key=None, code=6).stderr
    assert "BT52, clock: 4 bytes missing" in short and short.count("\n") == 1
    assert "give --from" in run("decode", "BT23", "0011", key=None, code=6).stderr
    assert "odd number" in run("decode", "BT52", "180", key=None, code=2).stderr
    assert "No such file" in run("decode", "BT52", tmp_path / "none", key=None, code=2).stderr


def test_decode_packets():
    both = packet("3f003400000000" + "07", "00000718031c0f140004").hex()
    request, reply = as_json("decode", both)
    assert (request["what"], request["table"], request["count"]) == ("partial read", "BT52", 7)
    assert request["sequence"] == 5 and request["digest"] == reply["digest"] == "good"
    assert reply["values"]["clock"]["value"] == "2024-03-28T15:20:00"
    assert [p["digest"] for p in as_json("decode", both, key=None)] == ["not checked"] * 2
    run("decode", both, code=3, key="b" * 20)
    (moved,) = as_json("decode", "000d0c77635b908f1c5b2e1a2b3c4d", key=None)
    assert moved["code"] == 12 and moved["expected_sequence"] == 0x77635B90
    (body,) = as_json("decode", "3f 0017 000000 002c", key=None)
    assert (body["table"], body["count"]) == ("BT23", 44)
    assert as_json("decode", "0000" + both, key=None)[0] == {"packet": "alert"}
    assert "missing" in run("decode", both[:-2], code=2).stderr
    assert "name the table" in run("decode", "ffff01", code=2).stderr
