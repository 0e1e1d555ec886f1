"""`firmware.update` takes bundles, `firmware.slots` tries them; `firmware.version`."""

import asyncio
import os

from firmware import slots, storage, update, version
from firmware.bundle import BundleError
from firmware.hal import clock
from updatekit import FILES, KEY, Flash, entries, make, refused, send

OTHER = {"lib/shim.mpy": b"older", "firmware/app.mpy": b"a" * 3000, "web/x.gz": b"x"}


async def _two(flash):
    """A flash whose slot b runs, confirmed, with a before it."""
    await send(make(OTHER, version="1.5"))
    assert flash.start() == ("a", True)
    slots.confirm()
    assert await send(make()) == "2.0"
    assert flash.start() == ("b", True)
    slots.confirm()
    assert flash.start() == ("b", False)


async def test_an_update_runs_on_trial_and_stays_when_confirmed():
    with Flash() as flash:
        assert flash.start() == ("", False)
        assert await send(make()) == "2.0"
        assert flash.slot("a") == FILES
        assert flash.start() == ("a", True)
        slots.confirm()
        for _ in range(5):
            assert flash.start() == ("a", False)
        # Nothing lies about.
        assert sorted(flash.files()) == sorted(["slot.a", "update.a", "update.b"])


async def test_the_next_one_goes_into_the_other_slot():
    with Flash() as flash:
        await _two(flash)
        assert flash.slot("a") == OTHER and flash.slot("b") == FILES
        await send(make(dict(FILES, **{"lib/new.mpy": b"n"}), version="3.0"))
        assert flash.start() == ("a", True)
        assert sorted(flash.slot("a")) == sorted(list(FILES) + ["lib/new.mpy"])


async def test_three_starts_on_trial_at_most_then_the_version_before():
    with Flash() as flash:
        await _two(flash)
        await send(make(OTHER, version="3.0"))
        for _ in range(3):
            assert flash.start() == ("a", True)
        assert flash.start() == ("b", False)
        record = slots.load()
        assert record["back"] == ["3.0", "starts", 3] and record["a"] is None
        # One that failed is never tried again by itself.
        for _ in range(3):
            assert flash.start() == ("b", False)


async def test_ends_of_deep_sleep_are_no_failed_starts():
    with Flash() as flash:
        await send(make())
        for _ in range(9):
            assert flash.start(woken=True) == ("a", True)
        for _ in range(3):
            assert flash.start() == ("a", True)
        assert flash.start() == ("", False)


async def test_time_runs_out_only_for_what_is_not_confirmed():
    with Flash() as flash:
        await send(make())
        flash.start()
        assert slots.late() is False
        assert flash.start() == ("", False)
        assert slots.load()["back"] == ["2.0", "late"]
        await send(make())
        flash.start()
        slots.confirm()
        assert slots.late() is True and flash.start() == ("a", False)


async def test_only_what_runs_can_confirm_itself():
    with Flash() as flash:
        await send(make())
        slots.confirm()  # said by the flashed tree
        assert slots.load()["trial"] == 0
        assert flash.start() == ("a", True)


async def test_a_damaged_slot_is_not_started():
    for how in ("missing", "short", "changed", "longer"):
        with Flash() as flash:
            await _two(flash)
            data = flash.files()["slot.b"]
            if how == "missing":
                os.remove(flash.top + "slot.b")
            else:
                changed = {"short": data[:-1], "longer": data + b"x"}
                with open(flash.top + "slot.b", "wb") as f:
                    f.write(changed.get(how, data[:-9] + b"?" + data[-8:]))
            assert flash.start() == ("a", False), how
            assert slots.load()["back"] == ["2.0", "damaged"]
            os.remove(flash.top + "slot.a")
            assert flash.start() == ("", False), how


async def test_the_end_of_a_deep_sleep_looks_at_the_length_only():
    with Flash() as flash:
        await _two(flash)
        with open(flash.top + "slot.b", "wb") as f:
            f.write(bytes(len(make())))
        assert flash.start(woken=True) == ("b", False)
        os.remove(flash.top + "slot.b")
        assert flash.start(woken=True) == ("a", False)


async def test_what_cannot_be_imported_is_given_up_even_on_a_full_flash():
    with Flash() as flash:
        await _two(flash)
        slots.failed(ImportError("no module"))
        assert flash.start() == ("a", False)
        assert slots.load()["back"] == ["2.0", "import", "ImportError: no module"]
        save = storage.save

        def full(name, data):
            raise storage.StorageError("full", "", 28)

        storage.save = full
        try:
            try:
                slots.failed(ImportError("nor this"))
            except storage.StorageError:
                pass
            assert flash.start() == ("", False)
        finally:
            storage.save = save


async def test_a_start_that_cannot_be_counted_is_not_tried():
    with Flash() as flash:
        await send(make(OTHER, version="1.5"))
        flash.start()
        slots.confirm()
        await send(make())
        save = storage.save

        def broken(name, data):
            raise storage.StorageError("write", "", 5)

        storage.save = broken
        try:
            assert flash.start() == ("a", False)
        finally:
            storage.save = save
        assert flash.start() == ("b", True)


async def test_going_back_by_request_and_forth():
    with Flash() as flash:
        try:
            update.go_back()
        except BundleError as e:
            assert e.args[0] == "previous"
        else:
            raise AssertionError("nowhere to go")
        await _two(flash)
        update.go_back()
        assert flash.start() == ("a", False)
        assert slots.load()["back"] == ["2.0", "asked"]
        update.go_back()
        assert flash.start() == ("b", False)
        await send(make(OTHER, version="3.0"))
        flash.start()
        update.go_back()  # from one on trial
        assert flash.start() == ("b", False) and slots.load()["a"] is None


