"""Have MicroPython's unix port, 64-bit and 32-bit, as build/micropython/bin/micropython64 and 32.

The system's own `micropython` serves as the 64-bit one when it is new enough. Otherwise the
packages of Debian's suite named in tools/lock.json are downloaded by apt, which checks their
signatures, into an apt state of their own, unpacked with dpkg -x and started through their own
loader: nothing on the system changes, and no root is needed.

    python3 tools/fetch_micropython.py
"""

import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "tools" / "lock.json"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_MIRROR = "http://deb.debian.org/debian"
# bits: Debian architecture, loader, folder of the libraries
PORTS = {
    64: ("amd64", "usr/lib64/ld-linux-x86-64.so.2", "usr/lib/x86_64-linux-gnu"),
    32: ("i386", "usr/lib/ld-linux.so.2", "usr/lib/i386-linux-gnu"),
}
_PROBE = "import sys; v = sys.implementation.version; print(v[0], v[1], sys.maxsize)"
_WRAPPER = """#!/bin/sh
R=${{0%/*}}/../{arch}/root
exec "$R/{loader}" --library-path "$R/{libraries}" "$R/usr/bin/micropython" "$@"
"""


class Unavailable(Exception):
    """Why MicroPython cannot be had here, in one line."""


def probe(path):
    """(major, minor, bits) of the MicroPython at ``path``, or None if it does not run."""
    try:
        run = subprocess.run(
            [str(path), "-c", _PROBE], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        major, minor, maxsize = [int(n) for n in run.stdout.split()]
    except (OSError, ValueError):
        return None
    return major, minor, 64 if maxsize > 1 << 32 else 32


def fits(path, bits, minimum):
    """True if ``path`` runs, has ``bits`` and is at least version ``minimum``."""
    found = probe(path)
    return found is not None and found[2] == bits and found[:2] >= tuple(minimum)


def provide(bits, lock, home):
    """Make ``home/bin/micropython<bits>`` if it is not there; True if there was work to do."""
    target = home / "bin" / ("micropython%d" % bits)
    if fits(target, bits, lock["minimum"]):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    system = shutil.which("micropython")
    if system and fits(system, bits, lock["minimum"]):
        write_script(target, '#!/bin/sh\nexec "%s" "$@"\n' % system)
        return True
    arch, loader, libraries = PORTS[bits]
    download(arch, lock, home / arch)
    write_script(target, _WRAPPER.format(arch=arch, loader=loader, libraries=libraries))
    if not fits(target, bits, lock["minimum"]):
        target.unlink()
        raise Unavailable(
            "Debian's %s package for %s does not run here or is older than %d.%d"
            % (lock["packages"][0], arch, *lock["minimum"])
        )
    return True


def download(arch, lock, home):
    """Download the packages of ``lock`` for ``arch`` with apt and unpack them to ``home/root``."""
    if platform.machine() not in ("x86_64", "amd64"):
        raise Unavailable(
            "no ready-made MicroPython is known for a %s machine" % platform.machine()
        )
    for program in ("apt-get", "dpkg"):
        if not shutil.which(program):
            raise Unavailable(
                "there is no `micropython` of version %d.%d or later in PATH, and no %s to "
                "download one with; install MicroPython's unix port" % (*lock["minimum"], program)
            )
    need_keyring()
    reasons = []
    for mirror in mirrors():
        shutil.rmtree(home, ignore_errors=True)
        options = private_apt(home, arch, mirror, lock["suite"])
        archives = home / "archives"
        _run(["apt-get", *options, "-q", "update"], archives)
        done = _run(["apt-get", *options, "-q", "download", *lock["packages"]], archives)
        if done.returncode == 0:
            break
        reasons.append("%s: %s" % (mirror, _last_line(done.stdout)))
    else:
        raise Unavailable("apt could not download it (%s)" % "; ".join(reasons))
    for deb in sorted(archives.glob("*.deb")):
        done = _run(["dpkg", "-x", str(deb), str(home / "root")], home)
        if done.returncode:
            raise Unavailable("%s cannot be unpacked: %s" % (deb.name, _last_line(done.stdout)))


def need_keyring():
    """Install Debian's archive keys where they are missing (Ubuntu) and we may."""
    if _KEYRING.exists():
        return
    if os.geteuid() == 0:
        _run(["apt-get", "-q", "update"], "/")
        _run(["apt-get", "-qy", "install", "debian-archive-keyring"], "/")
    if not _KEYRING.exists():
        raise Unavailable(
            "apt cannot check Debian's signatures: run `apt-get install debian-archive-keyring`"
        )


def mirrors():
    """Debian mirrors to try: the one this machine uses, then Debian's public one."""
    found = []
    release = _os_release()
    if release.get("ID") == "debian":
        columns = "$(REPO_URI) $(RELEASE) $(COMPONENT)"
        listing = ["apt-get", "indextargets", "--format", columns, "Created-By: Packages"]
        for line in _run(listing, "/").stdout.splitlines():
            words = line.split()
            if words[1:] == [release.get("VERSION_CODENAME"), "main"]:
                found.append(words[0].rstrip("/"))
    return list(dict.fromkeys([*found, _MIRROR]))


def private_apt(home, arch, mirror, suite):
    """Make an apt state under ``home`` that knows only ``suite``; the options that use it."""
    for folder in ("state/lists/partial", "cache/archives/partial", "archives", "root"):
        (home / folder).mkdir(parents=True)
    (home / "status").write_text("")
    sources = home / "sources.list"
    sources.write_text("deb [signed-by=%s] %s %s main\n" % (_KEYRING, mirror, suite))
    settings = {
        "Dir::State": home / "state",
        "Dir::State::status": home / "status",
        "Dir::Cache": home / "cache",
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "/dev/null",
        "APT::Architecture": arch,
        "APT::Architectures": arch,
        "APT::Get::List-Cleanup": "0",
        "APT::Sandbox::User": "root",  # the state may lie where apt's own user cannot go
        "Acquire::Languages": "none",
        "Acquire::Retries": "2",
        "Acquire::http::Timeout": "30",
    }
    options = []
    for name, value in settings.items():
        options += ["-o", "%s=%s" % (name, value)]
    return options


def write_script(path, text):
    """Write an executable script, whole or not at all."""
    part = path.with_name(path.name + ".part")
    part.write_text(text)
    part.chmod(0o755)
    part.replace(path)


def _os_release():
    try:
        lines = Path("/etc/os-release").read_text().splitlines()
    except OSError:
        return {}
    pairs = [line.split("=", 1) for line in lines if "=" in line]
    return {name: value.strip('"') for name, value in pairs}


def _run(command, folder):
    return subprocess.run(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def _last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def main():
    lock = json.loads(LOCK.read_text())["micropython"]
    home = ROOT / "build" / "micropython"
    missing = 0
    for bits in PORTS:
        try:
            if provide(bits, lock, home):
                print(
                    "MicroPython, %d-bit, is build/micropython/bin/micropython%d." % (bits, bits)
                )
        except Unavailable as e:
            missing += 1
            print("warning: no %d-bit MicroPython: %s." % (bits, e), file=sys.stderr)
    if missing and not os.environ.get("CI"):
        print("         Its tests will be SKIPPED; the demo runs on CPython.", file=sys.stderr)
        return 0
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
