import sys

if sys.platform != "esp32":  # the chip has / and /lib on its path
    sys.path.insert(0, "lib")
    sys.path.insert(1, "build/deps")

from firmware.app import run

run(sys.argv[1] if len(sys.argv) > 1 else "config.json")
