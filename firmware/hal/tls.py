"""TLS on a connection of `firmware.hal.net`: what its beginning needs; dropped after it.

MicroPython has mbedTLS as its module tls, CPython has OpenSSL as ssl.
"""

from binascii import hexlify
from hashlib import sha256

from shim import const
from .clock import sleep_ms, ticks_add, ticks_diff, ticks_ms, unix
from .ports import MICROPYTHON

try:
    if MICROPYTHON:
        import tls
    else:
        import ssl as tls
except ImportError:
    tls = None

_TICK_MS = const(10)
_NO_MEMORY = const(12)

EXPIRED = "its certificate has expired; renew it at the broker"
FUTURE = "its certificate is not valid yet; is the clock right, there and here?"
NO_CLOCK = "its certificate cannot be checked before the clock is set; is a time server in reach?"
OTHER_CA = "its certificate is not signed by the CA whose certificate is stored here"
OTHER_NAME = "its certificate is for another name than %s; write that one as mqtt_host"
OTHER = "its certificate is not the one of mqtt_tls but %s; write that only if it was renewed"
NO_TLS = "it speaks no TLS at this port; brokers do at 8883 as a rule"
BROKEN = "it breaks off the handshake; does it speak TLS here, or want a client certificate?"
SLOW = "it does not answer the handshake of TLS"
ALERT = "it ends TLS with an alert"
DEMANDS = "; does it demand a client certificate, or another one?"
NO_MEMORY = "there is no memory for TLS"
NONE = "this interpreter has no TLS; a module's MicroPython from 1.24 on and CPython have"
BAD_CA = "the CA certificate stored here cannot be read; store it again"
BAD_OWN = "the client certificate or its key cannot be read, or they do not fit; store them again"

# What OpenSSL and mbedTLS say of a certificate they refuse, and how we say it.
_REFUSED = (
    ("expired", EXPIRED),
    ("not yet valid", FUTURE),
    ("in the future", FUTURE),
    ("mismatch", OTHER_NAME),
    ("not match", OTHER_NAME),
    ("unable to get", OTHER_CA),
    ("self-signed", OTHER_CA),
    ("self signed", OTHER_CA),
    ("signed by", OTHER_CA),
)


async def wrap(tcp, host, trust, own, timeout_ms):
    """Speak TLS on ``tcp`` (`net.Tcp`, open) from now on. Raises OSError, always with words.

    ``trust``: the certificate (DER) of the CA that has signed that of ``host``, or SHA-256 (str,
    hex) of its own. ``own``: None, or our certificate and key (DER; paths of PEM on CPython).
    """
    if tls is None:
        raise OSError(NONE)
    end = ticks_add(ticks_ms(), timeout_ms)
    try:
        sock = _context(trust, own).wrap_socket(
            tcp.sock, do_handshake_on_connect=False, server_hostname=host
        )
        tcp.use(sock)  # who closes tcp closes this
        step = _step if MICROPYTHON else _step_of_ssl
        while not step(sock):
            if ticks_diff(end, ticks_ms()) <= 0:
                raise OSError(SLOW)
            await sleep_ms(_TICK_MS)
        if isinstance(trust, str):
            found = hexlify(sha256(sock.getpeercert(True)).digest()).decode()
            if found != trust:
                raise OSError(OTHER % found)
    except (OSError, ValueError) as e:  # mbedTLS says with ValueError what it has refused
        raise OSError(_words(e, host))
    if not MICROPYTHON:
        tcp.use(_Patient(sock))


def _context(trust, own):
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    if isinstance(trust, str):
        if not MICROPYTHON:
            context.check_hostname = False
        context.verify_mode = tls.CERT_NONE  # we compare it ourselves
    else:
        context.verify_mode = tls.CERT_REQUIRED
        if not MICROPYTHON:
            # As mbedTLS does: what is stored here is trusted, be it a root or not.
            context.verify_flags |= tls.VERIFY_X509_PARTIAL_CHAIN
        try:
            if MICROPYTHON:
                context.load_verify_locations(trust)
            else:
                context.load_verify_locations(cadata=trust)
        except (OSError, ValueError):
            raise OSError(BAD_CA)
    if own:
        try:
            context.load_cert_chain(*own)
        except (OSError, ValueError):
            raise OSError(BAD_OWN)
    return context


def _step(sock):
    # A read goes on with the handshake as far as it can; a broker says nothing before CONNECT.
    if sock.readinto(bytearray(1)) is not None:
        raise OSError(BROKEN)
    return sock.getpeercert(True) is not None


def _step_of_ssl(sock):
    try:
        sock.do_handshake()
        return True
    except (tls.SSLWantReadError, tls.SSLWantWriteError):
        return False


def _words(e, host):
    code = e.args[0] if e.args else ""
    text = " ".join([str(a) for a in e.args])
    if isinstance(code, str) and isinstance(e, OSError) and len(e.args) == 1:
        return code  # ours
    if code == _NO_MEMORY and MICROPYTHON:
        return NO_MEMORY
    for sign, words in _REFUSED:
        if sign in text.lower():
            if words is FUTURE and unix() is None:
                words = NO_CLOCK
            return words % host if "%" in words else words
    if not isinstance(code, int):
        return "TLS: " + text.strip()
    words = said(code, text, BROKEN)
    return words + DEMANDS if words is ALERT else words


def said(code, text="", otherwise="TLS broke off"):
    """Words for an error's number (and text) that is no certificate's."""
    if "ALERT" in text or code == -0x7780:
        return ALERT
    # 0x7200, 0x7100 and the like: what came is no record of TLS.
    if "WRONG_VERSION" in text or "RECORD" in text or code in (-0x7200, -0x7100, -0x7280):
        return NO_TLS
    return otherwise


class _Patient:
    """A socket of CPython's ssl with the manners of the others: None if it would block."""

    def __init__(self, sock):
        self._sock = sock
        self.close = sock.close

    def recv_into(self, buf):
        return self._try(self._sock.recv_into, buf)

    def write(self, buf):
        return self._try(self._sock.send, buf)

    @staticmethod
    def _try(function, buf):
        try:
            return function(buf)
        except (tls.SSLWantReadError, tls.SSLWantWriteError):
            return None
        except tls.SSLError as e:
            raise OSError(said(e.args[0], str(e)))
