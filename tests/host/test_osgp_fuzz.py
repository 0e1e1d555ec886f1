"""Whatever bytes a meter sends: a dict, a layout with a name for each value, or TableError."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mep.errors import TableError
from osgp import codec, sources
from osgp.dims import Dims
from osgp.tables import DECLARED
from osgpkit import GEN3, GEN4, learn, tables

TABLES = [codec.table_number(name) for name in DECLARED.split()]
VERSIONS = st.sampled_from([b"\x31\x55", GEN3, b"\x40\x01", GEN4])
SIZES = st.fixed_dictionaries(
    {
        "version": VERSIONS,
        "values": st.integers(1, 84),
        "sums": st.integers(1, 19),
        "flags": st.integers(0, 127),
        "demands": st.integers(0, 8),
        "present_demands": st.integers(0, 8),
        "tiers": st.integers(0, 8),
    }
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(TABLES), SIZES, st.binary(max_size=500), st.integers(0, 20))
def test_decode_gives_a_dict_or_table_error(table, sizes, data, start):
    dims = learn(tables(**sizes))
    count = max(0, len(data) - start)
    whole = codec.size(table, dims)
    try:
        values = codec.decode(table, data, start, count, dims)
    except TableError as e:
        assert e.table == codec.table_name(table) and "missing" in e.why
        assert count < whole
        return
    assert isinstance(values, dict)
    assert count >= whole
    # What was decoded can be written, and reads the same.
    again = codec.encode(table, values, dims)
    assert len(again) == whole
    if table not in (1, 2051):  # text loses its junk, which may be spaces at the ends
        assert codec.decode(table, again, 0, whole, dims) == values


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=300), min_size=12, max_size=12), st.data())
def test_start_up_with_any_bytes_ends_in_a_layout_or_table_error(replies, data):
    dims = Dims()
    try:
        for reply in replies:
            step = dims.next_read()
            if step is None:
                break
            table, _, count = step
            assert 0 < count <= 465
            if data.draw(st.booleans()):
                reply = (reply * count)[:count]
            dims.learn(table, reply, 0, len(reply))
        rows = list(dims.layout())
    except TableError:
        return
    assert dims.next_read() is None
    names = [row[0] for row in rows]
    assert len(set(names)) == len(names) == (dims.bt28_count + dims.bt23_count) // 4
    assert dims.bt28_count <= 465 and dims.bt23_count <= 465


@settings(max_examples=300, deadline=None)
@given(st.binary(min_size=1, max_size=116), st.binary(min_size=1, max_size=64))
def test_no_list_of_ids_gives_a_name_twice(value_ids, sum_ids):
    has = tables(GEN4, len(value_ids), len(sum_ids))
    has[27] = value_ids
    has[22] = sum_ids
    rows = list(learn(has).layout())
    names = [row[0] for row in rows]
    assert len(set(names)) == len(names)
    for row, source in zip(rows, value_ids + sum_ids):
        name, unit, table, low, high, monotonic, scale = row
        assert low <= 0 <= high or unit == "mHz"
        assert scale == 1 and isinstance(monotonic, bool)
        # A value is never given the name of a source that the list says it is not.
        listed = next(sources.describe(table, bytes([source, 85]), 2, 1))[0]
        if not listed.startswith("source_"):
            assert name == listed or name.startswith(listed + "_")
