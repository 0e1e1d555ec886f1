import asyncio
import errno
import os
import socket

from firmware.hal import dial, dns, net
from firmware.hal.clock import sleep_ms, ticks_diff, ticks_ms
from firmware.hal.ports import MICROPYTHON

A_RECORD = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\x07"


def _port():
    return 20000 + (os.urandom(1)[0] << 8 | os.urandom(1)[0]) % 10000


def _raises(aw, part):
    async def go():
        try:
            await aw
        except OSError as e:
            assert part in net.words(e), net.words(e)
            return
        raise AssertionError("no OSError")

    asyncio.run(go())


async def _lag(result):
    # The longest time for which the loop did not come round.
    while True:
        before = ticks_ms()
        await sleep_ms(5)
        result[0] = max(result[0], ticks_diff(ticks_ms(), before) - 5)


def test_addresses_are_taken_as_they_are():
    for address in ("192.0.2.7", "0.0.0.0", "2001:db8::1", "::1"):
        assert asyncio.run(net.resolve(address)) == address


def test_this_host_is_known():
    assert asyncio.run(net.resolve("localhost")) == "127.0.0.1"


def test_question():
    query = dns.question("a.example")
    assert query[2:] == b"\1\0\0\1\0\0\0\0\0\0\1a\7example\0\0\1\0\1"
    assert dns.question("a.local", True)[2:] == b"\0\0\0\1\0\0\0\0\0\0\1a\5local\0\0\1\x80\1"
    ids = [dns.question("a")[:2] for _ in range(4)]
    assert ids != [ids[0]] * 4


def test_what_is_no_host_name():
    for name in ("a..b", "", ".", "x" * 64 + ".example"):
        try:
            dns.question(name)
        except OSError as e:
            assert "not a host name" in net.words(e)
        else:
            raise AssertionError(name)


def _reply(query, records, count, flags=b"\x81\x80"):
    return query[:2] + flags + b"\0\1\0" + bytes([count]) + b"\0\0\0\0" + query[12:] + records


def test_answers():
    query = dns.question("a.example")
    assert dns.answer(_reply(query, A_RECORD, 1), query) == "192.0.2.7"
    # An alias first, whose own name is spelled out.
    alias = b"\1a\7example\0\0\5\0\1\0\0\0\x3c\0\4\1b\xc0\x0e"
    assert dns.answer(_reply(query, alias + A_RECORD, 2), query) == "192.0.2.7"
    assert dns.answer(_reply(query, alias, 1), query) == ""
    assert dns.answer(_reply(query, b"", 0, b"\x81\x83"), query) == ""  # no such name
    assert dns.answer(_reply(query, b"", 0, b"\x81\x82"), query) is None  # the server failed
    multicast = A_RECORD[:4] + b"\x80" + A_RECORD[5:]  # with the flag of multicast answers
    assert dns.answer(_reply(query, multicast, 1), query) == "192.0.2.7"


def test_damaged_answers_are_dropped():
    query = dns.question("a.example")
    good = _reply(query, A_RECORD, 1)
    for n in range(len(good)):
        assert dns.answer(good[:n], query) is None, n
    other = bytes([query[0] ^ 1]) + good[1:]
    assert dns.answer(other, query) is None
    assert dns.answer(query, query) is None  # a question
    for i in range(12, len(good)):
        for b in (0, 0x3F, 0xFF):
            dns.answer(good[:i] + bytes([b]) + good[i + 1 :], query)


class Server:
    """Name server on a port of its own; ``replies`` makes datagrams of a query."""

    def __init__(self, replies):
        self.replies = replies
        self.port = _port()
        self.asked = 0

    async def run(self):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(socket.getaddrinfo("127.0.0.1", self.port, 0, socket.SOCK_DGRAM)[0][-1])
        sock.setblocking(False)
        try:
            while True:
                try:
                    query, source = sock.recvfrom(512)
                    self.asked += 1
                    for reply in self.replies(query):
                        sock.sendto(reply, source)
                except OSError:
                    pass
                await asyncio.sleep(0.005)
        finally:
            sock.close()


def _ask(servers, timeout_ms=3000):
    """Address, or the error in words; and the loop's longest delay."""
    lag = [0]

    async def go():
        tasks = [asyncio.create_task(s.run()) for s in servers]
        tasks.append(asyncio.create_task(_lag(lag)))
        await asyncio.sleep(0.02)  # until they listen
        try:
            return await dns.ask("a.example", [("127.0.0.1", s.port) for s in servers], timeout_ms)
        except OSError as e:
            return net.words(e)
        finally:
            for task in tasks:
                task.cancel()

    result = asyncio.run(go())
    assert lag[0] < 250  # waiting for the network would be 700 and more, a busy machine is less
    return result


