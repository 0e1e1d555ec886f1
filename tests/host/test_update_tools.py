"""`mepctl bundle` and `update`, and the reader of bundles against anything."""

import asyncio
import hashlib
import hmac
import sys
import threading

import pytest
from flashkit import run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from microdot import Microdot, Response

from firmware import bundle as reader
from firmware import slots, update
from firmware.web import server
from firmware.web import update as page
from tools import stage
from tools.flashing import FlashError, bundle, first, sync
from tools.mepctl import update as command
from tools.paths import ROOT

sys.path.append(str(ROOT / "tests" / "both"))

from updatekit import FILES, KEY, Flash, Sender, make, unpack

_GOOD = make()
_HEAD = len(_GOOD) - sum(len(data) for data in FILES.values())


def _code(data, key=KEY):
    """What `install` says of it, in a flash of its own that must stay as it was."""
    with Flash() as flash:
        try:
            asyncio.run(update.install(Sender(data), len(data), key))
        except reader.BundleError as e:
            assert flash.files() == {} and str(e)
            return e.args[0]
        return ""


def test_the_tools_make_what_the_module_reads():
    tree = {
        "boot.py": b"not taken",
        "lib/mep/digest_viper.mpy": b"M\x06\x2b\x1f",
        "firmware/app.mpy": b"app",
        "web/index.html.gz": bytes(2000),
    }
    data = bundle.of_tree(tree, KEY, "xtensawin")
    kind, version, arch, mpy, count, size = bundle.describe(data)
    assert (kind, arch, mpy, count, size) == ("app", "xtensawin", "6.3", "3", "2007")
    assert version == bundle.describe(bundle.of_tree(tree, KEY, "xtensawin"))[1]
    assert unpack(data) == {path: tree[path] for path in tree if path != "boot.py"}
    head = data[: data.index(b"\n", data.rindex(b" web/")) + 1]
    tag = hmac.new(KEY.encode(), head, hashlib.sha256).hexdigest()
    assert data[len(head) :].startswith(tag.encode() + b"\n")
    assert _code(data) == "arch"  # CPython is none of the chips
    here = reader.interpreter()
    assert _code(bundle.of_tree(tree, KEY, here[0], mpy=here[1])) == ""
    with pytest.raises(FlashError, match="no compiled tree"):
        bundle.of_tree({"firmware/app.py": b""}, KEY, "x64")


def test_images_are_looked_at():
    image = b"\xe9" + bytes(11) + b"\x05\x00" + bytes(100)
    data = bundle.of_image(image, KEY, "esp32c3", "1.26.0", "6.3")
    assert bundle.describe(data)[:4] == ["image", "1.26.0", "esp32c3", "6.3"]
    for wrong, chip in ((b"\x7fELF" + bytes(50), "esp32"), (image, "esp32"), (b"", "esp32")):
        with pytest.raises(FlashError):
            bundle.of_image(wrong, KEY, chip, "1.26.0", "6.3")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=3000), st.booleans())
def test_anything_is_refused(data, marked):
    assert _code(b"MEP bundle 1\n" * marked + data) in ("mark", "format", "head", "short", "path")


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_bundle_with_anything_wrong_is_refused(data):
    at = data.draw(st.integers(0, len(_GOOD) - 1) | st.integers(0, _HEAD))
    gone = data.draw(st.integers(0, 60))
    put = data.draw(st.binary(max_size=60))
    changed = _GOOD[:at] + put + _GOOD[at + gone :]
    if changed != _GOOD:
        assert _code(changed)


