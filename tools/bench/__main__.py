"""`make bench`: speed and memory, as ratios or against the line's physical limit.

.venv/bin/python -m tools.bench [digest] [memory] [tables] [settings] [rate]
"""

import json
import os
import subprocess
import sys

from ..paths import BUILD, MICROPYTHON, ROOT, add_paths


def micropython(port, *arguments, cwd=ROOT, path=""):
    """The JSON that a script prints under MicroPython."""
    binary = MICROPYTHON / port
    if not binary.exists():
        sys.exit("bench: %s is not there; run `make setup`" % port)
    environment = dict(os.environ, MICROPYPATH=path) if path else None
    done = subprocess.run(
        [str(binary), *[str(a) for a in arguments]],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        sys.exit("bench: %s fails:\n%s%s" % (arguments[-1], done.stdout, done.stderr))
    return json.loads(done.stdout.splitlines()[-1])


def digest():
    """Machine code against plain (wanted: 20 times)."""
    for port in ("micropython64", "micropython32"):
        r = micropython(port, "tools/bench/digest_speed.py")
        print(
            "digest of 470 bytes, %s: plain %.0f us, viper %.1f us, ratio %.1f (wanted >= 20)"
            % (port, r["plain_us"], r["viper_us"], r["ratio"])
        )


def memory():
    """Heap kept by each import, compiled, in 32 bits."""
    from ..stage import stage

    stage("x86")
    tree = BUILD / "stage" / "x86"
    r = micropython(
        "micropython32",
        "-X",
        "heapsize=128k",
        ROOT / "tools" / "bench" / "import_cost.py",
        cwd=tree,
        path=":lib:.frozen",
    )
    for name, cost in r["modules"].items():
        print("%7d  %s" % (cost, name))
    print("%7d  total of all imports; %d free of 128 KiB" % (r["total"], r["free"]))


def table_cost(tree):
    """Bytes kept, compiled, in 32 bits: (idle, with BT23 and BT28, with texts and times too,
    by the table that takes the most, its name)."""
    r = micropython(
        "micropython32",
        "-X",
        "heapsize=128k",
        ROOT / "tools" / "bench" / "table_cost.py",
        cwd=tree,
        path=":lib:.frozen",
    )
    live = r["idle"] + r["live"]
    return r["idle"], live, live + r["texts"], r["most"], r["name"]


def tables():
    """Heap kept by the table layer: idle, and with the declarations of the live values."""
    from ..stage import stage

    stage("x86")
    idle, live, texts, most, name = table_cost(BUILD / "stage" / "x86")
    print(
        "tables: idle %d bytes (wanted <= 6144); with BT23, BT28 and what decodes them %d (wanted "
        "<= 10240), and %d if they hold times; any other table at most %d, %s (wanted <= 4096)"
        % (idle, live, texts, most, name)
    )


def settings_heap(tree, heap="128k", tries=()):
    """What tools/bench/settings_heap.py prints (dict), in ``tree``; ``tries``: its arguments."""
    script = ROOT / "tools" / "bench" / "settings_heap.py"
    return micropython(
        "micropython32", "-X", "heapsize=" + heap, script, *tries, cwd=tree, path=":lib:.frozen"
    )


def settings():
    """Heap in use while the settings are used, with every step, in 32 bits."""
    from ..stage import stage

    stage("x86")
    r = settings_heap(BUILD / "stage" / "x86")
    for step, code, size, used in r["steps"]:
        print("%7d  %s %s (%d bytes sent)" % (used, step, code, size))
    print(
        "settings: %d notes of faults; at most so much of 128 KiB between steps" % len(r["notes"])
    )


def rate():
    """Reads a second in `fast` mode against what line and meter allow (wanted: 95 %)."""
    from .rate import measure

    for model in ("gen3", "gen4"):
        got, limit = measure(model)
        print(
            "fast mode, %s: %.3f reads/s of %.3f that the line and the meter's pauses allow: "
            "%.1f %% (wanted >= 95)" % (model, got, limit, 100 * got / limit)
        )


BENCHES = {
    "digest": digest,
    "memory": memory,
    "tables": tables,
    "settings": settings,
    "rate": rate,
}


def main(arguments):
    add_paths()
    for name in arguments or BENCHES:
        if name not in BENCHES:
            sys.exit("bench: there is no %s; choose from %s" % (name, ", ".join(BENCHES)))
        BENCHES[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
