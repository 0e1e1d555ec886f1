"""Setting the radio up and why a join failed; loaded only while the module has no network."""

# Reasons of ESP-IDF (wifi_err_reason_t) that the owner can do something about; several by what
# the two sides understood of each other.
_WHY = (
    (201, "no such network"),
    (202, "wrong Wi-Fi password"),
    (204, "wrong Wi-Fi password"),
    (15, "wrong Wi-Fi password"),
    (210, "the network's kind of security does not fit the password"),
    (211, "the network's kind of security does not fit the password"),
    (200, "the network's signal was lost"),
)
_MORE = 2  # tries of the port after the first


def name_of(config, network):
    """The name in the network: the configured one, or mep- and the MAC's last six digits."""
    mac = network.WLAN(network.STA_IF).config("mac")
    return config["hostname"] or "mep-%02x%02x%02x" % (mac[3], mac[4], mac[5])


def up(network, config, name, weak=False):
    """The radio on under ``config``; gives the station. ``weak``: with less power."""
    network.hostname(name)  # for DHCP and, by the port, mDNS
    if config["wifi_country"]:
        network.country(config["wifi_country"])
    sta = network.WLAN(network.STA_IF)
    if not sta.active():
        sta.active(True)
    sta.config(
        txpower=dbm(config, weak),
        pm=sta.PM_PERFORMANCE if config["modem_sleep"] else sta.PM_NONE,
        reconnects=_MORE,
    )
    if config["ip"]:
        gateway = config["gateway"]
        sta.ifconfig((config["ip"], config["netmask"], gateway, config["dns"] or gateway))
    return sta


def dbm(config, weak):
    """The transmit power to use; ``weak``: the supply broke down (brown-out)."""
    # 4 dB less is 2.5 times less: often enough.
    power = config["tx_power_dbm"]
    return max(2, power - 4) if weak else power


def weak_text(config):
    """What a brown-out means, for the owner."""
    return (
        "the supply broke down (brown-out): the radio sends with %d dBm instead of %d until the "
        "next start; 470..1000 uF at the supply help, or a lower tx_power_dbm, or the low profile"
    ) % (dbm(config, True), config["tx_power_dbm"])


def why(sta):
    """Why the station ``sta`` has no network, in words."""
    code = sta.status()
    try:
        sta.status("rssi")
        return "the router gives no address (DHCP)"
    except OSError:  # not even joined
        pass
    for known, text in _WHY:
        if code == known:
            return text
    return "no connection (reason %d)" % code
