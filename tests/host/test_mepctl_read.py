"""`mepctl read`, `record` and `replay` against the simulated meter."""

import json

import pytest
from mepctlkit import KEY, Process, Simulators, mepctl, wait_listening

import osgpkit
from tools.mepctl import work
from tools.mepctl.common import Stop


@pytest.fixture
def simulator(tmp_path):
    with Simulators(tmp_path) as start:
        yield start


def read(url, *words, code=0, **options):
    done = mepctl("read", *words, "--port", url, **options)
    assert done.returncode == code, done
    assert KEY not in done.stdout + done.stderr
    return done


def as_json(url, *words, **options):
    return json.loads(read(url, *words, "--json", **options).stdout)


@pytest.mark.parametrize("line", ("tcp", "pty"))
def test_tables_as_json(simulator, line):
    url = simulator(pty=line == "pty").url
    about = as_json(url, "bt1")
    assert about["table"] == "BT01" and about["number"] == 1
    assert about["values"]["model"] == {"value": "83331-3I", "unit": None}
    assert about["values"]["firmware"]["value"] == "3.84.06"
    present = as_json(url, "28")["values"]
    assert present["frequency"]["unit"] == "mHz"
    assert 49000 < present["frequency"]["value"] < 51000
    assert len([name for name in present if not name.startswith("present_demands")]) == 55
    serial = as_json(url, "ET03")["values"]["serial"]["value"]
    assert serial.isdigit()
    energies = as_json(url, "BT23")["values"]
    assert energies["energy_forward"]["unit"] == "Wh" and energies["energy_forward"]["value"] > 0
    assert "tiers[0].energy_forward" in energies


def test_a_table_for_people(simulator):
    url = simulator().url
    text = read(url, "BT28").stdout
    for word in ("voltage_l1", "mV", "power_factor_l3", "1/1000"):
        assert word in text


def test_bytes_in_pieces_are_the_bytes_at_once(simulator):
    url = simulator(model="gen4").url
    whole = as_json(url, "BT21", "--raw")
    assert whole["bytes"] >= 10 and len(bytes.fromhex(whole["hex"])) == whole["bytes"]
    part = as_json(url, "BT21", "--offset", 2, "--count", 5)
    assert part["hex"] == whole["hex"][4:14] and part["offset"] == 2
    # Larger than one reply: the full form is refused, or cut off by the reply's size.
    large = as_json(url, "BT23", "--raw")
    assert large["bytes"] > 465
    assert "000000  " in read(url, "BT01", "--raw").stdout


def test_a_wrong_key_has_a_code_of_its_own(simulator):
    done = read(simulator().url, "BT01", code=3, key="b" * 20)
    assert "wrong key" in done.stderr and "b" * 20 not in done.stderr


def test_a_refusal_names_table_code_and_key_level(simulator):
    done = read(simulator().url, "BT99", "--raw", code=5)
    assert "BT99" in done.stderr and "0x05" in done.stderr and "MBK" in done.stderr


def test_a_table_whose_values_this_meter_lacks():
    dims = osgpkit.learn(osgpkit.tables())
    dims.tables[2059] = bytes(32)
    with pytest.raises(Stop, match="ET57: this meter has none of its values") as stopped:
        work.size(2105, dims)
    assert stopped.value.code == 5
    dims.tables[2059] = bytes(25) + b"\2" + bytes(6)
    assert work.size(2105, dims) == 8


def test_a_key_from_a_file(simulator, tmp_path):
    file = tmp_path / "key.txt"
    file.write_text(KEY.encode().hex() + "\n")
    assert as_json(simulator().url, "BT21", "--key-file", file, key=None)["bytes"] == 10


def decoded(file, code=0, **options):
    done = mepctl("replay", file, "--decode", "--json", **options)
    assert done.returncode == code, done
    return [json.loads(line) for line in done.stdout.splitlines()]


def values(documents, table):
    return [d["values"] for d in documents if d["table"] == table and "values" in d]


def test_a_recording_replays_the_same_values(simulator, tmp_path, free_port):
    file = tmp_path / "r.txt"
    done = mepctl("record", file, "--polls", 4, "--fast", "--port", simulator().url)
    assert done.returncode == 0, done
    text = file.read_text()
    assert KEY not in text and KEY.encode().hex() not in text
    documents = decoded(file)
    assert {d["digest"] for d in documents} == {"good"}
    assert {d["digest"] for d in decoded(file, key=None)} == {"not checked"}
    assert "bad" in {d["digest"] for d in decoded(file, 3, key="b" * 20)}
    recorded = values(documents, "BT28")
    assert len(recorded) >= 3 and len(recorded[0]) == 55
    words = ["-m", "tools.mepctl", "replay", file, "--listen", "127.0.0.1:%d" % free_port]
    serve = Process(tmp_path, "replay", *words)
    try:
        wait_listening(free_port)
        url = "socket://127.0.0.1:%d" % free_port
        again = tmp_path / "again.txt"
        done = mepctl("record", again, "--polls", 2, "--fast", "--port", url)
        assert done.returncode == 0, (done, serve.output())
        replayed = values(decoded(again), "BT28")
        assert replayed and all(one in recorded for one in replayed)
        assert values(decoded(again), "BT23")[0] in values(documents, "BT23")
    finally:
        serve.stop()
