"""`mepctl monitor`, `backup` and `restore`: hear a module, keep its files, give them back."""

import hashlib
import json
import os
import time
from pathlib import Path

from tools.flashing import FlashError, first, sync
from tools.flashing.device import Device, open_port
from tools.flashing.words import there
from .common import BROKEN, USAGE, Stop
from .flash import progress, say

INDEX = "backup.json"
_FOREVER_S = 10**9


def main(args):
    """Run the command; raises Stop."""
    if not args.port:
        raise Stop(USAGE, "no port given: write PORT=... or --port; " + there())
    try:
        return {"monitor": monitor, "backup": backup, "restore": restore}[args.command](args)
    except FlashError as e:
        raise Stop(USAGE if e.usage else BROKEN, str(e))


def monitor(args):
    """Print what the module says until Ctrl-C."""
    device = Device(args.port)
    device.transport = open_port(args.port)
    say("Listening on %s; Ctrl-C ends it, the module runs on." % args.port)
    try:
        for line in first.lines_of(device, args.seconds or _FOREVER_S):
            if line is not None:
                say(line)
    except KeyboardInterrupt:
        pass
    finally:
        device.close()
    return 0


def backup(args):
    """Copy every file of the module into a new directory."""
    folder = Path(args.folder)
    if folder.exists() and any(folder.iterdir()):
        raise FlashError("%s: it is not empty; name a new directory" % folder, usage=True)
    with Device(args.port) as device:
        device.connect()
        info = device.probe()
        found = device.files()
        os.makedirs(folder, mode=0o700, exist_ok=True)
        _private(folder, 0o700)
        say("%d files, %d KB" % (len(found), sum(size for size, _ in found.values()) >> 10))
        with progress(sum(size for size, _ in found.values())) as tell:
            for path in sorted(found):
                data = device.read(path)
                if (len(data), hashlib.sha256(data).hexdigest()) != found[path]:
                    raise FlashError("%s arrived damaged; run the command again" % path)
                _keep(_inside(folder / "files", path), data)
                tell(len(data))
        about = {
            "machine": info["machine"],
            "made": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        about["files"] = {path: found[path][1] for path in sorted(found)}
        # Last, so that a backup that was cut short is none.
        _keep(folder / INDEX, json.dumps(about, indent=1).encode())
        device.reset()
    say(
        "Kept in %s. It holds the module's KEY and PASSWORDS: keep it where only you can read."
        % folder
    )
    return 0


def restore(args):
    """Bring a module's files to those of a backup."""
    folder = Path(args.folder)
    try:
        about = json.loads((folder / INDEX).read_text())
        wanted = dict(about["files"])
    except (OSError, ValueError, KeyError, TypeError):
        raise FlashError("%s: this is no whole backup (no %s)" % (folder, INDEX), usage=True)
    tree = {}
    for path, digest in wanted.items():
        try:
            tree[path] = _inside(folder / "files", path).read_bytes()
        except OSError:
            raise FlashError("%s: %s is missing from the backup" % (folder, path), usage=True)
        if hashlib.sha256(tree[path]).hexdigest() != digest:
            raise FlashError("%s: %s is not as it was saved" % (folder, path), usage=True)
    with Device(args.port) as device:
        device.connect()
        info = device.probe()
        if info["machine"] != about["machine"]:
            raise FlashError(
                "the backup is of a %s, this is a %s" % (about["machine"], info["machine"]),
                usage=True,
            )
        there_ = device.files()
        plan = sync.Plan(tree, there_)
        sync.check_room(plan, tree, there_, info)
        say(
            "%d files to copy, %d to delete, %d are the same."
            % (len(plan.copy), len(plan.delete), plan.same)
        )
        with progress(plan.bytes) as tell:
            sync.apply(device, tree, plan, tell)
        device.reset()
    say("Restored; the module starts.")
    return 0


def _inside(folder, path):
    # The place of a module's ``path`` below ``folder``, and nowhere else.
    parts = path.split("/")[1:]
    if any(p in ("", ".", "..") or "\\" in p or ":" in p for p in parts) or path[:1] != "/":
        raise FlashError("the file %r has a name that cannot be kept here" % path)
    return folder.joinpath(*parts)


def _keep(path, data):
    # Only the owner may read it.
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as f:
        f.write(data)
    _private(path, 0o600)


def _private(path, mode):
    if os.name == "posix":
        os.chmod(path, mode)
