"""What the declarations say for people and for readers: names, units, words, what to read first.

Loaded by who asks; decoding needs nothing of it.
"""

from mep.errors import TableError
from .codec import table_name
from .fields import Reader, declaration

# The list that no module holds: the ids of the measured sources, which `osgp.sources` names.
SOURCE = "SOURCE"
# No list: a key or the like, see `osgp.secrets`.
SECRET = "SECRET"


def about(table):
    """(name, rights of the MBK, of the MAK, memory, first firmware version).

    Rights are "r", "rw", "-" or "?" (the guide does not tell); memory is RAM, NVM, "mixed"
    (read from RAM, written to NVM) or "?"; the version is "all" where there is no first.
    """
    name, mbk, mak, memory, since = declaration(table_name(table)).ABOUT.split(";")
    return name, mbk.split()[1], mak.split()[1], memory, since


def needs(table, dims):
    """``[(other, 0, count)]``: what to read before ``table``, whose declaration refers to it.

    What is in ``dims.tables`` already is left out; put the replies there.
    """
    most = {}
    for other, end in references(table, dims):
        most[other] = max(end, most.get(other, 0))
    have = dims.tables
    return [(n, 0, most[n]) for n in sorted(most) if len(have.get(n, b"")) < most[n]]


def by_itself(table):
    """True if only the table's own bytes, or its end, say how long it is."""
    text = declaration(table_name(table)).FIELDS
    return "[*]" in text or any(factor[0] == "." for factor in _factors(text))


def references(table, dims=None):
    """Iterate over (other table, end of the bytes of it) that its declaration refers to.

    With ``dims`` what this meter's firmware lacks is left out.
    """
    walk = Reader(table, dims)
    for factor in _factors(walk.text, dims and walk):
        if factor[1:2] == "T":
            parts = factor.split(">")[0].split(".")
            width = {"w": 2, "d": 4}.get(parts[1][-1], 1)
            number = int(factor[2:4]) + (2048 if factor[0] == "E" else 0)
            yield number, int(parts[1].rstrip("wd")) + width


def _factors(text, walk=None):
    # All that offsets, sizes and conditions are made of, without `!`.
    for line in text.split("\n"):
        words = line.split()
        if len(words) < 3 or not _has(walk, words):
            continue
        sums = [words[0]] + words[1].split("[")[1:]
        if words[-2] == "if":
            sums.append(words[-1])
        for product in "+".join(sums).replace("]", "").split("+"):
            factors = product.replace("!", "").lstrip(">").split("*")
            versions = [f for f in product.split("*") if f.lstrip("!")[:1] == "V"]
            if _holds(walk, "*".join(versions) or "1"):
                for factor in factors:
                    if factor:
                        yield factor


def words(table, name):
    """The list ``name`` of a declaration as dict of number to word, None for SECRET."""
    if name == SOURCE:
        return _sources()
    if name == SECRET:
        return None
    for line in declaration(table_name(table)).NAMES.split("\n"):
        if line.startswith(name + " "):
            pairs = [pair.strip().split(" ") for pair in line[len(name) :].split(";")]
            return {int(number): word for number, word in pairs}
    raise KeyError(name)


def describe(table, dims=None):
    """Iterate over the fields: (path, kind, unit, divisor, words).

    The path is like ``log[].event``; unit and words (dict of number to word) may be None, the
    divisor is 1 if there is none. With ``dims`` a field that this meter lacks is left out.
    """
    walk = Reader(table, dims)
    path = []
    for line in walk.text.split("\n"):
        line = line.split()
        if line == ["end"]:
            path.pop()
        if len(line) < 3 or line[2] == "-" or not _has(walk, line):
            continue
        kind = line[1].split("[")[0]
        if kind == "rec":
            path.append(line[2] + "[].")
            continue
        more = dict(zip(line[3::2], line[4::2]))
        listed = words(table, more["is"]) if "is" in more else None
        yield "".join(path) + line[2], kind, more.get("unit"), int(more.get("per", 1)), listed


def shown(value, unit, divisor, listed):
    """The value of a field as text: its word, or the number divided, with its unit."""
    if isinstance(value, (list, tuple)):
        return " ".join([shown(v, unit, divisor, listed) for v in value])
    if isinstance(value, bool) or not isinstance(value, int):
        return {True: "yes", False: "no", None: "-"}.get(value, value)
    if listed is not None:
        return listed.get(value, str(value))
    text = str(value)
    if divisor > 1:
        digits = len(str(divisor - 1))
        whole, part = divmod(abs(value), divisor)
        text = "%s%d.%0*d" % (
            "-" if value < 0 else "",
            whole,
            digits,
            part * 10**digits // divisor,
        )
    return text + " " + unit if unit else text


def _has(walk, line):
    # Whether this meter may have the field.
    return line[-2] != "if" or _holds(walk, line[-1])


def _holds(walk, condition):
    if walk is None or walk.dims is None:
        return True
    walk.top = {}
    try:
        return bool(walk.total(condition, "", {}))
    except TableError:
        return True  # the table itself says, or nobody does


def _sources():
    from .sources import HIGHEST_ID, describe

    found = {}
    for i in range(HIGHEST_ID + 1):
        found[i] = next(describe(28, bytes([i]), 1, 1))[0]
    return found
