"""How a connection to the broker begins; loaded for that and dropped after it."""

from umqtt import simple

from shim import const
from ..hal import net
from ..hal.clock import sleep_ms, ticks_add, ticks_diff, ticks_ms

_OPEN_MS = const(4000)  # name, TCP connection and the broker's answer
_TLS_MS = const(5000)  # the handshake, whose arithmetic takes the chip a second and more
_BUSY_MS = const(10)
_CONNACK = const(0x20)
# What it may be if the broker breaks off before it says anything.
_NO_TLS = "; does it want TLS? Then set mqtt_tls"
_NO_CERTIFICATE = "; does it demand a client certificate, or another one?"
_TLS_ALERT = const(0x15)  # type of a record

# Return codes of CONNACK (MQTT 3.1.1, table 3.1), from 1.
_REFUSALS = (
    "it does not speak MQTT 3.1.1",
    "it refuses the client id; change mqtt_client_id",
    "it is not available now",
    "wrong user or password; check mqtt_user and mqtt_password",
    "not authorised; check mqtt_user and mqtt_password",
)


async def connect(client):
    """Give ``client`` (`firmware.mqtt.client.Client`) a connection that the broker has accepted.

    Raises OSError.
    """
    end = ticks_add(ticks_ms(), _OPEN_MS)
    config = client._config
    pipe = client._pipe
    pipe.clear()
    tcp = client._tcp = net.Tcp()
    if config["mqtt_tls"] == "off":
        await tcp.open(config["mqtt_host"], config["mqtt_port"], _OPEN_MS)
    else:
        from .secure import open_tls

        await open_tls(tcp, config, _OPEN_MS, _TLS_MS)
        end = ticks_add(ticks_ms(), _OPEN_MS)
    pipe.accept()
    simple.socket = pipe
    client._mqtt.connect()
    pipe.commit()
    while pipe.got < 4:
        if ticks_diff(end, ticks_ms()) <= 0:
            raise OSError("it takes the connection but does not answer")
        try:
            pipe.flush(tcp)
            pipe.fill(tcp)
        except OSError as e:
            hint = _NO_TLS if config["mqtt_tls"] == "off" else _NO_CERTIFICATE
            raise OSError(net.words(e) + hint)
        if pipe.got and pipe.first(0) != _CONNACK:
            if pipe.first(0) == _TLS_ALERT:
                raise OSError("it speaks TLS at this port; set mqtt_tls")
            raise OSError("what answers there is no MQTT broker")
        await sleep_ms(_BUSY_MS)
    code = pipe.first(3)
    if code:
        raise OSError(_REFUSALS[code - 1] if code < 6 else "it refuses with code %d" % code)
    pipe.drop(4)
