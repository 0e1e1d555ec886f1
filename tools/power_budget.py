"""Write docs/power.md: what each power profile costs, computed from figures with their sources.

.venv/bin/python -m tools.power_budget            write it
.venv/bin/python -m tools.power_budget --check    say (exit code 1) if it is not current
"""

import sys

from .paths import ROOT

TARGET = ROOT / "docs" / "power.md"

ESP32 = "ESP32 Series Datasheet v5.2"
C3 = "ESP32-C3 Series Datasheet v2.4"
# name: (value, unit, what, source)
FIGURES = {
    "volts": (3.3, "V", "supply of the module", "docs/hardware.md says 3.4..3.6 V; 3 % more"),
    "cpu_esp32_240": (30, "mA", "ESP32, radio off, 240 MHz", ESP32 + ", table 4-2 (30..68)"),
    "cpu_esp32_160": (27, "mA", "the same at 160 MHz", ESP32 + ", table 4-2 (27..44)"),
    "cpu_esp32_80": (20, "mA", "the same at 80 MHz", ESP32 + ", table 4-2 (20..31)"),
    "cpu_c3_160": (21, "mA", "ESP32-C3, radio off, CPU idle, 160 MHz", C3 + ", table 5-8"),
    "cpu_c3_80": (18, "mA", "the same at 80 MHz", C3 + ", table 5-8"),
    "rx_esp32": (97.5, "mA", "ESP32 receiving", ESP32 + ", table 5-4 (95..100)"),
    "rx_c3": (84, "mA", "ESP32-C3 receiving", C3 + ", table 5-7"),
    "tx0_esp32": (120, "mA", "ESP32 sending with 0 dBm", "ESP-WROOM-32 manual, table 5"),
    "tx13_esp32": (160, "mA", "ESP32 sending with 13 dBm", "ESP-WROOM-32 manual, table 5"),
    "tx20_esp32": (240, "mA", "ESP32 sending with 19.5 dBm", ESP32 + ", table 5-4"),
    "tx20_c3": (335, "mA", "ESP32-C3 sending with 21 dBm", C3 + ", table 5-7"),
    "dbm": (10, "dBm", "cap of the transmit power", "default of `tx_power_dbm`"),
    "sleep_esp32": (0.01, "mA", "ESP32 in deep sleep, RTC memory kept", ESP32 + ", table 4-2"),
    "sleep_c3": (0.005, "mA", "ESP32-C3 in deep sleep", C3 + ", table 5-9"),
    "max3232": (0.3, "mA", "MAX3232 without load", "MAX3232, TI SLLS410, table 6.5 (at most 1)"),
    "pump": (2, "", "supply current for each mA of output (doubler)", "how the charge pump works"),
    "tx_load": (1.1, "mA", "5.5 V into a receiver's 5 kΩ", "MAX3232, TI SLLS410, table 6.7"),
    "enable_load": (2, "mA", "ENABLE feeds the meter's transmitter", "assumed"),
    "efficiency": (0.73, "", "buck converter", "LM2596, TI SNVS124, table 7.5 (12 V, 3 A)"),
    "quiescent": (5, "mA", "the converter itself", "LM2596, TI SNVS124 (at most 10)"),
    "meter_volts": (26, "V", "of the meter", "docs/hardware.md"),
    "meter_watts": (1, "W", "that the meter gives at most", "docs/hardware.md"),
    "listen": (
        0.10,
        "",
        "share of time receiving, connected",
        "assumed: beacons 5 %, replies 5 %",
    ),
    "send": (0.005, "", "share of time sending, connected", "assumed: 1.5 kB a second"),
    "join_s": (3, "s", "joining, receiving all the time", "assumed; 2 s is usual"),
    "every_s": (300, "s", "between two windows (low)", "default of `radio_every_s`"),
    "window_s": (12, "s", "window after joining (low)", "`radio_window_s` and what follows it"),
    "sleep_s": (300, "s", "between two readings (battery)", "default of `sleep_s`"),
    "readings": (12, "", "readings until they are sent", "default of `sleep_readings`"),
    "boot_s": (1.5, "s", "from the wake to the first line", "assumed; see the checklist"),
    "read_s": (2.3, "s", "line on, settled, read, off", "tests/both/test_battery.py"),
    "learn_s": (1.2, "s", "looking who is there, before sending", "tests/both/test_battery.py"),
    "net_s": (5, "s", "joining, time, MQTT, receiving all the time", "assumed"),
    "regulator": (0.1, "mA", "regulator and leaks in deep sleep", "assumed"),
    "battery": (3000, "mAh", "a lithium cell 18650", "usual"),
}
F = {name: figure[0] for name, figure in FIGURES.items()}
CHIPS = ("esp32", "c3")
NAMES = {"esp32": "ESP32", "c3": "ESP32-C3"}