_LINE = st.tuples(
    st.sampled_from(["0" * 64, "f" * 63, hashlib.sha256(b"").hexdigest()]),
    st.sampled_from(["0", "1", "00", "-1", "99999999", "999999999", "x", "1e3", "\u0663"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\n"), max_size=90)
    | st.sampled_from(["lib/x", "lib/../x", "web/a", "firmware/" + "d/" * 40, "boot.py", "lib/"]),
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(_LINE, min_size=1, max_size=5), st.integers(0, 500), st.integers(0, 10**9))
def test_signed_nonsense_names_no_place_outside(lines, count, size):
    """What the key's owner signs by mistake is refused as well, or holds only what is allowed."""
    lines = ["%s %s %s\n" % line for line in lines]
    data = make({}, lines=lines, count=count, size=size)
    if not _code(data):
        assert all(reader.allowed(path) for path in unpack(data))


def test_flashing_by_cable_goes_back_to_the_one_tree():
    tree = {"/main.py": b"m", "/firmware/a.mpy": b"a"}
    there = {path: sync.fingerprint(data) for path, data in tree.items()}
    updates = ["/slot.a", "/slot.b", "/slot.new", "/update.a", "/update.b", "/update.bundle"]
    there.update(dict.fromkeys([*updates, "/config.a", "/slots.txt"], (1, "")))
    assert sync.Plan(tree, there).delete == updates
    assert sync.Plan(tree, there, keep_updates=True).empty
    # A backup of a module with updates brings them back.
    kept = dict.fromkeys(updates, b"x")
    assert sync.Plan(dict(tree, **kept), there).delete == []


def test_the_update_key_on_the_console_is_kept():
    said = first.Said()
    said.take("update key " + KEY)
    assert said.update_key == KEY and KEY not in "".join(said.lines)


def test_bundle_command(tmp_path, capfd, monkeypatch):
    def staged(arch, out=None, **_):
        for name, data in (("lib/mep/digest_viper.mpy", b"M\x06\x2f"), ("web/x.gz", b"x")):
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            (out / name).write_bytes(data)

    monkeypatch.setattr(stage, "stage", staged)
    key, out = tmp_path / "key", tmp_path / "out"
    key.write_text(KEY + "\n")
    code, said, err = run(capfd, "bundle", out, "--arch", "rv32imc", "--key-file", key)
    assert code == 0 and "for rv32imc (code 6.3), 2 files" in said and KEY not in said, err
    assert sorted(unpack(out.read_bytes())) == ["lib/mep/digest_viper.mpy", "web/x.gz"]
    for text in ("", "short", "\u00e6" * 64, "x" * 65, "a b\x07c" * 3):
        key.write_text(text)
        code, said, err = run(capfd, "bundle", out, "--key-file", key)
        assert code == 2 and "no update key in it" in err and err.count("\n") == 1
    assert run(capfd, "bundle", out)[0] == 2
    assert run(capfd, "update", out)[0] == 2
    assert run(capfd, "update", "a", "b", "c")[0] == 2
    code, _, err = run(capfd, "update", "host.invalid", tmp_path / "key")
    assert code == 2 and "this is no bundle" in err


class Module:
    """A module with a settings mode, which takes updates; in a thread of its own."""

    password = "correct horse"

    def __init__(self):
        self.restarts = 0
        self.app = Microdot()
        self.app.connections = 4
        self.status = {"version": "1.0", "trial": False}
        config = {"language": "en", "update_key": KEY}
        page.mount(self.app, self._allowed, config, self._restart)

        @self.app.post("/settings")
        async def settings_(req):
            if req.form.get("password") != self.password:
                return Response("no\n", 403, reason="Forbidden")
            return Response("", 200, {"Set-Cookie": "id=7; HttpOnly"}, "OK")

        @self.app.get("/api/v1/status")
        async def status(req):
            return self.status

        self.loop = asyncio.new_event_loop()
        self.port = None
        self._ready = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()
        self._ready.wait(5)

    def _run(self):
        asyncio.set_event_loop(self.loop)
        self.task = self.loop.create_task(self._serve())
        try:
            self.loop.run_until_complete(self.task)
        except asyncio.CancelledError:
            pass

    async def _serve(self):
        one = server.Server(self.app, 4)
        listener = await asyncio.start_server(one.client, "127.0.0.1", 0)
        self.port = listener.sockets[0].getsockname()[1]
        self._ready.set()
        await asyncio.sleep(60)

    def _allowed(self, req):
        assert req.headers["origin"] == "http://" + req.headers["host"]
        return None if req.cookies.get("id") == "7" else Response("", 303, {"Location": "/"})

    def _restart(self):
        self.restarts += 1
        self.status = {"version": slots.load()["a"][0], "trial": False}

    def close(self):
        self.loop.call_soon_threadsafe(self.task.cancel)


def test_update_command_over_the_network(tmp_path, capfd, monkeypatch):
    (tmp_path / "good").write_bytes(make(version="2.5"))
    (tmp_path / "bad").write_bytes(make(key="0" * 64))
    (tmp_path / "word").write_text(Module.password + "\n")
    (tmp_path / "wrong").write_text("guess")
    monkeypatch.setattr(page, "_LEAVE_MS", 10)
    monkeypatch.setattr(command.time, "sleep", lambda s: None)
    module = Module()
    try:
        with Flash() as flash:

            def send(name, word):
                host = "127.0.0.1:%d" % module.port
                names = (tmp_path / name, "--password-file", tmp_path / word)
                return run(capfd, "update", host, *names)

            code, out, err = send("good", "wrong")
            assert code == 2 and "refuses the password" in err and "guess" not in out + err
            code, out, err = send("bad", "word")
            assert code == 1 and "not signed with this module's update key" in err
            assert flash.files() == {}
            code, out, err = send("good", "word")
            assert code == 0 and "Version 2.5 is taken" in out and "is well" in out, err
            assert Module.password not in out + err
            assert flash.slot("a") == FILES and module.restarts == 1
    finally:
        module.close()
