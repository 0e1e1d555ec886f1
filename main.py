import sys

if sys.platform == "esp32":  # which has / and /lib on its path
    from firmware.start import start

    start()
else:
    sys.path.insert(0, "lib")
    sys.path.insert(1, "build/deps")

    from firmware.app import run

    run(sys.argv[1] if len(sys.argv) > 1 else "config.json")
