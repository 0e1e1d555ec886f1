"""`mepctl profile` against the simulated meter, which knows what it recorded."""

import calendar
import csv
import io
import json
import subprocess
import sys
import time

import pytest
from mepctlkit import KEY, ROOT, Simulators, environment, mepctl

from tools.mepctl import profile
from tools.mepctl.common import Stop


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    with Simulators(tmp_path_factory.mktemp("meter")) as start:
        yield "--port", start(False, "gen3", "--days", "2").url


def run(*words, code=0, **options):
    done = mepctl(*words, **options)
    assert done.returncode == code, done
    assert KEY not in done.stdout + done.stderr
    return done


def unix(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def test_every_interval_once_and_the_last_is_now(port):
    found = json.loads(run("profile", "--json", *port).stdout)
    times = [unix(i["time"]) for i in found["intervals"]]
    assert found["minutes"] == 15 and len(times) >= 2 * 96
    assert all(b - a == 900 for a, b in zip(times, times[1:]))
    assert 0 <= time.time() - times[-1] < 900 + 60
    names = [c["name"] for c in found["channels"]]
    assert names[:2] == ["energy_forward", "energy_reverse"] and "mbus_1_volume" in names
    assert found["channels"][0]["unit"] == "Wh"
    forward = [i["values"][0] for i in found["intervals"] if i["values"][0] is not None]
    assert forward == sorted(forward)
    # The register goes on from the last interval.
    text = run("read", "BT23", "--json", *port).stdout
    now = json.loads(text)["values"]["energy_forward"]["value"]
    assert 0 <= now - forward[-1] < 10000
    # What the meter skipped is no zero.
    water = names.index("mbus_1_volume")
    for i in found["intervals"]:
        skipped = "%d:skipped" % (water + 1) in i["status"]
        assert not skipped or i["values"][water] is None


def test_a_range_as_csv_is_a_part_of_the_whole(port, tmp_path):
    whole = list(csv.DictReader(io.StringIO(run("profile", "--csv", *port).stdout)))
    begin, end = whole[20]["time"], whole[60]["time"]
    out = tmp_path / "part.csv"
    run("profile", "--csv", "--from", begin, "--to", end, "--out", out, *port)
    assert list(csv.DictReader(out.open())) == whole[21:61]
    hours = run("profile", "--csv", "--set", 2, "--from", "5h", *port).stdout
    assert len(hours.splitlines()) == 1 + 5
    assert "data set 1" in run("profile", "--from", "2h", *port, COLUMNS="200").stdout


def killed(part, lines, *words):
    """Run mepctl until ``part`` has so many lines more, then kill it; False if it was done."""
    begun = part.read_bytes().count(b"\n") if part.exists() else 0
    words = [sys.executable, "-m", "tools.mepctl", *[str(w) for w in words]]
    process = subprocess.Popen(words, cwd=ROOT, env=environment(), stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if part.exists() and part.read_bytes().count(b"\n") >= begun + lines:
            break
        time.sleep(0.005)
    process.kill()
    return process.wait() != 0


def test_killed_and_resumed(tmp_path):
    with Simulators(tmp_path) as start:
        port = ("--port", start(False, "gen3", "--days", "4").url)
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        words = ("profile", "--csv", "--to", end, *port)
        whole = run(*words).stdout
        out, part = tmp_path / "all.csv", tmp_path / "all.csv.part"
        words = (*words, "--out", out, "--resume")
        kills = 0
        while kills < 3 and killed(part, 1 + (kills == 0), *words):
            kills += 1
            assert not out.exists()
        assert kills == 3
        # Another question is not mixed with it.
        wrong = ("profile", "--csv", "--set", 2, "--out", out, "--resume", *port)
        assert "give the same" in run(*wrong, code=2).stderr
        run(*words)
        assert out.read_text() == whole and not part.exists()
        assert "--out FILE" in run("profile", "--resume", *port, code=2).stderr


def test_what_the_meter_does_not_have(tmp_path):
    with Simulators(tmp_path) as start:
        port = ("--port", start(False, "gen3-3.10", "--days", "1").url)
        done = run("profile", "--set", "3", *port, code=5)
        assert "data set 3 is not in use in this meter" in done.stderr
        assert done.stderr.count("\n") == 1


def test_times_are_checked():
    assert profile.instant("--from", "2026-11-01") == 1793491200
    assert profile.instant("--from", "2026-11-01T12:15") == 1793491200 + 44100
    assert profile.instant("--from", None) is None
    for text in ("yesterday", "2026-13-01", "2026-11-01T25:00", "7", "d"):
        with pytest.raises(Stop, match="write a UTC time"):
            profile.instant("--from", text)
    nowhere = ("--port", "socket://127.0.0.1:1")
    words = ("profile", "--from", "2026-11-02", "--to", "2026-11-01")
    assert "not before" in run(*words, *nowhere, code=2).stderr


def test_parquet(port, tmp_path):
    path = tmp_path / "all.parquet"
    try:
        import pyarrow.parquet as pq
    except ImportError:
        # An extra: without it one line says how to get it, before the meter is asked.
        done = run("profile", "--parquet", path, *port, code=1)
        assert "pip install" in done.stderr and done.stderr.count("\n") == 1
        assert not path.exists()
        return
    run("profile", "--parquet", path, "--from", "5h", *port)
    table = pq.read_table(path)
    assert table.num_rows == 20 and table.schema.field("energy_forward").metadata[b"unit"] == b"Wh"
