"""`make proof`: the long proofs. Each is a test whose short form runs in `make test`.

    .venv/bin/python -m tools.proof [PART_OF_NAME ...]

The scale of each can be set by its variable, for example PROOF_REPLIES=100000.
"""

import os
import sys

from .paths import ROOT

# variable, its long form, what it counts
SCALES = (
    ("PROOF_REPLIES", "20000", "replies over each of eight lines full of faults"),
    ("PROOF_POLLS", "10000", "polls of the application under the 32-bit MicroPython"),
    ("PROOF_SECONDS", "60", "seconds against a paced meter in real time"),
    ("PROOF_MESSAGES", "2000", "messages from a verified reply to a subscriber of MQTT"),
    ("PROOF_CHAOS_S", "7200", "seconds of faults of the broker and the network, ten in one"),
    ("PROOF_OUTAGES", "5", "rounds of killing, stopping, black-holing and slowing the broker"),
    ("PROOF_LATE", "8", "rounds of all faults of broker and network around the outage buffer"),
    ("PROOF_TABLES", "1000000", "random replies for each group of tables"),
    ("PROOF_KILLS", "2000", "load profiles read by programs that are killed at random"),
    ("PROOF_DISTURBED", "25", "load profiles over a line with each of four faults, killed twice"),
    ("PROOF_FAULT_HOURS", "24", "hours of random faults around a module, for each of two seeds"),
    ("PROOF_UPTIME_HOURS", "312", "hours on end, so that the ticks wrap (about 13 minutes)"),
    ("PROOF_NODERED", "1", "a Node-RED from npm that runs the flow of docs/integrations"),
    ("PROOF_FHEM", "1", "an installed FHEM (FHEM_HOME) with the definitions of docs/integrations"),
    ("PROOF_HOMEASSISTANT", "1", "a real Home Assistant, of each kind of discovery"),
    ("PROOF_CUTS", "2000", "power cuts while something is saved, for each kind of flash"),
)


def main(arguments):
    for name, long_form, what in SCALES:
        os.environ.setdefault(name, long_form)
        print("%s=%s  %s" % (name, os.environ[name], what))
    sys.stdout.flush()
    command = [sys.executable, "-m", "pytest", "-s", "-v", "-o", "timeout=3600", "-m", "proof"]
    if arguments:
        command += ["-k", " or ".join(arguments)]
    os.chdir(ROOT)
    os.execv(sys.executable, command)


if __name__ == "__main__":
    main(sys.argv[1:])
