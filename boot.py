# Runs before main.py on the module. Nothing here may fail.
try:
    import machine

    if machine.reset_cause() == machine.SOFT_RESET:
        # Somebody works at the prompt (mpremote does so too). A watchdog that runs cannot be
        # stopped; an hour is long enough to copy files.
        machine.WDT(timeout=3600000)
    import micropython

    micropython.alloc_emergency_exception_buf(100)
except Exception as e:
    failed = e  # for whoever looks at the prompt

try:
    # The port reads its flash in pieces of 128 bytes. In larger ones the application starts in
    # half the time, for 1.4 KB. What is on the flash is the same either way.
    import os

    from flashbdev import bdev

    fs = os.VfsLfs2(bdev, readsize=128, progsize=32, lookahead=32)
    os.umount("/")
    os.mount(fs, "/")
    del fs
except Exception as e:
    failed = e  # another file system stays as it was
