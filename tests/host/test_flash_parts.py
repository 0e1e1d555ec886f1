"""The parts of flashing: images, error words, plans, the console's lines, package and manifest."""

import hashlib
import io
import json

import pytest
from flashkit import esptool, image, run, staged  # noqa: F401  fixtures

from firmware.boards import NAMES
from tools.flashing import FlashError, chips, first, loader, manifest, package, sync, words
from tools.flashing import image as images
from tools.flashing.device import Device
from tools.paths import ROOT

# ruff: noqa: F811


def made(tmp_path, **how):
    path = tmp_path / "image.bin"
    path.write_bytes(image(**how))
    return path


def test_a_good_image_of_each_chip(tmp_path):
    for chip, number, base in (("esp32", 0, 0x1000), ("esp32c3", 5, 0), ("esp32s3", 9, 0)):
        found = images.Image(made(tmp_path, chip_id=number, base=base), chip)
        assert found.offset == base and found.end == 4 << 20
        assert found.sha256 == hashlib.sha256(found.data).hexdigest()
        found.check_size(4 << 20)
        found.check_size(None)
        with pytest.raises(FlashError, match="needs a flash of 4 MB, this module has 2 MB"):
            found.check_size(2 << 20)


@pytest.mark.parametrize(
    ("how", "words_"),
    [
        ({"magic": 0x50}, "no image for an ESP32"),
        ({"chip_id": 5}, "it is for ESP32-C3, the chip is an ESP32; get the build ESP32_GENERIC"),
        ({"chip_id": 77}, "of another kind"),
        ({"size": 40000}, "cut short"),
        ({"table": False}, "not in .app-bin"),
    ],
)
def test_bad_images_are_refused(tmp_path, how, words_):
    with pytest.raises(FlashError) as e:
        images.Image(made(tmp_path, **how), "esp32")
    assert words_ in str(e.value)


def test_the_pinned_image(tmp_path, monkeypatch):
    lock = json.loads((ROOT / "tools" / "lock.json").read_text())
    url, pinned = images.usual("esp32c3", lock)
    assert url.startswith("https://micropython.org/") and "ESP32_GENERIC_C3-" in url
    assert pinned is None or len(pinned) == 64
    (tmp_path / url.rsplit("/", 1)[1]).write_bytes(b"other")
    said = []
    assert images.download("esp32c3", lock, said.append, tmp_path).read_bytes() == b"other"
    assert "No checksum" in said[0]
    lock["micropython_images"]["sha256"]["esp32c3"] = "0" * 64
    with pytest.raises(FlashError, match="not the file we know"):
        images.download("esp32c3", lock, said.append, tmp_path)
    assert not list(tmp_path.iterdir())

    def refuse(*_, **__):
        raise OSError("no network")

    monkeypatch.setattr(images.urllib.request, "urlopen", refuse)
    with pytest.raises(FlashError, match="give --image FILE"):
        images.download("esp32c3", lock, said.append, tmp_path)


def test_faults_have_words():
    for text, told in (
        ("[Errno 13] could not open port: Permission denied: '/dev/x'", "dialout"),
        ("Could not exclusively lock port /dev/x: [Errno 11] Resource temporarily", "close that"),
        ("could not open port 'COM5': PermissionError(13, 'Access is denied.')", "close that"),
        ("[Errno 2] could not open port /dev/x: No such file or directory", "no such port"),
        ("could not open port 'COM5': FileNotFoundError(2, 'The system cannot', 2)", "no such"),
    ):
        assert told in words.port_fault("/dev/x", text), text
        assert told in words.chip_fault("/dev/x", text), text
    for text, told in (
        ("Failed to connect to ESP32: No serial data received.", "Hold BOOT"),
        ("Wrong boot mode detected (0x13)! The chip needs to be in download mode.", "Hold BOOT"),
        ("A fatal error occurred: Packet content transfer stopped (received 8 bytes)", "cut"),
        ("A fatal error occurred: File will not fit in 2097152 bytes of flash", "does not fit"),
        ("A fatal error occurred: Something new.", "Something new"),
    ):
        assert told in words.chip_fault("/dev/x", text), text
    assert "many only charge" in words.there([])
    assert words.there([("COM3", "CP2102")]) == "found: COM3 (CP2102)"


class _Transport:
    """In place of mpremote's: answers each code with ``text`` and ``fault``."""

    def __init__(self, text=b"", fault=b""):
        self.answer = text, fault
        self.silence = None

    def exec_raw(self, code, timeout=10):
        self.silence = timeout
        return self.answer


def test_a_module_may_be_silent_for_longer_than_its_flash_takes():
    device = Device("nowhere")
    device.transport = _Transport("ä\r\nb\r\n".encode())
    assert device.run("print()") == "ä\nb\n"
    assert device.transport.silence >= 60
    device.transport = _Transport(b"so far\r\n", b"Traceback:\r\nValueError: why\r\n")
    with pytest.raises(FlashError, match="ValueError: why"):
        device.run("fails()")


def test_a_chip_that_does_not_answer(esptool, capfd, tmp_path, staged):
    esptool.set(fails="Failed to connect to ESP32: No serial data received.")
    code, out, err = run(
        capfd, "flash", "--port", "/dev/x", "--board", "dabbler", "--image", made(tmp_path)
    )
    assert code == 1 and "Hold BOOT" in err and err.count("\n") == 1
    with pytest.raises(FlashError, match="Hold BOOT"):
        loader.write("/dev/x", "esp32", images.Image(made(tmp_path), "esp32"))


