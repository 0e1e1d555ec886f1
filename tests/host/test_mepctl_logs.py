"""`mepctl events`, `outages`, `selfreads`, `quality`, `mbus` against the simulated meter."""

import csv
import io
import json

import pytest
from mepctlkit import KEY, Simulators, mepctl


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with Simulators(tmp_path_factory.mktemp("meter")) as start:
        yield start().url


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


def test_numbers_and_options_are_checked(url):
    for command in ("events", "outages", "selfreads"):
        assert "above 0" in run(command, "--newest", 0, "--port", url, code=2).stderr
    assert "1 to 4" in run("mbus", "--device", 5, "--port", url, code=2).stderr
    assert "--device" in run("mbus", "--now", "--yes", "--port", url, code=2).stderr
    assert "not allowed" in run("events", "--csv", "--json", "--port", url, code=2).stderr
    wrong = mepctl("mbus", "--device", 1, "--now", "--port", url)
    assert wrong.returncode == 2 and "--yes" in wrong.stderr
