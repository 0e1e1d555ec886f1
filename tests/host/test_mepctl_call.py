"""`mepctl call` and the guard of writes against the simulated meter."""

import json

import pytest
from mepctlkit import KEY, Simulators, mepctl

from osgp import procedures
from osgp.writes import PER_HOUR
from tools.mepctl import guard

MAK = "b1d4e0c2773f9a6655aa"
EP17 = ("call", "EP17", "action=address_0", "handle=0x03F8")


@pytest.fixture
def url(tmp_path):
    with Simulators(tmp_path) as start:
        yield start().url


def run(*words, code=0, **options):
    done = mepctl(*words, **options)
    assert done.returncode == code, done
    assert KEY not in done.stdout + done.stderr
    return done


def as_json(*words, **options):
    return json.loads(run(*words, "--json", **options).stdout)


def test_without_a_port_it_tells_what_there_is():
    found = as_json("call", key=None)
    assert [d["code"] for d in found] == procedures.names()
    one = as_json("call", "post_mbus_request", key=None)
    assert one["code"] == "EP19" and one["key"] == "MAK"
    request = next(p for p in one["parameters"] if p["name"] == "request")
    assert request["words"]["2"] == "billing_read"
    assert "EP17" in run("call", key=None, COLUMNS="200").stdout
    assert "target" in run("call", "EP19", key=None, COLUMNS="200").stdout
    assert "did you mean EP19" in run("call", "EP99", key=None, code=2).stderr


def test_nothing_is_written_without_yes(url, tmp_path):
    state = {"XDG_STATE_HOME": str(tmp_path)}
    found = as_json(*EP17, "--port", url, **state)
    assert found["sent"] is False and found["table"] == "BT07"
    # The guide's example but for the PSN (p. 53): 11 08 07 00 F8 03.
    assert found["data"] == "11080500f803" and found["client"] == 1
    assert found["answer_from"] == ["BT08"]
    assert as_json("read", "BT08", "--raw", "--port", url)["hex"][:8] == "00000000"
    assert not list(tmp_path.rglob("writes/*"))
    wrong = run("call", "EP17", "action=x", "handle=1", "--port", url, code=2, **state).stderr
    assert "write address_0 (0)" in wrong
    assert "NAME=VALUE" in run("call", "EP17", "7", "--port", url, code=2).stderr
    assert "no value" in run("call", "EP17", "action=0", "--port", url, code=2).stderr


def test_a_call_is_answered_and_counted(url, tmp_path):
    state = {"XDG_STATE_HOME": str(tmp_path)}
    psns = []
    for _ in range(PER_HOUR):
        found = as_json(*EP17, "--yes", "--port", url, **state)
        assert found["outcome"] == "done" and found["result"] == 0
        psns.append(found["psn"])
    # The number is kept over the runs: never the same twice running.
    assert all(a != b for a, b in zip(psns, psns[1:]))
    held = run(*EP17, "--yes", "--port", url, code=5, **state).stderr
    assert "4 writes in the last hour" in held and held.count("\n") == 1
    assert "4 writes" in as_json(*EP17, "--port", url, **state)["note"]
    raw = run("raw", "4000070006", "110809", "00f803", "--yes", "--port", url, code=5, **state)
    assert "4 writes" in raw.stderr
    (ledger,) = (tmp_path / "mepctl" / "writes").iterdir()
    assert ledger.name.startswith("4080") and len(ledger.read_text().split()) == 1 + PER_HOUR


def test_refusals_have_words_and_codes(url, tmp_path):
    state = {"XDG_STATE_HOME": str(tmp_path)}
    found = as_json(
        "call", "EP17", "action=5", "handle=1", "--yes", "--port", url, code=5, **state
    )
    assert found["outcome"] == "ended" and found["result"] == 2
    assert found["text"] == "EP17: no such action"
    nobody = mepctl("call", "EP61", "lock=1", "--yes", "--port", url, **state)
    assert nobody.returncode != 0 and "EP61" in nobody.stderr
    dump = mepctl(*EP17, "--yes", "--port", "dump:%s" % tmp_path, **state)
    assert dump.returncode == 2 and "manifest" in dump.stderr


class Dims:
    serial = "../4080/x"
    version = (3, 84, 6)


def test_the_ledger_is_written_before_the_meter_is(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    gate = guard.Gate(Dims)
    write = (7, bytes([0x11, 8, 5, 0, 0xF8, 3]))
    assert gate.preview(*write) == ""
    gate(*write)
    (path,) = guard.folder().iterdir()
    assert path.name == "___4080_x" and path.parent == guard.folder()
    assert len(path.read_text().split()) == 2
    # What nobody could count is not written either.
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(blocked))
    with pytest.raises(guard.Stop, match="ledger of writes"):
        guard.Gate(Dims)(*write)


def test_encrypted_packets(tmp_path):
    with Simulators(tmp_path) as start:
        port = ("--port", start(False, "gen3", "--rc4").url)
        found = as_json("read", "BT01", "--rc4", *port)
        assert found["values"]["model"]["value"] == "83331-3I"
        assert as_json("raw", "3000010010", "--rc4", *port)["hex"].startswith(b"ELON".hex())
        assert run("read", "BT01", *port, code=3).stderr.count("\n") == 1


def test_a_hardware_lock_is_told(tmp_path):
    # The baud rate of MEP client 1 in ET13, as it is: nothing is changed.
    write = ("raw", "4F", "080D", "00010E", "0001", "06", "--yes", "--json")
    found = {}
    with Simulators(tmp_path) as start:
        for name, key, more in (("mbk", KEY, ()), ("mak", MAK, ()), ("lock", MAK, ("--locked",))):
            url = start(False, "gen4", *more).url
            done = mepctl(*write, "--port", url, key=key, XDG_STATE_HOME=str(tmp_path / name))
            found[name] = json.loads(done.stdout)
            assert done.returncode == (0 if name == "mak" else 5), done
    assert "advanced key (MAK)" in found["mbk"]["meaning"] and found["mak"]["code"] == 0
    assert found["lock"]["code"] == 3 and "hardware lock" in found["lock"]["meaning"]
