"""When `firmware.trial` holds a new version for well."""

from firmware import slots, storage, trial
from updatekit import Flash, make, send


class App:
    """`firmware.app.App`, as far as it is asked."""

    def __init__(self):
        self.supervisor = self.guard = self.store = self.wifi = self
        self.restarts = {"web": 0, "poller": 0}
        self.hangs = None
        self.online = True
        self.snapshot = 7
        self.trial = True
        self.said = []

    def late(self):
        return self.hangs

    def log(self, level, text):
        self.said.append((level, text))


async def _after(seconds, **faults):
    """Whether a version on trial is confirmed so long after its start."""
    with Flash() as flash:
        await send(make())
        flash.start()
        app = App()
        for name in faults:
            setattr(app, name, faults[name])
        trial.look(app, seconds)
        confirmed = flash.start() == ("a", False)
        assert confirmed == (not app.trial) == bool(app.said)
        return confirmed


async def test_well_is_who_lives_reads_and_can_be_reached():
    assert await _after(60)
    assert await _after(60, wifi=None)
    assert not await _after(59)
    assert not await _after(180, hangs="web")
    assert not await _after(180, online=False)
    assert not await _after(180, restarts={"web": 0, "poller": 1})


async def test_a_silent_meter_is_waited_for_but_is_no_fault():
    assert not await _after(180, snapshot=0)
    assert await _after(240, snapshot=0)
    assert not await _after(240, snapshot=0, online=False)


async def test_a_confirmation_that_cannot_be_saved_is_tried_again():
    with Flash() as flash:
        await send(make())
        flash.start()
        app = App()
        save = storage.save

        def full(name, data):
            raise storage.StorageError("full", "", 28)

        storage.save = full
        try:
            trial.look(app, 60)
        finally:
            storage.save = save
        assert app.trial and app.said[0][0] == "error"
        trial.look(app, 120)
        assert not app.trial and slots.load()["trial"] == -1
