"""Names of the declared tables; loaded for a name that a person gives, and for errors."""

from mep.errors import LocalError
from .tables import DECLARED


def table_number(name):
    """See `osgp.codec.table_number`."""
    wanted = name.strip().upper()
    declared = DECLARED.split()
    if wanted in declared:
        return int(wanted[2:]) + (2048 if wanted[0] == "E" else 0)
    near = sorted(declared, key=lambda d: (-_likeness(d, wanted), d))[:3]
    raise LocalError(
        "there is no table %r; did you mean %s or %s? Known: %s"
        % (name, ", ".join(near[:2]), near[2], DECLARED)
    )


def undeclared(name):
    """Raise the LocalError for a table that has no declaration."""
    raise LocalError("%s is not declared; known are %s" % (name, DECLARED))


def _likeness(a, b):
    # Characters at their place count more than those elsewhere: BT82 is like BT28 and BT22.
    here = sum([a[i] == b[i] for i in range(min(len(a), len(b)))])
    same = 3 * (sorted(a) == sorted(b))
    return 2 * here + sum([c in b for c in a]) + same - abs(len(a) - len(b))
