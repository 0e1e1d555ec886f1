"""The example of docs/integrations/homeassistant.md against what the module publishes.

`make proof ARGS=homeassistant` feeds it to a real Home Assistant.
"""

import json
import re

from firmware import report
from firmware.mqtt.names import _TEXTS
from formatskit import meter
from tools.paths import ROOT

PAGE = ROOT / "docs" / "integrations" / "homeassistant.md"
# Home Assistant's units and state class for each device class that the example uses.
CLASSES = {
    "energy": ("kWh", "total_increasing"),
    "power": ("W", "measurement"),
    "voltage": ("V", "measurement"),
}


def _sensors():
    text = re.search(r"```yaml\nmqtt:\n  sensor:\n(.*?)```", PAGE.read_text(), re.S)[1]
    return [
        dict(re.findall(r"^(?:    - |      )(\w+): (.*)$", part, re.M), whole=part)
        for part in re.split(r"(?m)^(?=    - )", text)
        if part
    ]


def test_the_example_names_what_there_is():
    store, _ = meter()
    snapshot = json.loads(bytes(report.snapshot(store)))
    sensors = _sensors()
    assert len({s["unique_id"] for s in sensors}) == len(sensors) == 4
    for sensor in sensors:
        assert sensor["state_topic"] == '"mep/house/readings"'
        assert sensor["availability_topic"] == '"mep/house/status"'
        # `value_json.values` would be a method of the dict.
        assert "value_json['values']" in sensor["whole"]
        names = re.findall(r"(?:\]|v)\.(\w+)", sensor["whole"])
        assert names and all(snapshot["values"][name] is not None for name in names)
        wanted = CLASSES[sensor["device_class"]]
        assert (sensor["unit_of_measurement"], sensor["state_class"]) == wanted
        assert ("/ 1000" in sensor["whole"]) == (sensor["device_class"] != "power")


def test_the_page_names_entities_as_they_are_called():
    """What it tells to choose in the Energy dashboard is in `firmware.mqtt.names`."""
    text = PAGE.read_text()
    for name in ("Energy imported", "Energy exported", "Volume"):
        assert "*%s*" % name in text and "|%s|" % name in _TEXTS
