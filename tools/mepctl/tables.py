"""Tables as rows of name, value and unit; shared by `read` and `replay --decode`. Pure."""

import difflib
import re

from mep.errors import LocalError, TableError
from osgp import codec
from osgp.dims import Dims
from osgp.names import known_names
from .common import DISTURBED, USAGE, Stop

BT23 = 23
BT28 = 28
_NAMED = {BT23: "summations", BT28: "present_values"}
_NAME = re.compile(r"(BT|ET)0*(\d{1,4})$")


def number(text, raw=False):
    """The table number of a name or number. Raises Stop with the nearest names.

    A table that is not declared has no layout: it is taken only ``raw``.
    """
    word = text.strip().upper()
    match = _NAME.match(word)
    if match:
        table = int(match[2]) + (2048 if match[1] == "ET" else 0)
        possible = int(match[2]) < 2048
    else:
        possible = word.isascii() and word.isdigit() and len(word) < 6
        table = int(word) if possible else 0
        possible = possible and table < 0x10000
    if possible and (raw or is_declared(table)):
        return table
    known = known_names()
    asked = codec.table_name(table) if possible else word
    near = difflib.get_close_matches(asked, known, 3, 0.4) or known[:3]
    more = "; --raw shows its bytes all the same" if possible else ""
    raise Stop(
        USAGE,
        "there is no table %s; the nearest are %s (known: %s)%s"
        % (text[:20], ", ".join(near), " ".join(known), more),
    )


def is_declared(table):
    """True if the table's layout is known."""
    return codec.table_name(table) in known_names()


def needs_dims(table):
    """True if the table's layout depends on other tables of the meter."""
    if table in _NAMED:
        return True
    try:
        codec.size(table, Dims())
    except TableError:
        return True
    return False


def rows(table, data, dims):
    """``[(name, value, unit)]`` of the table's bytes; unit None if it has none. Raises Stop."""
    try:
        values = codec.decode(table, data, 0, len(data), dims)
        layout = [row for row in dims.layout() if row[2] == table] if table in _NAMED else ()
    except TableError as e:
        raise Stop(DISTURBED, "%s; this meter's table is not as the guide declares it" % e)
    except LocalError as e:
        raise Stop(USAGE, str(e))
    found = []
    _flatten("", values, found, _NAMED.get(table), layout)
    return found


def _flatten(path, value, found, named, layout):
    if isinstance(value, dict):
        for key in value:
            if key == named:
                _registers(path, value[key], found, layout)
            else:
                _flatten(path + "." + key if path else key, value[key], found, named, layout)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            _flatten("%s[%d]" % (path, i), item, found, named, layout)
    else:
        found.append((path, value, None))


def _registers(path, values, found, layout):
    # The values that BT22 and BT27 give names to, in their units.
    for i, value in enumerate(values):
        name, unit, scale = "value[%d]" % i, None, 1
        if i < len(layout):
            name, unit, scale = layout[i][0], layout[i][1], layout[i][6]
        shown = value * scale if scale else None  # the meter does not tell its unit
        found.append((path + "." + name if path else name, shown, unit or None))
