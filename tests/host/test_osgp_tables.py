"""Every declaration is well formed: a wrong one fails here, not in a meter cabinet."""

import ast
import importlib
import json
import re
from pathlib import Path

import pytest

from osgp import about, codec, fields
from osgp.listed import names
from osgp.names import DECLARED
from osgpkit import GEN3, GEN4, GEN430
from tablekit import meter
from tools import gen_tables
from tools.paths import ROOT

FOLDER = Path(fields.__file__).parent / "tables"
NAMES = DECLARED.split()
LISTED = names()
VERSIONS = [b"\x31\x55", b"\x36\x40", GEN3, GEN4, GEN430, b"\x46\x40", b"\x13\xe0"]
TABLE = r"[BE]T\d\d\.\d+([wd]|\.[0-7](-[0-7])?)?"
TERM = r"!?(-?\d+|(%s|V\d\.\d+|\.[a-z][a-z0-9_]*)(>\d+)?)" % TABLE
SUM = re.compile(r"%s([+*]%s)*$" % (TERM, TERM))
KIND = re.compile(
    r"([ui](8|16|24|32|40|48|64)|u4|bit\d+|bits\d+-\d+|bcd\d*[02468]|ldate|ltime|stime|time|date|version"
    r"|chars|raw|flags|rec)(\[(.+)\])?$"
)
FIELD = re.compile(r"[a-z][a-z0-9_]*$")
# What may follow a field's name, in this order.
CLAUSES = (
    ("unit", re.compile(r"\S+$")),
    ("per", re.compile(r"[1-9]\d*$")),
    ("is", re.compile(r"[A-Z][A-Z0-9_]*$")),
    ("if", SUM),
)
ABOUT = re.compile(
    r"[^;]{4,60};MBK (rw?|w|-|\?);MAK (rw?|w|-|\?);(RAM|NVM|mixed|\?);(all|\d\.\d{1,2})$"
)


def module(name):
    return importlib.import_module("osgp.tables." + name.lower())


def lines(name):
    text = module(name).FIELDS
    assert text.endswith("\n")
    return [line.split() for line in text.split("\n") if line.strip()]


def test_the_list_of_tables_is_the_folder():
    files = sorted(p.stem for p in FOLDER.glob("*.py") if p.stem != "__init__")
    assert files == sorted(DECLARED.lower().split())
    assert sorted(NAMES) == NAMES


def test_the_page_is_current():
    assert gen_tables.TARGET.read_text(encoding="utf-8") == gen_tables.document()


def test_every_table_of_the_guides_is_declared():
    listed = json.loads((ROOT / "tests/vectors/guide_tables.json").read_text())["tables"]
    assert sorted(t["table"] for t in listed if not t.get("only_listed")) == NAMES
    assert sorted(t["table"] for t in listed if t.get("only_listed")) == LISTED
    for t in listed:
        assert codec.table_number(t["table"]) == t["number"]
        told = about.about(t["number"])
        assert words_of(told[0]) == words_of(t["name"]), t


@pytest.mark.parametrize("name", LISTED)
def test_what_is_only_listed_is_given_as_it_is(name):
    table = codec.table_number(name)
    assert ABOUT.match(fields.declaration(name).ABOUT)
    got = codec.decode(table, b"\1\2\3", 1, 2, None)
    assert got == {"data": "0203"} and codec.encode(table, got, None) == b"\2\3"
    assert [row[0] for row in about.describe(table)] == ["data"]


def words_of(name):
    # "M-Bus/MEP Device" and "MEP/M-Bus Device" are both the guide's.
    return sorted(re.findall("[a-z0-9]+", name.lower()))


@pytest.mark.parametrize("name", NAMES)
def test_every_table_has_a_test_of_its_own(name):
    texts = [p.read_text() for p in (ROOT / "tests" / "both").glob("test_tables_*.py")]
    assert any(re.search(r"\b%s\b" % name, text) for text in texts), "no test decodes it"


@pytest.mark.parametrize("name", NAMES)
def test_what_it_says_of_itself(name):
    doc = ast.get_docstring(ast.parse((FOLDER / (name.lower() + ".py")).read_text()))
    assert re.match(name + r" [^\n]+\((MEP|optical) guide [^\n]*p\. \d+[^\n]*\)\.$", doc), doc
    assert ABOUT.match(module(name).ABOUT), module(name).ABOUT


@pytest.mark.parametrize("name", NAMES)
def test_notation(name):
    depth = 0
    opened = []
    for words in lines(name):
        if words == ["end"]:
            depth -= 1
            assert depth >= 0
            continue
        where, kind, field = words[:3]
        # What is open at its end is the last of all.
        assert not opened or depth >= opened[0], "more follows %s" % opened[1]
        assert where in ("+", "=") or SUM.match(where), words
        found = KIND.match(kind)
        assert found, words
        if found.group(1) in ("chars", "raw", "flags", "u4", "rec"):
            assert found.group(3), "%s needs a size" % kind
        if found.group(3):
            most = found.group(4).lstrip("*>")
            assert SUM.match(most) or found.group(4) == "*", words
            if found.group(4)[0] == "*":
                assert not depth, "open ends in records do not work"
                opened = [1, words]
        depth += found.group(1) == "rec"
        assert field == "-" or FIELD.match(field), words
        check_clauses(words)
    assert depth == 0


