"""Runs on the module, sent there as text: what `checks.py` asks it to do. Prints JSON lines."""

import gc
import json
import sys
import time

OURS = ("firmware", "mep", "osgp", "c1218", "microdot", "umqtt", "shim")


def forget():
    """Drop our modules, so that the next import starts from nothing."""
    for name in list(sys.modules):
        if name.split(".")[0] in OURS:
            del sys.modules[name]
    gc.collect()


def imports(names):
    """Import each of ``names`` alone: a line ``[name, bytes it keeps, free before, fault]``."""
    for name in names:
        forget()
        free = gc.mem_free()
        before = gc.mem_alloc()
        fault = None
        try:
            __import__(name)
        except Exception as e:
            fault = "%s: %s" % (type(e).__name__, e)
        gc.collect()
        print(json.dumps([name, gc.mem_alloc() - before, free, fault]))
    forget()


def together(name):
    """Import ``name`` and say ``[bytes it keeps, bytes free then]``."""
    forget()
    before = gc.mem_alloc()
    __import__(name)
    gc.collect()
    print(json.dumps([gc.mem_alloc() - before, gc.mem_free()]))
    forget()


def digest_us(size, rounds):
    """Microseconds for the digest of ``size`` bytes: ``[as used, plain]``."""
    from mep import digest

    packet = bytes([i * 7 & 255 for i in range(size)])
    took = []
    for steps in (digest.steps, digest.plain):
        state = bytearray(33)
        began = time.ticks_us()
        for _ in range(rounds):
            steps(state, packet, 0, size)
        took.append(time.ticks_diff(time.ticks_us(), began) // rounds)
    print(json.dumps(took))


def storage(name, rounds):
    """Save and load ``name`` so often: ``[ms of the slowest save, what went wrong]``."""
    from firmware import storage

    slowest = 0
    wrong = None
    for i in range(rounds):
        data = bytes([i & 255]) * (100 + 300 * i)
        began = time.ticks_ms()
        storage.save(name, data)
        slowest = max(slowest, time.ticks_diff(time.ticks_ms(), began))
        if storage.load(name) != data:
            wrong = "round %d came back changed" % i
    storage.remove(name)
    if storage.load(name) is not None:
        wrong = "it was not removed"
    print(json.dumps([slowest, wrong]))


def loop(name, baud, count):
    """Send ``count`` bytes through board ``name``'s line, RX and TX joined: how many came back."""
    from firmware import boards
    from firmware.hal import esp32

    port = esp32.UartPort(boards.load(name, {}, esp32.chip()), baud)
    sent = bytes([i * 37 & 255 for i in range(count)])
    got = bytearray()
    buf = bytearray(64)
    while port.readinto(buf):
        pass
    port.write(sent)
    began = time.ticks_ms()
    while len(got) < count and time.ticks_diff(time.ticks_ms(), began) < 3000:
        n = port.readinto(buf)
        got += buf[:n]
    port.close()
    print(json.dumps([len(got), bytes(got) == sent]))


def page(port):
    """Serve the live page without a meter and ask: lines ``[path, status, size, body]``."""
    import asyncio

    import network

    # This starts the network itself, without which there is no 127.0.0.1 either.
    network.WLAN(network.STA_IF).active(True)
    from firmware import config as configuration
    from firmware.hal import clock
    from firmware.readings import Readings
    from firmware.web import app as web

    config = configuration.validate({}, False)
    gc.collect()
    app = web.create_app(Readings(clock, 30), config, dict)

    async def ask(path):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET %s HTTP/1.0\r\nHost: module\r\n\r\n" % path.encode())
        await writer.drain()
        # In small pieces: a page in one is more than a heap in use has in one block.
        status = int((await reader.readline()).split(b" ")[1])
        while (await reader.readline()).strip():
            pass
        text = b""
        size = 0
        while True:
            piece = await reader.read(256)
            if not piece:
                break
            size += len(piece)
            text = text or piece
        writer.close()
        print(json.dumps([path, status, size, text.decode() if status >= 400 else ""]))

    async def all_of_it():
        task = asyncio.create_task(web.serve(app, "127.0.0.1", port, lambda: None))
        await asyncio.sleep_ms(300)
        try:
            for path in ("/", "/app.js", "/api/v1/status", "/api/v1/readings"):
                await asyncio.wait_for(ask(path), 10)
        finally:
            task.cancel()

    asyncio.run(all_of_it())
    asyncio.new_event_loop()
    forget()
