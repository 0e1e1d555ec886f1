"use strict";
// The M-Bus devices on the meter; app.js loads this when there are some.

const MEDIA = { cold_water: "Cold water", hot_water: "Hot water", heat_and_cooling: "Heat and cooling" };
const MBUS_NOTES = {
  encrypted: "Encrypted: only the utility can read it.",
  insecure: "The meter could not verify this device: its values are not shown.",
};
const MBUS_UNITS = { m3: "m³", "m3/h": "m³/h", C: "°C", F: "°F" };
const words = (name) => (name ? name[0].toUpperCase() + name.slice(1).replace(/_/g, " ") : "M-Bus device");

// Energies as people know them. Many devices count whole kWh: zeros would be no digits of theirs.
function mbusValue(v) {
  const [times, name] = v.unit === "Wh" ? [1000, "kWh"] : v.unit === "J" ? [1e9, "GJ"] : [1, MBUS_UNITS[v.unit] || v.unit];
  const whole = times > 1 && v.value % (v.scale * times) === 0;
  const digits = whole ? 0 : Math.min(3, Math.round(Math.log10(v.scale * times)));
  return number(v.value / v.scale / times, digits) + (name ? " " + name : "");
}

function mbusDevice(d, now) {
  const box = element("div"), list = element("dl", undefined, "facts");
  box.append(element("h3", (MEDIA[d.medium] || words(d.medium)) + " " + (d.maker ? d.maker + " " : "") + d.id));
  let text = MBUS_NOTES[d.note] || "";
  if (!text && d.values === null) text = "Not read for some time.";
  if (!text && d.time !== null) text = now ? "Read by the meter " + ago(Math.max(0, now - d.time * 1000)) + " ago" : "";
  for (const v of d.values || []) {
    const fact = element("div");
    fact.append(element("dt", words(v.name)), element("dd", mbusValue(v)));
    list.append(fact);
  }
  if (list.firstChild) box.append(list);
  box.append(element("p", text, "age quiet"));
  return box;
}

function drawMbus(doc) {
  $("mbus").hidden = !doc.mbus || !doc.mbus.length;
  $("mbus-list").replaceChildren(...(doc.mbus || []).map((d) => mbusDevice(d, doc.time && Date.parse(doc.time))));
}

drawMbus(mbus);
