"""tests/device, as `make test-device` runs it, against the stand-in with the whole firmware."""

import pytest
from flashkit import make_module, run, staged  # noqa: F401  the fixtures are used by their names

from tests.device import checks
from tests.device.__main__ import main
from tools.flashing.device import Device

# ruff: noqa: F811


def check(capfd, *arguments):
    capfd.readouterr()
    code = main([str(a) for a in arguments])
    return code, capfd.readouterr().out


def test_a_module_with_the_firmware_passes(make_module, capfd):
    module = make_module()
    code, out, err = run(capfd, "flash", "--port", module.port, "--board", "dabbler", "--wait", 20)
    assert code == 0, err
    assert "mep-" in out and "password" in out
    code, out = check(capfd, "--port", module.port)
    assert code == 0 and "FAILED" not in out, out
    for name in ("interpreter", "files", "imports", "digest", "storage", "page", "boot"):
        assert "ok       %s" % name in out
    assert "SKIPPED  uart" in out and "firmware.meter.poller" in out and "bytes kept" in out
    assert "without a meter: 503" in out and "there is a file safe_mode" not in out
    with Device(module.port) as device:
        assert "/safe_mode" not in device.files()
        # A module that is not as built, and one that does not import, are found.
        device.write("/firmware/report.mpy", b"no module")
    code, out = check(capfd, "--port", module.port, "files", "imports")
    assert code == 1 and "1 files differ (/firmware/report.mpy" in out
    assert "not importable: " in out.replace("firmware.report", "") and "FAULT" in out


def test_an_empty_module_is_told(make_module, capfd):
    code, out = check(
        capfd, "--port", make_module().port, "--wait", 2, "interpreter", "imports", "boot"
    )
    assert code == 1
    assert "ok       interpreter" in out
    assert "run `make flash` first" in out and "FAILED   boot" in out


def test_a_start_with_a_fault_is_found(staged, make_module, capfd):
    staged.files["main.py"] = b"1 / 0\n"
    module = make_module()
    run(capfd, "flash", "--port", module.port, "--board", "dabbler", "--wait", 2)
    code, out = check(capfd, "--port", module.port, "--wait", 2, "boot", "safe_mode")
    assert code == 1 and "it starts with a fault" in out and "ZeroDivisionError" in out
    assert "FAILED   safe_mode" in out
    with Device(module.port) as device:
        assert "/safe_mode" not in device.files()


def test_names_of_modules():
    assert checks.module_of("/firmware/meter/__init__.mpy") == "firmware.meter"
    assert checks.module_of("/lib/osgp/tables/bt23.mpy") == "osgp.tables.bt23"
    assert checks.module_of("/lib/shim.mpy") == "shim"
    assert checks.module_of("/lib/mine.py") is None
    assert checks.module_of("/main.py") is None
    assert checks.module_of("/web/index.html.gz") is None


def test_usage(capfd):
    for arguments in ([], ["--port", "/dev/ttyX", "nonsense"]):
        with pytest.raises(SystemExit):
            main(arguments)
    assert main(["--port", "/dev/ttyNoSuch"]) == 2
    assert "there is no such port" in capfd.readouterr().err