def test_name_server_is_asked():
    server = Server(lambda query: [b"", b"\1", query, _reply(query, A_RECORD, 1)])
    assert _ask([server]) == "192.0.2.7"
    assert server.asked == 1


def test_the_next_name_server_is_asked():
    silent = Server(lambda query: [])
    good = Server(lambda query: [_reply(query, A_RECORD, 1)])
    assert _ask([silent, good]) == "192.0.2.7"
    assert silent.asked == 1


def test_name_server_knows_no_such_host():
    server = Server(lambda query: [_reply(query, b"", 0, b"\x81\x83")])
    assert _ask([server]) == "there is no host a.example"


def test_name_server_never_answers():
    server = Server(lambda query: [query, b"\0" * 40])
    assert _ask([server], 900) == "no name server answers for a.example"
    assert server.asked == 2


def test_connection_both_ways():
    port = _port()
    ends = []

    async def echo(reader, writer):
        got = 0
        while got < 100000:
            data = await reader.read(1000)
            if not data:
                break
            got += len(data)
        writer.write(b"%d" % got)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        ends.append(got)

    async def go():
        server = await asyncio.start_server(echo, "127.0.0.1", port)
        tcp = net.Tcp()
        try:
            await tcp.open("127.0.0.1", port, 1000)
            buf = bytearray(8)
            assert tcp.recv_into(buf) == 0
            data = bytes(range(250)) * 400
            sent = full = 0
            while sent < len(data):
                n = tcp.send(data, sent)
                full += n == 0
                sent += n
                if n == 0:
                    await asyncio.sleep(0.001)
            assert full  # it did not take all at once, and did not wait
            while True:
                n = tcp.recv_into(buf)
                if n:
                    break
                await asyncio.sleep(0.001)
            assert bytes(buf[:n]) == b"100000"
            for _ in range(200):
                try:
                    assert tcp.recv_into(buf) == 0
                except OSError as e:
                    assert "closed" in net.words(e)
                    return
                await asyncio.sleep(0.01)
            raise AssertionError("the end was not seen")
        finally:
            tcp.close()
            server.close()

    asyncio.run(go())
    assert ends == [100000]


def test_refused():
    _raises(net.Tcp().open("127.0.0.1", 1, 1000), "refused")
    _raises(net.Tcp().open("nonsense::address", 1, 1000), "not an address")


def test_use_without_a_connection():
    tcp = net.Tcp()
    tcp.close()
    for call in (lambda: tcp.send(b"x"), lambda: tcp.recv_into(bytearray(1))):
        try:
            call()
        except OSError as e:
            assert net.words(e) == "not connected"
        else:
            raise AssertionError("no OSError")


def test_words_name_the_error():
    import errno

    assert "refused" in net.words(OSError(errno.ECONNREFUSED))
    assert "no answer" in net.words(OSError(errno.ETIMEDOUT))
    assert "closed" in net.words(OSError(errno.ECONNRESET, "some text"))
    assert "no way" in net.words(OSError(errno.EHOSTUNREACH))
    assert net.words(OSError(errno.EACCES)) == "error EACCES"
    assert net.words(OSError(-2)) == "error -2"
    assert net.words(OSError("the text")) == "the text"


def test_names_of_the_local_link():
    server = Server(lambda query: [_reply(query, A_RECORD, 1, b"\x84\0")])
    before = dns.MDNS
    dns.MDNS = ("127.0.0.1", server.port)
    if not MICROPYTHON:
        resolve = dns.ask("a.local", [dns.MDNS], 3000)
    else:
        resolve = net.resolve("a.local")

    async def go():
        task = asyncio.create_task(server.run())
        await asyncio.sleep(0.02)
        try:
            return await resolve
        finally:
            task.cancel()

    try:
        assert asyncio.run(go()) == "192.0.2.7"
    finally:
        dns.MDNS = before


def test_the_network_names_its_servers():
    if not MICROPYTHON:
        return  # there the operating system resolves names
    server = Server(lambda query: [_reply(query, A_RECORD, 1)])
    before = net.servers
    net.servers = lambda: [("127.0.0.1", server.port)]

    async def go():
        task = asyncio.create_task(server.run())
        await asyncio.sleep(0.02)
        try:
            return await net.resolve("a.example")
        finally:
            task.cancel()

    try:
        assert asyncio.run(go()) == "192.0.2.7"
    finally:
        net.servers = before


def test_numbers_of_errors_in_words():
    assert dial.words(errno.ECONNREFUSED) == "connection refused: nothing listens there"
    assert dial.words(-2) == "error -2"
