"""Set-up: files are taken by hash, from the index pip uses; MicroPython by version and width."""

import functools
import hashlib
import http.server
import io
import json
import tarfile
import threading
import zipfile

import pytest

from tools import fetch_deps, fetch_micropython
from tools.paths import ROOT


def _wheel():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("thing/__init__.py", "A = 1\n")
        z.writestr("thing/part/b.py", "B = 2\n")
        z.writestr("thing-1.0.dist-info/METADATA", "no\n")
    return out.getvalue()


def _sdist():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as t:
        for name in ("old-1.0/umq/simple.py", "old-1.0/setup.py", "old-1.0/umq/../evil.py"):
            info = tarfile.TarInfo(name)
            info.size = 4
            t.addfile(info, io.BytesIO(b"C=3\n"))
    return out.getvalue()


def _package(name, file, data, inside="", take="thing"):
    sha = hashlib.sha256(data).hexdigest()
    return {
        "name": name,
        "version": "1.0",
        "file": file,
        "sha256": sha,
        "inside": inside,
        "take": take,
    }


WHEEL = _wheel()  # once: archives hold the time of day
SDIST = _sdist()
LOCK = [
    _package("thing", "thing-1.0-py3-none-any.whl", WHEEL),
    _package("old.one", "old.one-1.0.tar.gz", SDIST, "old-1.0", "umq"),
]


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A package index with two projects; yields (its folder, list of requested paths)."""
    top = tmp_path / "index"
    for project, file, data in (
        ("thing", "thing-1.0-py3-none-any.whl", WHEEL),
        ("old-one", "old.one-1.0.tar.gz", SDIST),
    ):
        (top / "simple" / project).mkdir(parents=True)
        (top / "files").mkdir(exist_ok=True)
        (top / "files" / file).write_bytes(data)
        (top / "simple" / project / "index.html").write_text(
            '<a href="../../files/thing-0.9.whl">old</a><a href="../../files/%s#sha256=0">x</a>'
            % file
        )
    seen = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            seen.append((self.path, self.headers.get("Authorization")))

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, directory=str(top))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = "http://me:pass%%21@127.0.0.1:%d/simple/" % server.server_port
    monkeypatch.setenv("PIP_INDEX_URL", base)
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "http://127.0.0.1:1/simple")
    yield top, seen
    server.shutdown()
    server.server_close()


def test_fetches_checks_and_unpacks(index, tmp_path):
    _, seen = index
    build = tmp_path / "build"
    assert fetch_deps.fetch_all(LOCK, build) is True
    deps = build / "deps"
    names = sorted(str(p.relative_to(deps)) for p in deps.rglob("*") if p.is_file())
    assert names == [".lock.json", "thing/__init__.py", "thing/part/b.py", "umq/simple.py"]
    assert {login for _, login in seen} == {"Basic bWU6cGFzcyE="}
    # The second run, and one after deps are lost, need no network.
    seen.clear()
    assert fetch_deps.fetch_all(LOCK, build) is False
    (deps / ".lock.json").unlink()
    assert fetch_deps.fetch_all(LOCK, build) is True
    assert seen == []


def test_a_changed_file_is_refused(index, tmp_path):
    top, _ = index
    (top / "files" / "thing-1.0-py3-none-any.whl").write_bytes(b"something else")
    with pytest.raises(fetch_deps.FetchError) as error:
        fetch_deps.fetch_all(LOCK, tmp_path / "build")
    assert "sha256" in str(error.value) and "do not use it" in str(error.value)
    assert not (tmp_path / "build" / "deps" / "thing").exists()


def test_a_damaged_copy_is_fetched_again(index, tmp_path):
    build = tmp_path / "build"
    fetch_deps.fetch_all(LOCK, build)
    archive = build / "downloads" / LOCK[0]["file"]
    archive.write_bytes(archive.read_bytes()[:-1])
    (build / "deps" / ".lock.json").unlink()
    fetch_deps.fetch_all(LOCK, build)
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == LOCK[0]["sha256"]


def test_what_is_missing_is_told_without_the_password(index, tmp_path):
    lock = [dict(LOCK[0], file="thing-2.0-py3-none-any.whl")]
    with pytest.raises(fetch_deps.FetchError) as error:
        fetch_deps.fetch_all(lock, tmp_path / "build")
    text = str(error.value)
    assert "thing-2.0" in text and "check the network" in text and "pass" not in text
    assert "\n" not in text


def test_an_update_replaces_what_was_there(index, tmp_path):
    build = tmp_path / "build"
    fetch_deps.fetch_all(LOCK, build)
    (build / "deps" / "thing" / "left_over.py").write_text("")
    fetch_deps.fetch_all([dict(LOCK[0], version="1.0.1")], build)
    assert not (build / "deps" / "thing" / "left_over.py").exists()


def test_the_lock_is_whole():
    lock = json.loads((ROOT / "tools" / "lock.json").read_text())
    for package in lock["packages"]:
        assert len(bytes.fromhex(package["sha256"])) == 32
        assert package["version"] in package["file"]
    requirements = (ROOT / "tools" / "requirements-dev.txt").read_text()
    for line in (ROOT / "tools" / "requirements-dev.in").read_text().splitlines():
        if line and not line.startswith("#"):
            assert "\n%s \\\n    --hash=sha256:" % line in "\n" + requirements, line


def _fake(path, words):
    path.write_text("#!/bin/sh\necho %s\n" % words)
    path.chmod(0o755)
    return path


def test_probe(tmp_path):
    new = _fake(tmp_path / "new", "1 25 %d" % (2**63 - 1))
    assert fetch_micropython.probe(new) == (1, 25, 64)
    assert fetch_micropython.fits(new, 64, [1, 25])
    assert not fetch_micropython.fits(new, 32, [1, 25])
    assert not fetch_micropython.fits(_fake(tmp_path / "old", "1 24 2147483647"), 32, [1, 25])
    assert fetch_micropython.probe(_fake(tmp_path / "odd", "Python 2")) is None
    assert fetch_micropython.probe(tmp_path / "none") is None


def test_the_systems_own_is_used(tmp_path, monkeypatch):
    _fake(tmp_path / "micropython", "1 26 %d" % (2**63 - 1))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(fetch_micropython, "download", None)
    home = tmp_path / "home"
    lock = {"minimum": [1, 25]}
    assert fetch_micropython.provide(64, lock, home) is True
    assert fetch_micropython.fits(home / "bin" / "micropython64", 64, [1, 25])
    assert fetch_micropython.provide(64, lock, home) is False


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_without_micropython_only_ci_fails(monkeypatch, capsys, ci, code):
    def provide(bits, lock, home):
        raise fetch_micropython.Unavailable("no apt here")

    monkeypatch.setattr(fetch_micropython, "provide", provide)
    monkeypatch.setenv("CI", ci)
    assert fetch_micropython.main() == code
    error = capsys.readouterr().err
    assert "no 32-bit MicroPython: no apt here" in error
    assert ("SKIPPED" in error) == (code == 0)


def test_mirrors_end_with_the_public_one():
    found = fetch_micropython.mirrors()
    assert found[-1].endswith("/debian") and len(set(found)) == len(found)


def test_the_ports_are_what_they_say(micropython64, micropython32):
    minimum = json.loads((ROOT / "tools" / "lock.json").read_text())["micropython"]["minimum"]
    assert fetch_micropython.fits(micropython64, 64, minimum)
    assert fetch_micropython.fits(micropython32, 32, minimum)
