"""`mepctl dump`, a dump as a meter (`dump:DIR`), what is masked, and `completion`."""

import hashlib
import json
import subprocess
import sys
import time
from dataclasses import replace

import pytest
from mepctlkit import KEY, Simulators, mepctl

from osgp.dims import Dims
from tools.mepctl import cli, completion, masking
from tools.mepsim.live import House
from tools.mepsim.models import MODELS
from tools.mepsim.tables import Tables

# Tables that do not change by themselves, and hold no key that is set.
STILL = "BT00 BT01 BT15 BT20 BT21 BT22 BT27 BT60 BT61 ET03 ET11 ET42".split()
GEN3 = Tables(replace(MODELS["gen3"], days=1), House("sunny", 1, 4), int(time.time()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A dump of the Gen 3 meter, which is gone afterwards."""
    folder = tmp_path_factory.mktemp("dump")
    with Simulators(folder) as start:
        # Of 40 days the load profiles would take a minute.
        url = start(False, "gen3", "--days", "1").url
        done = mepctl("dump", folder / "meter", "--port", url)
        assert done.returncode == 0, done
        assert "not in this meter" in done.stdout
        again = mepctl("dump", folder / "meter", "--port", url, "--json")
        assert json.loads(again.stdout)["complete"] is True
    return folder / "meter"


def manifest(folder):
    return json.loads((folder / "manifest.json").read_text())


def test_every_table_is_there_or_said_why(folder):
    found = manifest(folder)
    assert found["meter"]["serial"] == GEN3.model.serial and found["complete"]
    assert KEY not in json.dumps(found)
    for e in found["tables"]:
        own = GEN3.read(e["number"], 0)
        assert (e["status"] == "read") == (own is not None), e
        if own is None:
            assert e["code"] == 5 and "0x05" in e["why"]
            continue
        data = (folder / e["raw"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == e["sha256"]
        assert len(data) == e["bytes"] == len(own)
        if e["table"] in STILL:
            assert data == bytes(own), e
    assert not list(folder.glob("*.part")) and not list(folder.glob("*.new"))
    values = json.loads((folder / "BT01.json").read_text())["values"]
    assert values["model"] == {"value": "83331-3I", "unit": None}


def test_a_dump_answers_as_the_meter_did(folder):
    port = ("--port", "dump:%s" % folder)
    done = mepctl("read", "BT28", "--json", *port, key=None)
    found = json.loads(done.stdout)["values"]
    assert 49000 < found["frequency"]["value"] < 51000
    done = mepctl("decode", "BT28", folder / "BT28.bin", "--from", folder, "--json", key=None)
    assert json.loads(done.stdout)["values"] == found
    info = json.loads(mepctl("info", "--json", *port, key=None).stdout)
    assert info["meter"]["serial"] == GEN3.model.serial and info["tables"]["basic"] > 5
    refused = mepctl("read", "ET02", *port, key=None)
    assert refused.returncode == 5 and "0x05" in refused.stderr
    for command in ("clock", "watch"):
        assert mepctl(command, *port, key=None).returncode == 5
    assert "No such file" in mepctl("info", "--port", "dump:/nowhere", key=None).stderr


def test_a_dump_goes_on_where_it_was(folder, tmp_path):
    with Simulators(tmp_path) as start:
        url = start(False, "gen4").url
        target = tmp_path / "d"
        done = mepctl("dump", target, "--only", "BT01,BT23", "--port", url)
        assert done.returncode == 0, done
        size = (target / "BT23.bin").stat().st_size
        assert size > 465
        # Broken off in BT23: what came before is kept, and the table goes on from there.
        document = manifest(target)
        document["tables"] = [e for e in document["tables"] if e["table"] == "BT01"]
        (target / "manifest.json").write_text(json.dumps(document))
        (target / "BT23.bin").unlink()
        (target / "BT23.part").write_bytes(b"\xee" * 465)
        done = mepctl("dump", target, "--only", "BT01,BT23", "--port", url)
        data = (target / "BT23.bin").read_bytes()
        assert len(data) == size and data[:465] == b"\xee" * 465 and data[465:].count(0xEE) < 9
        mepctl("dump", target, "--only", "BT23", "--again", "--port", url)
        assert b"\xee" * 9 not in (target / "BT23.bin").read_bytes()
        other = mepctl("dump", folder, "--port", url)
        assert other.returncode == 2 and "another meter" in other.stderr
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("keep")
    refused = mepctl("dump", tmp_path / "full", "--port", "socket://127.0.0.1:1")
    assert refused.returncode == 2 and "is not empty" in refused.stderr
    assert "one of them" in mepctl("dump", "x", "--only", "1", "--skip", "2", "--port", "x").stderr


def dims_of_gen3():
    dims = Dims()
    dims.version = (3, 84, 6)
    dims.tables[2059] = bytes(GEN3.read(2059, 0))
    return dims


def test_keys_are_masked_and_all_else_stays():
    data = bytearray(GEN3.read(2048 + 13, 0))
    for at in range(30, len(data), 66):
        data[at : at + 32] = bytes(32)  # the simulated devices have keys
    data[30:50] = b"0123456789abcdefSECR"  # security key of the first M-Bus device
    out, names = masking.masked(2048 + 13, bytes(data), dims_of_gen3())
    assert names == ["security_key"]
    assert out[30:62] == b"*" * 32
    assert out[:30] + out[62:] == bytes(data[:30] + data[62:])  # and keys not set stay zero
    # Bytes that are not as declared are masked as a whole; so is what nobody describes.
    assert masking.masked(2048 + 13, bytes(data[:40]), dims_of_gen3()) == (b"*" * 40, ["all"])
    assert masking.masked(42, b"password", dims_of_gen3()) == (b"*" * 8, ["all"])
    assert masking.masked(28, b"12345678", dims_of_gen3()) == (b"12345678", [])


# -- completion


def complete(script, *words):
    """What bash offers for the last of ``words``."""
    line = "\n".join(
        [
            "source %s" % script,
            "COMP_WORDS=(mepctl %s)" % " ".join("'%s'" % w for w in words),
            "COMP_CWORD=%d" % len(words),
            '_mepctl; printf "%s\\n" "${COMPREPLY[@]}"',
        ]
    )
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_bash_completes_commands_options_tables_and_files(tmp_path):
    script = tmp_path / "mepctl.bash"
    script.write_text(mepctl("completion", "bash", key=None).stdout)
    assert complete(script, "ta") == ["tables"]
    assert set(complete(script, "re")) == {"read", "record", "replay", "restore"}
    assert "--key-file" in complete(script, "read", "--k")
    assert set(complete(script, "read", "BT2")) >= {"BT23", "BT28"}
    key = tmp_path / "mykey.txt"
    key.write_text("")
    assert complete(script, "read", "--key-file", str(tmp_path / "myk")) == [str(key)]
    assert complete(script, "completion", "z") == ["zsh"]


def test_every_command_and_option_is_in_each_script():
    found = completion.commands(cli.build())
    assert {"tables", "info", "dump", "decode", "clock", "raw", "watch"} <= set(found)
    bash, zsh, fish = (make(found) for make in (completion.bash, completion.zsh, completion.fish))
    for name, (text, options, _) in found.items():
        assert "  %s) " % name in bash and "'%s:" % name in zsh and "-a %s -d" % name in fish
        assert text
        for names, _, _ in options:
            assert names[-1] in bash and names[-1] in zsh and names[-1].lstrip("-") in fish
    assert mepctl("completion", "tcsh", key=None).returncode == 2


def test_help_loads_nothing_that_only_commands_need():
    # Time is not measured on a busy machine; what takes it is what is imported.
    code = "import sys, tools.mepctl.__main__; from tools.mepctl.cli import build; build(); "
    code += "print([m for m in ('rich', 'serial', 'pyarrow', 'amqtt') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
