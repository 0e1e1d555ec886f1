"""Write docs/configuration.md from the schema and its English texts.

.venv/bin/python -m tools.gen_docs            write it
.venv/bin/python -m tools.gen_docs --check    say (exit code 1) if it is not current
"""

import json
import sys

from .paths import ROOT, add_paths

TARGET = ROOT / "docs" / "configuration.md"
HEAD = """# Configuration

Made by `python -m tools.gen_docs` from `firmware/schema.py` and `firmware/texts/en.py`; do not
edit it by hand.

One flat JSON object, such as `{"key": "...", "wifi_ssid": "home", "mqtt_host": "broker.lan"}`.
What is left out has its default. A value that is no good is refused with the reason; the firmware
keeps running with what it had. Unknown keys in the stored configuration are kept (a newer firmware
wrote them), in an import they are refused (they are typing errors).

The module keeps it in two numbered copies with a checksum each, `config.a` and `config.b`:
whenever the power fails, the old or the new configuration is there. A file `config.json` copied to
the module is taken over at the next start, on top of what is stored, and removed. Secrets are
never exported; an import without them keeps those of the module. Lengths count bytes of UTF-8.
"""


def document():
    """The whole page as text."""
    from firmware import config, texts

    english = texts.load("en")
    parts = [HEAD]
    group = None
    for entry in config.SCHEMA:
        if entry[5] != group:
            group = entry[5]
            parts.append("\n## %s\n" % texts.find(english.GROUPS, group))
            parts.append("| key | what it is | value | default | |\n|---|---|---|---|---|")
        parts.append(row(config, entry, texts.find(english.LABELS, entry[0])))
    return "\n".join(parts) + "\n"


def row(config, entry, label):
    """One line of the table."""
    name, default, _, _, flags, _ = entry
    notes = []
    if flags & config.SECRET:
        notes.append("secret")
    if flags & config.RESTART:
        notes.append("needs a restart")
    return "| `%s` | %s | %s | `%s` | %s |" % (
        name,
        label,
        values(config, entry),
        default if isinstance(default, str) and default else json.dumps(default),
        ", ".join(notes),
    )


def values(config, entry):
    """What may be written, in words."""
    from firmware import forms

    _, default, low, high, flags, _ = entry
    if high is None:
        return "one of " + ", ".join("`%s`" % c for c in low)
    if isinstance(default, bool):
        return "`true` or `false`"
    if isinstance(default, int):
        return "%d to %d" % (low, high)
    form = {
        None: "text",
        "key": "20 characters as issued, or hex digits, or decimal bytes",
        "hostname": "letters, digits, hyphens",
        "host": "host name or address",
        "hosts": "host names or addresses, with commas",
        "ip": "IPv4 address",
        "wpa": "8 to 63 characters or 64 hex digits",
        "country": "two capital letters",
        "token": "ASCII without spaces",
        "topic": "MQTT topic without `+` and `#`",
        "zone": "POSIX TZ rule",
        "watch": "pairs of source id and amount, with commas",
        "formats": "names, with commas: " + ", ".join("`%s`" % f for f in forms.FORMATS),
        "commands": "names, with commas: " + ", ".join("`%s`" % c for c in forms.COMMANDS),
        "idx": "up to five whole numbers, with commas",
        "tls": "`off`, `ca`, or 64 hex digits with or without colons",
        "steps": "pairs `value:change`, with commas, of a name, one without its phase, or a unit",
    }[config.FORMS[flags >> config.FORM]]
    return "%s, %s %d" % (form, "at most" if low == 0 else "%d to" % low, high)


def main(arguments):
    add_paths()
    text = document()
    if "--check" in arguments:
        current = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text
        if not current:
            print("docs/configuration.md is not current; run: python -m tools.gen_docs")
        return 0 if current else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
