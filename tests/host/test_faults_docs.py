"""docs/faults.md is made of the fault timeline; its sentences are what that checks."""

import re

import pytest

import test_timeline
import test_timeline_hours
from timelineevents import EVENTS
from tools import gen_faults

CHAPTERS = gen_faults.chapters()
SUPPLY = [text for text in EVENTS if text == "brown-out" or text.startswith("the supply goes")]


def test_the_page_is_current():
    assert gen_faults.TARGET.read_text(encoding="utf-8") == gen_faults.document(), (
        "write it with: python -m tools.gen_faults"
    )


def test_each_chapter_is_played(monkeypatch):
    played = []
    monkeypatch.setattr(test_timeline, "World", lambda *_: Play(played))
    for module in (test_timeline, test_timeline_hours):
        for name in dir(module):
            if name.startswith("test_"):
                getattr(module, name)()
    assert sorted(map(id, played)) == sorted(id(c.rows) for c in CHAPTERS)


class Play:
    """Stands for a world, and only takes the rows."""

    wrong = ()
    first = 0

    def __init__(self, played):
        self._played = played

    def play(self, rows, events):
        self.rows = rows
        self._played.append(rows)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=[c.title for c in CHAPTERS])
def test_what_is_quoted_is_expected(chapter):
    texts = [str(value) for row in chapter.rows for value in row[3].values()]
    for quoted in re.findall(r'"([^"]*)"', chapter.sees + chapter.does):
        assert any(quoted in text or text in quoted for text in texts if text), quoted
    for row in chapter.rows:
        assert not row[1] or row[1] in EVENTS


@pytest.mark.parametrize("chapter", CHAPTERS, ids=[c.title for c in CHAPTERS])
def test_never_is_never(chapter):
    starts = 1
    for _, event, _, expected in chapter.rows:
        starts += event in SUPPLY
        if "starts" in expected and chapter.restarts.split(" ")[0] in ("", "never"):
            assert expected["starts"] == starts
    assert any("starts" in expected for *_, expected in chapter.rows)
