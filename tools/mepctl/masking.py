"""Keys and passwords in tables, made unreadable before they are shown or written to disk.

Which fields those are `osgp.secrets` knows from the declarations; of tables that nobody describes
the name, or the number, tells that there may be some.
"""

from osgp import secrets
from osgp.codec import table_name
from osgp.listed import names as listed
from . import tables

# The security decade of ANSI C12.19; connections to a network of somebody else's.
_SECURITY = range(40, 50)
_WHOLE = ("ET92", "ET94", "ET98")


def has_secrets(table):
    """True if some of the table must not be shown."""
    if _opaque(table):
        return True
    return tables.is_declared(table) and secrets.has_secrets(table)


def masked(table, data, dims):
    """(the bytes with all secrets masked, names of the fields that were masked)."""
    if _opaque(table):
        return bytes([secrets.MASK]) * len(data), ["all"]
    if not has_secrets(table):
        return data, []
    return secrets.mask(table, data, dims)


def _opaque(table):
    name = table_name(table)
    described = tables.is_declared(table) and name not in listed()
    return not described and (table in _SECURITY or name in _WHOLE)
