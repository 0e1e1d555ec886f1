"""Names of the declared tables; loaded for a name that a person gives, and for errors."""

from mep.errors import LocalError
from .listed import Listed, names

DECLARED = (
    "BT00 BT01 BT03 BT04 BT07 BT08 BT15 BT20 BT21 BT22 BT23 BT24 BT25 BT26 BT27 BT28 BT30 "
    "BT33 BT50 BT52 BT53 BT54 BT55 BT60 BT61 BT62 BT63 BT64 BT65 BT66 BT67 BT70 BT71 BT74 "
    "ET03 ET04 ET09 ET11 ET13 ET14 ET15 ET16 ET21 ET23 ET29 ET31 ET34 ET36 ET41 ET42 ET45 "
    "ET46 ET47 ET50 ET51 ET52 ET53 ET54 ET55 ET57 ET58 ET59 ET61 ET62 ET66 ET70 ET71 "
    "ET74 ET75 ET79 ET80 ET81 ET85 ET89 ET90 ET97"
)


def known_names():
    """All tables by name, those that are only listed too, as a list."""
    return sorted(DECLARED.split() + names())


def table_number(name):
    """See `osgp.codec.table_number`."""
    wanted = name.strip().upper()
    declared = known_names()
    if wanted in declared:
        return int(wanted[2:]) + (2048 if wanted[0] == "E" else 0)
    near = sorted(declared, key=lambda d: (-_likeness(d, wanted), d))[:3]
    raise LocalError(
        "there is no table %r; did you mean %s or %s? Known: %s"
        % (name, ", ".join(near[:2]), near[2], " ".join(declared))
    )


def undescribed(name):
    """The declaration of a table that has none of its own; LocalError if nobody lists it."""
    listed = Listed(name)
    if not listed.ABOUT:
        raise LocalError("%s is not declared; known are %s" % (name, DECLARED))
    return listed


def _likeness(a, b):
    # Characters at their place count more than those elsewhere: BT82 is like BT28 and BT22.
    here = sum([a[i] == b[i] for i in range(min(len(a), len(b)))])
    same = 3 * (sorted(a) == sorted(b))
    return 2 * here + sum([c in b for c in a]) + same - abs(len(a) - len(b))
