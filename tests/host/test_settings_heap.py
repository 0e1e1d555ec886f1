"""Set-up and settings fit the chip: every page and every try, compiled, in 128 KiB of 32 bits."""

from tools.bench.__main__ import settings_heap
from tools.paths import BUILD
from tools.stage import stage


def test_every_page_of_the_settings_in_128_kib(micropython32):
    stage("x86", out=BUILD / "stage" / "x86-settings")
    found = settings_heap(BUILD / "stage" / "x86-settings")
    assert found["notes"] == []
    steps = found["steps"][1:]
    for step, code, size, used in steps:
        assert code in ("200", "303") and used < 100000, step
        assert size > 1000 or step.startswith("POST"), step + " is cut short"
    assert max(used for _, _, _, used in steps) - steps[0][3] < 20000
