"""Set-up and settings fit the chip: every page and every try, compiled, in 128 KiB of 32 bits."""

import subprocess
import sys

from tools.bench.__main__ import settings_heap
from tools.mepsim.meter import DEFAULT_MBK
from tools.paths import BUILD
from tools.stage import stage

OUTCOMES = ["", "joined", "key_refused", "key_ok", "admin_ok", "mqtt_silent", "mqtt_ok"]


def test_every_page_of_the_settings_in_128_kib(micropython32, mosquitto):
    stage("x86", out=BUILD / "stage" / "x86-settings")
    command = [sys.executable, "-u", "-m", "tools.mepsim", "--listen", "127.0.0.1:0"]
    command += ["--key", DEFAULT_MBK.decode(), "--unpaced"]
    simulated = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        meter = simulated.stdout.readline().rsplit(":", 1)[1].split()[0]
        tries = (meter, DEFAULT_MBK.decode(), str(mosquitto.port))
        found = settings_heap(BUILD / "stage" / "x86-settings", tries=tries)
    finally:
        simulated.terminate()
        simulated.communicate()
    assert found["notes"] == []
    steps = found["steps"][1:]
    for step, code, size, used in steps:
        assert code in ("200", "303") and used < 100000, step
        assert size > 1000 or step.startswith("POST"), step + " is cut short"
    assert max(used for _, _, _, used in steps) - steps[0][3] < 20000
    assert found["said"] == OUTCOMES
    whole = next(size for step, _, size, _ in steps if step == "GET /all")
    assert [code for code, _ in found["several"]] == ["200"] * 3
    assert min(size for _, size in found["several"]) > whole - 100
