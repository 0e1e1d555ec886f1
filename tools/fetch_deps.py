"""Fetch the third-party code of tools/lock.json into build/deps, each file checked by its hash.

Standard library only: it runs before anything is installed. The files come from the package
index that pip is configured for. pip itself cannot fetch umqtt.simple, whose old archive it
tries to build, so the index's page of each project is read here. What was fetched once is kept
in build/downloads, and a second run needs no network.

    python3 tools/fetch_deps.py
"""

import base64
import hashlib
import html.parser
import json
import os
import shutil
import ssl
import subprocess
import sys
import tarfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "tools" / "lock.json"
_TRIES = 3
_TIMEOUT_S = 60


class FetchError(Exception):
    """What failed and what to do, in one line."""


class _Links(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.hrefs = []

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.hrefs += [value for name, value in attrs if name == "href" and value]


def fetch_all(lock, build):
    """Fill ``build/deps`` as ``lock`` (the "packages" list) says; True if there was work to do."""
    deps = build / "deps"
    stamp = deps / ".lock.json"
    wanted = json.dumps(lock, indent=1)
    if stamp.exists() and stamp.read_text() == wanted:
        return False
    deps.mkdir(parents=True, exist_ok=True)
    for package in lock:
        archive = download(package, build / "downloads")
        unpack(package, archive, deps)
    stamp.write_text(wanted)
    return True


def download(package, folder):
    """Path of the package's archive in ``folder``, hash checked; fetched if it is not there."""
    archive = folder / package["file"]
    if archive.exists() and _sha256(archive) == package["sha256"]:
        return archive
    folder.mkdir(parents=True, exist_ok=True)
    part = archive.with_name(archive.name + ".part")
    indexes, cafile = pip_settings()
    reasons = []
    for index in indexes:
        try:
            page = index.rstrip("/") + "/" + package["name"].replace(".", "-").lower() + "/"
            part.write_bytes(_get(find_link(page, package["file"], cafile), cafile))
        except (OSError, FetchError) as e:
            reasons.append("%s: %s" % (_public(index), e))
            continue
        found = _sha256(part)
        if found != package["sha256"]:
            raise FetchError(
                "%s has the sha256 %s, not the %s of tools/lock.json: do not use it; see whether "
                "the package index you use changes files, and update the lock only after reading "
                "the new file (it is %s)" % (archive.name, found, package["sha256"], part)
            )
        part.replace(archive)
        return archive
    raise FetchError(
        "cannot fetch %s (%s): check the network or pip's index settings, or put the file into %s"
        % (archive.name, "; ".join(reasons), folder)
    )


def find_link(page, name, cafile=None):
    """The address of the file ``name`` on the index's project ``page``."""
    if page.startswith("file:"):
        page += "index.html"
    links = _Links()
    links.feed(_get(page, cafile).decode("utf-8", "replace"))
    for href in links.hrefs:
        url = urllib.parse.urljoin(page, href.split("#")[0])
        if urllib.parse.unquote(url.rsplit("/", 1)[-1]) == name:
            return url
    raise FetchError("the index has no file " + name)


def unpack(package, archive, deps):
    """Replace ``deps/<take>`` by the folder of that name in the archive."""
    take = package["take"]
    fresh = deps / (take + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    prefix = "/".join(p for p in (package["inside"], take) if p) + "/"
    for name, data in _members(archive):
        if name.startswith(prefix) and ".." not in name.split("/"):
            target = fresh / name[len(prefix) :]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
    if not fresh.exists():
        raise FetchError("%s holds no folder %s: correct tools/lock.json" % (archive.name, prefix))
    shutil.rmtree(deps / take, ignore_errors=True)
    fresh.rename(deps / take)


def pip_settings():
    """What pip is configured for: ([index addresses], certificate file or None)."""
    said = {}
    pip = [sys.executable, "-m", "pip"]
    try:
        out = subprocess.run(pip + ["config", "list"], stdout=subprocess.PIPE, text=True).stdout
    except OSError:
        out = ""
    for line in out.splitlines():
        name, _, value = line.partition("=")
        # Later sections win in pip, and the environment over all; so does the later line here.
        said[name.rsplit(".", 1)[-1]] = value.strip().strip("'\"")
    index = os.environ.get("PIP_INDEX_URL") or said.get("index-url") or _default_index()
    more = os.environ.get("PIP_EXTRA_INDEX_URL") or said.get("extra-index-url") or ""
    cafile = os.environ.get("PIP_CERT") or said.get("cert") or None
    indexes = [index] if index else []
    return indexes + more.replace("\\n", " ").split(), cafile


def _default_index():
    try:
        from pip._internal.models.index import PyPI
    except ImportError:
        return None
    return PyPI.simple_url


def _get(url, cafile=None):
    """The bytes at ``url``; a user and password in it are sent as pip sends them."""
    parts = urllib.parse.urlsplit(url)
    request = urllib.request.Request(url)
    if "@" in parts.netloc:
        login, _, host = parts.netloc.rpartition("@")
        request = urllib.request.Request(urllib.parse.urlunsplit(parts._replace(netloc=host)))
        login = urllib.parse.unquote(login).encode()
        request.add_header("Authorization", "Basic " + base64.b64encode(login).decode())
    context = ssl.create_default_context(cafile=cafile) if cafile else None
    for attempt in range(_TRIES):
        try:
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S, context=context) as reply:
                return reply.read()
        except urllib.error.HTTPError as e:
            if e.code < 500 or attempt == _TRIES - 1:
                raise
        except OSError:
            if attempt == _TRIES - 1 or parts.scheme == "file":
                raise


def _public(url):
    """``url`` without a password."""
    parts = urllib.parse.urlsplit(url)
    return urllib.parse.urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _members(archive):
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as z:
            for name in z.namelist():
                if not name.endswith("/"):
                    yield name, z.read(name)
    else:
        with tarfile.open(archive) as t:
            for member in t.getmembers():
                if member.isfile():
                    yield member.name, t.extractfile(member).read()


def _sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main():
    try:
        if fetch_all(json.loads(LOCK.read_text())["packages"], ROOT / "build"):
            print("Third-party device code is in build/deps.")
    except FetchError as e:
        print("error: %s" % e, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
