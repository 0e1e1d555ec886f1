"""The journal of `mepctl profile`, cut anywhere: no interval missing, none twice."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from osgp.profile import Profile
from profilekit import DAY, Recorder
from tools.mepctl.common import Stop
from tools.mepctl.journal import Journal

ASKED = {"set": 1, "from": None, "to": None, "begin": None, "end": None}
HEAD = {"serial": "4080", "seconds": 900, "channels": [["energy_forward", "Wh", 0, 1, 1]]}


def opened(path, resume=True, **asked):
    journal = Journal(str(path), dict(ASKED, **asked), resume)
    journal.begin(**HEAD)
    return journal


def read(meter, journal, answers):
    """Go on for so many answers, as `intervals.read` does; the machine."""
    machine = Profile(meter.dims(), state=journal.state, pieces=1)
    for _ in range(answers):
        if not meter.answer(machine):
            break
        journal.add(list(machine.take()), machine)
    return machine


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 14), st.floats(0, 1), st.integers(0, 9)), max_size=8),
    st.integers(4, 9),
)
def test_cut_at_any_byte_and_resumed(tmp_path_factory, kills, blocks):
    path = tmp_path_factory.mktemp("j") / "out.csv"
    part = path.with_name("out.csv.part")
    meter = Recorder(blocks, 8, tuple(range(8)))
    meter.record(30)
    lost = 0
    for answers, kept, more in kills:
        journal = opened(path)
        read(meter, journal, answers)
        journal.close()
        # Killed: what was on its way to the disk is there in part.
        data = part.read_bytes()
        before = data.rfind(b"\n", 0, len(data) - 1) + 1
        part.write_bytes(data[: before + int((len(data) - before) * kept)])
        meter.record(more)
    journal = opened(path)
    machine = read(meter, journal, 9999)
    lost = journal.lost + machine.lost
    ends = meter.check(journal.intervals)
    missing = set(meter.truth) - set(ends)
    assert not missing & set(meter.kept())
    assert lost or not missing or max(missing) < ends[0]
    assert {(len(v), type(s)) for _, s, v in journal.intervals} == {(8, bytes)}
    journal.close(done=True)
    assert list(path.parent.iterdir()) == []


def test_another_question_or_meter_is_refused(tmp_path):
    path = tmp_path / "week.csv"
    meter = Recorder()
    meter.record(20)
    journal = opened(path, begin=DAY, **{"from": "7d"})
    read(meter, journal, 9999)
    journal.close()
    # 7d is what it was then.
    again = opened(path, begin=DAY + 5000, **{"from": "7d"})
    assert again.resumed and again.head["begin"] == DAY and len(again.intervals) == 20
    again.close()
    for asked in ({"from": "8d"}, {"from": "7d", "set": 2}, {"from": "7d", "to": "1d"}):
        with pytest.raises(Stop, match="give the same"):
            opened(path, **asked)
    for change in ({"serial": "4081"}, {"channels": []}):
        journal = Journal(str(path), dict(ASKED, **{"from": "7d"}), True)
        with pytest.raises(Stop, match="is another"):
            journal.begin(**dict(HEAD, **change))
    # Without --resume it begins anew.
    assert opened(path, resume=False).intervals == []


def test_a_file_that_is_no_journal(tmp_path):
    path = tmp_path / "week.csv"
    part = tmp_path / "week.csv.part"
    for text in ("time,status\n", "[]\n", "{}\n", json.dumps({"intervals": [[1]]}) + "\n"):
        part.write_text(text)
        with pytest.raises(Stop, match="delete it"):
            opened(path)
    for text in ("", '{"set": 1, "fr'):
        part.write_text(text)
        journal = opened(path)
        assert not journal.resumed and journal.intervals == []
        journal.close(done=True)
    with pytest.raises(Stop, match="No such file"):
        opened(tmp_path / "nowhere" / "week.csv")
