"""Under MicroPython, in a staged tree: bytes in use while the settings are used. Prints JSON.

cd build/stage/x86 && micropython -X heapsize=128k settings_heap.py [METER_PORT KEY BROKER_PORT]

With a simulated meter, its key and a broker both tries are whole ones. Radio and chip are
stand-ins of a few lines, so that what is measured is the module's own.
"""

import asyncio
import gc
import json
import sys

sys.path[:0] = ["", "lib"]

PORT = 20000 + id(sys) % 10000
TOKEN = "t" * 32


class WLAN:
    PM_NONE, PM_PERFORMANCE, PM_POWERSAVE = range(3)

    def __init__(self, interface):
        self.interface = interface

    def active(self, on=None):
        return True

    def config(self, name=None, **how):
        return b"\x24\x0a\xc4\x12\x34\x56"

    def connect(self, *_):
        pass

    disconnect = connect

    def isconnected(self):
        return self.interface == 0

    def status(self, what=None):
        return 1010

    def ifconfig(self, *_):
        return ("127.0.0.1",) * 4

    def ipconfig(self, **_):
        pass

    def scan(self):
        return [(b"network %d" % i, b"", 1, -50 - i, 3, False) for i in range(15)]


class network:
    STA_IF = 0
    AP_IF = 1
    AUTH_WPA2_PSK = 3
    WLAN = WLAN

    @staticmethod
    def hostname(name):
        pass

    country = hostname


class Chip:
    network = network

    class watchdog:
        def __init__(self, timeout):
            pass

        def feed(self):
            pass

    @staticmethod
    def chip():
        return "esp32"

    @staticmethod
    def restart():
        raise SystemExit


class Guard:
    version = "1"
    trial = False
    cause = "reset"
    why = "it is measured"
    faults = ()

    def healthy(self):
        pass

    def note(self, text):
        notes.append(text)


sys.modules["network"] = network
notes = []
steps = []
said = []


async def ask(method, path, body, name):
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    head = "%s %s HTTP/1.1\r\nHost: %s\r\nCookie: mep=%s\r\nOrigin: http://%s\r\n"
    head += "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n"
    writer.write((head % (method, path, name, TOKEN, name, len(body)) + body).encode())
    await writer.drain()
    size = 0
    code = ""
    while True:
        data = await reader.read(256)
        if not data:
            break
        if not code:
            code = str(data[9:12], "ascii")
        size += len(data)
    writer.close()
    await writer.wait_closed()
    return code, size


METER, KEY, BROKER = sys.argv[1:4] if len(sys.argv) > 3 else ("7", "b" * 20, "1")
STEPS = (
    ("GET", "/", ""),
    ("POST", "/save", "step=board&board=dabbler"),
    ("POST", "/save", "step=wifi&network=home&wifi_password=secret12&anyway=1"),
    ("GET", "/?step=wifi", ""),
    ("POST", "/save", "step=key&key=bbbbbbbbbbbbbbbbbbbb"),
    ("GET", "/", ""),
    ("POST", "/save", "step=key&key=" + KEY),
    ("POST", "/save", "step=admin&password=correcthorse&again=correcthorse"),
    ("POST", "/save", "step=mqtt&mqtt_host=127.0.0.1&mqtt_port=1&mqtt_base=mep"),
    ("GET", "/", ""),
    ("POST", "/save", "step=mqtt&mqtt_host=127.0.0.1&mqtt_base=mep&mqtt_port=" + BROKER),
    ("GET", "/all", ""),
    ("POST", "/all", "stale_s=60&fast=true&timezone=CET-1CEST,M3.5.0,M10.5.0/3"),
    ("GET", "/export", ""),
    ("GET", "/?step=done", ""),
    ("GET", "/update", ""),
    ("GET", "/", ""),
)


async def main(mode):
    from firmware import config, recovery

    given = {"ap_password": "of this one", "port": "socket://127.0.0.1:" + METER, "language": "de"}
    given.update({"key": "a" * 20, "wifi_ssid": "home", "wifi_password": "secret12"})
    given.update({"update_key": "0" * 64, "admin_hash": "pbkdf2-sha256:3:00:00"})
    present = config.validate(given, False)
    module = recovery.Recovery(Guard(), present, [], mode, Chip, TOKEN, ("127.0.0.1", PORT))
    task = asyncio.create_task(module.run())
    await asyncio.sleep(2)
    gc.collect()
    steps.append(("idle", "", 0, gc.mem_alloc()))
    for method, path, body in STEPS:
        code, size = await ask(method, path, body, module.wifi.name)
        for _ in range(200):
            if not module.setup.busy:
                break
            await asyncio.sleep_ms(100)
        if body[:5] == "step=":
            said.append(module.setup.said[1])
        gc.collect()
        steps.append((method + " " + path, code, size, gc.mem_alloc()))
    # As a browser that is asked for a page again before it came.
    several = await asyncio.gather(*[ask("GET", "/all", "", module.wifi.name) for _ in range(3)])
    task.cancel()
    print(json.dumps({"steps": steps, "notes": notes, "said": said, "several": several}))


asyncio.run(main(2))
