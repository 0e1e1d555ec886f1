"""`mepctl flash`, `backup`, `restore`, `monitor` against a stand-in module and a fake esptool.

Real are mpremote, the prompt's protocol on a terminal, MicroPython and its LittleFS.
"""

import json
import os
import stat

import pytest
from flashkit import (  # noqa: F401  the fixtures are used by their names
    KEY,
    MAIN,
    WIFI,
    esptool,
    image,
    make_module,
    run,
    staged,
)

from tools.flashing import loader
from tools.flashing.device import Device

# ruff: noqa: F811


def flash(capfd, port, *more, board="dabbler"):
    return run(capfd, "flash", "--port", port, "--board", board, "--wait", 8, *more)


def files_of(module):
    with Device(module.port) as device:
        return device.files()


def test_a_module_with_micropython_gets_everything_and_is_shown_how_to_join(
    staged, make_module, capfd
):
    module = make_module()
    code, out, err = flash(capfd, module.port)
    assert code == 0, err
    assert "6 files to copy" in out and "0 are the same" in out
    assert staged.archs == ["x86"]  # what the stand-in's interpreter runs
    for text in ("mep-a1b2c3", "fj3rszgwq5jd", "http://192.168.4.1/"):
        assert text in out
    assert "▄" in out or "█" in out
    found = files_of(module)
    assert {"/" + name for name in staged.files} <= set(found)
    with Device(module.port) as device:
        assert json.loads(device.read("/config.json")) == {"board": "dabbler"}
        for name, data in staged.files.items():
            assert device.read("/" + name) == data


def test_only_what_changed_is_copied_and_what_is_stale_goes(staged, make_module, capfd):
    module = make_module()
    flash(capfd, module.port)
    with Device(module.port) as device:
        device.write("/config.a", b"the owner's")
        device.write("/lib/mine.py", b"the owner's too")
        device.write("/lib/shim.mpy", b"of an older version")
        device.write("/firmware/gone/old.py", b"of an older version")
    staged.files["firmware/app.py"] = b"NAME = 'new'\n"
    code, out, _ = flash(capfd, module.port)
    assert code == 0 and "1 files to copy" in out and "2 to delete, 5 are the same" in out
    found = files_of(module)
    assert "/config.a" in found and "/lib/mine.py" in found
    assert "/lib/shim.mpy" not in found and "/firmware/gone/old.py" not in found
    with Device(module.port) as device:
        assert device.read("/firmware/app.py") == b"NAME = 'new'\n"
        assert "gone" not in device.run("import os\nprint(os.listdir('/firmware'))")
    code, out, _ = flash(capfd, module.port)
    assert code == 0 and "0 files to copy (0 KB), 0 to delete, 6 are the same" in out


def test_no_secret_is_shown(staged, make_module, capfd, tmp_path, monkeypatch):
    (tmp_path / "key.txt").write_text(KEY)
    monkeypatch.setenv("MEP_WIFI_PASSWORD", WIFI)
    module = make_module()
    code, out, err = flash(
        capfd, module.port, "--wifi", "Home", "--key-file", tmp_path / "key.txt"
    )
    assert code == 0 and KEY not in out + err and WIFI not in out + err
    with Device(module.port) as device:
        given = json.loads(device.read("/config.json"))
    assert given["key"] == KEY and given["wifi_password"] == WIFI and given["wifi_ssid"] == "Home"
    # Nor when it goes wrong: a key of no form, a password too short, a key in the wrong place.
    for name, text in (("key", "x" + KEY), ("wifi_password", "hunter2"), (KEY, "1")):
        (tmp_path / "more.json").write_text(json.dumps({name: text}))
        code, out, err = flash(capfd, module.port, "--config", tmp_path / "more.json")
        assert code == 2 and err.count("\n") == 1, err
        assert text not in (out + err).replace("192.168", "") or text == "1"
        assert KEY not in out + err


@pytest.mark.parametrize("at", [2500, 9000, 14000])
def test_a_cable_pulled_in_between_is_told_and_the_next_run_goes_on(
    staged, make_module, capfd, at
):
    staged.files["firmware/big.py"] = bytes(range(32, 127)) * 60
    module = make_module()
    module.cut_after = at
    code, out, err = flash(capfd, module.port)
    assert code == 1 and ("the same command again" in err or "no such port" in err), err
    module = make_module()  # the same flash, plugged in again
    before = files_of(module)
    assert "/main.py" not in before, "half an application would have started"
    code, out, err = flash(capfd, module.port)
    assert code == 0, err
    done = [p for p in before if p[1:] in staged.files]
    assert "%d are the same" % len(done) in out
    after = files_of(module)
    assert not [p for p in after if p.endswith(".new")]
    with Device(module.port) as device:
        assert device.read("/main.py") == MAIN
        assert device.read("/firmware/big.py") == staged.files["firmware/big.py"]


def test_a_full_flash_is_refused_before_anything_is_touched(staged, make_module, capfd):
    module = make_module(blocks=24)
    code, out, err = flash(capfd, module.port)
    assert code == 0, err
    before = files_of(module)
    staged.files["web/large.gz"] = os.urandom(60000)
    staged.files["firmware/app.py"] = b"new\n"
    code, out, err = flash(capfd, module.port)
    assert code == 1 and "flash is full" in err and "KB are needed" in err
    assert files_of(module) == before


