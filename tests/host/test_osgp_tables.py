"""Every declaration is well formed: a wrong one fails here, not in a meter cabinet."""

import importlib
import re
from pathlib import Path

import pytest

from osgp import codec, fields
from osgp.tables import DECLARED
from osgpkit import GEN3, GEN4, GEN430, learn, tables

FOLDER = Path(fields.__file__).parent / "tables"
TERM = r"!?(\d+|([BE]T\d\d\.\d+([wd]|\.[0-7](-[0-7])?)?|V\d\.\d+|\.[a-z][a-z0-9_]*)(>\d+)?)"
SUM = re.compile(r"%s([+*]%s)*$" % (TERM, TERM))
KIND = re.compile(
    r"([ui](8|16|24|32|40|48|64)|u4|bit\d+|bits\d+-\d+|bcd\d*[02468]|ltime|stime|time|date|version"
    r"|chars|raw|flags|rec)(\[(.+)\])?$"
)
# What may follow a field's name, in this order.
CLAUSES = (
    ("unit", re.compile(r"\S+$")),
    ("per", re.compile(r"[1-9]\d*$")),
    ("is", re.compile(r"[A-Z][A-Z0-9_]*$")),
    ("if", SUM),
)


def _lines(name):
    text = importlib.import_module("osgp.tables." + name.lower()).FIELDS
    assert text.endswith("\n")
    return [line.split() for line in text.split("\n") if line.strip()]


def test_the_list_of_tables_is_the_folder():
    files = sorted(p.stem for p in FOLDER.glob("*.py") if p.stem != "__init__")
    assert files == sorted(DECLARED.lower().split())


@pytest.mark.parametrize("name", DECLARED.split())
def test_notation(name):
    depth = 0
    for words in _lines(name):
        if words == ["end"]:
            depth -= 1
            assert depth >= 0
            continue
        where, kind, field = words[:3]
        assert where in ("+", "=") or SUM.match(where), words
        found = KIND.match(kind)
        assert found, words
        if found.group(1) in ("chars", "raw", "flags", "u4", "rec"):
            assert found.group(3), "%s needs a size" % kind
        if found.group(3):
            most = found.group(4).lstrip("*")
            assert SUM.match(most) or found.group(4) == "*", words
        depth += found.group(1) == "rec"
        assert field == "-" or re.match(r"[a-z][a-z0-9_]*$", field), words
        _check_clauses(words)
    assert depth == 0


def _check_clauses(words):
    rest = words[3:]
    for key, pattern in CLAUSES:
        if rest and rest[0] == key:
            assert len(rest) > 1 and pattern.match(rest[1]), words
            assert key != "if" or not words[1].startswith("rec["), "let the number be 0"
            rest = rest[2:]
    assert not rest, words


@pytest.mark.parametrize("name", DECLARED.split())
@pytest.mark.parametrize("version", [b"\x31\x55", GEN3, GEN4, GEN430])
def test_no_bit_belongs_to_two_fields(name, version):
    # All ones in one field at a time: no bit may be written by two of them.
    dims = learn(tables(version, 5, 3, flags=0x7F, demands=2, tiers=2, present_demands=2))
    table = codec.table_number(name)
    taken = set()

    class Probe(fields.Walk):
        def field(self, values, field, kind, n, offset, length):
            low, bits = fields.bits_of(kind, length)
            if n is not None:
                low, bits = 0, 8 * length
            mine = set(range(8 * offset + low, 8 * offset + low + bits))
            assert not mine & taken, "%s%s overlaps" % (self.path, field)
            taken.update(mine)

    Probe(table, dims).block(0, 0, {})
    assert not taken or max(taken) // 8 + 1 <= codec.size(table, dims)


def test_names_are_given_once_in_a_record():
    for name in DECLARED.split():
        seen = [set()]
        for words in _lines(name):
            if words == ["end"]:
                seen.pop()
            else:
                assert words[2] == "-" or words[2] not in seen[-1], (name, words)
                seen[-1].add(words[2])
                if words[1].startswith("rec["):
                    seen.append(set())
