"""Updates on a stand-in module: our whole compiled tree, its main.py, LittleFS, mpremote; no fakes
but the chip's own parts."""

import pytest
from flashkit import make_module, run  # noqa: F401  the fixture is used by its name

from tools import stage
from tools.flashing import bundle, first, sync
from tools.flashing.device import Device

# ruff: noqa: F811


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """The compiled tree, ``{path: bytes}``."""
    folder = tmp_path_factory.mktemp("tree") / "x86"
    stage.stage("x86", out=folder, chip=True)
    return {path[1:]: data for path, data in sync.load(folder).items()}


def _flash(capfd, port, *more):
    code, out, err = run(capfd, "flash", "--port", port, "--board", "dabbler", "--wait", 15, *more)
    assert code == 0, err
    return out


def _record(module):
    # Stopped while it runs, so the start that mpremote makes does not count.
    with Device(module.port) as device:
        device.connect()
        return device.json(
            "import json\nfrom firmware import slots\nprint(json.dumps(slots.load()))"
        )


def _said(module, last="set-up network mep-123456 is open", seconds=25):
    """What the module says until ``last``."""
    lines = []
    device = Device(module.port)
    try:
        for line in first.lines_of(device, seconds):
            lines.append(line or "")
            if last in lines[-1]:
                return "\n".join(lines)
    finally:
        device.close()
    raise AssertionError("\n".join(lines))


def test_taken_tried_given_up_and_gone_with_the_next_flash(make_module, tree, capfd, tmp_path):
    module = make_module()
    out = _flash(capfd, module.port)
    key_file = tmp_path / "key"
    code, _, err = run(capfd, "update-key", "--port", module.port, "--out", key_file)
    assert code == 0, err
    key = key_file.read_text().strip()
    assert len(key) == 64 and key in out and key_file.stat().st_mode & 0o77 == 0

    good = tmp_path / "good"
    good.write_bytes(bundle.of_tree(tree, key, "x86", version="9.1"))
    code, out, err = run(capfd, "update", "--port", module.port, good)
    assert code == 0 and "Taken: 9.1" in out, err
    _said(module)
    record = _record(module)
    assert record["active"] == "a" and record["a"][0] == "9.1" and record["trial"] == 1
    with Device(module.port) as device:
        device.connect()
        assert device.files()["/slot.a"] == sync.fingerprint(good.read_bytes())
        # As if it had proved well.
        device.run("from firmware import slots\nrecord = slots.load()\nrecord['trial'] = -1")
        device.run("slots.save(record)")

    wrong = tmp_path / "wrong"
    wrong.write_bytes(bundle.of_tree(tree, "0" * 64, "x86"))
    code, _, err = run(capfd, "update", "--port", module.port, wrong)
    assert code == 1 and "not signed with this module's update key" in err
    assert _record(module)["active"] == "a"

    broken = tmp_path / "broken"
    files = dict(tree, **{"firmware/boot_guard.mpy": b"not compiled"})
    broken.write_bytes(bundle.of_tree(files, key, "x86", version="9.2"))
    code, out, err = run(capfd, "update", "--port", module.port, broken)
    assert code == 0, err
    assert "update 9.2: cannot be loaded" in _said(module)
    record = _record(module)
    assert record["active"] == "a" and record["back"][:2] == ["9.2", "import"]

    out = _flash(capfd, module.port)
    with Device(module.port) as device:
        device.connect()
        assert not [p for p in device.files() if p.startswith(sync.SLOTS)]
