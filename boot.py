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
