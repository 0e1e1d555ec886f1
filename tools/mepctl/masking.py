"""Keys and passwords in tables, made unreadable before anything is written to disk."""

from mep.errors import LocalError, TableError
from osgp.codec import table_name
from osgp.fields import Reader, declaration
from osgp.listed import names as listed
from . import tables

MASK = 0x2A  # shows as `*` where the field is text
_SECRET = ("key", "password", "secret", "credential")
_TEXT = ("raw", "chars")
# Tables that nobody describes but whose names say what is in them: the security decade of ANSI
# C12.19, and connections to a network of somebody else's.
_SECURITY = range(40, 50)
_WHOLE = ("ET92", "ET94", "ET98")


def has_secrets(table):
    """True if some of the table must not be shown."""
    if _opaque(table):
        return True
    if not tables.is_declared(table):
        return False
    lines = declaration(table_name(table)).FIELDS.split("\n")
    return any(_is_secret(*line.split()[1:3]) for line in lines if len(line.split()) > 2)


def masked(table, data, dims):
    """(the bytes with all secrets masked, names of the fields that were masked)."""
    if not has_secrets(table):
        return data, []
    if _opaque(table):
        return bytes([MASK]) * len(data), ["all"]
    found = _Secrets(table, dims, data, 0, len(data))
    try:
        found.block(0, 0, {})
    except (TableError, LocalError):
        return bytes([MASK]) * len(data), ["all"]
    out = bytearray(data)
    for at, length in found.places:
        # What is not set stays so: that is no secret, and tells whether a key is there.
        if any(data[at : at + length]):
            out[at : at + length] = bytes([MASK]) * length
    return bytes(out), sorted(found.names)


def _opaque(table):
    name = table_name(table)
    declared = tables.is_declared(table) and name not in listed()
    return not declared and (table in _SECURITY or name in _WHOLE)


def _is_secret(kind, name):
    return kind.split("[")[0] in _TEXT and any(word in name for word in _SECRET)


class _Secrets(Reader):
    """Notes where the secrets are."""

    def __init__(self, *more):
        Reader.__init__(self, *more)
        self.places = []
        self.names = set()

    def field(self, values, name, kind, n, offset, length):
        """One field: see `osgp.fields.Reader`."""
        Reader.field(self, values, name, kind, n, offset, length)
        if _is_secret(kind, name):
            self.places.append((offset, length))
            self.names.add(name)
