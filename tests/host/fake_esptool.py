"""Answers like esptool 5 for the chip that the JSON file STATE names; writes down what was asked.

    python fake_esptool.py STATE [esptool's arguments]

STATE: {"chip": "ESP32-C3", "flash": "4MB", "fails": text of an error or null, "calls": []}
"""

import json
import sys

_CHIP_TYPES = {"ESP32": "ESP32-D0WD-V3 (revision v3.1)", "ESP32-C3": "ESP32-C3 (QFN32)"}


def main(path, arguments):
    with open(path) as f:
        state = json.load(f)
    state["calls"].append(arguments)
    with open(path, "w") as f:
        json.dump(state, f)
    port = arguments[arguments.index("--port") + 1]
    print("esptool v5.6.0\nSerial port %s:" % port)
    if state.get("fails"):
        print(
            "ERROR: A fatal error occurred: %s\nFor troubleshooting steps visit: ..."
            % state["fails"],
            file=sys.stderr,
        )
        return 2
    print("Connecting....\nConnected to %s on %s:" % (state["chip"], port))
    print("Chip type:          %s" % _CHIP_TYPES.get(state["chip"], state["chip"]))
    if "flash-id" in arguments:
        print("Flash Memory Information:\nManufacturer: 68")
        print("Detected flash size: " + state["flash"])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
