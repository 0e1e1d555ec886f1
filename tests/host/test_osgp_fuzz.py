"""Whatever bytes a meter sends: a dict, a layout with a name for each value, or TableError."""

import os
import random
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proofkit import report, scale

from mep.errors import TableError
from osgp import codec, secrets, sources
from osgp.dims import Dims
from osgp.names import DECLARED
from osgpkit import GEN3, GEN4, GEN430, learn, tables
from tablekit import Noise, meter, noisy
from tools.paths import ROOT

TABLES = [codec.table_number(name) for name in DECLARED.split()]
# Of the tables: basic, extended up to ET46, from ET47 on.
GROUPS = {
    "basic": [table for table in TABLES if table < 2048],
    "extended to ET46": [table for table in TABLES if 2048 <= table < 2048 + 47],
    "extended from ET47": [table for table in TABLES if table >= 2048 + 47],
}
VERSION_BYTES = [b"\x31\x55", b"\x36\x40", GEN3, b"\x40\x01", GEN430, b"\x46\x40"]
VERSIONS = st.sampled_from(VERSION_BYTES)


@settings(max_examples=1500, deadline=None)
@given(st.sampled_from(TABLES), VERSIONS, st.data(), st.integers(0, 20))
def test_decode_gives_a_dict_that_can_be_written_or_table_error(table, version, data, start):
    dims = meter(table, version, lambda other, n: data.draw(st.binary(min_size=n, max_size=n)))
    reply = data.draw(st.binary(max_size=data.draw(st.sampled_from([20, 120, 500]))))
    count = max(0, len(reply) - start)
    try:
        values = codec.decode(table, reply, start, count, dims)
    except TableError as e:
        assert e.table == codec.table_name(table) and e.field
        # Nothing else can be wrong: what it refers to is known, but for a value of its own, and
        # may say that there are many of nothing.
        assert any(why in e.why for why in ("bytes missing", "depends on .", "of no length"))
        return
    assert isinstance(values, dict)
    # What was decoded can be written, and reads the same.
    again = codec.encode(table, values, dims)
    assert codec.decode(table, again, 0, len(again), dims) == values
    assert codec.encode(table, values, dims) == again


SECRET = [table for table in TABLES if secrets.has_secrets(table)]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(SECRET), VERSIONS, st.data(), st.binary(max_size=400))
def test_masking_takes_any_bytes_and_leaves_none_of_a_secret(table, version, data, reply):
    dims = meter(table, version, lambda other, n: data.draw(st.binary(min_size=n, max_size=n)))
    out, names = secrets.mask(table, reply, dims)
    assert len(out) == len(reply) and secrets.mask(table, out, dims) == (out, names)
    changed = [i for i in range(len(out)) if out[i] != reply[i]]
    assert all(out[i] == secrets.MASK for i in changed) and (names or not changed)
    try:
        values = codec.decode(table, reply, 0, len(reply), dims)
    except TableError:
        assert names == ["all"] and out == bytes([secrets.MASK]) * len(reply)
        return
    after = codec.decode(table, out, 0, len(out), dims)
    for device, shown in zip(values["mbus"], after["mbus"]):
        key = bytes.fromhex(device.pop("security_key"))
        assert shown.pop("security_key") == (b"*" * 32 if any(key) else key).hex()
    assert values == after


@pytest.mark.proof
@pytest.mark.parametrize("group", sorted(GROUPS))
def test_random_replies_raise_only_table_error(group):
    replies = scale("PROOF_TABLES", 3000)
    noise = Noise(len(group))
    chance = random.Random(len(group))
    meters = {}
    for table in GROUPS[group]:
        meters[table] = [noisy(table, version, noise) for version in VERSION_BYTES * 4]
    decoded = 0
    for i in range(replies):
        table = GROUPS[group][i % len(GROUPS[group])]
        dims = meters[table][noise.below(len(meters[table]))]
        if i % 10 == 0:  # other sizes than before
            dims = noisy(table, VERSION_BYTES[i % len(VERSION_BYTES)], noise)
        data = chance.randbytes(chance.randrange(chance.choice((24, 120, 466))))
        try:
            codec.decode(table, data, 0, len(data), dims)
            decoded += 1
        except TableError as e:
            assert e.field
    report("%s: %d random replies, %d decoded, else TableError", group, replies, decoded)
    assert decoded > 0


@pytest.mark.proof
def test_random_replies_under_micropython(micropython32):
    replies = min(scale("PROOF_TABLES", 1000), 10000)
    run = subprocess.run(
        [micropython32, "-X", "heapsize=2m", "tests/run_both.py", "test_osgp_random"],
        cwd=ROOT,
        env=dict(os.environ, RANDOM_REPLIES=str(replies)),
        stdout=subprocess.PIPE,
        text=True,
    )
    report("MicroPython: %d random replies of all tables, only TableError", replies)
    assert run.returncode == 0 and "1 passed, 0 failed" in run.stdout, run.stdout


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
