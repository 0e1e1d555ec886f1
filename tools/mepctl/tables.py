"""Tables as rows of name, value and unit; shared by `read` and `replay --decode`. Pure."""

import difflib
import re
from collections import namedtuple

from mep.errors import LocalError, TableError
from osgp import about, codec
from osgp.dims import Dims
from osgp.names import known_names
from .common import DISTURBED, USAGE, Stop

BT23 = 23
BT28 = 28
_NAMED = {BT23: "summations", BT28: "present_values"}
# ``value`` is in ``unit`` (None if it has none); ``word`` is the name of an enumerated value.
Row = namedtuple("Row", "name value unit word", defaults=(None,))
_NAME = re.compile(r"(BT|ET)0*(\d{1,4})$")
_INDEX = re.compile(r"\[\d+\]")


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
    more = "; `read --raw` shows its bytes all the same" if possible else ""
    raise Stop(
        USAGE,
        "there is no table %s; the nearest are %s (`mepctl tables` lists all)%s"
        % (text[:20], ", ".join(near), more),
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
    """`Row` of each of the table's values. Raises Stop."""
    try:
        values = codec.decode(table, data, 0, len(data), dims)
        layout = [row for row in dims.layout() if row[2] == table] if table in _NAMED else ()
    except TableError as e:
        raise Stop(DISTURBED, "%s; this meter's table is not as the guide declares it" % e)
    except LocalError as e:
        raise Stop(USAGE, str(e))
    return flat(table, values, layout)


def flat(table, values, layout=()):
    """`Row` of each value in the dict ``values`` that `codec.decode` gave."""
    told = {path: more for path, *more in about.describe(table)}
    found = []
    _flatten("", values, found, _NAMED.get(table), layout, told)
    return found


def document(row):
    """What JSON says of one row (dict)."""
    out = {"value": row.value, "unit": row.unit}
    if row.word is not None:
        out["word"] = row.word
    return out


def _flatten(path, value, found, named, layout, told):
    if isinstance(value, dict):
        for key in value:
            if key == named:
                _registers(path, value[key], found, layout)
            else:
                inner = path + "." + key if path else key
                _flatten(inner, value[key], found, named, layout, told)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            _flatten("%s[%d]" % (path, i), item, found, named, layout, told)
    else:
        found.append(_row(path, value, told))


def _row(path, value, told):
    pattern = _INDEX.sub("[]", path)
    more = told.get(pattern) or told.get(pattern[:-2] if pattern.endswith("[]") else "")
    if more is None or isinstance(value, bool) or not isinstance(value, int):
        return Row(path, value, None)
    _, unit, divisor, words = more
    if words is not None:
        return Row(path, value, None, words.get(value))
    return Row(path, value / divisor if divisor > 1 else value, unit)


def _registers(path, values, found, layout):
    # The values that BT22 and BT27 give names to, in their units.
    for i, value in enumerate(values):
        name, unit, scale = "value[%d]" % i, None, 1
        if i < len(layout):
            name, unit, scale = layout[i][0], layout[i][1], layout[i][6]
        shown = value * scale if scale else None  # the meter does not tell its unit
        found.append(Row(path + "." + name if path else name, shown, unit or None))