def tx(chip, dbm=None):
    """mA while sending with ``dbm``."""
    if dbm is not None and dbm > 13:
        return F["tx20_" + chip]
    slope = (F["tx13_esp32"] - F["tx0_esp32"]) / 13
    ours = F["tx0_esp32"] + slope * F["dbm"]
    # The C3's data sheet has no such figure: it is taken to fall as the ESP32's does.
    return ours * F["tx20_" + chip] / F["tx20_esp32"]


def line():
    """mA of a MAX3232 with ENABLE on."""
    return F["max3232"] + F["pump"] * (F["tx_load"] + F["enable_load"])


def connected(chip, mhz, sleep=True, dbm=None):
    """mA on average with Wi-Fi up, without the line."""
    cpu = F["cpu_%s_%d" % (chip, mhz)]
    listen = F["listen"] if sleep else 1 - F["send"]
    return cpu + listen * (F["rx_" + chip] - cpu) + F["send"] * (tx(chip, dbm) - cpu)


def normal(chip, mhz=160, sleep=True, dbm=None):
    """(average, peak) in mA at the module's supply."""
    return connected(chip, mhz, sleep, dbm) + line(), tx(chip, dbm) + line()


def low(chip):
    """The same of the profile low."""
    on = F["join_s"] * F["rx_" + chip] + F["window_s"] * connected(chip, 80)
    off = (F["every_s"] - F["join_s"] - F["window_s"]) * F["cpu_%s_80" % chip]
    return (on + off) / F["every_s"] + line(), tx(chip) + line()


def battery(chip):
    """The same of the profile battery, without the meter's converter; first line, then Wi-Fi."""
    cpu = F["cpu_%s_80" % chip]
    read = F["boot_s"] * cpu + F["read_s"] * (cpu + line())
    send = F["learn_s"] * (cpu + line()) + F["net_s"] * F["rx_" + chip]
    awake = F["boot_s"] + F["read_s"] + (F["learn_s"] + F["net_s"]) / F["readings"]
    rest = F["sleep_" + chip] + F["regulator"]
    charge = read + send / F["readings"] + (F["sleep_s"] - awake) * rest
    return charge / F["sleep_s"], tx(chip)


def at_meter(ma):
    """mA of the module as (mA, W) at the meter's supply."""
    watts = ma * F["volts"] / 1000 / F["efficiency"] + F["quiescent"] * F["meter_volts"] / 1000
    return watts / F["meter_volts"] * 1000, watts


CASES = (
    ("normal", normal),
    ("normal, 80 MHz", lambda chip: normal(chip, 80)),
    ("normal, `modem_sleep` off", lambda chip: normal(chip, 160, False)),
    ("normal, `tx_power_dbm` 20", lambda chip: normal(chip, 160, True, 20)),
    ("low", low),
)


def fed_by_the_meter():
    """Rows: chip, case, average and peak at 3.3 V, average and peak at the meter, verdict."""
    rows = []
    for chip in CHIPS:
        for name, case in CASES:
            average, peak = case(chip)
            (a_ma, a_w), (p_ma, p_w) = at_meter(average), at_meter(peak)
            rows.append(
                "| %s | %s | %.0f mA | %.0f mA | %.1f mA, %.2f W | %.0f mA, %.2f W | %s |"
                % (
                    NAMES[chip],
                    name,
                    average,
                    peak,
                    a_ma,
                    a_w,
                    p_ma,
                    p_w,
                    "yes" if p_w <= F["meter_watts"] else "**no**",
                )
            )
    return "\n".join(rows)


def fed_by_a_battery():
    """Rows: chip, average, a day's charge, life."""
    rows = []
    for chip in CHIPS:
        average, peak = battery(chip)
        rows.append(
            "| %s | %.2f mA | %.0f mA | %.0f mAh | %.0f days |"
            % (NAMES[chip], average, peak, average * 24, F["battery"] / average / 24)
        )
    return "\n".join(rows)


def figures():
    """Rows: what, value, source."""
    return "\n".join(
        "| %s | %g%s | %s |" % (what, value, " " + unit if unit else "", source)
        for value, unit, what, source in FIGURES.values()
    )


def document():
    """The whole page as text."""
    return (
        (ROOT / "tools" / "power_page.md")
        .read_text(encoding="utf-8")
        .format(
            fed_by_the_meter=fed_by_the_meter(),
            fed_by_a_battery=fed_by_a_battery(),
            figures=figures(),
            line=line(),
            tx10=tx("esp32"),
            tx10_c3=tx("c3"),
            **F,
        )
    )


def main(arguments):
    text = document()
    if "--check" in arguments:
        current = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text
        if not current:
            print("docs/power.md is not current; run: python -m tools.power_budget")
        return 0 if current else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
