"""Write docs/tables.md from the declarations in lib/osgp/tables.

.venv/bin/python -m tools.gen_tables            write it
.venv/bin/python -m tools.gen_tables --check    say (exit code 1) if it is not current
"""

import ast
import re
import sys

from .paths import ROOT, add_paths

TARGET = ROOT / "docs" / "tables.md"
HEAD = """# The meter's tables

Made by `python -m tools.gen_tables` from the declarations in `lib/osgp/tables/`; do not edit it by
hand. All tables that the MEP Client Developer's Guide and the Optical Port Programmer's Guide
describe are declared: what their fields are called, where they are, their units and words. How a
declaration is written is told at the top of `lib/osgp/fields.py`.

MBK and MAK: what a MEP client may do with the basic and the advanced key: r read, w write, `?` the
MEP guide does not tell. Memory: where a read is answered from and a write goes to; "mixed" is read
from RAM and written to NVM, which wears: no more than 4 writes an hour and 100 a day. Since: first
firmware version that has the table. Bytes: what gives the size; "itself" are numbers in the table.
"""
LISTED = """
## Listed only

The guides name these and describe them nowhere. They are read as bytes.
"""
COLUMNS = """| table | number | name | MBK | MAK | memory | since | bytes | what it is | guide |
|---|---|---|---|---|---|---|---|---|---|"""


class Version:
    """A meter of which only the firmware is known."""

    def __init__(self, version):
        self.version = version
        self.tables = {}


def document():
    """The whole page as text."""
    from osgp import listed
    from osgp.names import DECLARED

    lines = [HEAD, COLUMNS]
    lines += [row(name, size_rule(name), *what(name)) for name in DECLARED.split()]
    lines += [LISTED, COLUMNS]
    lines += [row(name, "?", "-", "-") for name in listed.names()]
    return "\n".join(lines) + "\n"


def row(name, size, told, guide):
    """One line of the page."""
    from osgp import about, codec

    number = codec.table_number(name)
    columns = [name, str(number), *about.about(number), size, told, guide]
    return "| %s |" % " | ".join(columns)


def what(name):
    """(what it is, page) of the line at the top of the declaration."""
    source = (ROOT / "lib/osgp/tables" / (name.lower() + ".py")).read_text(encoding="utf-8")
    text = " ".join(ast.get_docstring(ast.parse(source)).split())
    text, guide = re.fullmatch(r"(.+) \((.+)\)\.", text).groups()
    return text.partition(": ")[2], guide.replace("guide ", "")


def size_rule(name):
    """What gives the size of a table, as text."""
    from osgp import about, codec, fields, sizes

    number = codec.table_number(name)
    text = fields.declaration(name).FIELDS
    others = sorted({other for other, _ in about.references(number)})
    given = [codec.table_name(other) for other in others]
    versions = sorted({(int(a), int(b)) for a, b in re.findall(r"\bV(\d)\.(\d+)", text)})
    if re.search(r"(?<![\w.])\.[a-z]", text):
        given.append("itself")
    more = " and more" if "[*]" in text else ""
    if given:
        return ", ".join(given) + (", firmware" if versions else "") + more
    last = sizes.size(number, Version((0, 1)))
    rule = str(last)
    for version in versions:
        size = sizes.size(number, Version(version))
        if size != last:
            rule += ", %d from %d.%d" % (size, *version)
            last = size
    return rule + more


def main(arguments):
    add_paths()
    text = document()
    if "--check" in arguments:
        current = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text
        if not current:
            print("docs/tables.md is not current; run: python -m tools.gen_tables")
        return 0 if current else 1
    TARGET.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
