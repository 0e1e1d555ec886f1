"""osgp.procedures against the guides' own names, and with random arguments."""

import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mep.errors import LocalError, TableError
from osgp import procedures
from osgp.procedures import find

GUIDES = json.loads(
    (Path(__file__).parents[1] / "vectors" / "guide_procedures.json").read_text(encoding="utf-8")
)
CODES = procedures.names()


def test_each_procedure_of_the_guides_is_declared():
    named = set(GUIDES["mep_guide"]) | set(GUIDES["optical_guide"])
    assert named == set(CODES)
    for code in GUIDES["described"]:
        assert find(code).told


def test_the_source_is_a_page_that_names_it():
    for code in CODES:
        source = find(code).source.split(",")[0]
        guide = "optical_guide" if source.startswith("optical") else "mep_guide"
        assert int(source.split()[-1]) in GUIDES[guide][code], code


class Firmware:
    def __init__(self, version):
        self.version = version


VALUES = st.one_of(
    st.integers(-1, 1 << 33), st.text(max_size=8), st.binary(max_size=500), st.none()
)


@given(st.data())
def test_arguments_give_bytes_or_one_clear_line(data):
    procedure = find(data.draw(st.sampled_from(CODES)))
    names = [p[0] for p in procedure.parameters()] + ["other"]
    values = data.draw(st.dictionaries(st.sampled_from(names), VALUES))
    dims = Firmware(data.draw(st.sampled_from([None, (3, 70), (4, 0)])))
    try:
        out = procedure.encode(values, dims)
    except LocalError as e:
        assert str(e).startswith(procedure.code) and "\n" not in str(e)
    else:
        assert isinstance(out, bytes) and len(out) <= procedures.MOST


@given(st.sampled_from(CODES), st.binary(max_size=12), st.integers(0, 255))
def test_answers_decode_or_say_what_is_missing(code, data, result):
    procedure = find(code)
    assert procedure.result(result)
    try:
        procedure.decode(data)
    except TableError:
        assert len(data) < procedure.answer_size


@given(st.text(max_size=20))
def test_a_wrong_name_offers_others(name):
    try:
        found = find(name)
    except LocalError as e:
        assert "did you mean" in str(e)
    else:
        assert found.code == name.strip().upper() or found.name == name.strip().lower()
