"""Staging: each module compiled, pages compressed, the tree runs, faults are told."""

import ast
import gzip
import json
import re
import subprocess
from pathlib import Path

import pytest

from tools import stage
from tools.paths import ROOT


@pytest.fixture(scope="module")
def staged(tmp_path_factory):
    out = tmp_path_factory.mktemp("stage") / "x86"
    return out, stage.stage("x86", out=out)


def test_each_module_is_there(staged):
    out, files = staged
    names = [name for name, _ in files]
    for source in sorted((ROOT / "firmware").rglob("*.py")):
        name = str(source.relative_to(ROOT))
        staged = name not in stage.HOST_ONLY and stage.needed(name, source.read_text())
        assert (name[:-3] + ".mpy" in names) == staged, name
    for source in sorted((ROOT / "lib").rglob("*.py")):
        name = str(source.relative_to(ROOT))
        assert (name[:-3] + ".mpy" in names) == stage.needed(name, source.read_text()), name
    assert "firmware/boards/__init__.mpy" in names and "lib/mep/__init__.mpy" not in names
    for name in ("microdot/microdot.mpy", "umqtt/simple.mpy"):
        assert "lib/" + name in names
    assert "boot.py" in names and "main.py" in names
    assert not [n for n in names if n.endswith(".py") and "/" in n]
    for name, size in files:
        assert (out / name).stat().st_size == size


def test_pages_are_compressed_and_always_the_same(staged, tmp_path):
    out, _ = staged
    stage.pack_web(tmp_path)
    pages = [p for p in (ROOT / "web").iterdir() if p.is_file()]
    assert pages
    for page in pages:
        packed = (out / "web" / (page.name + ".gz")).read_bytes()
        assert gzip.decompress(packed) == page.read_bytes()
        assert packed == (tmp_path / (page.name + ".gz")).read_bytes()


def test_the_tree_for_tests_has_readable_pages_and_the_test_client(tmp_path):
    files = dict(stage.stage("x86", tests=True, out=tmp_path / "tests"))
    assert files["web/index.html"] == (ROOT / "web" / "index.html").stat().st_size
    assert "lib/microdot/test_client.mpy" in files
    assert "tests/both/test_poller.mpy" in files
    names = json.loads((tmp_path / "tests.names.json").read_text())
    assert names["lib/mep/session.py"] and "tests/both/test_poller.py" not in names


# What `firmware.mqtt` asks umqtt.simple for.
ASKED = """MQTTClient MQTTException set_last_will set_callback connect publish ping check_msg
disconnect socket user password keepalive""".split()


def _names(path):
    """All attributes and arguments that the source at ``path`` asks others for."""
    tree = ast.parse(path.read_text())
    found = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)}
    return found | {n.arg for n in ast.walk(tree) if isinstance(n, ast.keyword)}


def test_umqtt_is_the_images_on_a_chip(tmp_path):
    for arch, there in (("xtensawin", False), ("rv32imc", False), ("x86", True), ("x64", True)):
        files = dict(stage.stage(arch, out=tmp_path / arch))
        assert ("lib/umqtt/simple.mpy" in files) == there, arch
        assert "firmware/mqtt/client.mpy" in files
    # A stand-in for a chip has it from its tree.
    assert "lib/umqtt/simple.mpy" in dict(stage.stage("x86", out=tmp_path / "x86", chip=True))


def test_what_is_asked_of_umqtt_keeps_its_name(tmp_path, monkeypatch):
    said = set().union(*map(_names, (ROOT / "firmware" / "mqtt").glob("*.py")))
    assert said.issuperset(ASKED), "ASKED names what nobody asks for"
    shortened = {}
    real = stage.compile_all

    def compile_all(texts, *how):
        shortened.update(texts)
        real(texts, *how)

    monkeypatch.setattr(stage, "compile_all", compile_all)
    monkeypatch.setattr(stage, "KEPT", tmp_path / "kept")
    out = tmp_path / "xtensawin"
    stage.stage("xtensawin", out=out)
    names = json.loads((tmp_path / "xtensawin.names.json").read_text())
    for path, short in names.items():
        assert not set(short.values()).intersection(ASKED), path
    text = "".join(t for name, t in shortened.items() if name.startswith("firmware/mqtt/"))
    for name in ASKED:
        how = r"\b%s=" if name in ("user", "password", "keepalive") else r"\.%s\b"
        assert re.search(how % name, text), name


def _only(monkeypatch, *folders):
    # Stage what is in these folders: it takes less time.
    everything = stage.sources

    def some(third_party):
        return [m for m in everything(third_party) if m[1].startswith(folders)]

    monkeypatch.setattr(stage, "sources", some)


def test_only_the_machine_code_depends_on_the_architecture(tmp_path, monkeypatch):
    _only(monkeypatch, "lib/mep/", "firmware/meter/", "firmware/mqtt/", "lib/microdot/")
    out = tmp_path / "x86"
    files = stage.stage("x86", out=out, chip=True)
    other = tmp_path / "xtensawin"
    stage.stage("xtensawin", out=other)
    compiled = [name for name, _ in files if name.endswith(".mpy")]
    different = [n for n in compiled if (out / n).read_bytes() != (other / n).read_bytes()]
    assert different == ["lib/mep/digest_viper.mpy", "lib/mep/rc4_viper.mpy"]


def test_optimising_makes_it_smaller(staged, tmp_path, monkeypatch):
    _only(monkeypatch, "lib/", "firmware/meter/")
    plain = dict(stage.stage("x86", optimise=0, out=tmp_path / "x86"))
    best = {name: size for name, size in staged[1] if name in plain}
    assert len(best) > 40 and sum(best.values()) < sum(plain.values())


def test_runs_from_the_tree_alone(staged, micropython32):
    out, _ = staged
    code = (
        "import sys; sys.path[:] = ['.', 'lib', '.frozen']\n"
        "import mep.digest as d, mep.digest_viper, firmware.readings, microdot, umqtt.simple\n"
        "assert d.__file__ == 'lib/mep/digest.mpy', d.__file__\n"
        "assert d.steps is mep.digest_viper.steps\n"
        "print(d.digest(b'\\1' * 16, bytes.fromhex('3F001700000000' '2C' '01020304')).hex())"
    )
    run = subprocess.run(
        [micropython32, "-X", "heapsize=128k", "-c", code],
        cwd=out,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert run.stdout.strip() == "74861f6d7658dd56", run.stdout


def test_a_failure_leaves_the_old_tree(tmp_path, monkeypatch):
    _only(monkeypatch, "lib/mep/")
    out = tmp_path / "x64"
    stage.stage("x64", out=out)
    before = sorted(out.rglob("*"))
    bad = tmp_path / "bad.py"
    bad.write_text("def broken(:\n")
    monkeypatch.setattr(stage, "sources", lambda third_party: [(bad, "lib/bad.py")])
    with pytest.raises(stage.StageError, match=r"lib/bad\.py"):
        stage.stage("x64", out=out)
    assert sorted(out.rglob("*")) == before
    assert sorted(tmp_path.iterdir()) == sorted([bad, out, tmp_path / "x64.names.json"])


def test_missing_code_is_told(monkeypatch, capsys):
    monkeypatch.setattr(stage, "DEPS", Path("/nowhere"))
    assert stage.main(["--arch", "x64"]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "make setup" in error


def test_table_of_sizes():
    text = stage.table([("a.mpy", 10), ("b.mpy", 5)])
    assert text.splitlines() == ["     10  a.mpy", "      5  b.mpy", "     15  total"]
