"""Set everything up that `make demo` and `make test` need; quick when it is all there.

Standard library only, and any Python from 3.8 on can start it. It makes .venv, installs the
pinned packages and `mepctl` into it, and fetches build/deps and build/micropython.

    python3 tools/prepare.py            all of that
    python3 tools/prepare.py --tests    and the system programs the tests start
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
REQUIREMENTS = ROOT / "tools" / "requirements-dev.txt"
_OLDEST = (3, 11)
# program, its Debian package, whether only CI installs it without being asked
_PROGRAMS = (
    ("mosquitto", "mosquitto", False),
    ("chromium", "chromium", True),
    ("chromedriver", "chromium-driver", True),
)


class SetupError(Exception):
    """What is missing and how to get it, in one line."""


def main(arguments):
    try:
        make_venv()
        for script in ("fetch_deps.py", "fetch_micropython.py"):
            if subprocess.run([venv_python(), str(ROOT / "tools" / script)]).returncode:
                return 1
        if "--tests" in arguments:
            install_programs()
    except SetupError as e:
        print("error: %s" % e, file=sys.stderr)
        return 1
    return 0


def make_venv():
    """Make or renew .venv with the pinned packages, unless its stamp says that it is current."""
    python = new_enough_python()
    stamp = VENV / ".stamp"
    wanted = fingerprint(python)
    found = stamp.read_text() if stamp.exists() else ""
    if found == wanted:
        return
    if found.splitlines()[1:] != wanted.splitlines()[1:]:
        create_venv(python)
    install_packages()
    stamp.write_text(wanted)


def create_venv(python):
    """Make an empty .venv."""
    say("Making .venv with %s ..." % python)
    shutil.rmtree(VENV, ignore_errors=True)
    if run([python, "-m", "venv", str(VENV)], quiet=True).returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        # Debian keeps the part of Python that installs pip in a package of its own.
        version = output([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"])
        package = "python%s-venv" % version
        if not apt_install(package):
            raise SetupError("Python cannot make a virtual environment: install " + package)
        if run([python, "-m", "venv", str(VENV)]).returncode:
            raise SetupError("`%s -m venv .venv` fails; see above" % python)


def install_packages():
    """Install the pinned packages and, editable, this repository's commands."""
    say("Installing the pinned packages into .venv ...")
    pip = [venv_python(), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    # Its complaints about a package index that lacks a package are of no use to anybody.
    log = VENV / "pip.log"
    for what in (
        ["--require-hashes", "-r", str(REQUIREMENTS)],
        ["--no-deps", "--no-build-isolation", "-e", str(ROOT)],
    ):
        with open(log, "w") as f:
            done = subprocess.run(pip + what, stdout=f, stderr=subprocess.STDOUT)
        if done.returncode:
            sys.stderr.write(log.read_text())
            raise SetupError("pip could not install the pinned packages; see above")


def fingerprint(python):
    """What .venv is made from: the packages (renewed in place), then Python and the place."""
    project = (ROOT / "pyproject.toml").read_text().split("[tool.ruff]")[0]
    packages = hashlib.sha256((REQUIREMENTS.read_text() + project).encode()).hexdigest()
    return "%s\n%s\n%s\n" % (packages, python, ROOT)


def new_enough_python():
    """Path of this Python, or of a newer one in PATH if this is too old."""
    if sys.version_info >= _OLDEST:
        return sys.executable
    for minor in range(_OLDEST[1], 20):
        found = shutil.which("python3.%d" % minor)
        if found:
            return found
    raise SetupError(
        "Python %d.%d or later is needed, this is %d.%d: install it, for example "
        "with `apt-get install python3.11 python3.11-venv`" % (*_OLDEST, *sys.version_info[:2])
    )


def install_programs():
    """Install what tests start, where we may; say what is missing where we may not."""
    ci = bool(os.environ.get("CI"))
    for program, package, only_ci in _PROGRAMS:
        if find(program) or ((not only_ci or ci) and apt_install(package) and find(program)):
            continue
        say(
            "warning: no %s: its tests will be SKIPPED; `apt-get install %s` gets it."
            % (program, package)
        )


def find(program):
    """Path of ``program``; Debian keeps daemons where a user's PATH may not look."""
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def apt_install(package):
    """Install a package if this is root on a Debian or Ubuntu; True if it worked."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return False
    say("Installing %s with apt-get ..." % package)
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    install = ["apt-get", "-qy", "install", "--no-install-recommends", package]
    if run(install, quiet=True, env=env).returncode == 0:
        return True
    run(["apt-get", "-q", "update"], quiet=True, env=env)
    return run(install, env=env).returncode == 0


def venv_python():
    return str(VENV / "bin" / "python")


def run(command, quiet=False, env=None):
    sink = subprocess.DEVNULL if quiet else None
    return subprocess.run(command, stdout=sink, stderr=sink, env=env)


def output(command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True).stdout.strip()


def say(text):
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
