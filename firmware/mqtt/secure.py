"""How a connection to the broker under TLS begins; loaded for that and dropped after it."""

from .. import certificates
from ..hal import tls
from ..hal.memory import drop


async def open_tls(tcp, config, tcp_ms, tls_ms):
    """Open ``tcp`` (`firmware.hal.net.Tcp`) to the broker of ``config``. Raises OSError."""
    try:
        # Before anything else: what is missing here is no fault of the broker.
        trust, own = certificates.wanted(config["mqtt_tls"])
        drop("firmware.certificates", "firmware.storage", "firmware.texts")
        await tcp.open(config["mqtt_host"], config["mqtt_port"], tcp_ms)
        await tls.wrap(tcp, config["mqtt_host"], trust, own, tls_ms)
    finally:
        drop("firmware.certificates", "firmware.hal.tls", "firmware.mqtt.secure")
