from firmware import certificates, storage
from firmware.web import setup_certs
from setupkit import KEY, LAN, Rig, form
from test_certificates import LONG, SHORT, pem


class Flash:
    """The records of `storage`, in a dict."""

    def __enter__(self):
        self.records = {}
        self.kept = storage.load, storage.save, storage.remove
        storage.load = self.records.get
        storage.save = self.records.__setitem__
        storage.remove = lambda name: self.records.pop(name, None)
        return self.records

    def __exit__(self, *_):
        storage.load, storage.save, storage.remove = self.kept


async def _send(rig, name, text="", **more):
    fields = dict(more, name=name, text=text)
    body = form(fields).replace("\r\n", "%0D%0A").replace(" ", "+")
    res, _ = await rig.ask("POST", "/certificates", body)
    assert res.status_code == 303 and res.headers["Location"] == "/certificates"
    return (await rig.ask("GET", "/certificates"))[1]


async def test_certificates_are_stored_at_once_and_the_key_is_never_shown():
    ca = pem(LONG, b"CERTIFICATE").decode()
    key = pem(SHORT, b"PRIVATE KEY").decode()
    with Rig() as rig, Flash() as records:
        text = (await rig.ask("GET", "/certificates"))[1]
        assert text.count("<textarea") == 3 and 'name="forget"' not in text
        text = await _send(rig, "ca", ca)
        assert records == {"mqtt_ca": LONG} and "It is stored." in text
        assert text.count('name="forget"') == 1
        text = await _send(rig, "key", key)
        assert records["mqtt_key"] == SHORT
        assert (
            "a2tr" not in text and "PRIVATE" not in text and not any("a2tr" in s for s in rig.said)
        )
        text = await _send(rig, "key")  # nothing is written: nothing changes
        assert "mqtt_key" in records
        text = await _send(rig, "cert", "-----BEGIN <b>")
        assert "paste one certificate" in text and "<b>" not in text
        text = await _send(rig, "other", ca)
        assert sorted(records) == ["mqtt_ca", "mqtt_key"]
        await _send(rig, "key", "", forget="1")
        assert list(records) == ["mqtt_ca"]
        assert setup_certs.take and certificates.stored


async def test_ca_without_a_certificate_is_refused_with_what_to_write():
    with Rig() as rig, Flash() as records:
        await rig.ask("POST", "/all", form({"mqtt_tls": "ca"}))
        text = (await rig.ask("GET", "/all"))[1]
        assert "mqtt_tls" in text and "no CA certificate is stored" in text
        assert rig.setup.draft["mqtt_tls"] == "off"
        records["mqtt_ca"] = LONG
        await rig.ask("POST", "/all", form({"mqtt_tls": "ca"}))
        assert rig.setup.draft["mqtt_tls"] == "ca" and not rig.setup.errors


async def test_only_who_may_change_things_sees_it():
    with Rig(settings=True, key=KEY, wifi_ssid="home", admin_hash="x") as rig, Flash() as records:
        res, text = await rig.ask("GET", "/certificates", peer=LAN)
        assert res.status_code == 303 and "textarea" not in text
        res, _ = await rig.ask("POST", "/certificates", "name=ca&text=x", peer=LAN)
        assert res.status_code == 403 and not records