def test_the_chip_is_known_by_its_names(esptool):
    esptool.set(chip="ESP32-C3", flash="16MB")
    assert loader.identify("/dev/x") == ("esp32c3", 16 << 20)
    esptool.set(chip="ESP32-S2", flash="Unknown")
    assert loader.identify("/dev/x") == ("esp32s2", None)
    assert chips.kind_of("Generic ESP32 module with ESP32") == "esp32"
    assert chips.kind_of("ESP32C3 module with ESP32C3") == "esp32c3"
    assert chips.kind_of("Generic ESP32S3 module with Octal-SPIRAM with ESP32S3") == "esp32s3"
    for name in NAMES:
        assert set(chips.chips_of(name)) <= set(chips.CHIPS)
    with pytest.raises(FlashError, match="no board here has it"):
        chips.check("dabbler", "esp32s2")


def test_a_plan_copies_what_differs_and_keeps_what_is_not_ours():
    tree = {"/main.py": b"m", "/boot.py": b"b", "/lib/shim.mpy": b"s", "/firmware/a.mpy": b"a"}
    there = {path: sync.fingerprint(data) for path, data in tree.items()}
    assert sync.Plan(tree, there).empty
    there["/firmware/a.mpy"] = (1, "other")
    there.update(dict.fromkeys(("/config.a", "/lib/x.py", "/data/y", "/lib/shim.py"), (1, "")))
    there.update(dict.fromkeys(("/web/old.gz", "/lib/mep/z.mpy", "/boot.py.new"), (1, "")))
    plan = sync.Plan(tree, there)
    assert plan.copy == ["/firmware/a.mpy"] and plan.same == 3
    assert plan.delete == ["/boot.py.new", "/lib/mep/z.mpy", "/lib/shim.py", "/web/old.gz"]
    assert sync.Plan(tree, {}).copy == ["/firmware/a.mpy", "/lib/shim.mpy", "/boot.py", "/main.py"]


@pytest.mark.parametrize(
    ("line", "ap", "address"),
    [
        (
            "AP mep-a1b2c3 password abcd2345 http://192.168.4.1/",
            ("mep-a1b2c3", "abcd2345", "http://192.168.4.1/"),
            None,
        ),
        (
            "set-up network mep-a1b2c3, password fj3rszgwq5jd",
            ("mep-a1b2c3", "fj3rszgwq5jd", "http://192.168.4.1/"),
            None,
        ),
        ("info: set-up network mep-a1b2c3 is open", None, None),
        ("info: page at http://192.168.1.23/", None, "http://192.168.1.23/"),
        ("info: listening on http://0.0.0.0:80", None, None),
        ("\ufffd\ufffdets Jul 29", None, None),
    ],
)
def test_the_lines_of_the_console(line, ap, address):
    said = first.Said()
    said.take(line)
    assert (said.ap, said.address) == (ap, address)


def test_the_qr_code_holds_what_a_camera_expects():
    assert first.wifi_text("mep-a1b2c3", "fj3r") == "WIFI:T:WPA;S:mep-a1b2c3;P:fj3r;;"
    assert first.wifi_text('a;b"', "c\\d:,") == 'WIFI:T:WPA;S:a\\;b\\";P:c\\\\d\\:\\,;;'
    out = io.StringIO()
    first.show_qr(first.wifi_text("mep-a1b2c3", "fj3rszgwq5jd"), out)
    rows = out.getvalue().splitlines()
    assert len(rows) > 15 and len({len(row) for row in rows}) <= 2
    dumb = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    first.show_qr("x", dumb)
    dumb.seek(0)
    assert "cannot draw" in dumb.read()


def test_the_first_configuration_is_checked():
    assert json.loads(first.make({"board": "dabbler"})) == {"board": "dabbler"}
    for given in ({"wifi_password": "short"}, {"board": "x"}, {"key": "zz"}, {"nonsense": 1}):
        with pytest.raises(FlashError) as e:
            first.make(given)
        assert e.value.usage and "short" not in str(e.value) and "nonsense" not in str(e.value)


def test_package_json_is_current_and_names_files_that_exist():
    assert package.main(["--check"]) == 0
    listed = json.loads((ROOT / "package.json").read_text())
    assert set(listed) == {"urls", "deps", "version"}
    for target, url in listed["urls"]:
        assert (ROOT / url).is_file() and url == "lib/" + target
    names = {p.relative_to(ROOT).as_posix() for p in (ROOT / "lib").rglob("*.py")}
    assert names == {url for _, url in listed["urls"]}


def test_the_manifest_for_browsers(tmp_path, capfd):
    data = bytearray(image(size=0x200000, base=0x1000))
    at = 0x200000 - 0x1000
    data[at + 8 : at + 16] = b"littlefs"
    (tmp_path / "merged.bin").write_bytes(data)
    (tmp_path / "plain.bin").write_bytes(image())
    out = tmp_path / "site"
    merged = "esp32=%s" % (tmp_path / "merged.bin")
    assert manifest.main(["--image", merged, "--out", str(out)]) == 0
    written = json.loads((out / "manifest.json").read_text())
    assert set(written) == {"name", "version", "new_install_prompt_erase", "builds"}
    (build,) = written["builds"]
    assert build["chipFamily"] == "ESP32" and build["parts"][0]["offset"] == 0x1000
    assert (out / build["parts"][0]["path"]).read_bytes() == bytes(data)
    plain = "esp32=%s" % (tmp_path / "plain.bin")
    assert manifest.main(["--image", plain, "--out", str(out)]) == 2
    assert "a merged image is needed" in capfd.readouterr().err
