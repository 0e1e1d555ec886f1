"""`mepctl run`: the application of `firmware.app` on a host's line."""

import asyncio
import difflib
import json
import signal
import socket
import sys
from urllib.parse import unquote, urlsplit

from firmware import config as configuration
from firmware.app import App
from . import secure
from .common import BROKEN, OK, USAGE, Stop, find_baud, host_port, key_text, opened

_HTTP = "127.0.0.1:8080"
_MQTT = "--mqtt: write mqtt://[user:pass@]host[:port][/base], or mqtts:// for TLS"
_PROBE_S = 0.05


def main(args):
    """Run until interrupted; returns the exit code."""
    config = settings(args)
    check_http(config["http_host"], config["http_port"])
    try:
        return asyncio.run(_run(config, args.quiet))
    except KeyboardInterrupt:
        return OK


def settings(args):
    """The configuration (dict) that the options and the file make together. Raises Stop."""
    given = _file(args.config) if args.config else {}
    _override(given, args)
    if not given.get("port"):
        raise Stop(USAGE, "no port: give --port, like /dev/ttyUSB0 or socket://host:port")
    if not given.get("key"):
        raise Stop(USAGE, "no key: give --key, --key-file or the environment variable MEP_KEY")
    try:
        return configuration.validate(given)
    except configuration.ConfigError as e:
        raise Stop(USAGE, str(e))


def _file(path):
    try:
        with open(path, encoding="utf-8") as f:
            given = json.load(f)
    except OSError as e:
        raise Stop(USAGE, "config: %s cannot be read (%s)" % (path, e.strerror))
    except ValueError:
        # Without the parser's text: it could quote a secret.
        raise Stop(USAGE, "config: %s is not JSON; check its quotes and commas" % path)
    if not isinstance(given, dict):
        raise Stop(USAGE, 'config: write one JSON object in %s, like {"key": "..."}' % path)
    known = [entry[0] for entry in configuration.SCHEMA] + ["version"]
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, 1)
            # A long one could be a secret in the wrong place.
            what = name if len(name) <= 24 else "a name of %d characters" % len(name)
            hint = "; did you mean %s?" % near[0] if near else ""
            print("warning: config: nobody knows %s%s" % (what, hint), file=sys.stderr)
    return given


def _override(given, args):
    key = key_text(args)
    if key and (args.key or args.key_file or not given.get("key")):
        given["key"] = key
    if args.port:
        given["port"] = args.port
    if args.baud is not None:
        given["baud"] = find_baud(args)
    if args.rc4:
        given["rc4"] = True
    if args.fast:
        given["fast"] = True
    if args.stale is not None:
        given["stale_s"] = args.stale
    if args.http or "http_port" not in given:
        given["http_host"], given["http_port"] = host_port(
            args.http or _HTTP, "--http", "127.0.0.1"
        )
    if args.mqtt:
        given.update(parse_mqtt(args.mqtt))
    secure.on_host(args, given)


def parse_mqtt(url):
    """Settings (dict) of a ``mqtt[s]://`` URL. Raises Stop, never with a password in it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Stop(USAGE, _MQTT + "; its host or port cannot be read")
    if parts.scheme not in ("mqtt", "mqtts"):
        raise Stop(USAGE, _MQTT + "; nothing else is spoken")
    if not parts.hostname or port == 0:
        raise Stop(USAGE, _MQTT + "; it names no host or port 0")
    if "?" in url or "#" in url:
        raise Stop(USAGE, _MQTT + "; write ? and # in a password as %3F and %23")
    return {
        "mqtt_host": parts.hostname,
        "mqtt_port": port or (8883 if parts.scheme == "mqtts" else 1883),
        "mqtt_user": unquote(parts.username or ""),
        "mqtt_password": unquote(parts.password or ""),
        "mqtt_base": unquote(parts.path).strip("/") or "mep",
    }


def check_http(host, port):
    """Raise Stop if the page cannot be served there."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind(address)
            s.listen()  # two may bind, one may listen
    except OSError as e:
        raise Stop(
            USAGE,
            "--http %s:%d: %s; choose another port, or an address of this machine"
            % (host, port, e.strerror),
        )


async def _run(config, quiet):
    console = _Console(quiet)
    app = App(config, console)
    # The line is opened before anything runs: a port that is not there ends the command, and that
    # is all it says.
    await opened(config["port"], app.open_line())
    console.begin()
    task = asyncio.create_task(app.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel)
    announce = asyncio.create_task(_announce(config["http_host"], config["http_port"]))
    try:
        await task
    except asyncio.CancelledError:
        return OK
    finally:
        announce.cancel()
    return BROKEN


class _Console:
    """Shows the log's lines, those from before `begin` only then."""

    def __init__(self, quiet):
        self._quiet = quiet
        self._held = []

    def __call__(self, line):
        if self._held is not None:
            self._held.append(line)
        elif not self._quiet:
            sys.stderr.write(line + "\n")

    def begin(self):
        held, self._held = self._held, None
        for line in held:
            self(line)


async def _announce(host, port):
    # One line when the page can be had.
    any_address = host in ("0.0.0.0", "::", "")
    target = "localhost" if any_address else host
    while True:
        try:
            _, writer = await asyncio.open_connection(target, port)
            break
        except OSError:
            await asyncio.sleep(_PROBE_S)
    writer.close()
    shown = "[%s]" % target if ":" in target else target
    more = " (and at every other address of this machine)" if any_address else ""
    print("Serving http://%s:%d/%s" % (shown, port, more), flush=True)
