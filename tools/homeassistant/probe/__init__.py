"""Integration for the proof: shows and does by HTTP what a person sees and does in the browser."""

import datetime

from homeassistant.components.energy import data, validate
from homeassistant.components.http import HomeAssistantView
from homeassistant.components.recorder import get_instance
from homeassistant.components.recorder.tasks import StatisticsTask
from homeassistant.helpers import device_registry, entity_registry
from homeassistant.util import dt

PERIOD = 300  # s of a short-term statistic


async def async_setup(hass, config):
    # Without one Home Assistant starts its recovery mode, in which there is no MQTT.
    hass.config.components.add("frontend")
    for view in (Everything, Broker, Service, Energy):
        hass.http.register_view(view())
    return True


class Everything(HomeAssistantView):
    """States, entities and devices."""

    url = "/probe/all"
    name = "probe:all"
    requires_auth = False

    async def get(self, request):
        hass = request.app["hass"]
        entities = {}
        for e in entity_registry.async_get(hass).entities.values():
            if e.platform == "mqtt":
                entities[e.entity_id] = {
                    "unique_id": e.unique_id,
                    "device": e.device_id,
                    "category": e.entity_category,
                    "name": e.original_name,
                }
        devices = {}
        for d in device_registry.async_get(hass).devices.values():
            devices[d.id] = {
                "ids": sorted(i[1] for i in d.identifiers),
                "name": d.name,
                "manufacturer": d.manufacturer,
                "model": d.model,
                "sw_version": d.sw_version,
                "serial_number": d.serial_number,
                "via": d.via_device_id,
                "url": d.configuration_url,
            }
        states = {
            s.entity_id: {"state": s.state, "attributes": dict(s.attributes)}
            for s in hass.states.async_all()
        }
        found = {"states": states, "entities": entities, "devices": devices}
        return self.json(dict(found, running=hass.is_running))


class Broker(HomeAssistantView):
    """Sets up the MQTT integration, by the dialog that a person uses."""

    url = "/probe/broker"
    name = "probe:broker"
    requires_auth = False

    async def post(self, request):
        flow = request.app["hass"].config_entries.flow
        step = await flow.async_init("mqtt", context={"source": "user"})
        step = await flow.async_configure(step["flow_id"], await request.json())
        return self.json({"type": str(step["type"]), "errors": step.get("errors")})


class Service(HomeAssistantView):
    """Calls a service: presses a button."""

    url = "/probe/service"
    name = "probe:service"
    requires_auth = False

    async def post(self, request):
        given = await request.json()
        services = request.app["hass"].services
        await services.async_call(given["domain"], given["service"], given["data"], blocking=True)
        return self.json({})


class Energy(HomeAssistantView):
    """Takes the settings of the Energy dashboard and says what its own check finds."""

    url = "/probe/energy"
    name = "probe:energy"
    requires_auth = False

    async def post(self, request):
        hass = request.app["hass"]
        manager = await data.async_get_manager(hass)
        await manager.async_update(await request.json())
        now = dt.utcnow().replace(microsecond=0)
        start = now - datetime.timedelta(seconds=now.timestamp() % PERIOD)
        recorder = get_instance(hass)
        recorder.queue_task(StatisticsTask(start, False))
        await recorder.async_block_till_done()
        return self.json((await validate.async_validate(hass)).as_dict())