def check_clauses(words):
    rest = words[3:]
    for key, pattern in CLAUSES:
        if rest and rest[0] == key:
            assert len(rest) > 1 and pattern.match(rest[1]), words
            assert key != "if" or not words[1].startswith("rec["), "let the number be 0"
            rest = rest[2:]
    assert not rest, words


@pytest.mark.parametrize("name", NAMES)
def test_lists_of_words(name):
    used = {w[w.index("is") + 1] for w in lines(name) if "is" in w} - {about.SOURCE, about.SECRET}
    listed = [line for line in getattr(module(name), "NAMES", "").split("\n") if line]
    assert {line.split()[0] for line in listed} == used
    for line in listed:
        assert re.match(r"[A-Z][A-Z0-9_]*( ?\d+ [a-z0-9_]+;?)+$", line) and line[-1] != ";", line
        words = about.words(codec.table_number(name), line.split()[0])
        assert len(words) == line.count(";") + 1
    assert about.words(28, about.SOURCE)[8] == "power_forward"


@pytest.mark.parametrize("name", NAMES)
def test_values_of_its_own_come_before(name):
    seen = [set()]
    for words in lines(name):
        if words == ["end"]:
            seen.pop()
            continue
        for own in re.findall(r"(?<![\w.])\.([a-z]\w*)", " ".join(words[:2] + words[-1:])):
            assert own in seen[-1] | seen[0], words
        assert words[2] == "-" or words[2] not in seen[-1] or "if" in words, words
        seen[-1].add(words[2])
        if words[1].startswith("rec["):
            seen.append(set())


class Seven(dict):
    """A table's own values, all 7: as many records as ET36 has log types."""

    def get(self, key, default=None):
        return 7


class Probe(fields.Reader):
    """Takes every bit of the fields of a meter whose other tables give every size as 2."""

    def __init__(self, name, version):
        table = codec.table_number(name)
        fields.Reader.__init__(self, table, meter(table, version, lambda n, size: b"\2" * size))
        self.taken = {}
        self.starts = {}
        self.end = self.block(0, 0, Seven())[1]

    def records(self, at, offset, n, name, values):
        after = None
        for i in range(min(n, 7)):
            after, offset = self.block(at, offset, Seven())
        return after or self.skip(at), offset

    def rest(self, most, values, name, kind, at, offset):
        return 2

    def until(self, limit, values, name, kind, at, offset):
        return 2

    def field(self, values, field, kind, n, offset, length):
        low, bits = 0, 8 * length
        if n is None and not fields.is_text(kind):
            low, bits = fields.bits_of(kind, length)
        self.starts[offset] = max(length, self.starts.get(offset, 0))
        for bit in range(8 * offset + low, 8 * offset + low + bits):
            if kind == "u4" and bit // 4 == 2 * offset + 1:
                continue  # this half of the first byte is not among them
            assert bit not in self.taken, "%s%s overlaps %s" % (
                self.path,
                field,
                self.taken[bit],
            )
            self.taken[bit] = self.path + field


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", NAMES)
def test_no_bit_belongs_to_two_fields_and_no_byte_to_none(name, version):
    probe = Probe(name, version)
    covered = {bit // 8 for bit in probe.taken}
    gaps = sorted(set(range(probe.end)) - covered)
    assert not gaps, "nothing is declared at %s" % gaps
    assert not covered or max(covered) < probe.end


@pytest.mark.parametrize("name", NAMES)
def test_references_lead_to_a_field(name):
    probes = {}
    for words in lines(name):
        sums = " ".join([words[0], words[1] if len(words) > 1 else "", words[-1]])
        for found in re.finditer(r"([BE]T\d\d)\.(\d+)([wd]?)", sums):
            other, at, width = found.group(1), int(found.group(2)), found.group(3)
            assert other in NAMES, "%s is not declared" % other
            assert other != name, "its own values are meant by .name"
            if other not in probes:
                probes[other] = Probe(other, GEN430)
            starts = probes[other].starts
            wide = {"": 1, "w": 2, "d": 4}[width]
            # A byte of a field of bits may be meant.
            hit = starts.get(at) == wide or (
                wide == 1 and any(8 * at + i in probes[other].taken for i in range(8))
            )
            assert hit, "%s is no field" % found.group(0)
    wanted = about.needs(codec.table_number(name), meter(1, GEN3, None))
    for other, start, count in wanted:
        assert start == 0 and 0 < count <= 465
