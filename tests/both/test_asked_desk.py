"""`firmware.asked.turn` and `firmware.asked.desk`: who may ask, and when the answer is 503."""

import asyncio

from firmware.asked import desk
from firmware.meter import jobs as module
from firmware.readings import Readings
from test_readings import SOURCES, Clock, _reply
from virtual import Time, Use


class Poller:
    jobs = None


class App:
    config = {"baud": 9600}

    def __init__(self):
        self.poller = Poller()
        self.store = store = Readings(Clock(), 30)
        store.configure(SOURCES)
        store.meter = {"firmware": "3.84.06", "serial": "4080"}
        _reply(store, 28, power_forward=701)


class Question:
    """All that a question has to be."""

    method = "GET"
    args = {}

    def __init__(self, path="/api/v1/info"):
        self.path = path


class Other:
    """A machine of somebody else."""

    def next_read(self):
        return 28, 0, 4


def _turn():
    # On MicroPython it has dropped itself after the question before.
    from firmware.asked import turn

    return turn


async def _answers(app):
    # What the meter would be asked for `info`, in the place of the poller.
    while not app.poller.jobs:
        await asyncio.sleep(0)
    job = app.poller.jobs.tidy()
    job.machine.learn(52, bytes([26, 11, 21, 12, 0, 0]), 0, 6)
    job.machine.refused(61, 5)
    job.end()


async def _read(body):
    text = b""
    async for piece in body:
        text += piece
    await body.aclose()
    return text


def test_a_question_without_a_request_of_http():
    async def go():
        app = App()
        meter = asyncio.create_task(_answers(app))
        code, body = await _turn().ask(app, Question())
        await meter
        assert code == 200, body
        busy = await _turn().ask(app, Question())
        text = await _read(body)
        assert app.poller.jobs is None
        return busy, text, await _turn().ask(app, Question("/api/v1/nothing"))

    busy, text, wrong = asyncio.run(go())
    assert busy[0] == 503 and "another question is under way" in busy[1]
    assert b'"load_profile":null' in text and b'"2026-11-21T12:00:00Z"' in text
    assert wrong[0] == 404  # the question before has ended


def test_a_full_queue_is_told_and_others_keep_their_jobs():
    app = App()
    time = Time()
    with Use(time, module):
        queue = module.Jobs(app.poller)
        others = [queue.add(Other()) for _ in range(4)]
        code, why = asyncio.run(_turn().ask(app, Question()))
        assert code == 503 and "busy with 4 other requests" in why
        others[0].end()
        job = desk.add(app, Other(), 60)
        desk.release(app, job)
        assert app.poller.jobs is queue and queue.tidy() is others[1]
        assert not others[1].ended and job.ended


def test_who_writes_or_asks_a_silent_meter_is_refused():
    app = App()
    question = Question()
    question.method = "POST"
    assert asyncio.run(_turn().ask(app, question))[0] == 405
    app.store = Readings(Clock(), 30)
    code, why = asyncio.run(_turn().ask(app, Question()))
    assert code == 503 and "no reply" in why