async def test_bad_bundles_leave_all_as_it_was():
    lines, contents = entries(FILES)
    with Flash() as flash:
        await _two(flash)
        before = flash.files()
        for code, data, how in (
            ("mark", b"\x89PNG" * 999, {}),
            ("format", make(first="MEP bundle 0\n"), {}),
            ("signature", make(key="0" * 64), {}),
            ("arch", make(arch="sparc"), {}),
            ("mpy", make(mpy="5.0"), {}),
            ("path", make(lines=lines[:4] + ["%s 1 web/../main.py\n" % lines[0][:64]]), {}),
            ("twice", make(lines=lines + lines[4:]), {}),
            ("size", make() + b"more", {}),
            ("size", make(), {"length": 5000}),
            ("size", make()[:-1], {}),
            ("short", make()[:500], {}),
            ("short", make(), {"lost": 300}),
        ):
            assert await refused(data, **how) == code, code
            assert flash.files() == before, code
            assert flash.start() == ("b", False)


async def test_without_room_the_version_before_goes_and_no_other():
    room = update.room
    blocks = 18

    def free():
        kept = flash.files().get("slot.a")
        return 512, blocks if kept else blocks + 20

    with Flash() as flash:
        await _two(flash)
        large = make(dict(FILES, **{"web/large.gz": os.urandom(512) * 40}))
        update.room = free
        try:
            before = flash.files()
            assert await refused(large) == "room"
            assert flash.files() == before
            assert await refused(make()) == ""
            assert flash.start() == ("a", True)
            blocks = 0
            slots.late()
            assert flash.start() == ("b", False)
            # What was given up lies there still, and makes room too.
            assert await refused(large) == "room" and "slot.a" not in flash.files()
        finally:
            update.room = room
        assert flash.start() == ("b", False)


async def test_what_is_cut_or_damaged_while_it_is_written_touches_nothing():
    data = make()
    for code, sent, how in (
        ("short", data, {"lost": 3000}),
        ("content", data[:-1] + b"?", {}),
    ):
        with Flash() as flash:
            await _two(flash)
            before = flash.files()
            assert await refused(sent, **how) == code
            assert flash.files() == before


class Full:
    """A file on a flash that is full, or does not keep what is written."""

    def __init__(self, f, room):
        self.f = f
        self.room = room

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.f.close()

    def write(self, data):
        if self.room is None:
            return self.f.write(bytes(data).replace(b"application", b"something  "))
        self.room -= len(data)
        if self.room < 0:
            raise OSError(28, "full")
        return self.f.write(data)


async def test_a_flash_that_fills_up_or_forgets():
    for code, room in (
        ("full", 100),
        ("full", 2500),
        ("full", len(make()) - 1),
        ("content", None),
    ):
        with Flash() as flash:
            await _two(flash)
            before = flash.files()

            def faulty(path, mode="r"):
                f = open(path, mode)
                return Full(f, room) if path.endswith(update.NEW) and "w" in mode else f  # noqa: B023

            update.open = faulty
            try:
                assert await refused(make()) == code
            finally:
                del update.open
            assert flash.files() == before
            assert flash.start() == ("b", False)


async def test_one_at_a_time_and_none_while_one_is_on_trial():
    with Flash() as flash:
        first = asyncio.create_task(send(make(), most=50))
        await clock.sleep_ms(0)
        assert await refused(make()) == "busy"
        assert await first == "2.0"
        before = flash.files()
        assert await refused(make(OTHER)) == "trial"
        flash.start()
        assert await refused(make(OTHER)) == "trial"
        assert flash.slot("a") == FILES and not set(before) - set(flash.files())


async def test_no_piece_of_work_is_long_and_memory_stays_small():
    files = {"lib/big%02d.mpy" % i: os.urandom(256) * 40 for i in range(12)}
    data = make(files)
    turns = 0

    async def count():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    with Flash():
        task = asyncio.create_task(count())
        await send(data)
        task.cancel()
    # Each KB written, and each verified, lets the others run.
    assert turns > 2 * len(data) // 1024, turns


async def test_a_bundle_copied_to_the_module_is_taken_once():
    for data, taken in ((make(), True), (make(key="f" * 64), False)):
        with Flash() as flash:
            with open(flash.top + "update.bundle", "wb") as f:
                f.write(data)
            try:
                assert await update.take(KEY, "esp32") == "2.0" and taken
            except BundleError as e:
                assert e.args[0] == "signature" and not taken
            assert not [p for p in flash.files() if p.startswith("update.bund")]
            assert update.NEW not in flash.files()
            assert flash.start() == (("a", True) if taken else ("", False))


async def test_what_the_guard_is_told():
    class Guard:
        notes = []
        well = 0

        def note(self, text):
            self.notes.append(text)

        def healthy(self):
            self.well += 1

    with Flash() as flash:
        guard = Guard()
        flash.start()
        assert slots.tell(guard) == ""
        assert guard.version == version.VERSION and not guard.trial
        await send(make())
        flash.start()
        assert slots.tell(guard) == ""
        assert guard.version == "2.0" and guard.trial
        slots.late()
        flash.start()
        assert slots.tell(guard) == "update 2.0: was not well within 5 minutes"
        assert guard.version == version.VERSION and not guard.trial and guard.well == 1
        assert guard.notes == ["update 2.0: was not well within 5 minutes"]
        assert slots.tell(guard) == "" and len(guard.notes) == 1


def test_a_record_that_is_none():
    with Flash() as flash:
        for data in (b"", b"[]", b"5", b"{", b"\xff", b'"x"'):
            storage.save(flash.top + slots.RECORD, data)
            assert flash.start() == ("", False), data
