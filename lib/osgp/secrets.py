"""Keys and passwords in tables, made unreadable before anything is shown or kept.

A field whose declaration says `is SECRET` is one, see `osgp.fields`.
"""

from mep.errors import LocalError, TableError
from .codec import table_name
from .fields import Reader, declaration

MASK = 0x2A  # shows as `*` where the field is text
_CLAUSE = " is SECRET"


def has_secrets(table):
    """True if ``table`` declares a secret; LocalError if it is not declared."""
    return _CLAUSE in declaration(table_name(table)).FIELDS


def mask(table, data, dims):
    """(``data`` of the whole table with all secrets masked, names of the fields, as a list).

    What `osgp.codec.decode` makes of the result is masked, too. A secret that is all zeros is not
    set and stays so. Bytes that do not fill the declaration are masked as a whole.
    """
    data = bytes(data)
    if not has_secrets(table):
        return data, []
    found = _Secrets(table, dims, data, 0, len(data))
    try:
        found.block(0, 0, {})
    except (TableError, LocalError):
        return bytes([MASK]) * len(data), ["all"]
    out = bytearray(data)
    for at, length in found.places:
        if any(data[at : at + length]):
            out[at : at + length] = bytes([MASK]) * length
    return bytes(out), sorted(found.names)


class _Secrets(Reader):
    # Notes where the secrets are: all fields of that name.

    def __init__(self, *more):
        Reader.__init__(self, *more)
        self.places = []
        self.names = set()
        self._secret = set()
        for line in self.text.split("\n"):
            if _CLAUSE in line:
                self._secret.add(line.split()[2])

    def field(self, values, name, kind, n, offset, length):
        Reader.field(self, values, name, kind, n, offset, length)
        if name in self._secret:
            self.places.append((offset, length))
            self.names.add(name)