def test_the_board_must_fit_the_chip(staged, make_module, capfd):
    module = make_module(chip="esp32c3")
    code, out, err = flash(capfd, module.port)
    assert code == 2
    assert "board dabbler carries an ESP32, but this is an ESP32-C3; write BOARD=ustepper" in err
    assert files_of(module) == {} and not staged.archs
    code, out, err = flash(capfd, module.port, board="ustepper")
    assert code == 0, err


def test_a_new_module_gets_the_image_first(
    staged, make_module, esptool, capfd, tmp_path, monkeypatch
):
    module = make_module()
    with Device(module.port) as device:
        device.write("/config.a", b"of an earlier life")
    path = tmp_path / "ESP32_GENERIC.bin"
    path.write_bytes(image())
    write = loader.write

    def written(port, chip, found, erase=True):
        write(port, chip, found, erase)
        module.replug(erase)

    monkeypatch.setattr(loader, "write", written)
    code, out, err = flash(capfd, module.port, "--image", path)
    assert code == 0, err
    assert "It is an ESP32, 4 MB flash." in out and "sha256" in out and "Erasing" in out
    asked, wrote = esptool.calls
    assert asked == ["--port", module.port, "flash-id"]
    assert wrote[-4:] == ["write-flash", "--erase-all", "0x1000", str(path)]
    assert wrote[:4] == ["--chip", "esp32", "--port", module.port]
    assert "/config.a" not in files_of(module)
    code, out, err = flash(capfd, module.port, "--image", path, "--no-erase")
    assert code == 0 and "6 are the same" in out and "--erase-all" not in esptool.calls[-1]


def test_the_wrong_chip_is_told_before_anything_is_written(staged, esptool, capfd, tmp_path):
    (tmp_path / "i.bin").write_bytes(image())
    esptool.set(chip="ESP32-C3")
    code, out, err = flash(capfd, "/dev/ttyX", "--image", tmp_path / "i.bin")
    assert code == 2 and "wrong chip: board dabbler carries an ESP32" in err
    assert "ESP32-C3; write BOARD=ustepper or BOARD=devkit" in err
    assert len(esptool.calls) == 1
    # The right board, but an image for the other chip.
    code, out, err = flash(capfd, "/dev/ttyX", "--image", tmp_path / "i.bin", board="ustepper")
    assert code == 2 and "it is for ESP32, the chip is an ESP32-C3" in err
    assert all("write-flash" not in call for call in esptool.calls)
    code, out, err = flash(
        capfd, "/dev/ttyX", "--image", tmp_path / "i.bin", "--sha256", "00" * 32
    )
    assert code == 2


def test_a_program_that_starts_over_and_over_is_caught(staged, make_module, capfd):
    staged.files["main.py"] = b"import machine, time\ntime.sleep_ms(200)\nmachine.reset()\n"
    module = make_module()
    code, out, err = flash(capfd, module.port)
    assert code == 0, err
    staged.files["main.py"] = MAIN
    code, out, err = flash(capfd, module.port)
    assert code == 0 and "mep-a1b2c3" in out, err


def test_a_module_that_says_no_address_is_told_with_its_last_words(staged, make_module, capfd):
    staged.files["main.py"] = b"print('config: there is no key')\n"
    code, out, err = flash(capfd, make_module().port, "--wait", 2)
    assert code == 0 and "did not say its address" in out and "there is no key" in out


def test_backup_and_restore(staged, make_module, capfd, tmp_path):
    module = make_module()
    flash(capfd, module.port)
    with Device(module.port) as device:
        device.write("/config.a", bytes(range(256)) * 17)
    folder = tmp_path / "kept"
    code, out, err = run(capfd, "backup", folder, "--port", module.port)
    assert code == 0 and "KEY and PASSWORDS" in out, err
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.rglob("*"):
        if path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (folder / "files" / "config.a").read_bytes() == bytes(range(256)) * 17
    code, out, err = run(capfd, "backup", folder, "--port", module.port)
    assert code == 2 and "not empty" in err
    other = make_module("other")
    with Device(other.port) as device:
        device.write("/firmware/newer.py", b"of another version")
    code, out, err = run(capfd, "restore", folder, "--port", other.port)
    assert code == 0, err
    found = files_of(other)
    assert "/firmware/newer.py" not in found
    assert files_of(module) == found
    third = make_module("third", chip="esp32c3")
    code, out, err = run(capfd, "restore", folder, "--port", third.port)
    assert code == 2 and "the backup is of a Generic ESP32 module" in err
    (folder / "files" / "config.a").write_bytes(b"changed")
    code, out, err = run(capfd, "restore", folder, "--port", other.port)
    assert code == 2 and "/config.a is not as it was saved" in err


def test_a_backup_keeps_to_its_folder(make_module, capfd, tmp_path):
    folder = tmp_path / "kept"
    (folder / "files").mkdir(parents=True)
    (tmp_path / "outside").write_bytes(b"x")
    about = {"machine": "", "files": {"/../../outside": "00"}}
    (folder / "backup.json").write_text(json.dumps(about))
    code, out, err = run(capfd, "restore", folder, "--port", "/dev/ttyX")
    assert code == 1 and "a name that cannot be kept here" in err


def test_monitor_prints_what_the_module_says(staged, make_module, capfd):
    staged.files["main.py"] = b"import time\nwhile 1:\n print('tick')\n time.sleep_ms(50)\n"
    module = make_module()
    flash(capfd, module.port, "--no-start")
    module.replug()
    code, out, err = run(capfd, "monitor", "--port", module.port, "--seconds", 2)
    assert code == 0 and out.count("tick") >= 2, err
