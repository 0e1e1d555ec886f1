"""The stand-ins for the chip's modules behave as the port's documentation and source say."""

import sys

sys.path.append("tests")

from fakes import Chip
from virtual import Time


def _raises(kind, function, *args):
    try:
        function(*args)
    except kind as e:
        return e
    raise AssertionError("no %s" % kind)


def _chip():
    time = Time()
    return time, Chip(time)


def test_uart_keeps_what_fits_and_loses_the_rest():
    time, chip = _chip()
    with chip:
        import machine

        uart = machine.UART(2, 9600, rxbuf=256, timeout=0)
        buf = bytearray(300)
        assert uart.readinto(buf) is None and uart.any() == 0
        for n in range(38):
            uart.arrive(bytes([n]) * 10)
        # The ring and the hardware's 128 bytes hold 380; a little more clears the hardware's.
        assert uart.any() == 256 and uart.lost == 0
        uart.arrive(bytes(10))
        assert uart.lost == 134
        assert uart.readinto(buf) == 256 and buf[0] == 0 and buf[255] == 25
        uart.deinit()
        _raises(OSError, uart.any)
        _raises(ValueError, machine.UART, 3)


def test_pins_refuse_what_the_chip_refuses():
    time, chip = _chip()
    with chip:
        import machine

        assert "input" in str(_raises(ValueError, machine.Pin, 34, machine.Pin.OUT))
        _raises(ValueError, machine.Pin, 24)
        pin = machine.Pin(4, machine.Pin.OUT, value=1)
        assert machine.trace[-1][1:] == (4, 1)
        assert machine.Pin(4).value() == 1  # made again without arguments, nothing changes
        pin.off()
        assert machine.trace[-1][1:] == (4, 0)
        assert machine.Pin(0, machine.Pin.IN, machine.Pin.PULL_UP).value() == 1


def test_resets_keep_the_memory_and_stop_everything():
    time, chip = _chip()
    with chip:
        import machine

        dog = machine.WDT(timeout=1000)
        machine.RTC().memory(b"kept")
        time.now += 1001
        assert dog.starved
        dog.feed()
        assert dog.starved, "a late meal does not help"
        assert _raises(machine.Reset, machine.reset).cause == machine.HARD_RESET
        machine.restart(machine.WDT_RESET)
        assert machine.RTC().memory() == b"kept" and machine.WDT.running is None
        machine.power_on()
        assert machine.RTC().memory() == b""
        _raises(ValueError, machine.RTC().memory, bytes(2049))


def test_station_finds_loses_and_finds_its_router():
    time, chip = _chip()
    with chip:
        import network

        home = network.AccessPoint("home", "secret12", rssi=-71)
        network.air.append(home)
        sta = network.WLAN(network.WLAN.IF_STA)
        assert sta is network.WLAN(network.STA_IF) and sta.status() == network.STAT_IDLE
        _raises(OSError, sta.connect, "home", "secret12")
        sta.active(True)
        sta.connect("home", "wrong-password")
        assert sta.status() == network.STAT_CONNECTING
        time.now += 5000
        assert sta.status() == network.STAT_WRONG_PASSWORD and not sta.isconnected()
        sta.disconnect()
        sta.connect("home", "secret12")
        time.now += 5000
        assert sta.status() == network.STAT_GOT_IP and sta.status("rssi") == -71
        assert sta.ifconfig()[0] == "192.168.1.50"
        # The router is off for hours, then back with another lease.
        home.up = False
        time.now += 7000
        assert not sta.isconnected() and sta.status() == network.STAT_CONNECTING
        for _ in range(180):
            time.now += 60000
            assert sta.status() == network.STAT_NO_AP_FOUND
        home.up, home.lease = True, "192.168.1.77"
        time.now += 10000
        assert sta.isconnected() and sta.ifconfig()[0] == "192.168.1.77"
        assert sta.scan()[0][0] == b"home"


def test_static_address_and_a_router_without_dhcp():
    time, chip = _chip()
    with chip:
        import network

        router = network.AccessPoint("lab")
        router.dhcp = False
        network.air.append(router)
        sta = network.WLAN(network.STA_IF)
        sta.active(True)
        sta.connect("lab")
        time.now += 60000
        assert not sta.isconnected()
        sta.ifconfig(("10.0.0.9", "255.255.255.0", "10.0.0.1", "10.0.0.1"))
        time.now += 1000
        assert sta.isconnected() and sta.ifconfig()[0] == "10.0.0.9"


def test_access_point_wants_a_password_of_eight():
    time, chip = _chip()
    with chip:
        import network

        ap = network.WLAN(network.AP_IF)
        ap.active(True)
        try:
            ap.config(ssid="mep-123456", security=network.AUTH_WPA2_PSK, key="short")
        except OSError:
            pass
        else:
            raise AssertionError("taken")
        ap.config(ssid="mep-123456", security=network.AUTH_WPA2_PSK, key="long enough")
        assert ap.config("ssid") == "mep-123456" and ap.ifconfig()[0] == "192.168.4.1"
        _raises(ValueError, ap.config, "key")
        _raises(OSError, ap.connect, "home", "x")
        assert not ap.isconnected()
        ap.stations.append(b"\x02\x00\x00\x00\x00\x01")
        assert ap.isconnected() and len(ap.status("stations")) == 1


def test_partitions_are_flash():
    time, chip = _chip()
    with chip:
        import esp32

        part = esp32.Partition(esp32.Partition.RUNNING).get_next_update()
        assert part.info()[4] == "ota_1"
        part.writeblocks(0, bytes([0xE9]) * 4096)
        part.writeblocks(0, b"\xff\x0f", 10)  # no erase: bits only fall
        buf = bytearray(3)
        part.readblocks(0, buf, 10)
        assert buf == b"\xe9\x09\xe9"
        part.ioctl(6, 0)
        part.readblocks(0, buf)
        assert buf == b"\xff\xff\xff"
        _raises(OSError, part.set_boot)  # no image there
        _raises(OSError, part.readblocks, 32, buf)
        esp32.cut_after = 100
        _raises(esp32.PowerCut, part.writeblocks, 0, bytes([0xE9]) * 4096)
        part.readblocks(0, buf, 98)
        assert buf == b"\xe9\xff\xff"  # one for the erasing, 99 bytes, then the cut


def test_an_image_that_is_never_marked_valid_is_left_again():
    time, chip = _chip()
    with chip:
        import esp32

        part = esp32.Partition
        for marked in (False, True):
            new = part(part.RUNNING).get_next_update()
            old = part(part.RUNNING).info()[4]
            new.writeblocks(0, b"\xe9")
            new.set_boot()
            assert part(part.RUNNING).info()[4] == old
            esp32.restart()
            assert part(part.RUNNING).info() == new.info()
            if marked:
                part.mark_app_valid_cancel_rollback()
            esp32.restart()
            assert (part(part.RUNNING).info()[4] == old) != marked
        esp32.erase(esp32.SINGLE)
        _raises(OSError, part(part.RUNNING).get_next_update)
