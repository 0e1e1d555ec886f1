import asyncio

from firmware import supervisor as module
from firmware.supervisor import Supervisor


def test_a_dead_task_comes_back_later_each_time_and_others_live_on():
    pauses = []
    lines = []
    alive = []

    class Clock:
        ticks_ms = staticmethod(lambda: 0)
        ticks_diff = staticmethod(lambda a, b: a - b)

        @staticmethod
        async def sleep_ms(n):
            pauses.append(n)
            await asyncio.sleep(0)

    async def bad():
        raise ValueError("broken")

    async def short():
        return

    async def good():
        while True:
            alive.append(1)
            await asyncio.sleep(0)

    async def main():
        s = Supervisor(lambda level, text: lines.append(text))
        s.start("bad", bad)
        s.start("good", good)
        for _ in range(40):
            await asyncio.sleep(0)
        s.stop()
        await asyncio.sleep(0)
        n = len(alive)
        await asyncio.sleep(0)
        assert len(alive) == n
        s2 = Supervisor(lambda level, text: lines.append(text))
        s2.start("short", short)
        for _ in range(4):
            await asyncio.sleep(0)
        s2.stop()
        return s.restarts

    kept = module.clock
    module.clock = Clock
    try:
        restarts = asyncio.run(main())
    finally:
        module.clock = kept
    assert pauses[:8] == [1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000]
    assert restarts["bad"] >= 8 and restarts["good"] == 0
    assert "task bad stopped (ValueError: broken); again in 1 s" in lines[0]
    assert "task short stopped (ended)" in lines[-1] and len(alive) > 5
