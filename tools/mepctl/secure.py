"""What the commands take for TLS to the broker: a CA, a fingerprint, a client certificate."""

import tempfile
from pathlib import Path

from firmware import certificates, storage
from firmware.texts import Refusal
from .common import USAGE, Stop

_HOW = "give --mqtt-ca FILE (the certificate of the broker's CA) or --mqtt-fingerprint HEX"


def settings(args):
    """What the options say of mqtt_tls: {} or {"mqtt_tls": value}. Raises Stop."""
    if args.mqtt_ca and args.mqtt_fingerprint:
        raise Stop(USAGE, "--mqtt-ca: a fingerprint says it all; give one of the two")
    if bool(args.mqtt_cert) != bool(args.mqtt_key):
        raise Stop(USAGE, "--mqtt-cert: give certificate and key, --mqtt-cert and --mqtt-key")
    if args.mqtt_ca:
        return {"mqtt_tls": "ca"}
    if args.mqtt_fingerprint:
        return {"mqtt_tls": args.mqtt_fingerprint}
    return {}


def files(args):
    """``{name: (path, DER)}`` of the files given, each looked at. Raises Stop."""
    found = {}
    for name in certificates.NAMES:
        path = getattr(args, "mqtt_" + name)
        if not path:
            continue
        option = "--mqtt-%s %s" % (name, path)
        try:
            data = Path(path).read_bytes()
        except OSError as e:
            raise Stop(USAGE, "%s: %s" % (option, e.strerror))
        if not data.startswith(b"0") or name == "ca":
            try:
                found[name] = path, certificates.der(name, data)
            except Refusal as e:
                raise Stop(USAGE, "%s: %s" % (option, str(e).partition(": ")[2]))
        if name not in found or not found[name][1]:
            raise Stop(USAGE, "%s: it is not PEM, with BEGIN and END lines" % option)
    return found


def on_host(args, given):
    """Complete ``given``, a configuration, and make this machine's application use the files."""
    found = files(args)
    chosen = settings(args)
    scheme = (args.mqtt or "").partition(":")[0]
    if scheme == "mqtt":
        if chosen or found:
            raise Stop(USAGE, "--mqtt: mqtt:// is plain text; write mqtts:// for TLS")
        given.pop("mqtt_tls", None)
    given.update(chosen)
    tls = given.get("mqtt_tls", "off")
    if (scheme == "mqtts" and tls == "off") or (tls == "ca" and "ca" not in found):
        raise Stop(USAGE, "--mqtt: TLS must know whom it speaks to; " + _HOW)
    certificates.paths = {name: path for name, (path, _) in found.items()}


def records(args):
    """``{path on the module: bytes}`` of the files given, as `firmware.storage` keeps them."""
    made = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (_, data) in files(args).items():
            path = Path(folder) / ("mqtt_" + name)
            storage.save(str(path), data)
            made["/mqtt_%s.a" % name] = path.with_name(path.name + ".a").read_bytes()
    return made
