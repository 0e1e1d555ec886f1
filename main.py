import sys

if sys.platform == "esp32":  # which has / and /lib on its path
    import os

    import machine

    try:
        # The port reads its flash in pieces of 128 bytes. In larger ones the application starts
        # in half the time, for 1.4 KB. What is on the flash is the same either way.
        from flashbdev import bdev

        fs = os.VfsLfs2(bdev, readsize=128, progsize=32, lookahead=32)
        os.umount("/")
        os.mount(fs, "/")
        del fs
    except ImportError:  # a stand-in for the chip
        pass
    except Exception as e:
        print("flash:", e)  # noqa: T201  another file system stays as it was
    slot = ""
    trial = False
    slots = None
    try:
        # Without an update there is nothing to choose.
        if [name for name in os.listdir("/") if name.split(".")[0] in ("slot", "update")]:
            from firmware import slots

            slot, trial = slots.choose(machine.reset_cause() == machine.DEEPSLEEP_RESET)
        if slot is None:
            machine.reset()
        if trial:
            # This version is new. These end its trial whatever it does; see docs/updates.md.
            def late(timer):
                fine = False
                try:
                    from firmware.slots import late

                    fine = late()
                finally:
                    if not fine:
                        machine.reset()

            machine.Timer(0).init(mode=machine.Timer.ONE_SHOT, period=300000, callback=late)
            machine.WDT(timeout=360000)  # until it starts its own
    except Exception as e:
        print("updates:", e)  # noqa: T201
    try:
        from firmware.start import start
    except Exception as e:
        if not slot:
            raise
        print("update:", e)  # noqa: T201
        try:
            slots.failed(e)
        finally:
            machine.reset()
    slots = None
    start()
else:
    sys.path.insert(0, "lib")
    sys.path.insert(1, "build/deps")

    from firmware.app import run

    run(sys.argv[1] if len(sys.argv) > 1 else "config.json")
